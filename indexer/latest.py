"""The library as it was published last, kept warm between questions: for a prompt, a server, an assistant."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Self

from indexer.config import Config
from indexer.library import Library
from indexer.store.opening import LIBRARY_FILE


class Latest:
    """Lends the newest state of a library; one that was lent stays open until it is given back.

    Threads may borrow at once. What was published since is looked for at each loan, which costs a look at two
    files; the model is loaded once for all states that were made with it.
    """

    def __init__(self, config: Config) -> None:
        """Open the library.

        Raises:
            NoLibrary: there is none. DamagedLibrary, StaleIndex: it cannot be read.
        """
        self._config = config
        self._lock = Lock()
        self._seen = last_written(config.data)
        self._library = Library.open(config.data, config=config)
        self._lent: Counter[int] = Counter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._library.close()

    @contextmanager
    def library(self) -> Iterator[Library]:
        """The newest state, for the time of the block.

        Raises:
            NoLibrary, DamagedLibrary, StaleIndex: what was published since cannot be read.
        """
        with self._lock:
            library = self._newest()
            self._lent[id(library)] += 1
        try:
            yield library
        finally:
            with self._lock:
                self._lent[id(library)] -= 1
                self._give_back(library)

    def _newest(self) -> Library:
        now = last_written(self._config.data)
        if now != self._seen:
            before, self._library, self._seen = self._library, self._library.newest(), now
            self._give_back(before)
        return self._library

    def _give_back(self, library: Library) -> None:
        """Close a state that nobody has and nobody will get."""
        if library is not self._library and not self._lent[id(library)]:
            del self._lent[id(library)]
            library.close()


def last_written(folder: Path) -> list[tuple[int, int]]:
    """When the library's file and its log were last written, and their sizes.

    To look at this takes a tenth of what it takes to open the library for its newest state.
    """
    found = [path.stat() for path in sorted(folder.glob(f"{LIBRARY_FILE}*")) if path.suffix != ".db-shm"]
    return [(stat.st_mtime_ns, stat.st_size) for stat in found]
