"""A real server on loopback over a library that is being written, in a thread of its own."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any

import pytest
import uvicorn

from indexer.config import Config
from indexer.records import Link
from indexer.serve.app import create_app
from indexer.serve.doors import Doors
from tests.store.shelving import CountingEncoder, Shelf, article, outcome

LINKS = tuple(Link(f"https://example.org/{name}", "Patterns", tags=("read",)) for name in "abcde")


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    headers: HTTPMessage
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Server:
    """A server that runs, over the library of a shelf."""

    port: int
    config: Config

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def get(self, path: str, **headers: str) -> Reply:
        return self.ask("GET", path, **headers)

    def ask(self, method: str, path: str, body: str | None = None, **headers: str) -> Reply:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path, body, named)
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, answer.read())
        finally:
            connection.close()


@contextmanager
def serving(config: Config, doors: Doors) -> Iterator[Server]:
    """A server over the library, until the end of the block."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(config, doors), log_config=None, access_log=False))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            yield Server(listener.getsockname()[1], config)
        finally:
            server.should_exit = True
            thread.join()


def publish_some(shelf: Shelf, *links: Link) -> None:
    """An article for each of the links, and all of them published."""
    for link in links:
        text = f"The outbox of {link.url[-1]} keeps messages until they are sent."
        shelf.log().record(outcome(link, article(text, title=f"Outbox {link.url[-1]}")))
    shelf.publish(*LINKS)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Questions are encoded as the shelf's passages are."""
    monkeypatch.setattr("indexer.library._load_encoder", lambda *_: CountingEncoder())


@pytest.fixture
def config(shelf: Shelf, tmp_path: Path) -> Config:
    """That of a library of three articles, whose catalogue is what it was published with."""
    publish_some(shelf, *LINKS[:3])
    return Config(data=shelf.folder, catalogue=tmp_path / "none.yaml", catalogue_why="", cache=tmp_path)
