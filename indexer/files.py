"""Files that survive a power cut: written beside, forced to the disk, renamed in one step."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory, mkstemp

try:
    import fcntl
except ImportError:  # only Unix has it
    fcntl = None  # type: ignore[assignment]

FULL = (errno.ENOSPC, errno.EDQUOT)
"""Numbers of errors by which the system says that the disk, or the user's share of it, is full."""
WORKING = ".indexer-"
"""How the names of files and folders begin that are to be renamed once they are whole."""


def sync(path: Path) -> None:
    """Make a file or, for renames in it, a folder survive a power cut (POSIX asks for both).

    Windows cannot open a folder, and needs no such call for its names.
    """
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def working_folder(folder: Path) -> Iterator[Path]:
    """A hidden folder in ``folder``, for what is made there and then renamed; it is gone at the end.

    Those that killed processes left are removed first: one that lives has its own locked. Where the system
    has no such locks (Windows, some network file systems) they stay.

    Raises:
        OSError: it cannot be made.
    """
    _remove_left(folder)
    with TemporaryDirectory(prefix=WORKING, dir=folder) as made, _holding(Path(made)):
        yield Path(made)


def _remove_left(folder: Path) -> None:
    """Remove the working files and folders in it that nobody holds."""
    for left in folder.glob(f"{WORKING}*"):
        with suppress(OSError), _holding(left) as alone:
            if alone and left.is_dir():
                shutil.rmtree(left)
            elif alone:
                left.unlink()


@contextmanager
def _holding(path: Path) -> Iterator[bool]:
    """Hold the lock of a file or folder, which goes with the process; whether it can be had."""
    handle = os.open(path, os.O_RDONLY) if fcntl else None
    try:
        yield handle is not None and _taken(handle)
    finally:
        if handle is not None:
            os.close(handle)


def _taken(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:  # another process has it, or there are none here
        return False
    return True


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step: it holds the old content or the new, whatever happens.

    Keeps the permissions of a file that is there; a new one is readable by all.

    Raises:
        OSError: it cannot be written; then the old one stands.
    """
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
    _remove_left(path.parent)
    handle, name = mkstemp(prefix=WORKING, dir=path.parent)
    fresh = Path(name)
    try:
        with _holding(fresh):
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            fresh.chmod(mode)
            fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    sync(path.parent)
