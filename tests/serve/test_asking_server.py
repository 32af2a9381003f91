"""`ask --server` tells what `ask` tells, in every form, and its errors as they are told here."""

from __future__ import annotations

import json
import re
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import Config
from indexer.library import Library
from indexer.search.answer import Answer
from indexer.serve.doors import Doors
from tests.command import Ended, Run
from tests.serve.serving import Server, config, counted, serving
from tests.whole.conftest import run
from tests.whole.test_startup import HEAVY, imported

__all__ = ["config", "counted", "run"]

TOKEN = "a-long-secret"
FILTERS = ["-c", "Patterns", "--tag", "read", "--site", "example.org", "--since", "2026-01-01"]


@pytest.fixture
def server(
    config: Config, counted: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> Iterator[Server]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("INDEXER_CACHE", str(tmp_path))
    for name in ("INDEXER_SERVER", "INDEXER_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    with serving(config, Doors()) as running:
        yield running


def timeless(ended: Ended) -> Ended:
    return Ended(ended.code, re.sub(r'"took_ms": [\d.]+', "", ended.out), ended.err)


@pytest.mark.parametrize("form", ["table", "plain", "json", "jsonl", "csv", "markdown"])
@pytest.mark.parametrize(
    "asked",
    [
        ["the", "outbox", "-k", "2", "--context", "1", "--explain", "--full", *FILTERS],
        ["outbxo", "--mode", "lexical", "--per-article", "1"],  # a notice
        ["outbox", "--since", "2030-01-01"],  # filtered out
        ["outbox", "-c", "Pattern"],
        ["?!"],
    ],
)
def test_an_answer_is_the_same_from_here_and_from_a_server(
    server: Server, run: Run, asked: list[str], form: str
) -> None:
    here = run("ask", *asked, "--format", form, "--data", server.config.data)
    there = run("ask", *asked, "--format", form, "--server", server.address)
    assert timeless(there) == timeless(here)


def test_the_words_are_marked_as_here(server: Server, config: Config) -> None:
    with Library.open(config=config) as library:
        here = library.search("the outbox keeps messages")
    there = Answer.from_json(json.loads(json.dumps(here.to_json())))
    assert there.words == here.words
    assert (there.state, there.headline) == (here.state, here.headline)


def test_the_environment_names_a_server_and_an_option_another_place(
    server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEXER_SERVER", server.address)
    assert run("ask", "outbox").code == 0
    assert run("ask", "outbox", "--data", "nowhere").code == 1
    assert run("ask", "outbox", "--server", "").code == 1
    wrong = run("ask", "outbox", "--server", server.address, "--data", server.config.data)
    assert (wrong.code, wrong.err.count("\n")) == (2, 1)


def test_many_questions_of_a_pipe_are_answered_by_a_server(
    server: Server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = tmp_path / "questions"
    lines.write_text("outbox\nmessages\n")
    with lines.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        ended = run("ask", "-i", "--json", "--server", server.address)
    assert [json.loads(line)["question"] for line in ended.out.splitlines()] == ["outbox", "messages"]


def test_a_result_of_a_server_opens_and_is_not_looked_for_here(
    server: Server, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("BROWSER", "true %s")
    assert run("ask", "outbox", "--server", server.address).code == 0
    assert run("open", "1").code == 0
    ended = run("show", "1")
    assert (ended.code, ended.err.count("\n")) == (2, 1)
    assert server.address in ended.err
    assert run("show", "1", "--data", server.config.data).code == 0


def test_a_token_is_shown_and_a_wrong_one_is_told(
    config: Config, counted: None, run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    with serving(config, Doors(token=TOKEN)) as server:
        monkeypatch.setenv("INDEXER_TOKEN", TOKEN)
        assert run("ask", "outbox", "--server", server.address).code == 0
        monkeypatch.setenv("INDEXER_TOKEN", "another")
        ended = run("ask", "outbox", "--server", server.address)
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "INDEXER_TOKEN" in ended.err


@pytest.mark.parametrize(
    "address", ["localhost:8470", "ftp://localhost", "http://", "http://[::1", "http://a:b"]
)
def test_what_is_no_address_of_a_server_is_told(run: Run, address: str) -> None:
    ended = run("ask", "outbox", "--server", address)
    assert (ended.code, ended.out, ended.err.count("\n")) == (2, "", 1)


def test_a_server_that_is_not_there_is_told(run: Run) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    ended = run("ask", "outbox", "--server", f"http://127.0.0.1:{port}")
    assert (ended.code, ended.out, ended.err.count("\n")) == (1, "", 1)
    assert "indexer serve" in ended.err


RESULT = {
    **dict.fromkeys(("text", "title", "url", "page_url", "link", "category", "site", "note"), "x"),
    "rank": 1,
    "score": 1.0,
    "heading": [],
    "tags": [],
    "source": "live",
    "passage_id": 1,
    "fetched_at": "2026-01-01T00:00:00+00:00",
}


@given(
    st.dictionaries(
        st.sampled_from(["question", "mode", "state", "words", "results", "notices", "confidence"]),
        st.one_of(st.none(), st.integers(), st.text(), st.lists(st.just(RESULT)), st.just({"a": "b"})),
    )
)
def test_what_is_no_answer_is_an_error_or_an_answer_and_nothing_else(told: dict[str, object]) -> None:
    try:
        answer = Answer.from_json(told)
    except (KeyError, TypeError, ValueError, AttributeError):
        return
    assert answer.headline


def test_asking_a_server_imports_nothing_that_takes_time(server: Server) -> None:
    script = (
        "import sys\nfrom indexer.cli import main\n"
        "sys.argv = ['indexer', 'ask', 'outbox', '--server', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
    )
    assert not imported(script, server.address) & (HEAVY | {"numpy", "faiss", "onnxruntime"})
