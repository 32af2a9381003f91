"""The library's SQLite file, opened for writing, and its runs.

Only one process writes: the one that holds the folder's lock. Readers open a
:class:`~indexer.store.snapshot.Snapshot` instead and are never in the way (write-ahead log).
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from sqlite_utils import Database as Tables

from indexer.errors import Busy, NotWritable, StaleIndex
from indexer.store.codec import moment, now, stamp, to_json
from indexer.store.failures import damaged, library_errors, what_happened
from indexer.store.opening import LIBRARY_FILE, refuse_lost
from indexer.store.schema import MIGRATIONS, SCHEMA_VERSION, teach_migrating
from indexer.store.sums import summed, teach

if TYPE_CHECKING:
    from filelock import AcquireReturnProxy

CACHE_KIB = 64 * 1024
"""SQLite's page cache while writing: the index of a million vectors' names fits, the default is 2 MB."""


@dataclass(frozen=True, slots=True)
class Run:
    """One crawl. ``resumed`` tells that it goes on where an interrupted one stood."""

    number: int
    started_at: datetime
    resumed: bool


def hold_lock(folder: Path) -> AcquireReturnProxy[Any]:
    """The folder's lock, held; as a context manager, until its block ends. Makes the folder.

    Raises:
        Busy: another process holds it. NotWritable: the folder cannot be made or written.
    """
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        return FileLock(folder / "lock").acquire(timeout=0)
    except Timeout:
        raise Busy(f"{folder}: another run holds the lock; try again when it has ended") from None
    except OSError as error:
        raise NotWritable(
            f"{folder}: cannot be written ({error.strerror}); give another folder with --data"
        ) from error


class Database:
    """The library, opened for writing under the folder's lock. Use as a context manager."""

    def __init__(self, folder: Path) -> None:
        """Open (or make) the library in ``folder``.

        Raises:
            Busy: another process holds the lock.
            NotWritable: the folder cannot be made or written.
            DamagedLibrary: the file is there, but is no library.
            StaleIndex: it was written by a newer version.
            NoRoom, DiskFailure, NoMemory: what the machine lacks.
        """
        self.folder = folder
        self._lock = hold_lock(folder).lock
        self._path = folder / LIBRARY_FILE
        try:
            with library_errors(self._path):
                self.tables = self._connect()
        except BaseException:
            self._lock.release()
            raise

    def _connect(self) -> Tables:
        refuse_lost(self.folder)
        tables = Tables(self._path)
        connection = tables.conn
        teach(connection)
        try:
            version = _own_version(connection, self._path)
            if not version:
                # SQLite writes this into a new file only, so before the first table.
                connection.execute("PRAGMA page_size = 8192")
            tables.enable_wal()
            connection.execute("PRAGMA foreign_keys = ON")
            connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
            # A commit outlives the process at once. Not waiting for the disk each time costs a power cut
            # the last pages, which the next run fetches again; `durable` waits where that matters.
            connection.execute("PRAGMA synchronous = NORMAL")
            _migrate(connection, version)
        except BaseException:
            tables.close()
            raise
        return tables

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it. Errors of SQLite and the disk that the block met are told as what happened."""
        with library_errors(self._path):
            self.close()
        if told := what_happened(self._path, error):
            raise told from error

    def close(self) -> None:
        """Close the file and give the lock back.

        The log is taken into the file and emptied, unless a reader still needs it: then a later run does it.
        """
        try:
            with suppress(sqlite3.Error):  # as SQLite itself does at the end of the last connection
                self.tables.conn.execute("PRAGMA busy_timeout = 0")
                self.tables.conn.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self.tables.close()
        finally:
            self._lock.release()

    def atomic(self) -> AbstractContextManager[Tables]:
        """One transaction: all of it or nothing."""
        return self.tables.atomic()

    @contextmanager
    def durable(self) -> Iterator[Tables]:
        """One transaction that outlives a power cut too, and with it all that were before it."""
        self.tables.conn.execute("PRAGMA synchronous = FULL")
        try:
            with self.tables.atomic() as tables:
                yield tables
        finally:
            self.tables.conn.execute("PRAGMA synchronous = NORMAL")

    def rows(self, sql: str, parameters: tuple[Any, ...] = ()) -> list[dict[str, Any]]:
        """The rows of a query, as mappings by column."""
        return list(self.tables.query(sql, parameters))

    def insert(self, table: str, row: dict[str, Any]) -> int:
        """Insert one row with its sum; its integer key. A transaction of its own where none is open."""
        with self.atomic() as tables:
            key = tables.table(table).insert(summed(table, row)).last_pk
        return int(str(key))

    # ------------------------------------------------------------------ runs

    def start_run(self, *, resume_within: timedelta) -> Run:
        """A new run, or the last one if it was interrupted less than ``resume_within`` ago.

        One that began in the future is not gone on with: the clock was wrong.
        """
        at = now()
        last = self.rows("SELECT id, started_at, finished_at FROM runs ORDER BY id DESC LIMIT 1")
        if last and not last[0]["finished_at"]:
            started_at = moment(last[0]["started_at"])
            if timedelta(0) <= at - started_at < resume_within:
                return Run(last[0]["id"], started_at, resumed=True)
        return Run(
            self.insert("runs", {"started_at": stamp(at), "finished_at": "", "summary": "{}"}),
            at,
            resumed=False,
        )

    def finish_run(self, run: Run, summary: dict[str, Any]) -> None:
        """Mark a run as ended, with what it did."""
        with self.durable() as tables:
            row = {
                "started_at": stamp(run.started_at), "finished_at": stamp(now()), "summary": to_json(summary)
            }  # fmt: skip
            tables.table("runs").update(run.number, summed("runs", row))


def _own_version(connection: sqlite3.Connection, path: Path) -> int:
    """The version of the library, 0 where the file is a new one.

    Raises:
        StaleIndex, DamagedLibrary: it is not one that this program writes.
    """
    version: int = connection.execute("PRAGMA user_version").fetchone()[0]
    if version > SCHEMA_VERSION:
        raise StaleIndex(f"{path}: written by a newer version of indexer; upgrade this one")
    if not version and connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
        raise damaged(path, "it has tables of another program")
    return version


def _migrate(connection: sqlite3.Connection, version: int) -> None:
    """Bring a library of ``version`` to this program's, each step in one transaction with its number."""
    teach_migrating(connection)
    for number, script in enumerate(MIGRATIONS[version:], start=version + 1):
        try:
            connection.executescript(f"BEGIN;{script}PRAGMA user_version = {number};COMMIT;")
        except sqlite3.Error:
            connection.rollback()
            raise
