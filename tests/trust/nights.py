"""A hundred nights over the same links, a page changed in every fourth: ``python -m tests.trust.nights``.

The installed program crawls a real server each night. What did not change is neither read nor embedded again;
memory stays what it was; files grow by what changed and by what is noted of each night.
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory

from tests.trust.trials import machine, tell
from tests.whole.large_web import Program, write_catalogue

PAGES = 30
CHANGED_EVERY = 4
"""Nights from one change to the next."""
MEMORY_GROWTH, NOTED = 1.05, 64
"""What is still flat: the last quarter's peaks to the first's, and KiB for a night without a change."""


@dataclass
class Site:
    """Pages by number, each on a host of its own; ``versions`` says how often each was changed."""

    versions: list[int]
    answered: int = 0
    """Bodies sent."""

    def page(self, number: int) -> str:
        paragraphs = [
            f"Paragraph {n} of page {number} tells how the part with the number {number * 31 + n} was made, "
            "who wanted it, what it cost, and what was learnt when it failed for the first time in earnest."
            for n in range(12)
        ]
        paragraphs[6] += f" It was revised {self.versions[number]} times."
        text = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
        return (
            f"<html><head><title>Page {number}</title></head><body><h1>Page {number}</h1>{text}</body></html>"
        )


@contextmanager
def serving_nights(site: Site) -> Iterator[str]:
    """The site behind a proxy on loopback, with validators; gives the proxy's address."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            if self.path.endswith("/robots.txt"):
                self._answer(200, b"User-agent: *\nAllow: /\n", "text/plain")
                return
            number = int(self.path.rpartition("/")[2])
            tag = f'"{number}-{site.versions[number]}"'
            if self.headers.get("If-None-Match") == tag:
                self._answer(304, b"", "", tag)
            else:
                site.answered += 1
                self._answer(200, site.page(number).encode(), "text/html; charset=utf-8", tag)

        def _answer(self, status: int, body: bytes, kind: str, tag: str = "") -> None:
            self.send_response(status)
            for name, value in (("Content-Type", kind), ("ETag", tag), ("Content-Length", str(len(body)))):
                if value and not (status == 304 and name == "Content-Length"):
                    self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the base class's name
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@dataclass(frozen=True)
class Night:
    """What a night did and left: counts, MiB at its peak over all processes, KiB on disk."""

    changed: bool
    sent: int
    embedded: int
    peak: float
    library: float
    index: float


def nights(count: int, folder: Path) -> Iterator[Night]:
    """So many nights over one library; the first reads everything."""
    site = Site([0] * PAGES)
    urls = [f"http://host-{number}.example/{number}" for number in range(PAGES)]
    catalogue = write_catalogue(folder / "catalogue.yaml", {"Nights": urls})
    data = folder / "data"
    with serving_nights(site) as proxy:
        for night in range(count):
            changed = night > 0 and night % CHANGED_EVERY == 0
            if changed:
                site.versions[night % PAGES] += 1
            before = site.answered
            program = Program(
                "crawl", "--catalogue", catalogue, "--data", data, "--json", "--quiet",
                environment={"HTTP_PROXY": proxy, "http_proxy": proxy},
            )  # fmt: skip
            code, out, err = program.wait()
            if code:
                raise SystemExit(f"night {night} ended with {code}: {err or out}")
            yield Night(
                changed, site.answered - before, json.loads(out)["embedded"],
                program.peak / 2**20, _size(data, "library.db*"), _size(data, "segments/**/*"),
            )  # fmt: skip


def _size(data: Path, pattern: str) -> float:
    return sum(path.stat().st_size for path in data.glob(pattern) if path.is_file()) / 1024


def judged(done: list[Night]) -> list[str]:
    """What went wrong, in words."""
    first, quiet, changed = done[0], [n for n in done[1:] if not n.changed], [n for n in done if n.changed]
    wrong = [f"the first night read {first.sent} of {PAGES} pages"] if first.sent != PAGES else []
    wrong += [f"a quiet night: {night}" for night in quiet if night.sent or night.embedded]
    wrong += [f"a change: {night}" for night in changed if (night.sent, night.embedded) != (1, 1)]
    return wrong


def main() -> None:
    """All nights, and their section of RELIABILITY.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    with TemporaryDirectory() as folder:
        done = list(nights(chosen.count, Path(folder)))
    wrong = judged(done)
    quarter = len(done) // 4
    early, late = fmean(n.peak for n in done[1 : 1 + quarter]), fmean(n.peak for n in done[-quarter:])
    if late > MEMORY_GROWTH * early:
        wrong.append(f"memory grew from {early:.0f} to {late:.0f} MiB")
    grown: dict[bool, list[float]] = {True: [], False: []}
    for before, night in pairwise(done):
        grown[night.changed].append(night.library - before.library)
    quietly, by_change = (fmean(grown[changed] or [0]) for changed in (False, True))
    if quietly > NOTED:
        wrong.append(f"library.db grew by {quietly:.0f} KiB in a night in which nothing changed")
    claim = (
        f"{len(done)} nights of `indexer crawl` over {PAGES} links on loopback, a page changed in every "
        f"{CHANGED_EVERY}th. In the others nothing is read and nothing embedded, in these one page and the "
        f"passage that changed: wrong in {len(wrong)} nights."
    )
    rows = [
        f"| | first {quarter} nights | last {quarter} nights |",
        "| --- | ---: | ---: |",
        f"| memory of all processes at its peak, mean | {early:.0f} MiB | {late:.0f} MiB |",
        f"| library.db with its log | {done[1].library:.0f} KiB | {done[-1].library:.0f} KiB |",
        f"| index | {done[1].index:.0f} KiB | {done[-1].index:.0f} KiB |",
    ]
    growth = (
        f"library.db grew by {quietly:.1f} KiB in a night without a change, by {by_change:.1f} KiB in one "
        f"with; the former is what is noted of {PAGES} requests. {machine()}"
    )
    text = "\n".join([claim, "", *rows, "", growth])
    tell("nights", text, write=chosen.write)
    for one in wrong:
        print(f"wrong: {one}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
