"""A run publishes once: readers see the old library or the new one, and nothing is paid for twice."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import Unreadable
from indexer.passage_index import Filters
from indexer.records import Article, Follow, Link, Passage
from indexer.store import inspection
from indexer.store.opening import connect
from indexer.store.publish import Cut, Published, publish
from indexer.store.snapshot import Snapshot
from tests.store.shelving import Shelf, article, cut, outcome

LINK = Link("https://example.org/a", "Patterns", note="redlock")
OTHER = Link("https://example.org/b", "Cloud")


def texts(folder: Path) -> list[str]:
    with Snapshot(folder) as snapshot:
        return [row["text"] for row in snapshot.query("SELECT text FROM passages ORDER BY id")]


def test_a_reader_keeps_the_state_it_opened(shelf: Shelf) -> None:
    """A snapshot shows passages and vectors of one and the same generation, whatever is published since."""
    shelf.log().record(outcome(LINK, article("The old paragraph.", "Another one.")))
    shelf.publish(LINK)
    with Snapshot(shelf.folder) as before:
        for number in range(4):
            shelf.log().record(outcome(LINK, article(f"New paragraph {number}.", "Another one.")))
            shelf.publish(LINK)
        assert before.generation.number == 1
        [(found, score)] = before.dense(shelf.encoder.encode_query("A title\n\nThe old paragraph."), limit=1)
        assert before.rows([found])[0].passage.text == "The old paragraph."
        assert score == pytest.approx(1.0, abs=1e-3)
        assert [number for number, _ in before.lexical(["old"], limit=5)] == [found]
    assert texts(shelf.folder) == ["Another one.", "New paragraph 3."]


def test_nothing_new_makes_no_generation(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, article("One.", "Two.")))
    first = shelf.publish(LINK)
    shelf.encoder.encoded.clear()
    shelf.log().record(outcome(LINK, article("One.", "Two.")))
    again = shelf.publish(LINK)
    assert (first.fresh, again.fresh) == (True, False)
    assert again.generation == first.generation
    assert shelf.encoder.encoded == []


def test_a_changed_paragraph_costs_that_paragraph(shelf: Shelf) -> None:
    """Passages whose text is the same keep their ids and their vectors."""
    shelf.log().record(outcome(LINK, article("One.", "Two.", "Three.")))
    shelf.publish(LINK)
    before = dict(zip(texts(shelf.folder), (1, 2, 3), strict=True))
    shelf.encoder.encoded.clear()
    shelf.log().record(outcome(LINK, article("One.", "Changed.", "Three.")))
    published = shelf.publish(LINK)
    assert shelf.encoder.encoded == ["A title\n\nChanged."]
    assert published.embedded == 1
    with Snapshot(shelf.folder) as snapshot:
        now = {row["text"]: row["id"] for row in snapshot.query("SELECT text, id FROM passages")}
    assert now == {"One.": before["One."], "Three.": before["Three."], "Changed.": 4}


def test_the_users_words_are_searchable_and_follow_the_catalogue(shelf: Shelf) -> None:
    """Note, tags and category are found; editing them needs no new vectors."""
    shelf.log().record(outcome(LINK, article("Some text.")))
    shelf.publish(LINK)
    shelf.encoder.encoded.clear()
    edited = shelf.publish(replace(LINK, note="fencing", tags=("locks",)))
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.lexical(["fencing"], limit=5)
        assert snapshot.lexical(["locks"], limit=5)
        assert snapshot.lexical(["patterns"], limit=5)
        assert not snapshot.lexical(["redlock"], limit=5)
    assert edited.embedded == 0
    assert shelf.encoder.encoded == []


def test_a_link_that_leaves_the_catalogue_leaves_the_index(shelf: Shelf) -> None:
    for link in (LINK, OTHER):
        shelf.log().record(outcome(link, article(f"About {link.url}.")))
    shelf.publish(LINK, OTHER)
    shelf.publish(OTHER)
    assert texts(shelf.folder) == ["About https://example.org/b."]
    shelf.publish(LINK, OTHER)
    assert sorted(texts(shelf.folder)) == ["About https://example.org/a.", "About https://example.org/b."]


def test_subpages_belong_to_links_that_follow(shelf: Shelf) -> None:
    """A subpage is answered with while its link follows, and no longer when it is set to its page alone."""
    site = replace(LINK, follow=Follow(mode="site"))
    shelf.log().record(outcome(site, article("The seed.")))
    shelf.log().record(outcome(site, article("The subpage."), page_url="https://example.org/a/sub"))
    shelf.publish(site)
    assert texts(shelf.folder) == ["The seed.", "The subpage."]
    shelf.publish(LINK)
    assert texts(shelf.folder) == ["The seed."]


def test_near_identical_articles_of_two_links_both_stay(shelf: Shelf) -> None:
    for link in (LINK, OTHER):
        shelf.log().record(outcome(link, article("The same words.")))
    published = shelf.publish(LINK, OTHER)
    assert published.passages == 2
    assert published.embedded == 1


def test_another_fingerprint_makes_the_index_again(shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, article("One.")))
    shelf.publish(LINK)
    again = shelf.publish(LINK, fingerprint="g")
    assert again.fresh
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.generation.fingerprint == "g"


def test_filters_apply_before_the_best_are_taken(shelf: Shelf) -> None:
    """A category with one article fills its answer, however many nearer passages others have."""
    crowd = [replace(OTHER, url=f"https://crowd.org/{number}") for number in range(30)]
    for link in crowd:
        shelf.log().record(outcome(link, article("The very same question.")))
    shelf.log().record(outcome(LINK, article("Something else about a question.")))
    shelf.publish(*crowd, LINK)
    vector = shelf.encoder.encode_query("A title\n\nThe very same question.")
    with Snapshot(shelf.folder) as snapshot:
        allowed = snapshot.allowed(Filters(categories=("Patterns",)))
        assert allowed is not None
        assert [
            row.url for row in snapshot.rows([i for i, _ in snapshot.dense(vector, limit=5, allowed=allowed)])
        ]
        [(found, _)] = snapshot.lexical(["question"], limit=5, allowed=allowed)
        assert snapshot.rows([found])[0].url == LINK.url
        assert snapshot.lexical_scores(["question"], [found, 1]).keys() == {found, 1}


KILLED = """
import os, signal, sys
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.store.shelving import Shelf, article, cut, outcome
from indexer.records import Link
import indexer.store.publish as module

