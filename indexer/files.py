"""Files that survive a power cut: written beside, forced to the disk, renamed in one step."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO


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


def replace_file(path: Path, content: bytes) -> None:
    """Replace a file in one step, see :func:`replacing`.

    Raises:
        OSError: it cannot be written; then the old one stands.
    """
    with replacing(path) as file:
        file.write(content)


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """A file to write, which takes the place of ``path`` when the block has ended well.

    So ``path`` holds the old content or the new, whatever happens. Keeps the permissions of a file that is
    there; a new one is readable by all.

    Raises:
        OSError: it cannot be written; then the old one stands.
    """
    mode = path.stat().st_mode & 0o7777 if path.exists() else 0o644
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).chmod(mode)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            Path(name).unlink()
        raise
    sync(path.parent)
