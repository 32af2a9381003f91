"""What the options of ``indexer crawl`` fetch, and the exit codes that cron sees."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from filelock import FileLock

from indexer.catalogue import load
from indexer.pipeline import publishing
from indexer.store import inspection
from indexer.store.inspection import LinkState
from tests.command import Ended, Run
from tests.fakes import HashEncoder
from tests.store.shelving import change_rows
from tests.whole.large_web import Web, serving, write_catalogue

GONE = "http://host-0.example/nothing-here"
Crawl = Callable[..., Ended]


@pytest.fixture
def web(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Web]:
    """Four pages on four hosts, in place of the network."""
    with serving(tmp_path, pages=4, hosts=4) as running:
        for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
        for name, value in running.environment.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def crawl(run: Run, tmp_path: Path, web: Web, monkeypatch: pytest.MonkeyPatch) -> Crawl:
    """``indexer crawl`` over a catalogue of the four pages and a fifth that is gone."""
    monkeypatch.setattr(publishing, "open_encoder", lambda config: HashEncoder())
    categories = {"First": web.links[:2], "Second": web.links[2:], "Lost": [GONE]}
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", categories)
    return lambda *options: run("crawl", *options, "--catalogue", catalogue, "--data", tmp_path / "data")


def test_failed_fetches_only_what_was_bad(crawl: Crawl, web: Web) -> None:
    assert crawl().code == 0
    web.log.write_text("")
    assert crawl("--failed").code == 0
    assert web.requests() == [GONE]


def test_only_fetches_a_category_or_a_link_and_keeps_the_rest(crawl: Crawl, web: Web, tmp_path: Path) -> None:
    first, second, third, _ = web.links
    assert crawl("--only", "First").code == 0
    assert set(web.requests()) == {first, second}
    web.log.write_text("")
    assert crawl("--only", third).code == 0
    assert web.requests() == [third]
    states = {state.url: state for state in _status(tmp_path)}
    assert {url for url, state in states.items() if state.words} == {first, second, third}


def _status(tmp_path: Path) -> list[LinkState]:
    return inspection.status(tmp_path / "data", load(tmp_path / "catalogue.yaml").links)


def test_strict_tells_of_a_link_without_a_copy_once(crawl: Crawl) -> None:
    first = crawl("--strict")
    assert first.code == 4
    assert GONE in first.err
    assert len(first.err.splitlines()) == 1
    assert crawl("--strict").code == 0, "known to be bad is no news"


def test_pages_that_did_not_come_are_not_counted(crawl: Crawl) -> None:
    assert "5 links, 4 pages fetched" in crawl().out
    assert "5 links, 0 pages fetched" in crawl("--only", "Lost").out


def test_a_dead_network_breaks_no_link(
    crawl: Crawl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, web: Web
) -> None:
    assert crawl().code == 0
    before = _status(tmp_path)
    for name in web.environment:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    dead = crawl("--strict")
    assert (dead.code, dead.out, len(dead.err.splitlines())) == (1, "", 1)
    assert "none of 4 hosts answers" in dead.err
    assert _status(tmp_path) == before
    known_bad_alone = crawl("--strict", "--only", "Lost")
    assert known_bad_alone.code == 0, "that a broken link is silent, too, says nothing of the network"
    for name, value in web.environment.items():
        monkeypatch.setenv(name, value)
    assert crawl("--strict").code == 0


def test_a_run_that_goes_on_ends_although_only_silent_hosts_are_left(
    crawl: Crawl, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, web: Web
) -> None:
    """Interrupted while it waited for them: others had answered, so the network was there."""
    assert crawl().code == 0
    with closing(sqlite3.connect(tmp_path / "data" / "library.db")) as library, library:
        change_rows(library, "runs", "SET finished_at = ''")
        library.execute("DELETE FROM fetches WHERE link_url = ?", (web.links[0],))
    for name in web.environment:
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert crawl().code == 0
    assert {state.url: state.verdict for state in _status(tmp_path)}[web.links[0]] == "network"


def test_a_second_run_beside_the_first_ends_with_75(crawl: Crawl, web: Web, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    with FileLock(tmp_path / "data" / "lock"):
        ended = crawl()
    assert ended.code == 75
    assert "another run holds the lock" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert not web.log.read_text(), "nothing was fetched"
    assert crawl().code == 0
