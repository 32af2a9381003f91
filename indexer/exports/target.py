"""Where an export is written: in one step, and never over what is none.

An export that is one file is known by how it begins, one that is a folder by the list that it has of its own
files with their sha256. So what somebody wrote into it, or added to it, is never taken for an old export.
"""

from __future__ import annotations

import gzip
import hashlib
import json
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from secrets import token_hex
from typing import BinaryIO

from indexer.errors import UsageError
from indexer.files import replacing, sync
from indexer.store.codec import now
from indexer.store.failures import library_errors

LIST_OF_FILES = "indexer-export.json"
"""The file in an exported folder that names its format and the sha256 of all others."""
_TELLING = 2_048
"""Bytes of a file that tell whether an export wrote it."""


@dataclass(frozen=True, slots=True)
class TargetFile:
    """A file to write, and where what was in its way lies now (``""``: nothing was)."""

    file: BinaryIO
    set_aside: str


@dataclass(frozen=True, slots=True)
class TargetFolder:
    """A folder to write into, and where what was in its way lies now (``""``: nothing was)."""

    path: Path
    set_aside: str


@contextmanager
def export_file(path: Path, begin: bytes, *, force: bool) -> Iterator[TargetFile]:
    """A file that takes the place of ``path`` when the block has ended well.

    ``begin`` stands near the beginning of every file of this form.

    Raises:
        UsageError: there is something else, and no ``force`` to put it aside; or no folder for it.
        NotWritable, NoRoom, DiskFailure: it cannot be written.
    """
    path = _real_place(path)
    if path.exists() and not path.is_file():
        raise UsageError(f"{path}: is no file, and this format is one; name another place")
    aside = _aside(path, _why_no_export(path, begin) if path.exists() else "", force=force)
    with library_errors(path), replacing(path) as file:
        yield TargetFile(file, str(aside or ""))
        if aside:
            path.rename(aside)


@contextmanager
def export_folder(path: Path, form: str, *, force: bool) -> Iterator[TargetFolder]:
    """An empty folder that takes the place of ``path`` when the block has ended well.

    Raises:
        UsageError: there is something else, and no ``force`` to put it aside; or no folder for it.
        NotWritable, NoRoom, DiskFailure: it cannot be written.
    """
    path = _real_place(path)
    if path.exists() and not path.is_dir():
        raise UsageError(f"{path}: is no folder, and this format is one; name another place")
    aside = _aside(path, _why_no_exported_folder(path, form) if path.exists() else "", force=force)
    with library_errors(path):
        made = path.with_name(f".{path.name}.{token_hex(4)}")
        made.mkdir()
        try:
            yield TargetFolder(made, str(aside or ""))
            sums = {file.relative_to(made).as_posix(): _sum(file) for file in sorted(_files(made))}
            told = json.dumps({"format": form, "files": sums}, ensure_ascii=False, indent=0)
            (made / LIST_OF_FILES).write_text(told, encoding="utf-8")
            _swap(made, path, aside)
        finally:
            shutil.rmtree(made, ignore_errors=True)


def _real_place(path: Path) -> Path:
    """The path itself, not a link to it.

    Raises:
        UsageError: its folder is not there.
    """
    if not path.resolve().parent.is_dir():
        raise UsageError(f"{path.parent}: no such folder; make it first")
    return path.resolve()


def _aside(path: Path, foreign: str, *, force: bool) -> Path | None:
    """Where to put what is at ``path`` and is ``foreign``, in words; None where nothing is in the way.

    Raises:
        UsageError: something is, and there is no ``force``.
    """
    if foreign and not force:
        raise UsageError(f"{path}: {foreign}; name another place, or --force puts it aside")
    return (
        path.with_name(f"{path.name}-replaced-{now():%Y-%m-%dT%H-%M-%S}-{token_hex(2)}") if foreign else None
    )


def _why_no_export(path: Path, begin: bytes) -> str:
    """Why a file is not an export of one form; ``""`` where it is, or holds nothing."""
    try:
        with path.open("rb") as file:
            start = file.read(_TELLING)
        if start.startswith(b"\x1f\x8b"):
            with gzip.open(path) as unpacked:
                start = unpacked.read(_TELLING)
    except (OSError, EOFError, zlib.error):
        return "is there already, and cannot be read"
    return "" if not start or begin in start else "is there already, and no export of this format wrote it"


def _why_no_exported_folder(path: Path, form: str) -> str:
    """Why a folder is not an export of one form, as it was written; ``""`` where it is, or is empty."""
    try:
        if not any(path.iterdir()):
            return ""
        told = json.loads((path / LIST_OF_FILES).read_text(encoding="utf-8"))
        sums, ours = dict(told["files"]), told["format"] == form
    except (OSError, ValueError, TypeError, KeyError):
        ours = False
    if not ours:
        return "is there already, and no export of this format wrote it"
    for file in sorted(_files(path)):
        name = file.relative_to(path).as_posix()
        if name != LIST_OF_FILES and (file.is_symlink() or sums.get(name) != _sum(file)):
            return f"holds what no export wrote or what was changed since ({name})"
    return ""


def _files(folder: Path) -> Iterator[Path]:
    """All in a folder that is no folder itself."""
    return (path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir())


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _swap(made: Path, path: Path, aside: Path | None) -> None:
    """Put a folder in the place of another, which is kept aside or removed."""
    old = aside or path.with_name(f".{path.name}.{token_hex(4)}")
    if was_there := path.exists():
        path.rename(old)
    try:
        made.rename(path)
    except OSError:
        if was_there:
            with suppress(OSError):
                old.rename(path)
        raise
    sync(path.parent)
    if not aside:
        shutil.rmtree(old, ignore_errors=True)
