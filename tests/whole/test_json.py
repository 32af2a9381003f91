"""Every command has its result as one JSON value, for programs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from indexer.cli.commands import app
from indexer.cli.last_answer import ShownResult
from indexer.hashes import sealed
from indexer.records import Link
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome

WITHOUT = {
    "catalogue schema": "prints JSON, and nothing but",
    "serve": "tells nothing itself; what it serves has JSON at /api/v1",
    "mcp": "speaks a protocol that is JSON, and nothing but",
}
LINK = Link("https://example.org/a", "Patterns")


def commands(group: Any, *names: str) -> Iterator[tuple[str, Any]]:
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, *names, name)
        else:
            yield " ".join([*names, name]), command


def test_every_command_has_json_but_for_a_reason() -> None:
    every = dict(commands(typer.main.get_command(app)))
    assert len(every) > 15
    lacking = {
        name
        for name, command in every.items()
        if not any("--json" in option.opts for option in command.params)
    }
    assert lacking == set(WITHOUT)


@pytest.fixture
def catalogue(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "catalogue.yaml"
    path.write_text(f"categories:\n  Patterns: [{{url: '{LINK.url}', note: mine}}]\n")
    return path


def value(run: Run, *arguments: object, code: int = 0) -> Any:
    """What stdout holds, which is one JSON value; nothing is said beside it."""
    ended = run(*arguments, "--json")
    assert (ended.code, ended.err) == (code, "")
    return json.loads(ended.out)


def test_adding_and_removing(run: Run, catalogue: Path) -> None:
    told = value(run, "catalogue", "add", "https://me:secret@example.org/b", "-c", "New", "--tag", "x")
    assert told["added"]["url"] == "https://example.org/b"
    assert (told["added"]["category"], told["added"]["tags"]) == ("New", ["x"])
    told = value(run, "catalogue", "remove", LINK.url)
    assert (told["removed"]["url"], told["removed"]["note"]) == (LINK.url, "mine")
    assert [link["url"] for link in value(run, "catalogue", "list")] == ["https://example.org/b"]


def test_tidying_asks_nobody_and_writes_with_yes_only(run: Run, catalogue: Path) -> None:
    before = f"categories:\n  Patterns:\n    - {LINK.url}\n    - {LINK.url}#top\n"
    catalogue.write_text(before)
    told = value(run, "catalogue", "tidy", code=1)
    assert (told["written"], catalogue.read_text()) == (False, before)
    assert f"-    - {LINK.url}#top" in told["changes"]
    assert value(run, "catalogue", "tidy", "--yes")["written"]
    assert value(run, "catalogue", "tidy") == {"catalogue": "catalogue.yaml", "changes": [], "written": False}


def test_the_schedule_by_its_parts(run: Run, catalogue: Path) -> None:
    told = value(run, "schedule", "--at", "04:30")
    text = run("schedule", "--at", "04:30").out
    assert told["crontab"].startswith("30 4 * * * ")
    assert set(told["units"]) == {"indexer.service", "indexer-failed.service", "indexer.timer"}
    for part in (told["crontab"], told["logrotate"], *told["units"].values()):
        assert f"\n{part}\n" in text


def test_opening_a_result(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = {"library": "/a", "page_url": LINK.url, "link": f"{LINK.url}#b"}
    assert set(shown) == set(ShownResult.__slots__)
    (tmp_path / "last_answer.json").write_text(sealed([shown]))
    monkeypatch.setenv("INDEXER_CACHE", str(tmp_path))
    monkeypatch.setenv("BROWSER", "true %s")
    assert value(run, "open", 1) == shown


def test_what_is_held(run: Run, shelf: Shelf) -> None:
    shelf.log().record(outcome(LINK, article("The text.", title="A text")))
    shelf.publish(LINK)
    assert value(run, "show", LINK.url, "--data", shelf.folder)["title"] == "A text"
    assert len(value(run, "history", LINK.url, "--data", shelf.folder)["versions"]) == 1
    assert value(run, "similar", LINK.url, "--data", shelf.folder) == {"to": "A text", "results": []}


@pytest.mark.slow
def test_importing_and_indexing_again(run: Run, catalogue: Path) -> None:
    page = catalogue.with_name("page.md")
    page.write_text("# A page\n\n" + "Event stores append events, and whoever reads them replays them. " * 20)
    told = value(run, "import", LINK.url, page)
    assert (told["passages"] > 0, told["generation"]) == (True, 1)
    told = value(run, "reindex")
    assert (told["embedded"], told["passages"] > 0) == (0, True)


@pytest.mark.slow
def test_the_demo(run: Run, tmp_path: Path, demo_library: Path) -> None:
    """On a copy of what it makes, so that it has its vectors."""
    folder = shutil.copytree(demo_library, tmp_path / "demo")
    told = value(run, "demo", "--data", folder)
    assert told["answer"]["state"] == "answers"
    assert told["crawl"]["passages"] > 100
