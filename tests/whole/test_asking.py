"""How a question is given on the command line, and what the filters let through."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from indexer.records import Link
from tests.command import Run
from tests.store.shelving import AT, Shelf, article, outcome

STORE = Link("https://example.org/store", "Patterns", tags=("events",))
LEASE = Link("https://example.org/lease", "Locks", tags=("redis",))


@pytest.fixture
def library(shelf: Shelf) -> Path:
    shelf.log().record(outcome(STORE, article("How to design an event store.", "It appends events.")))
    shelf.log().record(outcome(LEASE, article("A lease is a lock that ends by itself.")))
    shelf.publish(STORE, LEASE)
    return shelf.folder


def piped(monkeypatch: pytest.MonkeyPatch, content: bytes) -> None:
    """Give this process an end of a pipe as its standard input."""
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content), encoding="utf-8"))


def test_words_need_no_quotes_and_options_may_stand_anywhere(run: Run, library: Path) -> None:
    asked = ("ask", "how", "do", "I", "-k", "1", "design an", "event", "store", "--mode", "lexical", "--json")
    told = json.loads(run(*asked, "--data", library).out)
    assert told["question"] == "how do I design an event store"
    assert [result["url"] for result in told["results"]] == [STORE.url]


@pytest.mark.parametrize("dash", [(), ("-",)])
def test_a_pipe_gives_the_question(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch, dash: tuple[str, ...]
) -> None:
    piped(monkeypatch, b"what is a\nlease \xff?\n")
    told = json.loads(run("ask", *dash, "--mode", "lexical", "--json", "--data", library).out)
    assert told["results"][0]["url"] == LEASE.url


def test_a_pipe_without_end_is_not_read_to_its_end(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Endless(io.RawIOBase):
        def readable(self) -> bool:
            return True

        def readinto(self, buffer: object) -> int:
            view = memoryview(buffer)  # type: ignore[arg-type]
            view[:] = (b"lease " * len(view))[: len(view)]
            return len(view)

    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BufferedReader(Endless())))
    assert run("ask", "-", "--mode", "lexical", "--data", library).code == 0


def test_words_win_over_a_pipe(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"event store")
    told = json.loads(run("ask", "lease", "--mode", "lexical", "--json", "--data", library).out)
    assert told["question"] == "lease"


def test_an_empty_pipe_asks_nothing(run: Run, library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    piped(monkeypatch, b"")
    ended = run("ask", "--data", library)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)


@pytest.mark.parametrize("since", ["2025-12-31", "2026-01-05T04:00+01:00", "100y", "0001-01-01", "36500d"])
def test_a_text_since_then_is_found(run: Run, library: Path, since: str) -> None:
    assert run("ask", "lease", "--mode", "lexical", "--since", since, "--data", library).code == 0


@pytest.mark.parametrize(
    "since", ["yesterday", "2w3", "w", "-2w", "99999999y", "2026-02-30", "0001-01-01T00:00+05:00", "", "²w"]
)
def test_what_is_no_date_is_told_with_how_to_write_one(run: Run, library: Path, since: str) -> None:
    ended = run("ask", "lease", f"--since={since}", "--data", library)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert "2026-01-31" in ended.err
    assert "2w" in ended.err


@pytest.mark.parametrize(
    ("filters", "told"),
    [
        (("--since", "2026-02-01"), f"the newest of the library was fetched on {AT:%Y-%m-%d}"),
        (("--since", "2999-01-01"), "no text was fetched since 2999-01-01"),
        (("-c", "Locks", "--tag", "events"), "no text has category 'Locks' and tag 'events'"),
        (("--site", "example.org", "--since", "2026-02-01"), "site 'example.org' and was fetched since"),
    ],
)
def test_filters_that_let_nothing_through_are_told_as_such(
    run: Run, library: Path, filters: tuple[str, ...], told: str
) -> None:
    """It is the filter that leaves no answer, not the library."""
    ended = run("ask", "lease", "--mode", "lexical", *filters, "--data", library)
    assert ended.code == 3
    assert ended.out.strip() == "No text passes the filters."
    assert told in ended.err
    answer = json.loads(run("ask", "lease", "--mode", "lexical", *filters, "--json", "--data", library).out)
    assert any(told in notice for notice in answer["notices"])


def test_filters_that_leave_something_are_not_blamed(run: Run, library: Path) -> None:
    ended = run("ask", "zebra", "--mode", "lexical", "-c", "Locks", "--data", library)
    assert ended.code == 3
    assert ended.out.startswith("Nothing answers.")
