"""Pruning takes what the web still has and nothing needs, and nothing else."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import Busy, NoLibrary
from indexer.records import Link, Source, Verdict
from indexer.store.backup import back_up
from indexer.store.codec import inflated
from indexer.store.database import Database
from indexer.store.inspection import past
from indexer.store.pruning import foresee, prune_history
from indexer.store.snapshot import Snapshot
from tests.store.shelving import AT, Shelf, article, outcome
from tests.store.test_backup import told

LINK = Link("https://example.org/a", "Patterns")
OTHER = Link("https://example.org/b", "Cloud")
BEGIN = AT - timedelta(days=1500)
HALF_A_YEAR = timedelta(days=180)


def visit(shelf: Shelf, link: Link, day: int, text: str, source: Source = Source.LIVE) -> None:
    """A fetch on that day; without a text it was bad."""
    at = BEGIN + timedelta(days=day)
    if text:
        body = os.urandom(5000) + text.encode()
        found = outcome(link, article(text, "More."), source=source, body=body, at=at)
    else:
        found = outcome(link, None, Verdict.GONE, body=b"", at=at)
    shelf.log(force=True).record(found)


def held(folder: Path) -> dict[str, list[Any]]:
    with Snapshot(folder) as snapshot:
        tables = {
            "articles": "SELECT id, link_url, text, fetched_at, source, body_hash FROM articles",
            "bodies": "SELECT hash FROM bodies",
            "fetches": "SELECT id, link_url, verdict, source, fetched_at, body_hash FROM fetches ORDER BY id",
        }
        return {name: [tuple(row) for row in snapshot.query(sql)] for name, sql in tables.items()}


@pytest.fixture
def aged(shelf: Shelf) -> Path:
    """Four versions in three years, and a link that is gone."""
    for number in range(4):
        visit(shelf, LINK, 365 * number, f"Version {number}.")
        visit(shelf, OTHER, 365 * number, f"Other {number}." if number < 3 else "")
        shelf.publish(LINK, OTHER)
    shelf.database.close()
    return shelf.folder


def test_old_versions_go_and_the_rest_answers(aged: Path) -> None:
    before = told(aged)
    foreseen = foresee(aged, HALF_A_YEAR)
    assert not foreseen.done
    everything = held(aged)
    pruned = prune_history(aged, HALF_A_YEAR)
    # Of the link that is well what was replaced more than half a year ago; of the other one nothing.
    assert (pruned.articles, pruned.bodies) == (2, 2) == (foreseen.articles, foreseen.bodies)
    assert pruned.embeddings == foreseen.embeddings == 5
    assert pruned.freed > 0
    assert told(aged) == before
    left = held(aged)
    assert [inflated(row[2]) for row in left["articles"]] == [
        f"{text}\n\nMore." for text in ("Other 0.", "Other 1.", "Version 2.", "Other 2.", "Version 3.")
    ]
    assert len(left["fetches"]) == len(everything["fetches"])
    back_up(aged, aged.parent / "backup.db")  # which is refused where anything is missing
    again = prune_history(aged, HALF_A_YEAR)
    assert (again.articles, again.bodies, again.embeddings, again.done) == (0, 0, 0, False)


def test_telling_changes_nothing(aged: Path) -> None:
    before = held(aged)
    content = (aged / "library.db").read_bytes()
    assert foresee(aged, timedelta(days=1)).articles == 2
    assert held(aged) == before
    assert (aged / "library.db").read_bytes() == content


def test_a_clock_that_runs_ahead_removes_nothing_more(aged: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    expected = foresee(aged, HALF_A_YEAR)
    monkeypatch.setattr("indexer.store.pruning.now", lambda: AT + 100 * HALF_A_YEAR)
    assert foresee(aged, HALF_A_YEAR) == expected


def test_a_reader_goes_on_and_a_run_is_not_disturbed(aged: Path) -> None:
    with Snapshot(aged) as pinned:
        assert prune_history(aged, timedelta(days=1)).waits
        [row] = pinned.query("SELECT count(*) FROM articles")
        assert row[0] == 7
    with Database(aged), pytest.raises(Busy):
        prune_history(aged, timedelta(days=1))
    with pytest.raises(NoLibrary):
        prune_history(aged / "none", timedelta(days=1))
    assert not (aged / "none").exists()


def test_room_that_a_killed_run_did_not_give_back_is_given_back(aged: Path) -> None:
    with Database(aged) as database, database.durable() as tables:
        tables.conn.execute("CREATE TABLE large AS SELECT randomblob(1000000) AS blob")
        tables.conn.execute("DROP TABLE large")
    size = (aged / "library.db").stat().st_size
    prune_history(aged, timedelta(days=9999))
    assert (aged / "library.db").stat().st_size < size - 900_000
    assert not prune_history(aged, timedelta(days=9999)).done


VISITS = st.lists(
    st.tuples(
        st.sampled_from([LINK, OTHER]),
        st.integers(0, 300),
        st.sampled_from(["", "", "One.", "Two.", "Three.", "Four."]),
        st.sampled_from([Source.LIVE, Source.LIVE, Source.LIVE, Source.ARCHIVE, Source.IMPORT]),
    ),
    max_size=12,
)


@settings(max_examples=40)
@given(visits=VISITS, age=st.integers(1, 250), published=st.booleans())
def test_whatever_the_history_was_what_is_promised_stays(
    visits: list[tuple[Link, int, str, Source]], age: int, published: bool
) -> None:
    with TemporaryDirectory() as name:
        shelf = Shelf(Path(name) / "data")
        visit(shelf, LINK, 0, "The first.")
        shelf.publish(LINK, OTHER)
        for link, day, text, source in sorted(visits, key=lambda one: one[1]):
            visit(shelf, link, day, text, source)
        if published:
            shelf.publish(LINK, OTHER)
        known = {link: shelf.log().last(link.url) for link in (LINK, OTHER)}
        pages = {link: shelf.log().page(fetch).body for link, fetch in known.items() if fetch}
        shelf.database.close()
        folder = shelf.folder
        before, texts = held(folder), told(folder)
        newest = max(fetch[4] for fetch in before["fetches"])
        span = timedelta(days=age)
        cutoff = BEGIN + timedelta(days=max([day for _, day, _, _ in visits], default=0)) - span
        reported = past(folder, [LINK, OTHER], cutoff)

        pruned = prune_history(folder, span)

        after = held(folder)
        assert told(folder) == texts
        # Reports since then tell the same, but for the names of raw pages that are no more.
        again = past(folder, [LINK, OTHER], cutoff)
        assert (again.links, again.rewrites) == (reported.links, reported.rewrites)
        assert [row[:5] for row in after["fetches"]] == [row[:5] for row in before["fetches"]]
        assert pruned.before <= newest
        gone = set(before["articles"]) - {*after["articles"]}
        assert len(gone) == pruned.articles
        for link in (LINK, OTHER):
            versions = [row for row in before["articles"] if row[1] == link.url]
            last = [row for row in before["fetches"] if row[1] == link.url][-1:]
            if versions:
                assert versions[-1] not in gone
            if last and (last[0][2] != Verdict.OK or last[0][3] != Source.LIVE):
                assert not gone & {*versions}  # it may be the only copy
            for old, following in pairwise(versions):
                if old in gone:
                    assert old[3] < pruned.before
                    assert following[3] < pruned.before
                    assert old[4] != Source.IMPORT
        kept = {row[0] for row in after["bodies"]}
        assert {row[5] for row in after["articles"]} <= kept
        assert {row[5] for row in after["fetches"]} - {""} <= kept
        assert not prune_history(folder, span).done
        later = Shelf(folder)
        for link, fetch in known.items():
            assert later.log().last(link.url) == fetch
            if fetch:
                assert later.log().page(fetch).body == pages[link]
        assert later.publish(LINK, OTHER).passages >= 2
        later.database.close()


def test_another_page_of_the_same_link_is_judged_by_itself(shelf: Shelf) -> None:
    """A link is well, and a page under it has vanished: of that page all stays."""
    for number in range(3):
        for page in ("", "https://example.org/a/sub"):
            found = outcome(
                LINK,
                article(f"{page} version {number}."),
                body=os.urandom(2000),
                page_url=page,
                at=AT + timedelta(days=number),
            )
            shelf.log().record(found)
    gone = outcome(LINK, None, Verdict.GONE, page_url="https://example.org/a/sub", at=AT + timedelta(days=3))
    shelf.log().record(replace(gone, page=None))
    shelf.publish(LINK)
    shelf.database.close()
    pruned = prune_history(shelf.folder, timedelta(days=1))
    assert pruned.articles == 1
    assert len(held(shelf.folder)["articles"]) == 5
