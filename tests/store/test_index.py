"""The index answers exactly, and the same however the library came to be."""

from __future__ import annotations

import sqlite3
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shelving import Shelf, article, outcome
from sqlite_utils import Database as Tables

from indexer.index import bm25, lexicon, segment, vectors
from indexer.index.segment import IndexedPassage, Segment
from indexer.index.words import Stems, words
from indexer.records import Link
from indexer.store.database import Database
from indexer.store.publish import rebuild
from indexer.store.schema import migrations
from indexer.store.snapshot import Snapshot

WORDS = (
    "retry",
    "retries",
    "payment",
    "café",
    "event",
    "store",
    "the",
    "kip-500",
    "node.js",
    "don't",
    "Événement",
)
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)
LINKS = [Link(f"https://example.org/{name}", "Patterns", note="some words") for name in "abc"]
QUESTION = ["retry", "payment", "event", "kip 500"]


# ------------------------------------------------------------------ words


@given(
    passages=st.lists(st.tuples(texts, texts), min_size=1, max_size=12),
    asked=st.lists(
        st.sampled_from(("retry", "payment", "cafe", "event", "store", "the")), min_size=1, max_size=6
    ),
)
def test_scores_are_those_of_fts5(tmp_path_factory, passages, asked):
    """SQLite's own BM25, column weights included, is the reference."""
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE f USING "
        "fts5(text, context, about, tokenize='porter unicode61 remove_diacritics 2')"
    )
    database.executemany("INSERT INTO f VALUES (?, ?, 'a note about an event')", passages)
    match = " OR ".join(f'"{word}"' for word in asked)
    rows = database.execute("SELECT rowid - 1, -bm25(f, 1.0, 1.0, 0.5) FROM f WHERE f MATCH ?", (match,))
    writer = lexicon.LexiconBuilder()
    for text, context in passages:
        writer.add((text, context, "a note about an event"))
    folder = tmp_path_factory.mktemp("words")
    writer.write(folder)
    stems = Stems()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25, "K1", 1.2)
        patch.setattr(bm25, "B", 0.75)
        scores = bm25.Bm25([(lexicon.Lexicon(folder), None)]).all_scores([stems[word] for word in asked])
    expected = dict(rows.fetchall())
    assert set(np.flatnonzero(scores)) == set(expected)
    for ordinal, score in expected.items():
        assert scores[ordinal] == pytest.approx(score, rel=1e-4, abs=1e-5)


def test_a_name_tells_its_parts_as_neighbours_from_its_parts(shelf: Shelf) -> None:
    """``node.js`` outranks a text that merely has a node and some js."""
    shelf.log().record(outcome(LINKS[0], article("One node, and js too.", "We use node.js here, too.")))
    shelf.publish(LINKS[0])
    with Snapshot(shelf.folder) as snapshot:
        [first, second] = snapshot.lexical(["node", "js", "node js"], limit=5)
        assert snapshot.rows([first[0]])[0].passage.text == "We use node.js here, too."
        assert first[1] > second[1]


@given(st.text(max_size=60))
def test_every_word_of_a_text_is_found_again(tmp_path_factory, text):
    """Whatever the script: a word of a text, asked for as it stands there, finds the text."""
    writer = lexicon.LexiconBuilder()
    writer.add((text, "", ""))
    folder = tmp_path_factory.mktemp("words")
    writer.write(folder)
    held, stems = lexicon.Lexicon(folder), Stems()
    assert all(len(held.postings(stems[word])[0]) == 1 for word in words(text))


# ----------------------------------------------------------- however it came to be


edits = st.lists(
    st.tuples(st.sampled_from(range(len(LINKS))), st.lists(texts, min_size=1, max_size=4)),
    min_size=1,
    max_size=8,
)


def answers(folder: Path, encoder) -> list:
    with Snapshot(folder) as snapshot:
        said = {row["id"]: row["text"] for row in snapshot.query("SELECT id, text FROM passages")}
        found = [
            snapshot.lexical(QUESTION, limit=100),
            snapshot.dense(encoder.encode_query("retry"), limit=100),
            sorted(snapshot.lexical_scores(QUESTION, list(said)).items()),
            snapshot.occurrences(QUESTION),
        ]
        assert {number for number, _ in found[1]} == set(said)
    return found


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=20)
@given(edits=edits, leave=st.booleans())
def test_answers_do_not_depend_on_how_the_library_came_to_be(tmp_path_factory, edits, leave):
    """Published night by night, in many segments with dead ordinals, or made again in one: the same."""
    shelf = Shelf(tmp_path_factory.mktemp("nights") / "data")
    for number, (which, paragraphs) in enumerate(edits):
        shelf.log(force=True).record(outcome(LINKS[which], article(*paragraphs)))
        # The user edits a note now and then, and drops a link.
        links = [
            replace(link, note=f"note {number}") if ordinal == number % 3 else link
            for ordinal, link in enumerate(LINKS)
        ]
        shelf.publish(*links[: 2 if leave and number % 2 else 3])
    night_by_night = answers(shelf.folder, shelf.encoder)
    rebuild(shelf.database)
    with Snapshot(shelf.folder) as snapshot:
        assert len(snapshot.segments) == 1
    assert answers(shelf.folder, shelf.encoder) == night_by_night
    shelf.database.close()


