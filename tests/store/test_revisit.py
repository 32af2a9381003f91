"""Links that change are looked at often, links that do not seldom, broken ones every night."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Link, Verdict
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
