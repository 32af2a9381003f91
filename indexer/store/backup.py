"""Backups: the library as one file that is sound by itself, made beside a running crawl, and taken back.

A backup is ``library.db`` as one transaction saw it, written by ``VACUUM INTO``: one pass over the file that
no writer can make start again, as SQLite's stepwise backup is by each commit, and which leaves no
unused pages. It took 1.3 s for 430 MB, the stepwise one 1.0 s. The index is derived and made again.

Taking one back makes all that is new beside what is there, and then changes the library in one transaction
of SQLite: killed at any point, the old library answers or the new one, and readers keep what they pinned.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from indexer.errors import DamagedLibrary, NotReadable, NotWritable, StaleIndex, UsageError
from indexer.files import sync, working_folder
from indexer.store import generations
from indexer.store.codec import now
from indexer.store.database import Database, hold_lock
from indexer.store.failures import damaged, library_errors, what_happened
from indexer.store.opening import LIBRARY_FILE, SEGMENTS, connect
from indexer.store.publish import rebuild
from indexer.store.schema import SCHEMA_VERSION
from indexer.store.soundness import fault, structure
from indexer.store.sums import sum_of, teach

STAGED = "restoring"
"""The folder in a data folder where a backup becomes a library before it takes the old one's place."""

SIDE_FILES = (f"{LIBRARY_FILE}-wal", f"{LIBRARY_FILE}-shm", f"{LIBRARY_FILE}-journal")
"""What SQLite keeps beside a library and would read into another one that is put in its place."""

COUNTED = ("links", "fetches", "bodies", "articles", "passages", "embeddings")


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was read from end to end: where it is, its sha256, and what it holds.

    ``version`` is that of its tables, ``generation`` the published state (0: none). What older versions
    did not have is counted as 0.
    """

    path: str
    sha256: str
    size: int
    version: int
    generation: int
    links: int
    fetches: int
    bodies: int
    articles: int
    passages: int
    embeddings: int

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``backup --json`` prints them."""
        return asdict(self)


@dataclass(frozen=True, slots=True)
class Restored:
    """What was taken back, as which generation, and where the library that was there before lies now."""

    backup: Backup
    generation: int
    set_aside: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``restore --json`` prints them."""
        return {**self.backup.to_json(), "generation": self.generation, "set_aside": self.set_aside}


# ----------------------------------------------------------------------------- making one


def back_up(folder: Path, path: Path) -> Backup:
    """Copy the library in ``folder`` to the file ``path``, or under a dated name into the folder ``path``.

    It is whole or not there at all, and verified. Its sha256 stands beside it, as ``sha256sum -c`` reads it.

    Raises:
        UsageError: there is such a file already, or no folder for it.
        NoLibrary, DamagedLibrary, StaleIndex: there is nothing sound to be copied.
        NotWritable, NoRoom, DiskFailure: it cannot be written there.
    """
    if path.is_dir():
        path = path / f"library-{now():%Y-%m-%dT%H-%M-%S}.db"
    if not path.parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder; make it first")
    with library_errors(path), working_folder(path.parent) as beside:
        if path.exists():
            raise UsageError(
                f"{path}: is there already; name another file, or a folder for one with a dated name"
            )
        partial = beside / path.name
        _copy(folder / LIBRARY_FILE, partial)
        _refuse_unsound(partial, of=folder / LIBRARY_FILE)
        sync(partial)
        made = _contents(partial, path)
        checksum = _checksum_file(partial)
        checksum.write_bytes(f"{made.sha256}  ".encode() + os.fsencode(path.name) + b"\n")
        sync(checksum)
        # The checksum first: without its backup it is in nobody's way.
        checksum.replace(_checksum_file(path))
        partial.replace(path)
        sync(path.parent)
    return made


def _refuse_unsound(copy: Path, *, of: Path) -> None:
    with library_errors(of), closing(_opened_copy(copy)) as connection:
        if why := _fault_of(connection):
            raise damaged(of, why)


def _copy(library: Path, target: Path, *, page_size: int = 0) -> None:
    """Write the library file ``library`` as one transaction sees it to ``target``, a file of its own.

    ``page_size`` is in bytes, 0 for that of ``library``.
    """
    try:
        target.write_bytes(b"")
    except OSError as error:
        raise NotWritable(f"{target.parent}: cannot be written ({error.strerror})") from error
    with library_errors(library), closing(_opened_source(library)) as connection:
        try:
            if page_size:
                connection.execute(f"PRAGMA page_size = {page_size}")
            # As bytes, for names that are no text.
            connection.execute("VACUUM INTO CAST(? AS TEXT)", (os.fsencode(target),))
        except sqlite3.Error as error:
            told = what_happened(library, error)
            if told is None or isinstance(told, DamagedLibrary):
                raise
            raise what_happened(target, error) or told from error  # such as no room: where it was written


def _opened_source(library: Path) -> sqlite3.Connection:
    """The library to be copied; one of an older version is copied as it is."""
    if library.name == LIBRARY_FILE:
        with suppress(StaleIndex):
            return connect(library.parent, as_it_is=True)
    return _opened_copy(library)


def _opened_copy(path: Path) -> sqlite3.Connection:
    """A file beside which there is no other, read only."""
    connection = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, isolation_level=None)
    teach(connection)
    return connection


def verify(path: Path) -> Backup:
    """Read a backup from end to end, and say what it holds.

    Raises:
        NotReadable: there is no such file, or it cannot be read.
        DamagedLibrary: it is no backup, or not as it was written. StaleIndex: a newer version wrote it.
    """
    if not path.is_file():
        raise NotReadable(f"{path}: no such file; name a backup that `indexer backup` made")
    try:
        made = _contents(path, path)
        told = _checksum_file(path)
        if told.is_file() and told.read_text(encoding="utf-8", errors="replace").split()[:1] != [made.sha256]:
            raise DamagedLibrary(f"{path}: not what {told.name} says was written; take another backup")
        with closing(_opened_copy(path)) as connection:
            why = _fault_of(connection)
    except sqlite3.Error as error:
        why = str(error)
    except OSError as error:
        raise NotReadable(f"{path}: cannot be read ({error.strerror})") from error
    if why:
        raise DamagedLibrary(f"{path}: no sound backup ({why}); take another one")
    return made


def _contents(file: Path, path: Path) -> Backup:
    """What the backup ``file`` holds, which is called ``path``."""
    with closing(_opened_copy(file)) as connection:
        version = _schema_of(connection)
        tables = {row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if version > SCHEMA_VERSION:
            raise StaleIndex(f"{path}: written by a newer version of indexer; upgrade this one")
        if not version or not tables >= {*COUNTED, "generations"}:
            raise DamagedLibrary(f"{path}: no backup of a library; name one that `indexer backup` made")
        counts = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in COUNTED}
        [generation] = connection.execute("SELECT coalesce(max(number), 0) FROM generations").fetchone()
    with file.open("rb") as content:
        sha256 = hashlib.file_digest(content, "sha256").hexdigest()
    return Backup(str(path), sha256, file.stat().st_size, version, generation, **counts)


def _fault_of(connection: sqlite3.Connection) -> str:
    """What is wrong with a backup; of one that an older version made, SQLite's own check alone can tell."""
    if _schema_of(connection) == SCHEMA_VERSION:
        return fault(connection)
    return "; ".join(structure(connection)[:3])


