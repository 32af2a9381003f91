"""A crawl of twenty good pages, with or without one that repeats a thing for ten megabytes among them."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from indexer.catalogue import load
from indexer.store import inspection
from indexer.store.inspection import LinkState
from tests.whole.large_web import Program, write_catalogue

HOSTILE_BYTES = 10_000_000
HOSTILE_URL = "http://bad.example/"


@dataclass(frozen=True)
class Crowd:
    """How the crawl ended: its summary, the links' states by address, the most bytes of all processes."""

    summary: dict[str, Any]
    states: dict[str, LinkState]
    peak: int


def crowded(folder: Path, unit: str = "") -> Crowd:
    """Crawl twenty good pages into a fresh library, with one that repeats ``unit`` among them if given."""
    pages = {f"http://good-{number}.example/": _page(_good(number)) for number in range(20)}
    links = [*pages]
    if unit:
        pages[HOSTILE_URL] = _page(f"<p>It begins well.</p><p>{unit * (HOSTILE_BYTES // len(unit.encode()))}")
        links.insert(0, HOSTILE_URL)
    catalogue = write_catalogue(folder / "catalogue.yaml", {"All": links})
    options = ("--catalogue", catalogue, "--data", folder / "data")
    with _proxying(pages) as environment:
        program = Program("crawl", "--json", *options, environment=environment)
        code, out, err = program.wait()
    assert code == 0, err
    assert "Traceback" not in err
    states = {state.url: state for state in inspection.status(folder / "data", load(catalogue).links)}
    return Crowd(json.loads(out), states, program.peak)


def _good(number: int) -> str:
    return "".join(f"<p>Paragraph {n} of page {number} says something about stores.</p>" for n in range(10))


def _page(inside: str) -> bytes:
    start = "<!doctype html><html><head><title>A page</title></head><body><article><h1>A page</h1>"
    return f"{start}{inside}</article></body></html>".encode()


@contextmanager
def _proxying(pages: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
    """These pages by address, as a forward proxy would answer; the environment that leads there."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            body = pages.get(self.path, b"")
            self.send_response(200 if body else 404)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            proxy = f"http://127.0.0.1:{server.server_port}"
            yield {"HTTP_PROXY": proxy, "http_proxy": proxy}
        finally:
            server.shutdown()
            thread.join()
