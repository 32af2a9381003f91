"""`indexer serve` as a person starts and ends it."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.command import Run
from tests.serve.serving import LINKS, publish_some
from tests.store.shelving import Shelf
from tests.whole.conftest import run

__all__ = ["run"]


@contextmanager
def started(folder: Path, *options: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The command, and the address that it tells."""
    command = [sys.executable, "-m", "indexer", "serve", "--port", "0"]
    with subprocess.Popen(
        [*command, "--data", str(folder), *options],
        stderr=subprocess.PIPE, text=True, env={**os.environ, **environment}, cwd=folder,
    ) as running:  # fmt: skip
        assert running.stderr
        try:
            line = running.stderr.readline()
            found = re.search(r"http://([^/]+)/", line)
            assert found, line
            yield running, found[1]
        finally:
            running.kill()


def status(place: str, **headers: str) -> tuple[int, bytes]:
    connection = HTTPConnection(place, timeout=30)
    connection.request("GET", "/api/v1/status", headers=headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)])
def test_it_tells_its_address_answers_and_ends(shelf: Shelf, number: int, code: int) -> None:
    publish_some(shelf, *LINKS[:2])
    with started(shelf.folder) as (running, place):
        told, body = status(place)
        assert (told, json.loads(body)["answering"]) == (200, 2)
        running.send_signal(number)
        _, said = running.communicate(timeout=30)
    assert running.returncode == code
    assert "Traceback" not in said
    assert said.count("interrupted") == (number == signal.SIGINT)


def test_others_are_let_in_with_a_token_alone(shelf: Shelf) -> None:
    publish_some(shelf, *LINKS[:2])
    with started(shelf.folder, "--host", "0.0.0.0", INDEXER_TOKEN="a-secret") as (_, told):
        place = told.replace("0.0.0.0", "127.0.0.1")
        assert status(place)[0] == 401
        assert status(place, Authorization="Bearer a-secret")[0] == 200
        assert status(place, Authorization="Bearer a-secret", Host="evil.example")[0] == 421


@pytest.mark.parametrize(
    ("options", "token", "code", "said"),
    [
        (["--host", "0.0.0.0"], "", 2, "INDEXER_TOKEN"),
        (["--host", "::"], "", 2, "INDEXER_TOKEN"),
        (["--host", "192.0.2.1"], "secret", 1, "cannot listen on 192.0.2.1"),
        (["--host", "no.such.host.invalid"], "secret", 2, "is no address of this machine"),
        (["--host", "0.0.0.0"], "with blanks", 2, "INDEXER_TOKEN"),
        (["--data", "nowhere"], "", 1, "no library there"),
    ],
)
def test_where_it_cannot_serve_it_says_so_in_a_line(
    run: Run,
    shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
    options: list[str],
    token: str,
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(shelf.folder)
    monkeypatch.setenv("INDEXER_TOKEN", token)
    monkeypatch.setenv("INDEXER_DATA", str(shelf.folder))
    publish_some(shelf, *LINKS[:2])
    ended = run("serve", "--port", "0", *options)
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert said in ended.err


@pytest.mark.parametrize("command", ["serve", "mcp"])
@pytest.mark.parametrize("written", [None, "links: [\n"])
def test_a_catalogue_that_is_none_is_told_at_the_start(
    run: Run, shelf: Shelf, command: str, written: str | None
) -> None:
    publish_some(shelf, *LINKS[:2])
    named = shelf.folder / "links.yaml"
    if written is not None:
        named.write_text(written)
    ended = run(command, "--data", shelf.folder, "--catalogue", named)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)
    assert str(named) in ended.err


def test_a_port_that_is_taken_is_told(run: Run, shelf: Shelf) -> None:
    publish_some(shelf, *LINKS[:2])
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("serve", "--port", port, "--data", shelf.folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert f"port {port}" in ended.err
