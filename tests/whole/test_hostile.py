"""The hostile catalogue through the installed program: it succeeds, within bounds of time and memory."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indexer.catalogue import load
from indexer.store import inspection
from tests.replaying import replaying
from tests.whole.large_web import Program, write_catalogue

HOSTILE = Path(__file__).parents[1] / "replay" / "hostile-catalogue.yaml"
INTERNAL = {"127.0.0.1", "localhost", "::1", "0.0.0.0", "2130706433", "169.254.169.254"}
MOST_MEMORY = 1 << 30
"""Bytes of all processes together; one of the pages unpacks to as much by itself."""
MOST_SECONDS = 15 * 60
"""Far above what the pauses for the 34 addresses of one host and its silent pages come to."""


@pytest.mark.slow
def test_hostile_pages_cost_neither_the_run_nor_the_machine(tmp_path: Path, demo_library: Path) -> None:
    """The model's export, which takes more memory to make, was made for the demo."""
    options = ("--catalogue", HOSTILE, "--data", tmp_path / "data")
    with replaying(1, tmp_path) as web:
        program = Program("crawl", "--json", *options, environment=web.environment)
        code, out, err = program.wait()
        entries = web.entries()
    assert code == 0, err
    assert program.peak < MOST_MEMORY
    assert json.loads(out)["seconds"] < MOST_SECONDS
    assert not {entry["url"] for entry in entries if urlsplit(entry["url"]).hostname in INTERNAL}
    links = load(HOSTILE).links
    states = {state.url: state for state in inspection.status(tmp_path / "data", links)}
    assert all(states[link.url].verdict for link in links), "every link ends with a verdict"
    wanted = {link.url: link.note.removeprefix("wanted: ").partition(",")[0] for link in links}
    held = {url for url, state in states.items() if state.words}
    good = {url for url, word in wanted.items() if word == "good"}
    may_be = {url for url, word in wanted.items() if "good" in word.split()}
    assert good <= held <= may_be


@contextmanager
def proxying(pages: Mapping[str, bytes]) -> Iterator[dict[str, str]]:
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


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["!", "word. ", "<p>word</p>", "<h2>h</h2>", "<li>a"])
def test_ten_megabytes_of_one_token_cost_themselves(unit: str, tmp_path: Path, demo_library: Path) -> None:
    """Twenty good pages beside it are published by the same run, whatever becomes of the bad one."""

    def body(inside: str) -> bytes:
        start = "<!doctype html><html><head><title>A page</title></head><body><article><h1>A page</h1>"
        return f"{start}{inside}</article></body></html>".encode()

    good = {
        f"http://good-{number}.example/": body(
            "".join(f"<p>Paragraph {n} of page {number} says something about stores.</p>" for n in range(10))
        )
        for number in range(20)
    }
    bad = "http://bad.example/"
    pages = {**good, bad: body(f"<p>It begins well.</p><p>{unit * ((10 * 1000 * 1000) // len(unit))}")}
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"All": [bad, *good]})
    options = ("--catalogue", catalogue, "--data", tmp_path / "data")
    with proxying(pages) as environment:
        program = Program("crawl", "--json", *options, environment=environment)
        code, out, err = program.wait()
    assert code == 0, err
    assert "Traceback" not in err
    assert program.peak < MOST_MEMORY
    summary = json.loads(out)
    print(unit, summary["stages"], program.peak >> 20)
    states = {state.url: state for state in inspection.status(tmp_path / "data", load(catalogue).links)}
    assert all(states[url].passages for url in good)
    assert states[bad].passages or states[bad].reason, "it is told why it has none"
