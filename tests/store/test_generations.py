"""However the library came to be, it answers the same; and what changes costs what changed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from indexer.records import Link
from indexer.store.publish import rebuild
from indexer.store.snapshot import Snapshot
from tests.store.shelving import CountingEncoder, Shelf, article, outcome

WORDS = ("retry", "retries", "payment", "café", "event", "store", "the", "kip-500", "node.js", "don't")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
LINKS = [Link(f"https://example.org/{name}", "Patterns", note="some words") for name in "abc"]
QUESTION = ["retry", "payment", "event", "kip 500"]

edits = st.lists(
    st.tuples(st.sampled_from(range(len(LINKS))), st.lists(texts, min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)


def answers(folder: Path, encoder: CountingEncoder) -> list[object]:
    """What all passages score, by words and by vectors."""
    with Snapshot(folder) as snapshot:
        ids = [row["id"] for row in snapshot.query("SELECT id FROM passages")]
        nearest = snapshot.dense(encoder.encode_query("retry"), limit=100)
        assert {number for number, _ in nearest} == set(ids)
        return [
            nearest,
            snapshot.lexical(QUESTION, limit=100),
            sorted(snapshot.lexical_scores(QUESTION, ids).items()),
            snapshot.occurrences(QUESTION),
        ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(edits=edits, leave=st.booleans())
def test_answers_do_not_depend_on_how_the_library_came_to_be(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, list[str]]], leave: bool
) -> None:
    """Published night by night, in many segments with dead ordinals, or made again in one: the same."""
    shelf = Shelf(tmp_path_factory.mktemp("nights") / "data")
    for number, (which, paragraphs) in enumerate(edits):
        shelf.log(force=True).record(outcome(LINKS[which], article(*paragraphs)))
        # The user edits a note now and then, and drops a link.
        links = [
            replace(link, note=f"note {number}") if which_link == number % 3 else link
            for which_link, link in enumerate(LINKS)
        ]
        shelf.publish(*links[: 2 if leave and number % 2 else 3])
    night_by_night = answers(shelf.folder, shelf.encoder)
    rebuild(shelf.database)
    with Snapshot(shelf.folder) as snapshot:
        assert len(snapshot.segments) == min(1, snapshot.generation.passages)  # none of an empty library
    assert answers(shelf.folder, shelf.encoder) == night_by_night
    shelf.database.close()


def test_a_changed_article_does_not_write_the_others_again(shelf: Shelf) -> None:
    """The large segment stays the same file; what changed goes into a small one beside it."""
    crowd = [Link(f"https://crowd.org/{number}", "Cloud") for number in range(40)]
    for link in crowd:
        shelf.log().record(outcome(link, article(f"About {link.url}.")))
    shelf.publish(*crowd)
    [base] = (shelf.folder / "segments").iterdir()
    untouched = (base / "vectors.faiss").stat()
    shelf.log().record(outcome(crowd[7], article("Something else.")))
    shelf.publish(*crowd)
    with Snapshot(shelf.folder) as snapshot:
        assert [(part.passages, part.alive) for part in snapshot.segments] == [(40, 39), (1, 1)]
        assert snapshot.lexical(["else"], limit=5)
        assert not snapshot.lexical(["7"], limit=5)
    assert (base / "vectors.faiss").stat() == untouched


def test_many_nights_leave_few_segments(shelf: Shelf) -> None:
    for number in range(60):
        shelf.log(force=True).record(
            outcome(LINKS[0], article(*(f"Paragraph {n}." for n in range(number + 1))))
        )
        shelf.publish(LINKS[0])
    with Snapshot(shelf.folder) as snapshot:
        assert len(snapshot.segments) <= 3
        assert snapshot.generation.passages == 60
    assert len(list((shelf.folder / "segments").iterdir())) <= 5
