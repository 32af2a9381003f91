"""What became of the library since a moment: texts that are new or changed, links that broke or came back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from indexer.records import Verdict
from indexer.store.codec import stamp
from indexer.store.inspection import text_changes

if TYPE_CHECKING:
    import sqlite3
    from datetime import datetime

    from indexer.store.snapshot import Snapshot

CHANGE_COLUMNS = ("at", "change", "category", "title", "url", "page_url", "reason", "lines")

TEXTS = """
SELECT l.url, l.category, c.page_url, n.title, n.text, n.fetched_at AS at, o.text AS old
FROM current_articles c JOIN links l ON l.url = c.link_url JOIN articles n ON n.id = c.article
LEFT JOIN articles o ON o.id = (
  SELECT max(id) FROM articles
  WHERE link_url = c.link_url AND page_url = c.page_url AND id < n.id AND fetched_at < ?1
)
WHERE c.fetched_at >= ?1 AND o.hash IS NOT n.hash ORDER BY l.position, c.page_url
"""

FETCHES = """
SELECT l.url, l.category, l.title, n.fetched_at AS at, n.verdict, n.reason, n.final_url,
       o.verdict AS old_verdict, o.final_url AS old_final_url
FROM links l
JOIN fetches n ON n.id = (
  SELECT max(id) FROM fetches WHERE link_url = l.url AND page_url = l.url AND decisive
)
LEFT JOIN fetches o ON o.id = (
  SELECT max(id) FROM fetches WHERE link_url = l.url AND page_url = l.url AND decisive AND fetched_at < ?1
)
WHERE n.fetched_at >= ?1 ORDER BY l.position
"""


def change_rows(snapshot: Snapshot, since: datetime) -> Iterator[dict[str, Any]]:
    """What differs between the library before ``since`` and now: one row for each change of a page or link.

    ``change`` is one of the words of a run's summary: ``new`` or ``changed``, of a text, whose ``lines`` are
    those of a unified diff; ``moved``, ``broken`` or ``recovered``, of a link, with the fetch's ``reason``.
    What came and went between the two is in the history of the page.
    """
    for row in snapshot.query(TEXTS, (stamp(since),)):
        lines = [] if row["old"] is None else list(text_changes(row["old"], row["text"]))
        change = "new" if row["old"] is None else "changed"
        facts = {name: row[name] for name in ("at", "category", "title", "url", "page_url")}
        yield {**facts, "change": change, "reason": "", "lines": lines}
    for row in snapshot.query(FETCHES, (stamp(since),)):
        if change := _change_of_link(row):
            facts = {name: row[name] for name in ("at", "category", "title", "url", "reason")}
            yield {**facts, "change": change, "page_url": row["url"], "lines": []}


def _change_of_link(row: sqlite3.Row) -> str:
    """What the last fetch of a link changed; ``""`` where nothing."""
    good = Verdict(row["verdict"]).good
    was_good = Verdict(row["old_verdict"]).good if row["old_verdict"] else None
    if not good:
        return "" if was_good is False else "broken"
    if was_good is False:
        return "recovered"
    return "moved" if was_good and row["old_final_url"] != row["final_url"] else ""
