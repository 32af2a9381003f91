"""A small library behind the tools, whose texts the tests write."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from indexer import encoding
from indexer.assistant.tools import Tools
from indexer.config import Config
from indexer.latest import Latest
from tests.store.shelving import Shelf
from tests.whole.conftest import run as run  # noqa: PLC0414 - a fixture here, too

OpenTools = Callable[[], Tools]


@pytest.fixture
def open_tools(shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenTools]:
    """The tools over what the shelf has published."""
    monkeypatch.setattr(encoding, "open_encoder", lambda *_: shelf.encoder)
    config = Config(data=shelf.folder, catalogue=tmp_path / "catalogue.yaml", catalogue_why="none there")
    with ExitStack() as open_until_the_end:
        yield lambda: Tools(config, open_until_the_end.enter_context(Latest(config)))
