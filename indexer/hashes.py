"""The sha256 of files, so that what was damaged is noticed before it is used."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from indexer.files import working_folder

CHECKED = "checked.json"
"""The memory of :class:`Hashes` in a folder: those of models' exports, and those of libraries' indexes."""


def sealed(value: object) -> str:
    """A value as JSON with its sha256: a file of it is taken as it was written, or not at all."""
    text = json.dumps(value, ensure_ascii=False)
    return json.dumps(
        {"sha256": hashlib.sha256(text.encode()).hexdigest(), "content": value}, ensure_ascii=False, indent=0
    )


def unsealed(text: str) -> Any:
    """The inverse of :func:`sealed`.

    Raises:
        ValueError: it is not as it was written.
    """
    match json.loads(text):
        case {"sha256": _, "content": value} if json.loads(sealed(value)) == json.loads(text):
            return value
    raise ValueError("it is not as it was written")


class Hashes:
    """The sha256 of files, remembered in a JSON file by path, size and time of change.

    Hashing 90 MB of weights takes 0.1 to 0.4 s, which a question asked from the shell must not pay every
    time; a file that was changed has another size or time. Without a ``memory`` every file is read.
    """

    def __init__(self, memory: Path | None) -> None:
        self._memory = memory
        self._changed = False
        self._known: dict[str, str] = {}
        if memory is not None and memory.is_file():
            try:
                self._known = unsealed(memory.read_text(encoding="utf-8"))
            except (OSError, ValueError):
                self._known = {}  # only a memory: what it held is worked out again

    def sha256(self, path: Path) -> str:
        """The hexadecimal sha256 of a file's content.

        Raises:
            OSError: it cannot be read.
        """
        stat = path.stat()
        key = f"{stat.st_size} {stat.st_mtime_ns} {path.absolute()}"
        if key not in self._known:
            with path.open("rb") as file:
                self._known[key] = hashlib.file_digest(file, "sha256").hexdigest()
            self._changed = True
        return self._known[key]

    def save(self) -> None:
        """Write down what was worked out, if there is a place for it and anything is new.

        Files that are gone are forgotten.
        """
        if self._memory is None or not self._changed:
            return
        kept = {key: value for key, value in self._known.items() if Path(key.split(" ", 2)[-1]).is_file()}
        try:
            self._memory.parent.mkdir(parents=True, exist_ok=True)
            with working_folder(self._memory.parent) as folder:
                fresh = folder / self._memory.name
                fresh.write_text(sealed(kept), encoding="utf-8")
                fresh.replace(self._memory)
        except OSError:
            return  # a cache that is read-only costs the hashing again, no more
