"""Pruning: what only the past needs, and the web still has, is removed after a time.

A version of an article goes when the one that replaced it is old too, so that reports since then tell the
same; a raw page when all its fetches are old and it is neither that of a version that stays nor the last good
one of its address. What may be the only copy stays, however old: all of a page whose last fetch was not good
or came from elsewhere (an archive, a fallback), and what a person saved by hand. Fetches all stay. Vectors
are removed when no published passage has them.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from indexer.records import GOOD_VERDICTS, Source
from indexer.store.codec import moment, now, stamp, to_json
from indexer.store.database import Database
from indexer.store.failures import library_errors, rotten
from indexer.store.opening import LIBRARY_FILE, connect
from indexer.store.soundness import fault
from indexer.store.sums import sum_of

DOOMED = """
CREATE TEMP TABLE safe_pages AS
SELECT link_url, page_url FROM fetches f
WHERE id = (SELECT max(id) FROM fetches g
            WHERE g.link_url = f.link_url AND g.page_url = f.page_url AND g.decisive)
  AND verdict IN (SELECT value FROM json_each({good})) AND source IN (SELECT value FROM json_each({live}));

CREATE TEMP TABLE doomed_articles AS
SELECT a.id FROM articles a JOIN safe_pages USING (link_url, page_url)
WHERE a.fetched_at < {before} AND a.source <> {by_hand} AND a.id NOT IN (SELECT article FROM current_articles)
  AND EXISTS (SELECT 1 FROM articles b WHERE b.link_url = a.link_url AND b.page_url = a.page_url
              AND b.id = (SELECT min(id) FROM articles c WHERE c.link_url = a.link_url
                          AND c.page_url = a.page_url AND c.id > a.id)
              AND b.fetched_at < {before});

CREATE TEMP TABLE kept_bodies AS
SELECT body_hash AS hash FROM articles WHERE id NOT IN (SELECT id FROM doomed_articles)
UNION SELECT body_hash FROM fetches WHERE fetched_at >= {before} OR source = {by_hand}
UNION SELECT body_hash FROM fetches
  WHERE (link_url, page_url) NOT IN (SELECT link_url, page_url FROM safe_pages)
UNION SELECT body_hash FROM fetches WHERE id IN (
  SELECT max(id) FROM fetches WHERE body_hash <> '' AND verdict IN (SELECT value FROM json_each({good}))
  GROUP BY url);

CREATE TEMP TABLE doomed_bodies AS SELECT hash FROM bodies WHERE hash NOT IN (SELECT hash FROM kept_bodies);

CREATE TEMP TABLE used_texts AS SELECT DISTINCT embedding AS hash FROM passages;
CREATE INDEX temp.used_texts_by_hash ON used_texts (hash);

CREATE TEMP TABLE doomed_embeddings AS
SELECT id FROM embeddings e WHERE EXISTS (SELECT 1 FROM generations) AND NOT (
  fingerprint = (SELECT encoder FROM generations ORDER BY number DESC LIMIT 1)
  AND EXISTS (SELECT 1 FROM temp.used_texts u WHERE u.hash = e.hash));
"""
"""What is to go, as temporary tables. A version's successor is the next one of its page."""


LOOSE = 0.1
"""The share of unused pages in the file from which writing it anew is worth its time."""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What was (or would be) removed, by count; ``bytes`` is what it takes in the library.

    ``freed`` is by how many bytes the library's file became smaller, 0 where nothing was done yet; ``waits``
    tells that the disk gets them once the readers have ended that are open.
    """

    before: str
    articles: int
    bodies: int
    embeddings: int
    bytes: int
    freed: int = 0
    waits: bool = False
    done: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``prune --json`` prints them."""
        return asdict(self)


def foresee(folder: Path, older_than: timedelta) -> Pruned:
    """What :func:`prune_history` would remove now. Changes nothing.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: see :func:`indexer.store.opening.connect`.
    """
    with library_errors(folder / LIBRARY_FILE), closing(connect(folder)) as connection:
        return _doom(connection, older_than)


