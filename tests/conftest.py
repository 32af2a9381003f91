"""Fixtures for everybody: the replayed web as a child process, a small library to write into."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.replaying import Replay, replaying
from tests.store.shelving import Shelf

# Models are exported once for all tests and all runs of them, and not into the user's own cache.
os.environ.setdefault("INDEXER_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "indexer"))


@pytest.fixture
def replay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[int], Replay]]:
    """Starts the replay of a night and points this process's environment at it: ``replay(1)``.

    A further call replaces the earlier night. Each night logs to ``night-N.jsonl`` in ``tmp_path``.
    """
    for name in os.environ:
        if name.lower() in ("no_proxy", "all_proxy"):
            monkeypatch.delenv(name)
    with ExitStack() as running:

        def start(night: int) -> Replay:
            running.close()
            started = running.enter_context(replaying(night, tmp_path))
            for name, value in started.environment.items():
                monkeypatch.setenv(name, value)
            return started

        yield start


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "data")
    yield made
    made.database.close()
