"""Opening a library's file to read it: also where nothing may be written, and never one of another program.

Imports nothing of the writing side: `indexer ask` pays for what it uses only.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from indexer.errors import DamagedLibrary, NoLibrary, StaleIndex
from indexer.store.failures import damaged, library_errors
from indexer.store.schema import SCHEMA_VERSION
from indexer.store.sums import only_sound, teach

LIBRARY_FILE = "library.db"
SEGMENTS = "segments"


def newest_generation(folder: Path) -> int:
    """The number of the state that was published last, 0 where none was.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: as :func:`connect` does.
    """
    with library_errors(folder / LIBRARY_FILE), closing(connect(folder)) as connection:
        return int(connection.execute("SELECT coalesce(max(number), 0) FROM generations").fetchone()[0])


def connect(folder: Path, *, as_it_is: bool = False) -> sqlite3.Connection:
    """A read-only connection to the library in ``folder``, also where nothing may be written.

    Its queries end with an error where a row is not as it was written, see :mod:`indexer.store.sums`;
    but not with ``as_it_is``.

    Raises:
        NoLibrary: there is none.
        DamagedLibrary: the file is no library.
        StaleIndex: it was written by another version.
        NotReadable: it cannot be opened.
    """
    path = folder / LIBRARY_FILE
    refuse_lost(folder)
    if not path.is_file():
        raise NoLibrary(
            f"{folder}: no library there; run `indexer crawl` first, or name its folder with --data"
        )
    with library_errors(path):
        connection, version = _opened(path)
        if version == SCHEMA_VERSION:
            if as_it_is:
                teach(connection)
            else:
                only_sound(connection)
            return connection
    with closing(connection):
        if version > SCHEMA_VERSION:
            raise StaleIndex(f"{path}: written by a newer version of indexer; upgrade this one")
        if not version:
            if connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]:
                raise damaged(path, "it has tables of another program")
            raise NoLibrary(f"{folder}: nothing is indexed there yet; run `indexer crawl` first")
        raise StaleIndex(f"{path}: written by an older version of indexer; run `indexer reindex` once")


def refuse_lost(folder: Path) -> None:
    """Where there is no library file, or one without content, there is none yet; unless its index is there.

    Raises:
        DamagedLibrary: it is.
    """
    path = folder / LIBRARY_FILE
    if not (path.is_file() and path.stat().st_size) and any((folder / SEGMENTS).glob("0*")):
        what = "it is empty" if path.is_file() else "it is missing"
        raise DamagedLibrary(
            f"{path}: {what} beside the index of what it held; take a backup back with "
            f"`indexer restore FILE`, or move {folder / SEGMENTS} away and crawl again"
        )


def _opened(path: Path) -> tuple[sqlite3.Connection, int]:
    """A connection that has read its first page, and the version that stands there.

    Where the folder is read-only, SQLite cannot make the file by which it shares its write-ahead log. Then
    the library is read as one that nobody changes, or, if there is a log, from a copy.
    """
    try:
        return _tried(f"{path.absolute().as_uri()}?mode=ro")
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode & 0xFF not in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY):
            raise
    log = path.with_name(f"{LIBRARY_FILE}-wal")
    if not (log.is_file() and log.stat().st_size):
        return _tried(f"{path.absolute().as_uri()}?immutable=1")
    copied = TemporaryDirectory(prefix="indexer-")
    for file in (path, log):
        shutil.copyfile(file, Path(copied.name) / file.name)
    connection, version = _tried(f"{(Path(copied.name) / LIBRARY_FILE).as_uri()}?mode=ro")
    connection.copied = copied
    return connection, version


class _Connection(sqlite3.Connection):
    """A connection; to a copy that goes with it, where ``copied`` says so."""

    copied: TemporaryDirectory[str] | None = None

    def close(self) -> None:
        """Close it, and let the copy go."""
        super().close()
        if self.copied:
            self.copied.cleanup()


def _tried(uri: str) -> tuple[_Connection, int]:
    # Threads may take turns at one; a state that is pinned cannot be opened a second time for another thread.
    connection = sqlite3.connect(
        uri, uri=True, isolation_level=None, check_same_thread=False, factory=_Connection
    )
    try:
        connection.row_factory = sqlite3.Row
        with closing(connection.execute("PRAGMA user_version")) as cursor:
            version = cursor.fetchone()[0]
        # In a read-only folder reading the number alone may do, and reading a table not.
        with closing(connection.execute("SELECT count(*) FROM sqlite_master")) as cursor:
            cursor.fetchone()
    except BaseException:
        connection.close()
        raise
    return connection, version
