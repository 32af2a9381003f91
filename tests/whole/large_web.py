"""The installed program in a process of its own, over many pages on loopback or the replayed web."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psutil

SERVER = Path(__file__).parents[2] / "benchmarks" / "loopback_web.py"


PLAINLY_INSTALLED = """
import sys
sys.modules.update(pandas=None, pyarrow=None)
from indexer.cli import main
main()
"""
"""The program without what only extras bring, and transformers takes 80 MB for as soon as it is there."""


@dataclass(frozen=True)
class Web:
    """A running server of many pages."""

    proxy: str
    links: list[str]
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"HTTP_PROXY": self.proxy, "http_proxy": self.proxy}

    def requests(self) -> list[str]:
        """The URLs that were asked for, in order, without robots.txt."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [url for url in lines if not url.endswith("/robots.txt")]


@contextmanager
def serving(folder: Path, *, pages: int, hosts: int, words: int = 20) -> Iterator[Web]:
    """So many pages of so many words or a few more, on so many hosts, until the block ends."""
    log = folder / "requests.log"
    sizes = ["--pages", str(pages), "--hosts", str(hosts), "--words", str(words), "--log", str(log)]
    with subprocess.Popen([sys.executable, str(SERVER), *sizes], stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout is not None
            ready = json.loads(server.stdout.readline())
            yield Web(f"http://127.0.0.1:{ready['port']}", [url for url, _ in ready["links"]], log)
        finally:
            server.terminate()


def write_catalogue(path: Path, categories: Mapping[str, list[str]]) -> Path:
    """A catalogue of plain links that no archive stands in for."""
    lines = ["categories:"]
    for name, links in categories.items():
        lines += [f"  {name}:", *(f"    - {{url: '{link}', archive: false}}" for link in links)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


class Peak:
    """Watches what memory a process and its children take, from now on until the end."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        """The largest sum of their resident memory, looked at every 50 ms; what they share counts twice."""
        self._root = psutil.Process(pid)
        self._ended = threading.Event()
        self._watcher = threading.Thread(target=self._watch)

        self._watcher.start()

    def end(self) -> int:
        """Look away; the largest sum."""
        self._ended.set()
        self._watcher.join()
        return self.bytes

    def _watch(self) -> None:
        while not self._ended.wait(0.05):
            try:
                family = (self._root, *self._root.children(recursive=True))
                self.bytes = max(self.bytes, sum(process.memory_info().rss for process in family))
            except psutil.NoSuchProcess:
                continue  # one of them ended between the look and the question


class Program:
    """``indexer`` with arguments, started; its processes' memory is watched from outside."""

    def __init__(self, *arguments: object, environment: Mapping[str, str]) -> None:
        surroundings = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        command = [sys.executable, "-c", PLAINLY_INSTALLED, *map(str, arguments)]
        self._process = subprocess.Popen(
            command,
            env={**surroundings, **environment},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._watched = Peak(self._process.pid)
        self.peak = 0
        """Bytes, once it has ended, see :class:`Peak`."""

    def kill(self) -> None:
        """End it as a power cut would."""
        self._process.kill()

    def wait(self) -> tuple[int, str, str]:
        """Exit code, stdout, stderr, once it has ended."""
        out, err = self._process.communicate()
        self.peak = self._watched.end()
        return self._process.returncode, out, err
