"""When to look at a link again: often where it changes, seldom where it does not.

The interval is that of Nutch's AdaptiveFetchSchedule with its default factors: it grows by 40 % when a
fetch brought nothing new, and shrinks by 20 % when it did. A link whose last fetch was bad is due every
night. So is one whose last fetch lies in the future: the clock was wrong then, or is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from indexer.records import Link, Verdict
from indexer.store.codec import moment
from indexer.store.failures import library_errors
from indexer.store.opening import LIBRARY_FILE, connect

SHORTEST_INTERVAL, LONGEST_INTERVAL = timedelta(days=1), timedelta(days=30)
INTERVAL_GROWTH, INTERVAL_SHRINKAGE = 1.4, 0.8
SLACK = timedelta(hours=2)
"""A nightly run does not start at the very second of the night before."""


@dataclass(frozen=True, slots=True)
class PastFetch:
    """One deciding fetch of a link's own page, and whether it brought a new version."""

    at: datetime
    good: bool
    changed: bool


def revisit_interval(visits: Iterable[PastFetch]) -> timedelta:
    """How long to wait after the last of these visits (oldest first) before the next one."""
    wait, good = SHORTEST_INTERVAL, False
    for visit in visits:
        good = visit.good
        if visit.good:
            wait *= INTERVAL_SHRINKAGE if visit.changed else INTERVAL_GROWTH
            wait = min(max(wait, SHORTEST_INTERVAL), LONGEST_INTERVAL)
    return wait if good else SHORTEST_INTERVAL


def due(folder: Path, links: Sequence[Link], *, at: datetime) -> list[Link]:
    """The links that should be looked at again at ``at``, in their order; never fetched ones are due.

    Raises:
        NoLibrary, DamagedLibrary: see :func:`indexer.store.opening.connect`.
    """
    visits: dict[str, list[PastFetch]] = {}
    with library_errors(folder / LIBRARY_FILE), closing(connect(folder)) as connection:
        for row in connection.execute(
            "SELECT f.link_url, f.fetched_at, f.verdict, "
            "EXISTS (SELECT 1 FROM main.articles a WHERE a.fetch = f.id) AS changed "
            "FROM fetches f WHERE f.decisive AND f.page_url = f.link_url ORDER BY f.id"
        ):
            good = Verdict(row["verdict"]).good
            visit = PastFetch(moment(row["fetched_at"]), good, bool(row["changed"]))
            visits.setdefault(row["link_url"], []).append(visit)
    return [link for link in links if _is_due(visits.get(link.url, []), at)]


def _is_due(visits: Sequence[PastFetch], at: datetime) -> bool:
    """Whether a link with these visits, oldest first, should be looked at again."""
    if not visits:
        return True
    waited = at - visits[-1].at
    return waited < timedelta(0) or waited >= revisit_interval(visits) - SLACK
