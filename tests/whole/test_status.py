"""`indexer status`: the library's health, and only the links that need a look."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from rich.cells import cell_len

from indexer.records import Fetch, Link, Loss, Outcome, Verdict
from indexer.store import inspection
from tests.command import Ended, Run
from tests.store.shelving import AT, Shelf, article, outcome
from tests.whole.terminal import links, on_terminal, seen

WELL, HELD, GONE, NEVER, PARTLY = LINKS = tuple(
    Link(f"https://example.org/{name}", "Patterns") for name in ("well", "held", "gone", "never", "partly")
)
LONG = "https://example.org/" + "a-long-way/" * 20 + "store?of=events&for=all"
DAY = timedelta(days=1)


def bad(link: Link, verdict: Verdict, reason: str, *, days: int) -> Outcome:
    fetch = Fetch(link.url, link.url, verdict, reason, AT + days * DAY, status=404)
    return Outcome(link, link.url, (fetch,))


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    """A library with a link of each kind: well, lost but held, gone, never crawled, read in part."""
    log = shelf.log()
    log.record(outcome(WELL, article("One text of six words, surely.")))
    log.record(outcome(HELD, article("Held text.")))
    log.record(outcome(PARTLY, replace(article("A part."), lost=Loss(0.42)), at=AT - 30 * DAY))
    log.record(bad(HELD, Verdict.SERVER_ERROR, "it answers 503", days=1))
    log.record(outcome(HELD, article("Held text."), at=AT + 2 * DAY))
    for days in (3, 4, 5):
        log.record(bad(HELD, Verdict.BOT_WALL, "a challenge \x1b[2Jpage", days=days))
    log.record(bad(GONE, Verdict.GONE, "it answers 410", days=5))
    shelf.publish(*LINKS)
    return shelf


@pytest.fixture
def status(filled: Shelf, run: Run, tmp_path: Path) -> Callable[..., Ended]:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories: {{Patterns: [{', '.join(link.url for link in LINKS)}]}}")
    return lambda *options: run("status", "--catalogue", catalogue, "--data", filled.folder, *options)


def told_of(ended: Ended) -> dict[str, str]:
    """The lines about links, by their names."""
    lines = [line for line in ended.out.splitlines() if "https://" in line]
    return {re.findall(r"example\.org/(\S+)", line)[0]: line for line in lines}


def test_health_comes_first_then_only_what_is_wrong(status: Callable[..., Ended]) -> None:
    said = status()
    health = said.out.split("\n\n")[0]
    assert "3 of 5 links answer with 3 passages." in health
    assert "2 ok · 1 bad but held · 1 without a copy · 1 never crawled" in health
    assert "the oldest of 2025-12-06" in health
    assert "not ended" in health, "the shelf's run is still open"
    assert "4 links need a look" in said.out
    told = told_of(said)
    assert set(told) == {"held", "gone", "never", "partly"}
    assert told["held"].startswith("bot_wall since 2026-01-08 ")
    assert "2 words of 2026-01-05 (live)  Patterns  a challenge [2Jpage" in told["held"]
    assert told["gone"].startswith("gone since 2026-01-10 ")
    assert "no copy  Patterns  it answers 410" in told["gone"]
    assert told["never"].startswith("never crawled ")
    assert "about 40 % of the visible text is not in the article" in told["partly"]


def test_all_bad_and_their_order(status: Callable[..., Ended]) -> None:
    everything = status("--all")
    assert "of 5 links answer" in everything.out
    assert list(told_of(everything)) == ["well", "held", "gone", "never", "partly"]
    assert told_of(everything)["well"].startswith("ok 2026-01-05 ")
    only_bad = status("--bad")
    assert "links answer" not in only_bad.out
    assert list(told_of(only_bad)) == ["held", "gone", "never", "partly"]
    assert list(told_of(status("--bad", "--sort", "verdict"))) == ["never", "held", "gone", "partly"]
    assert list(told_of(status("--all", "--sort", "words"))) == ["gone", "never", "held", "partly", "well"]
    assert list(told_of(status("--all", "--sort", "date")))[2:] == ["partly", "well", "held"]


def test_json_is_a_list_of_all_links_as_before(status: Callable[..., Ended]) -> None:
    states = json.loads(status("--json").out)
    assert [state["url"] for state in states] == [link.url for link in LINKS]
    assert json.loads(status("--json", "--all").out) == states
    assert [state["url"] for state in json.loads(status("--json", "--bad").out)] == [
        link.url for link in LINKS[1:]
    ]


def test_changes_are_those_since_the_last_run_or_a_date(filled: Shelf, status: Callable[..., Ended]) -> None:
    assert "Nothing has changed." in status("--changed").out, "the run is newer than all its fetches here"
    told = told_of(status("--changed", "--since", "2026-01-07T12:00:00"))
    assert told["held"].startswith("broken 2026-01-10 ")
    assert "a challenge" in told["held"]
    assert set(told) == {"held", "gone"}
    rows = json.loads(status("--since", "2025-01-01", "--json").out)
    assert {(row["change"], row["url"]) for row in rows} >= {("new", WELL.url), ("broken", GONE.url)}


@pytest.mark.parametrize(
    ("options", "told"),
    [(["--all", "--bad"], "exclude each other"), (["--bad", "--since", "1d"], "exclude each other"),
     (["--since", "soon"], "'soon' is no date"), (["--sort", "size"], "--sort")],
)  # fmt: skip
def test_wrong_use_is_one_line(status: Callable[..., Ended], options: list[str], told: str) -> None:
    ended = status(*options)
    assert (ended.code, ended.out, len(ended.err.splitlines())) == (2, "", 1)
    assert told in ended.err


def test_an_empty_library_says_that_nothing_was_crawled(shelf: Shelf, run: Run, tmp_path: Path) -> None:
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories: {{Patterns: [{WELL.url}]}}")
    said = run("status", "--catalogue", catalogue, "--data", shelf.folder).out
    assert "0 of 1 link answer" in said
    assert "1 never crawled" in said
    assert inspection.bad_since(shelf.folder, [WELL.url]) == {}


@pytest.mark.slow
@pytest.mark.parametrize("width", [40, 80, 120])
def test_on_a_terminal_an_address_is_whole_and_nothing_else_is_wide(
    shelf: Shelf, tmp_path: Path, width: int
) -> None:
    link = Link(LONG, "Patterns 模式" * 9)
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories: {{{link.category}: ['{LONG}']}}", encoding="utf-8")
    shelf.log().record(bad(link, Verdict.GONE, "it answers 410, and so do its copies " * 5, days=1))
    shelf.publish(link)
    places = ("--catalogue", str(catalogue), "--data", str(shelf.folder))
    written = on_terminal("status", "--bad", *places, width=width)
    lines = seen(written).splitlines()
    assert f"  {LONG}" in lines
    assert links(written) == [LONG]
    assert all(cell_len(line) <= width for line in lines if LONG not in line)