def prune_history(folder: Path, older_than: timedelta) -> Pruned:
    """Remove what is older than that and may go, and give the room back to the disk.

    Removing is one transaction. Making the file smaller is another, in which it is written anew: readers go
    on with what they pinned, and the room is given back once they have ended.

    Raises:
        Busy: a run holds the lock. NotWritable, NoRoom, DiskFailure: the folder cannot be written.
        DamagedLibrary: the library is not as it was written; then nothing is removed.
    """
    connect(folder).close()  # no library is made where none is
    with Database(folder) as database:
        connection = database.tables.conn
        if why := fault(connection):  # by a date that rotted a page would be old
            raise rotten(folder / LIBRARY_FILE, why)
        size = _file_size(connection)
        pruned = _doom(connection, older_than)
        nothing = not (pruned.articles or pruned.bodies or pruned.embeddings)
        if nothing and not _is_loose(connection):
            return pruned
        fetch_sum = sum_of("fetches", body_hash="''")
        with database.durable():
            connection.execute("DELETE FROM articles WHERE id IN (SELECT id FROM doomed_articles)")
            connection.execute(
                f"UPDATE fetches SET body_hash = '', crc = {fetch_sum} "
                "WHERE body_hash IN (SELECT hash FROM doomed_bodies)"
            )
            connection.execute("DELETE FROM bodies WHERE hash IN (SELECT hash FROM doomed_bodies)")
            connection.execute("DELETE FROM embeddings WHERE id IN (SELECT id FROM doomed_embeddings)")
        connection.execute("VACUUM")
        [waits, *_] = connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        freed = size - _file_size(connection)
    return Pruned(**{**asdict(pruned), "freed": max(freed, 0), "waits": bool(waits), "done": True})


def _doom(connection: sqlite3.Connection, older_than: timedelta) -> Pruned:
    """Write down what is to go, in temporary tables of this connection.

    Time is counted back from the last fetch, so that a clock that runs ahead removes nothing.
    """
    [last] = connection.execute("SELECT max(fetched_at) FROM fetches").fetchone()
    at = min(now(), moment(last)) if last else now()
    before = stamp(at - older_than)
    values = {
        "good": to_json(sorted(GOOD_VERDICTS)),
        "live": to_json([Source.LIVE, Source.SAMPLE]),
        "by_hand": Source.IMPORT.value,
        "before": before,
    }
    for statement in DOOMED.format(**{name: f":{name}" for name in values}).split(";\n"):
        if statement.strip():
            connection.execute(statement, values)
    [articles, texts] = connection.execute(
        "SELECT count(*), coalesce(sum(length(text) + length(blocks)), 0) FROM articles "
        "WHERE id IN (SELECT id FROM doomed_articles)"
    ).fetchone()
    [bodies, pages] = connection.execute(
        "SELECT count(*), coalesce(sum(length(data)), 0) FROM bodies "
        "WHERE hash IN (SELECT hash FROM doomed_bodies)"
    ).fetchone()
    [embeddings, vectors] = connection.execute(
        "SELECT count(*), coalesce(sum(length(vector)), 0) FROM embeddings "
        "WHERE id IN (SELECT id FROM doomed_embeddings)"
    ).fetchone()
    return Pruned(before, articles, bodies, embeddings, texts + pages + vectors)


def _is_loose(connection: sqlite3.Connection) -> bool:
    """Whether much of the file is unused, as after a process that was killed before it gave the room back."""
    [unused] = connection.execute("PRAGMA freelist_count").fetchone()
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    return bool(unused > LOOSE * pages)


def _file_size(connection: sqlite3.Connection) -> int:
    """Bytes of the library's file once its log is read into it."""
    [pages] = connection.execute("PRAGMA page_count").fetchone()
    [page] = connection.execute("PRAGMA page_size").fetchone()
    return int(pages * page)
