"""What SQLite and the disk say, told as what happened: each as its own error, with what helps.

SQLite's exceptions have two base types for everything; what happened stands in its result code
(https://www.sqlite.org/rescode.html), of which the lowest eight bits name the kind.
"""

from __future__ import annotations

import errno
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from indexer.errors import (
    Busy,
    DamagedLibrary,
    DiskFailure,
    IndexerError,
    NoMemory,
    NoRoom,
    NotReadable,
    NotWritable,
    UsageError,
)
from indexer.files import FULL

READ_ONLY = (errno.EROFS, errno.EACCES, errno.EPERM)


@contextmanager
def library_errors(path: Path) -> Iterator[None]:
    """While the block works with the library file ``path``: errors of SQLite and the disk become ours.

    Raises:
        LibraryError, Busy, NoMemory: what happened. UsageError: the library is closed.
    """
    try:
        yield
    except (sqlite3.Error, OSError, MemoryError) as error:
        if told := what_happened(path, error):
            raise told from error
        raise


def what_happened(path: Path, error: BaseException | None) -> IndexerError | None:
    """Our error for one of SQLite, the disk or the memory while the library file ``path`` was used.

    None for all that says nothing about the library.
    """
    match error:
        case sqlite3.Error():
            return _of_sqlite(path, error)
        case OSError(errno=number) if number in FULL:
            return NoRoom(f"{path.parent}: {NO_ROOM.format(error.strerror)}")
        case OSError(errno=number) if number in READ_ONLY:
            return NotWritable(f"{error.filename or path}: cannot be written ({error.strerror})")
        case OSError(errno=errno.EIO):
            return DiskFailure(f"{error.filename or path}: {DISK.format(error.strerror)}")
        case MemoryError():
            return NoMemory(f"{path.parent}: {NO_MEMORY.format('MemoryError')}")
        case _:
            return None


def _of_sqlite(path: Path, error: sqlite3.Error) -> IndexerError:
    code: int = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_OK)
    if code == sqlite3.SQLITE_OK and isinstance(error, sqlite3.ProgrammingError):
        return UsageError(f"the library {path} is closed; open it again")
    if code == sqlite3.SQLITE_ERROR and "user-defined function" in str(error):  # of indexer.store.sums
        return rotten(path, "a row of it has another sum")
    if code == sqlite3.SQLITE_OK and "decode to UTF-8" in str(error):  # and its bytes follow
        return rotten(path, "a text of it is none")
    told = BY_KIND.get(code & 0xFF)
    if told is None or code == sqlite3.SQLITE_IOERR_SHORT_READ:
        return damaged(path, error)
    kind, text = told
    if kind is DiskFailure and shutil.disk_usage(path.parent).free < ROOM:
        kind, text = NoRoom, NO_ROOM  # which SQLite does not know where it shares its log by a mapped file
    return kind(f"{path}: {text.format(error)}")


MEND_ADVICE = "run `indexer reindex`, which mends it or says what does"
"""What is wrong with single rows only a look at all of them can tell."""

ROOM = 64 * 1024
"""Free bytes below which a disk is full: SQLite's shared file grows by 32 KiB."""

NO_ROOM = "the disk is full ({}); make room and start again: what was kept stands, and is gone on from"
NO_MEMORY = "there is not enough memory for this ({}); nothing that was kept is lost"
DISK = "the disk does not read or write ({}); the system's log tells more, copy the library to another one"

BY_KIND: Mapping[int, tuple[type[IndexerError], str]] = {
    sqlite3.SQLITE_FULL: (NoRoom, NO_ROOM),
    sqlite3.SQLITE_READONLY: (NotWritable, "cannot be written ({})"),
    sqlite3.SQLITE_CANTOPEN: (NotReadable, "cannot be opened ({}); see who may read and write there"),
    sqlite3.SQLITE_PERM: (NotReadable, "cannot be opened ({}); see who may read and write there"),
    sqlite3.SQLITE_BUSY: (Busy, "another program holds it ({}); try again when it has ended"),
    sqlite3.SQLITE_LOCKED: (Busy, "another program holds it ({}); try again when it has ended"),
    sqlite3.SQLITE_NOMEM: (NoMemory, NO_MEMORY),
    sqlite3.SQLITE_IOERR: (DiskFailure, DISK),
}
"""What a kind of SQLite's errors is, and what is said of it. All others mean that the file is damaged."""


def rotten(path: Path, why: object) -> DamagedLibrary:
    """The error for a library of which something is not as it was written, while the rest can be read."""
    return DamagedLibrary(f"{path}: not as it was written ({why}); {MEND_ADVICE}")


def damaged(path: Path, why: object) -> DamagedLibrary:
    """The error for a library file that is not as it was written."""
    return DamagedLibrary(
        f"{path}: not a readable library ({why}); take a backup back with `indexer restore FILE`, "
        "or move it away and crawl again"
    )
