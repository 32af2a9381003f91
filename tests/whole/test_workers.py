"""Reading in worker processes: a page costs at most itself, and callers need to know nothing of it."""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from subprocess import PIPE

import psutil
import pytest

from indexer.config import ExtractConfig
from indexer.confinement import refused
from indexer.errors import Unreadable
from indexer.records import Page, ReadPage
from indexer.workers import reading_workers
from tests.whole.large_web import serving, write_catalogue

SCRIPT = """
import sys
from pathlib import Path
from tests.fakes import HashEncoder
from indexer.pipeline import crawling, publishing
from indexer.catalogue import load
from indexer.config import Config
publishing.open_encoder = lambda config: HashEncoder()
catalogue, data = map(Path, sys.argv[1:])
print(crawling.crawl_links(load(catalogue).links, Config(data=data)).articles["new"])
"""


def page(name: str, sentences: int = 30) -> Page:
    text = " ".join(f"Sentence {n} of the page named {name} says something." for n in range(sentences))
    body = f"<html><head><title>{name}</title></head><body><h1>{name}</h1><p>{text}</p></body></html>"
    url = f"https://example.org/{name}"
    return Page(url, url, 200, {"content-type": "text/html"}, body.encode(), datetime.now(UTC))


def with_workers(work: Callable[[ReadPage], Awaitable[None]], config: ExtractConfig | None = None) -> None:
    async def run() -> None:
        async with reading_workers(config or ExtractConfig()) as read:
            await work(read)

    asyncio.run(run())
    left = [child for child in psutil.Process().children() if child.status() != psutil.STATUS_ZOMBIE]
    assert not [child for child in left if "indexer.workers" in child.cmdline()]


def test_every_page_gets_its_own_reading() -> None:
    async def work(read: ReadPage) -> None:
        names = [f"page-{n}" for n in range(20)]
        readings = await asyncio.gather(*(read(page(name)) for name in names))
        assert [reading.article.title for reading in readings] == names

    with_workers(work)


def test_a_page_that_takes_too_long_is_unreadable() -> None:
    async def work(read: ReadPage) -> None:
        with pytest.raises(Unreadable, match="took longer than"):
            await read(page("slow"))

    with_workers(work, ExtractConfig(seconds=0.001))


def test_a_page_that_takes_too_much_memory_is_unreadable() -> None:
    async def work(read: ReadPage) -> None:
        with pytest.raises(Unreadable):
            await read(page("large", sentences=200_000))

    with_workers(work, ExtractConfig(memory=1 << 20))


def test_a_lost_worker_is_replaced() -> None:
    async def work(read: ReadPage) -> None:
        await read(page("before"))
        for child in psutil.Process().children():
            child.kill()
        readings = await asyncio.gather(*(read(page(f"after-{n}")) for n in range(6)), return_exceptions=True)
        lost = [reading for reading in readings if isinstance(reading, BaseException)]
        assert all(isinstance(error, Unreadable) for error in lost)
        assert len(lost) <= 1, "it costs at most the page that it had in hand"

    with_workers(work)


def test_a_reading_that_was_broken_off_is_not_given_to_the_next_page() -> None:
    async def work(read: ReadPage) -> None:
        await asyncio.gather(*(read(page(f"warm-{n}")) for n in range(4)))
        broken = [asyncio.ensure_future(read(page(f"broken-{n}", sentences=3000))) for n in range(8)]
        await asyncio.wait(broken, return_when=asyncio.FIRST_COMPLETED)
        for task in broken:
            task.cancel()
        assert (await read(page("next"))).article.title == "next"

    with_workers(work)


def test_a_worker_ends_with_whoever_started_it_and_says_nothing() -> None:
    """Also in the middle of a page, and however that other process ended."""
    request = pickle.dumps((page("long", sentences=100_000), ExtractConfig().memory))
    command = [sys.executable, "-m", "indexer.workers"]
    with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as worker:
        said = worker.communicate(len(request).to_bytes(8) + request)  # and closes its stdin
    assert said == (b"", b"")


class TakesOver:
    """A task that runs what it likes in the worker, as a page would that found a hole in a parser."""

    def __init__(self, code: str) -> None:
        self._code = code

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str]]:
        return exec, (self._code,)


@pytest.mark.parametrize(
    "attempt",
    [
        "open({file!r}, 'w')",
        "__import__('os').unlink({there!r})",
        "open({there!r}, 'ab').truncate(0)",
        "__import__('socket').create_connection(('127.0.0.1', {port}), timeout=5)",
        "__import__('subprocess').run(['/bin/true'])",
        "__import__('os').kill({parent}, 0)",
    ],
    ids=["writes", "removes", "empties", "connects", "starts", "signals"],
)
def test_who_takes_over_a_worker_may_only_read(tmp_path: Path, attempt: str) -> None:
    if refused() != "writing, programs and TCP":
        pytest.skip(f"this system can refuse a process: {refused() or 'nothing'}")
    there = tmp_path / "there"
    there.write_text("kept")
    with socket.create_server(("127.0.0.1", 0)) as server:
        attempt = attempt.format(
            file=str(tmp_path / "new"), there=str(there), port=server.getsockname()[1], parent=os.getpid()
        )
        request = pickle.dumps((TakesOver(attempt), ExtractConfig().memory))
        command = [sys.executable, "-m", "indexer.workers"]
        with subprocess.Popen(command, stdin=PIPE, stdout=PIPE, stderr=PIPE) as worker:
            assert worker.stdin is not None
            assert worker.stderr is not None
            worker.stdin.write(len(request).to_bytes(8) + request)
            worker.stdin.flush()
            said = worker.stderr.read().decode()
    assert "Permission" in said or "not permitted" in said
    assert there.read_text() == "kept"
    assert list(tmp_path.iterdir()) == [there]


def test_a_plain_script_may_crawl(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without ``if __name__ == "__main__"``, which pools of processes usually ask for."""
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    with serving(tmp_path, pages=3, hosts=3) as web:
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in {**web.environment, "PYTHONPATH": str(Path(__file__).parents[2])}.items():
            monkeypatch.setenv(name, value)
        catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"A": web.links})
        command = [sys.executable, str(script), str(catalogue), str(tmp_path / "data")]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == 3, ended.stderr
