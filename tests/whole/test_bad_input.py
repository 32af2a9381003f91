"""Bad input gets one clear line on stderr, an exit code, and no traceback."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from indexer.records import Link
from tests.command import Ended, Run
from tests.store.shelving import Shelf, article, outcome

CATALOGUE = "categories:\n  Patterns:\n    - https://c4model.com/\n"


@pytest.fixture
def catalogue(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(CATALOGUE)
    return path


def assert_one_line(ended: Ended, code: int, *told: str) -> None:
    assert ended.code == code, ended
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1, ended.err
    assert re.match(r"(\d{4}-\d\d-\d\dT\S+ )?indexer: ", ended.err), "a crawl's messages are dated in logs"
    for words in told:
        assert words in ended.err


def test_no_catalogue(run: Run, tmp_path: Path) -> None:
    ended = run("crawl", "--catalogue", tmp_path / "none.yaml", "--data", tmp_path / "data")
    assert_one_line(ended, 2, "none.yaml", "indexer catalogue import")
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("categories:\n  A: [\n", ":3"),
        ("categories:\n  A:\n    - url: https://a.example/\n      nots: x\n", "did you mean 'note'"),
        ("categories:\n  A:\n    - https://a.example/\n    - https://a.example/\n", ":4"),
        ("categories:\n  A:\n    - htp//a.example\n", ":3"),
        ("- https://a.example/\n", ":1"),
    ],
    ids=["broken YAML", "unknown key", "duplicate URL", "malformed URL", "no mapping"],
)
def test_a_wrong_catalogue_is_told_with_its_line(run: Run, tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "catalogue.yaml"
    path.write_text(text)
    for command in (["crawl", "--data", tmp_path / "data"], ["catalogue", "check"]):
        assert_one_line(run(*command, "--catalogue", path), 2, "catalogue.yaml", told)


def test_an_unknown_category_offers_the_nearest(run: Run, tmp_path: Path, catalogue: Path) -> None:
    ended = run("crawl", "--only", "Paterns", "--catalogue", catalogue, "--data", tmp_path / "data")
    assert_one_line(ended, 2, "did you mean 'Patterns'")
    ended = run("catalogue", "list", "-c", "Paterns", "--catalogue", catalogue)
    assert_one_line(ended, 2, "did you mean 'Patterns'")


@pytest.mark.parametrize(
    "command", [["ask", "why"], ["status"], ["show", "x"], ["history", "x"], ["reindex"]]
)
def test_no_library_yet(run: Run, tmp_path: Path, catalogue: Path, command: list[str]) -> None:
    options = ["--catalogue", catalogue] if command[0] in ("status", "reindex") else []
    assert_one_line(run(*command, "--data", tmp_path / "data", *options), 1, "indexer crawl")


def test_a_data_folder_that_cannot_be_written(run: Run, tmp_path: Path, catalogue: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    ended = run("crawl", "--catalogue", catalogue, "--data", tmp_path / "file" / "data")
    assert_one_line(ended, 1, "cannot be written", "--data")


def test_a_model_folder_that_is_no_model(run: Run, tmp_path: Path, catalogue: Path) -> None:
    (tmp_path / "model").mkdir()
    options = ["--catalogue", catalogue, "--data", tmp_path / "data", "--model", tmp_path / "model"]
    ended = run("crawl", "--offline", *options)
    assert_one_line(ended, 1, str(tmp_path / "model"))


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["ask", "why", "-k", "0"], "-k"),
        (["ask", "why", "-k"], "-k"),
        (["ask", "why", "--mode", "psychic"], "'hybrid'"),
        (["ask", "why", "--nope"], "indexer ask --help"),
        (["asc", "why"], "did you mean 'ask'"),
        (["catalogue", "lists"], "did you mean 'list'"),
        (["show"], "missing"),
        (["doctor", "a\x1b[31m\nb"], "unexpected"),
    ],
    ids=["number", "no value", "choice", "option", "command", "command of a group", "nothing", "too much"],
)
def test_wrong_use_is_told_as_every_error(run: Run, arguments: list[str], told: str) -> None:
    ended = run(*arguments)
    assert_one_line(ended, 2, told)
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["show", "\udcff"], "no text"),
        (["show", "x" * 100_000], "no article"),
        (["restore", "a\nb", "--yes"], "a b"),
        (["catalogue", "add", "http://a.example/", "-c", "A", "--catalogue", "x" * 300], "too long"),
        (["catalogue", "check", "--catalogue", "/dev/zero"], "too large"),
    ],
    ids=["no text", "long", "line break", "too long for the system", "without end"],
)
def test_names_of_any_kind_are_told_in_a_line(
    run: Run, shelf: Shelf, monkeypatch: pytest.MonkeyPatch, arguments: list[str], told: str
) -> None:
    link = Link("https://a.example/", "All")
    shelf.log().record(outcome(link, article("It says something.")))
    shelf.publish(link)
    arguments = [*arguments, *(["--data", str(shelf.folder)] if arguments[0] != "catalogue" else [])]
    monkeypatch.setenv("COLUMNS", "9" * 20)
    ended = run(*arguments)
    assert ended.code in (1, 2)
    assert_one_line(ended, ended.code, told)
    assert len(ended.err) < 1000


@pytest.mark.parametrize("group", [[], ["catalogue"]])
def test_a_bare_command_tells_its_help(run: Run, group: list[str]) -> None:
    ended = run(*group)
    assert (ended.code, ended.err) == (2, "")
    assert "Commands" in ended.out


def test_an_interrupt_is_told(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("indexer.store.inspection.history", interrupted)
    assert_one_line(run("history", "x"), 130, "interrupted")


def test_a_wrong_date(run: Run, tmp_path: Path) -> None:
    assert run("schedule", "--at", "25:00", "--data", tmp_path).code == 2


def test_an_import_list_that_is_missing_or_has_no_links(run: Run, tmp_path: Path, catalogue: Path) -> None:
    assert_one_line(run("catalogue", "import", tmp_path / "none.md", "--catalogue", catalogue), 2, "none.md")
    (tmp_path / "empty.md").write_text("Nothing here.\n")
    assert_one_line(
        run("catalogue", "import", tmp_path / "empty.md", "--catalogue", catalogue), 2, "empty.md"
    )
    assert catalogue.read_text() == CATALOGUE
