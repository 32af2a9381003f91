"""Fixtures for everybody: the replayed web, the demo library, a small library to write into."""

from __future__ import annotations

import os
import shutil
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import settings

from tests.demo import Demo, demo_once
from tests.replaying import Replay, replaying
from tests.store.shelving import Shelf

# Models are exported once for all tests and all runs of them, and not into the user's own cache.
os.environ.setdefault("INDEXER_CACHE", str(Path(__file__).parents[1] / ".pytest_cache" / "indexer"))

# How long an example takes says more of what else the machine does than of the code.
settings.register_profile("indexer", deadline=None)
settings.load_profile("indexer")

LONGEST = (
    "whole/test_hostile.py",  # waits half a minute, using no processor
    "extract/test_benchmark.py",
    "packaging/test_checks.py",
    "whole/test_docs.py",
    "whole/test_nights.py",
    "whole/test_render.py",
    "whole/test_real_pages.py",
    "whole/test_large.py",
    "trust/test_full_disks.py",
    "embed/test_export.py",
    "whole/test_unattended.py",
    "whole/test_browser.py",
    "whole/test_floors.py",
    "whole/test_notebook.py",
    "extract/test_growth.py",
    "whole/test_completion.py",
    "crawl/test_replay.py",
    "crawl/test_loop.py",
    "whole/test_demo.py",
    "embed/test_shared_exports.py",
)
"""Files that take or wait long. They come first, so that processes that share the tests end together."""


def pytest_configure(config: pytest.Config) -> None:
    """Keep pytest-xdist from putting files with few tests last: the longest tests stand alone in theirs.

    And let Ctrl-C end the programs that tests start, also where the tests were started in the background,
    whose programs are to ignore it.
    """
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the longest files first, in that order; the others stay as they are. Mark the tests of engines."""
    for item in items:
        if Path(__file__).parent / "scale" in item.path.parents:
            item.add_marker(pytest.mark.scale)
    places = {Path(__file__).parent / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))


def pytest_make_parametrize_id(val: object) -> str | None:
    """Name no test by bytes: packed ones hold the time, and processes must agree on a test's name."""
    return "bytes" if isinstance(val, bytes) else None


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


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Demo:
    """The demo command's library, this process's own copy, and what the command said."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    made = demo_once(shared / "demo-once")
    assert made.ended.code == 0, made.ended.err
    own = tmp_path_factory.mktemp("demo") / "library"
    shutil.copytree(made.library, own)
    return Demo(own, made.ended)


@pytest.fixture(scope="session")
def demo_library(demo: Demo) -> Path:
    """The folder of a library crawled from the sample articles with the real model."""
    return demo.library


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[Shelf]:
    made = Shelf(tmp_path / "data")
    yield made
    made.database.close()