def test_a_changed_article_does_not_write_the_others_again(shelf: Shelf) -> None:
    """The large segment stays the same file; what changed goes into a small one beside it."""
    crowd = [Link(f"https://crowd.org/{number}", "Cloud") for number in range(40)]
    for link in crowd:
        shelf.log().record(outcome(link, article(f"About {link.url}.")))
    shelf.publish(*crowd)
    [base] = (shelf.folder / "segments").iterdir()
    untouched = (base / "vectors.npy").stat()
    shelf.log().record(outcome(crowd[7], article("Something else.")))
    shelf.publish(*crowd)
    with Snapshot(shelf.folder) as snapshot:
        assert [(part.passages, part.alive) for part in snapshot.segments] == [(40, 39), (1, 1)]
        assert snapshot.lexical(["else"], limit=5)
        assert not snapshot.lexical(["7"], limit=5)
    assert (base / "vectors.npy").stat() == untouched


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


def test_a_library_whose_index_lay_in_sqlite_is_taken_over(shelf: Shelf) -> None:
    """One that an older version wrote has no segments: the next run makes them, and embeds nothing."""
    shelf.log().record(outcome(LINKS[0], article("One.", "Two.")))
    shelf.publish(LINKS[0])
    with shelf.database.atomic() as tables:
        tables.table("segments").delete_where()
    shelf.encoder.encoded.clear()
    shelf.publish(LINKS[0])
    assert shelf.encoder.encoded == []
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.lexical(["two"], limit=5)


@pytest.mark.parametrize(
    "before",
    ["segments_beside_the_library", "embeddings_in_the_order_they_come", "holdings_with_their_source"],
)
def test_what_an_older_version_kept_is_still_there(tmp_path: Path, before: str) -> None:
    """A library without the later migrations, opened by this version."""
    page, at = "https://example.org/a", "2026-01-05T03:00:00+00:00"
    old = Tables(tmp_path / "library.db")
    migrations.apply(old, stop_before=before)
    article = {
        "id": 7, "link_url": page, "page_url": page, "text": "One.", "site": "example.org",
        "source": "archive", "fetched_at": at,
    }  # fmt: skip
    old.table("articles").insert(article)
    known = {"link_url": page, "page_url": page, "article": 7, "site": "example.org", "fetched_at": at}
    columns = old.table("holdings").columns_dict
    old.table("holdings").insert({name: value for name, value in known.items() if name in columns})
    old.table("embeddings").insert({"fingerprint": "f", "hash": "h", "vector": b"1234"})
    old.close()
    with Database(tmp_path) as database:
        assert database.rows("SELECT * FROM holdings") == [{**known, "source": "archive"}]
        assert database.rows("SELECT hash, vector FROM embeddings") == [{"hash": "h", "vector": b"1234"}]


# ------------------------------------------------------------------- many vectors


@pytest.fixture(scope="module")
def large(tmp_path_factory) -> Segment:
    """A segment that is searched by its FAISS index: clusters of unit vectors, every seventh id left out."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT", 1000)
        chance = np.random.default_rng(0)
        rows = chance.standard_normal((60, 32))[chance.integers(0, 60, 6000)] + chance.standard_normal(
            (6000, 32)
        )
        rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        made = tmp_path_factory.mktemp("large") / "00000001"
        given_rows = (
            IndexedPassage(10 + number, (f"word{number}", "", ""), row.tobytes())
            for number, row in enumerate(rows)
        )
        listed = segment.write(made, given_rows, 32)
    dead = np.arange(0, 6000, 7, dtype=np.int32).tobytes()
    return Segment(made, replace(listed, dead=dead))


@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
def test_a_large_segment_finds_nearly_what_exact_search_finds(
    large: Segment, monkeypatch, share: float
) -> None:
    """Within what counts and what is allowed, and with exact cosines."""
    monkeypatch.setattr(vectors, "EXACT", 1000)
    monkeypatch.setattr(vectors, "FEW", 100)
    counted = large.live & (np.random.default_rng(1).random(len(large)) < share)
    wanted = hits = 0
    for ordinal in range(1, 6000, 60):
        question = large.vectors.array[ordinal]
        cosines = np.where(counted, vectors.cosines(large.vectors.array, question), -2)
        ordinals, scores = large.vectors.nearest(question, 10, counted)
        assert counted[ordinals].all()
        assert np.array_equal(scores, cosines[ordinals])
        best = np.argsort(-cosines)[:10]
        hits += len(np.intersect1d(ordinals[np.argsort(-scores)[:10]], best))
        wanted += len(best)
    assert hits / wanted >= 0.95
    assert large.listed.recall >= vectors.RECALL