def die(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

shelf = Shelf(Path({folder!r}))
shelf.log().record(outcome(Link("https://example.org/a", "Patterns"), article("The new text.", "More.")))
{trap}
shelf.publish(Link("https://example.org/a", "Patterns"))
"""

TRAPS = {
    "before anything is embedded": "shelf.encoder.encode_passages = die",
    "before the index is written": "module.generations.segment.write = die",
    "while the index is renamed": "import pathlib; pathlib.Path.replace = die",
    "after the index, before the transaction": "module._write_links = die",
    "inside the transaction": "module.generations.write_generation = die",
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS.keys())
def test_a_kill_at_any_point_leaves_the_published_state(shelf: Shelf, trap: str) -> None:
    """After ``kill -9`` the old answer stands, and the next run publishes the new one."""
    shelf.log().record(outcome(LINK, article("The old text.")))
    shelf.publish(LINK)
    shelf.database.close()
    script = KILLED.format(root=str(Path(__file__).parents[2]), folder=str(shelf.folder), trap=trap)
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(script)], env={**os.environ}, capture_output=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert texts(shelf.folder) == ["The old text."]
    with Snapshot(shelf.folder) as snapshot:
        assert len(snapshot.dense(shelf.encoder.encode_query("x"), limit=5)) == 1
    after = Shelf(shelf.folder)
    after.publish(LINK)
    after.database.close()
    assert texts(shelf.folder) == ["The new text.", "More."]
    assert not list(shelf.folder.glob("segments/*.partial"))


def test_an_article_that_cannot_be_cut_costs_itself_once(shelf: Shelf) -> None:
    """Its published version stays, others are published, and it is tried again once something changed."""
    tried: list[str] = []

    def fussy(read: Article) -> list[Passage]:
        tried.append(read.text)
        if "!" in read.text:
            raise Unreadable("cutting took longer than 30 s")
        return cut(read)

    def published(fingerprint: str = "f", cutting: Cut = fussy) -> Published:
        return publish(
            shelf.database,
            [LINK, OTHER],
            encoder=shelf.encoder,
            model="m",
            cut=cutting,
            fingerprint=fingerprint,
        )

    shelf.log().record(outcome(LINK, article("The good one.")))
    assert published().uncut == {}
    shelf.log().record(outcome(LINK, article("!!! !!! !!!")))
    shelf.log().record(outcome(OTHER, article("Another.")))
    for _ in range(2):
        assert published().uncut == {LINK.url: "cutting took longer than 30 s"}
        assert texts(shelf.folder) == ["The good one.", "Another."]
    assert tried.count("!!! !!! !!!") == 1
    states = inspection.status(shelf.folder, [LINK, OTHER])
    assert [(state.uncut, state.words) for state in states] == [("cutting took longer than 30 s", 3), ("", 1)]
    assert published("g").uncut, "another way of cutting tries again"
    assert tried.count("!!! !!! !!!") == 2
    assert texts(shelf.folder) == ["The good one.", "Another."]
    assert published("h", cut).uncut == {}
    assert sorted(texts(shelf.folder)) == ["!!! !!! !!!", "Another."]


def test_a_new_article_that_cannot_be_cut_is_not_published(shelf: Shelf) -> None:
    def never(read: Article) -> list[Passage]:
        raise Unreadable("cutting took longer than 30 s")

    shelf.log().record(outcome(LINK, article("!!!")))
    publish(shelf.database, [LINK], encoder=shelf.encoder, model="m", cut=never, fingerprint="f")
    [state] = inspection.status(shelf.folder, [LINK])
    assert (state.words, state.passages, state.uncut) == (0, 0, "cutting took longer than 30 s")
    shelf.log().record(outcome(LINK, article("A better one.", "With more.")))
    shelf.publish(LINK)
    [state] = inspection.status(shelf.folder, [LINK])
    assert (state.passages, state.uncut) == (2, "")


def test_the_log_is_taken_in_at_the_end_of_a_run_or_once_no_reader_needs_it(tmp_path: Path) -> None:
    log = tmp_path / "library.db-wal"

    def run() -> int:
        shelf = Shelf(tmp_path)
        shelf.log().record(outcome(LINK, article("One.")))
        shelf.database.close()
        return log.stat().st_size

    Shelf(tmp_path).database.close()
    with closing(connect(tmp_path)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT count(*) FROM runs").fetchone()
        assert run()
        reader.execute("ROLLBACK")
        assert not run()