def _schema_of(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _checksum_file(path: Path) -> Path:
    return path.with_name(f"{path.name}.sha256")


# --------------------------------------------------------------------------- taking it back


def restore(path: Path, folder: Path) -> Restored:
    """Make the backup ``path`` the library in ``folder``, and its index again; no network, no model.

    The library that is there stays beside it: as a copy, or, where it is damaged, its very files.

    Raises:
        NotReadable, DamagedLibrary, StaleIndex: as :func:`verify`; then nothing was touched.
        Busy: a run holds the lock. NotWritable, NoRoom, DiskFailure: the folder cannot be written.
    """
    backup = verify(path)
    with hold_lock(folder), library_errors(folder / LIBRARY_FILE):
        library, staging = folder / LIBRARY_FILE, folder / STAGED
        shutil.rmtree(staging, ignore_errors=True)  # of a try that was killed
        staging.mkdir()
        try:
            aside = folder / f"replaced-{now():%Y-%m-%dT%H-%M-%S}.db"
            copied = _copy_aside(library, aside, staging)
            _copy(path, staging / LIBRARY_FILE, page_size=_page_size(library) if copied else 0)
            generation = _index_again(staging, folder)
            if copied:
                _change_content(library, staging / LIBRARY_FILE)
            else:
                _put_in_place(library, staging / LIBRARY_FILE, aside)
            sync(folder)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return Restored(backup, generation, str(aside) if aside.exists() else "")


def _copy_aside(library: Path, aside: Path, staging: Path) -> bool:
    """Copy the library that is there, if it can be: then its file can also take another content."""
    if not (library.is_file() and library.stat().st_size):
        return False
    partial = staging / aside.name
    try:
        with library_errors(library), closing(_opened_source(library)) as connection:
            if structure(connection):
                return False  # copied, it may seem to be larger than the disk
        _copy(library, partial)
    except (DamagedLibrary, NotReadable):
        partial.unlink(missing_ok=True)
        return False
    sync(partial)
    partial.replace(aside)
    return True


def _page_size(library: Path) -> int:
    with closing(_opened_copy(library)) as connection:
        return int(connection.execute("PRAGMA page_size").fetchone()[0])


def _index_again(staging: Path, folder: Path) -> int:
    """Bring the staged library to this version and write its index among the segments of ``folder``.

    The segment gets a number that none there has, so readers of the old state are not in the way. A run
    that publishes removes it if no library comes to list it. Returns the generation, 0 if there is none.
    """
    with Database(staging) as database:
        with database.durable() as tables:
            tables.table("segments").delete_where()  # those of the library that was backed up
        generation, named = rebuild(database), sum_of("segments", name=":to")
        for made in generations.segments_of(database, generation):
            target = generations.next_folder(generations.folder_of(folder))
            target.parent.mkdir(exist_ok=True)
            (staging / SEGMENTS / made.name).replace(target)
            sync(target.parent)
            with database.durable() as tables:
                tables.conn.execute(
                    f"UPDATE segments SET name = :to, crc = {named} WHERE name = :made",
                    {"to": target.name, "made": made.name},
                )
    return generation


def _change_content(library: Path, staged: Path) -> None:
    """Give the library's file the content of ``staged``, in one transaction; who reads goes on reading."""
    with closing(_opened_copy(staged)) as source, closing(sqlite3.connect(library)) as target:
        target.execute("PRAGMA journal_mode = WAL")
        target.execute("PRAGMA synchronous = FULL")
        source.backup(target)


def _put_in_place(library: Path, staged: Path, aside: Path) -> None:
    """Move ``staged`` to where no library is, or a damaged one, which is moved aside with its files."""
    # The log first: beside a library that it does not belong to it would be read into that.
    for name in SIDE_FILES:
        with suppress(FileNotFoundError):
            (library.parent / name).replace(aside.with_name(name.replace(LIBRARY_FILE, aside.name)))
    with suppress(FileNotFoundError):
        library.replace(aside)
    sync(library.parent)
    staged.replace(library)
