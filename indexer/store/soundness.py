"""Whether all of a library is as it was written, and what mends it where it is not.

A run looks before it changes anything: what is published is made from what is kept, so nothing damaged may be
cut, merged or summed anew. Raw pages can be fetched again and vectors made again, so damaged ones are let go;
what is published is published again. Articles, fetches and runs are had nowhere else: a backup has them.
"""

from __future__ import annotations

import hashlib
import logging
import re
import sqlite3
import zlib

from indexer.index.segment import REINDEX_ADVICE
from indexer.store.database import Database
from indexer.store.failures import damaged
from indexer.store.opening import LIBRARY_FILE
from indexer.store.sums import SUMMED, is_unsound

logger = logging.getLogger(__name__)

PUBLISHED = ("links", "current_articles", "passages", "generations", "segments")
"""Tables that are written anew from the others and the catalogue."""

MENDABLE = ("bodies", "embeddings", "uncut", *PUBLISHED)
"""Tables of which nothing is lost that could not be had again."""

LOST_ENTRY = re.compile(r"row \d+ missing from index \S+")
"""What SQLite's check says where an index lacks a row that its table has: then the index alone is damaged."""


def fault(connection: sqlite3.Connection) -> str:
    """What is wrong with a library's file as a whole, in words; empty where it is sound.

    Everything is read: the tables by SQLite's own check, raw pages by their sha256, rows by their sums. The
    connection knows those (see :func:`indexer.store.sums.teach`).
    """
    if lines := structure(connection):
        return "; ".join(lines[:3])
    return rows_told(unsound_rows(connection)) or _disagreement(connection)


def structure(connection: sqlite3.Connection) -> list[str]:
    """What SQLite's own check says of the tables and their indexes, nothing where they are sound."""
    lines = [
        " ".join(row[0].removeprefix("*** in database main ***").split())
        for row in connection.execute("PRAGMA integrity_check")
    ]
    return [] if lines == ["ok"] else lines


def unsound_rows(connection: sqlite3.Connection) -> dict[str, int]:
    """How many rows are not as they were written, by table, without those that are all sound."""
    counts = {
        table: connection.execute(f"SELECT count(*) FROM main.{table} WHERE {is_unsound(table)}").fetchone()[
            0
        ]
        for table in SUMMED
    }
    counts["bodies"] = len(_lost_bodies(connection))
    return {table: count for table, count in counts.items() if count}


def rows_told(rows: dict[str, int]) -> str:
    """:func:`unsound_rows` in words, empty where there are none."""
    found = [f"{count:,} of {table}" for table, count in rows.items()]
    return f"rows are not as they were written: {', '.join(found)}" if found else ""


def mend(database: Database) -> bool:
    """Let go of what is damaged and can be had again; whether all must be published again, as it then must.

    Raises:
        DamagedLibrary: something is damaged that only a backup has.
    """
    connection = database.tables.conn
    path = database.folder / LIBRARY_FILE
    if lines := structure(connection):
        _sort_again(database, lines)
    rows = unsound_rows(connection)
    if lost := {table: count for table, count in rows.items() if table not in MENDABLE}:
        raise damaged(path, rows_told(lost))
    if rows:
        logger.warning("%s: %s; made again, as far as the web still has it", path, rows_told(rows))
        with database.durable():
            for name in _lost_bodies(connection):
                connection.execute("DELETE FROM bodies WHERE hash = ?", (name,))
            for table in rows.keys() - {"bodies"}:
                connection.execute(f"DELETE FROM {table} WHERE {is_unsound(table)}")
            connection.execute(
                "DELETE FROM passages WHERE article NOT IN (SELECT article FROM current_articles)"
            )
    return bool(rows.keys() & {*PUBLISHED}) or bool(_disagreement(connection))


def _sort_again(database: Database, lines: list[str]) -> None:
    """Make the indexes of SQLite again, where they alone are damaged.

    Raises:
        DamagedLibrary: the tables are.
    """
    with database.durable() as tables:
        if all(map(LOST_ENTRY.fullmatch, lines)):
            tables.conn.execute("REINDEX")
            lines = structure(tables.conn)
        if lines:
            raise damaged(database.folder / LIBRARY_FILE, "; ".join(lines[:3]))


def _lost_bodies(connection: sqlite3.Connection) -> list[str]:
    """The names of the raw pages that are not what was kept."""
    return [
        name
        for name, size, data in connection.execute("SELECT hash, size, data FROM bodies")
        if not _is_body(data, size, name)
    ]


def _is_body(data: bytes, size: int, name: str) -> bool:
    try:
        body = zlib.decompressobj().decompress(data, size + 1)  # bounded, whatever stands there
    except zlib.error:
        return False
    return hashlib.sha256(body).hexdigest() == name


def _disagreement(connection: sqlite3.Connection) -> str:
    """Where the tables contradict each other, in words; empty where they do not."""
    generation = connection.execute(
        "SELECT passages, encoder, links, articles FROM main.generations ORDER BY number DESC LIMIT 1"
    ).fetchone()
    if generation is None:
        return ""
    published, encoder, links, articles = generation
    for table, due in (("passages", published), ("links", links), ("current_articles", articles)):
        [found] = connection.execute(f"SELECT count(*) FROM main.{table}").fetchone()
        if found != due:
            return f"it holds {found:,} {table}, of {due:,} that were published"
    [mute] = connection.execute(
        "SELECT count(*) FROM main.passages p WHERE NOT EXISTS (SELECT 1 FROM main.embeddings e "
        "WHERE e.fingerprint = ? AND e.hash = p.embedding)",
        (encoder,),
    ).fetchone()
    if mute:
        return f"{mute:,} passages have no vector in it: {REINDEX_ADVICE}"
    [lost] = connection.execute(
        "SELECT count(*) FROM main.current_articles WHERE article NOT IN (SELECT id FROM main.articles)"
    ).fetchone()
    return f"{lost:,} published articles are not in it" if lost else ""
