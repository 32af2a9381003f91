"""The numbers of an answer can be used by the commands that come after it."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.records import Link
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome

STORE = Link("https://example.org/store", "Patterns")
LEASE = Link("https://example.org/lease", "Locks")


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("INDEXER_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The addresses that a browser was told to open."""
    told: list[str] = []

    def noted(url: str) -> bool:
        told.append(url)
        return True

    monkeypatch.setattr("webbrowser.open", noted)
    return told


@pytest.fixture
def library(shelf: Shelf) -> Path:
    shelf.log().record(outcome(STORE, article("The event store of a lease.", title="Stores")))
    shelf.log().record(outcome(LEASE, article("A lease is a lock, and a lease ends.", title="Leases")))
    shelf.publish(STORE, LEASE)
    return shelf.folder


def ask(run: Run, library: Path, *options: str) -> None:
    assert run("ask", "lease lock", "--mode", "lexical", *options, "--data", library).code == 0


def test_open_and_show_take_a_number_of_the_last_answer(
    run: Run, library: Path, opened: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any folder, and without naming the library again."""
    monkeypatch.chdir(library.parent)
    ask(run, Path(library.name))
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert run("open", "2").code == 0
    assert [url.partition("#")[0] for url in opened] == [STORE.url]
    assert run("show", "1").out.startswith("Leases\n")
    assert run("show", "2").out.startswith("Stores\n")
    assert run("history", "2").out.startswith("1 version")


def test_an_answer_for_a_program_changes_no_number(run: Run, library: Path, opened: list[str]) -> None:
    ask(run, library)
    ask(run, library, "-k", "1", "--json")
    assert run("open", "2").code == 0


@pytest.mark.parametrize("command", ["open", "show"])
@pytest.mark.parametrize(
    ("kept", "number", "told"),
    [
        (None, "1", "ask first"),
        ("real", "3", "it has 2"),
        ("real", "999999999", "it has 2"),
        ("real", "0", "0"),
        ("[{", "1", "ask again"),
        ('{"a": 1}', "1", "ask again"),
        ('[{"link": 1}]', "1", "ask again"),
    ],
)
def test_a_number_that_means_nothing_is_told(
    run: Run, library: Path, cache: Path, command: str, kept: str | None, number: str, told: str
) -> None:
    if kept == "real":
        ask(run, library)
    elif kept:
        cache.mkdir()
        (cache / "last_answer.json").write_text(kept)
    ended = run(command, number)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert told in ended.err


def test_a_cache_that_cannot_be_written_stops_no_answer(run: Run, library: Path, cache: Path) -> None:
    cache.write_text("in the way")
    ask(run, library)
    assert run("open", "1").code == 2


def test_where_no_browser_can_be_started_the_link_is_told(
    run: Run, library: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("webbrowser.open", lambda url: False)
    ask(run, library)
    ended = run("open", "1")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert LEASE.url in ended.err


def test_open_with_the_question(run: Run, library: Path, opened: list[str]) -> None:
    ask(run, library, "--open", "1")
    assert opened[0].startswith(LEASE.url)
    ended = run("ask", "lease", "--mode", "lexical", "--open", "9", "--data", library)
    assert ended.code == 2
    assert "only 2 results" in ended.err
