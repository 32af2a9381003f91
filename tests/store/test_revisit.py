"""Links that change are looked at often, links that do not seldom, broken ones every night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Link, Verdict
from indexer.store.codec import now, stamp
from indexer.store.database import Database
from indexer.store.revisit import LONGEST_INTERVAL, SHORTEST_INTERVAL, PastFetch, due, revisit_interval
from tests.store.shelving import AT, Shelf, article, outcome

visits = st.lists(
    st.builds(PastFetch, st.just(datetime(2026, 1, 1, tzinfo=UTC)), good=st.booleans(), changed=st.booleans())
)


def visit(*, good: bool = True, changed: bool = False) -> PastFetch:
    return PastFetch(AT, good, changed)


@given(visits)
def test_the_interval_stays_within_its_bounds(past: list[PastFetch]) -> None:
    assert SHORTEST_INTERVAL <= revisit_interval(past) <= LONGEST_INTERVAL


@given(visits)
def test_nothing_new_never_shortens_and_a_change_never_lengthens(past: list[PastFetch]) -> None:
    settled = [*past, visit()]
    assert revisit_interval([*settled, visit()]) >= revisit_interval(settled)
    assert revisit_interval([*settled, visit(changed=True)]) <= revisit_interval(settled)


@given(visits)
def test_a_broken_link_is_due_the_next_night(past: list[PastFetch]) -> None:
    assert revisit_interval([*past, visit(good=False)]) == SHORTEST_INTERVAL


def test_due_links(shelf: Shelf) -> None:
    """New and broken links are due the next night, a steady one only after its longer interval."""
    new, steady, broken = (Link(f"https://example.org/{name}", "Patterns") for name in "abc")
    for _ in range(4):
        shelf.log().record(outcome(steady, article("The same.")))
    shelf.log().record(outcome(broken, None, Verdict.SERVER_ERROR))
    links = [new, steady, broken]
    assert due(shelf.folder, links, at=AT + timedelta(hours=23)) == [new, broken]
    assert due(shelf.folder, links, at=AT + timedelta(days=4)) == links


def test_a_fetch_from_the_future_is_not_believed_and_the_next_one_heals_it(shelf: Shelf) -> None:
    """A clock that was a year ahead must not keep a link from being looked at for a year."""
    link = Link("https://example.org/", "Patterns")
    shelf.log().record(outcome(link, article("The same.")))  # at AT
    year_before = AT - timedelta(days=365)
    assert due(shelf.folder, [link], at=year_before) == [link]
    shelf.log().record(outcome(link, article("The same."), at=year_before))
    assert due(shelf.folder, [link], at=year_before + timedelta(hours=1)) == []
    assert due(shelf.folder, [link], at=year_before + timedelta(days=3)) == [link]


def test_an_interrupted_run_from_the_future_is_not_gone_on_with(tmp_path: Path) -> None:
    with Database(tmp_path) as database:
        ahead = stamp(now() + timedelta(days=365))
        database.insert("runs", {"started_at": ahead, "finished_at": "", "summary": "{}"})
        assert not database.start_run(resume_within=timedelta(hours=20)).resumed
