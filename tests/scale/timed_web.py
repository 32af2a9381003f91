"""Pages on loopback whose server notes when each request began and ended: a witness of politeness.

python -m tests.scale.timed_web --pages 400 --hosts 10 --seconds 0.03 --log FILE
"""

from __future__ import annotations

import argparse
import asyncio
import json
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit

PAGE = (
    "<html><head><title>Page {number}</title></head><body><article><h1>Page {number}</h1><p>{prose}</p>"
    "</article></body></html>"
)
PROSE = "Queues hold what cannot be done at once, and somebody writes down, as number {number}, why. " * 12


@dataclass(frozen=True, slots=True)
class Visit:
    """One request, by the server's clock."""

    url: str
    begun: float
    ended: float
    whole: bool
    """Whether the asker was still there, when the answer was about to go out."""


@dataclass(frozen=True)
class TimedWeb:
    """A running server."""

    proxy: str
    links: list[str]
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        return {"HTTP_PROXY": self.proxy, "http_proxy": self.proxy}

    def visits(self) -> list[Visit]:
        """All so far, by the time they began."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return sorted((Visit(*json.loads(line)) for line in lines), key=lambda visit: visit.begun)

    def by_host(self) -> dict[str, list[Visit]]:
        """The same, by the host."""
        found: defaultdict[str, list[Visit]] = defaultdict(list)
        for visit in self.visits():
            found[urlsplit(visit.url).hostname or ""].append(visit)
        return dict(found)


@contextmanager
def timed_web(folder: Path, *, pages: int, hosts: int, seconds: float) -> Iterator[TimedWeb]:
    """So many pages on so many hosts, each answered after so many seconds, until the block ends."""
    log = folder / "visits.jsonl"
    sizes = ["--pages", str(pages), "--hosts", str(hosts), "--seconds", str(seconds), "--log", str(log)]
    command = [sys.executable, "-m", "tests.scale.timed_web", *sizes]
    root = Path(__file__).parents[2]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as server:
        try:
            assert server.stdout is not None
            port = int(server.stdout.readline())
            links = [f"http://host-{number % hosts}.example/{number}" for number in range(pages)]
            yield TimedWeb(f"http://127.0.0.1:{port}", links, log)
        finally:
            server.terminate()


class _Connection(asyncio.Protocol):
    def __init__(self, seconds: float, log: IO[str]) -> None:
        self._seconds, self._log, self._taken = seconds, log, b""
        self._gone = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def connection_lost(self, exc: Exception | None) -> None:
        self._gone = True

    def data_received(self, data: bytes) -> None:
        self._taken += data
        while b"\r\n\r\n" in self._taken:
            head, _, self._taken = self._taken.partition(b"\r\n\r\n")
            url, begun = head.split(b" ", 2)[1].decode(), time.monotonic()
            asyncio.get_running_loop().call_later(self._seconds, self._answer, url, begun)

    def _answer(self, url: str, begun: float) -> None:
        self._log.write(json.dumps([url, begun, time.monotonic(), not self._gone]) + "\n")
        self._log.flush()
        number = url.rpartition("/")[2]
        if number == "robots.txt":
            kind, body = b"text/plain", b"User-agent: *\nAllow: /\n"
        else:
            prose = PROSE.format(number=number)
            kind, body = b"text/html; charset=utf-8", PAGE.format(number=number, prose=prose).encode()
        head = b"HTTP/1.1 200 OK\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % (kind, len(body)) + body)


async def serve(seconds: float, log: IO[str]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(seconds, log), "127.0.0.1", 0, backlog=512)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--pages", type=int)
    parser.add_argument("--hosts", type=int)
    parser.add_argument("--seconds", type=float)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    with options.log.open("a", encoding="utf-8") as log:
        asyncio.run(serve(options.seconds, log))


if __name__ == "__main__":
    main()
