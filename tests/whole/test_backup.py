"""`indexer backup`, `restore` and `prune` as a person and a script call them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Run
from tests.store.shelving import Shelf
from tests.store.test_backup import publish_text, told


@pytest.fixture
def data(shelf: Shelf) -> Path:
    publish_text(shelf, "The old text.")
    shelf.database.close()
    return shelf.folder


def go_on(data: Path) -> None:
    shelf = Shelf(data)
    publish_text(shelf, "The new text.")
    shelf.database.close()


def test_there_and_back(run: Run, data: Path, tmp_path: Path) -> None:
    ended = run("backup", tmp_path / "kept.db", "--data", data)
    assert ended.code == 0, ended.err
    assert "verified: 1 link" in ended.out
    go_on(data)
    refused = run("restore", tmp_path / "kept.db", "--data", data)
    assert (refused.code, "--yes" in refused.err) == (2, True)
    assert "The new text." in told(data)
    ended = run("restore", tmp_path / "kept.db", "--data", data, "--yes")
    assert ended.code == 0, ended.err
    assert told(data) == ["The old text.", "More."]
    [aside] = data.glob("replaced-*.db")
    assert str(aside) in ended.out
    assert "The old text." in run("show", "https://example.org/a", "--data", data).out


def test_scripts_get_json(run: Run, data: Path, tmp_path: Path) -> None:
    made = json.loads(run("backup", tmp_path, "--data", data, "--json").out)
    assert (made["links"], made["passages"], made["generation"]) == (1, 2, 1)
    assert Path(f"{made['path']}.sha256").read_text().startswith(made["sha256"])
    back = json.loads(run("restore", made["path"], "--data", tmp_path / "new", "--json").out)
    assert (back["sha256"], back["set_aside"], back["generation"]) == (made["sha256"], "", 1)
    go_on(data)
    foreseen = json.loads(run("prune", "--older-than", "1h", "--dry-run", "--data", data, "--json").out)
    assert (foreseen["done"], foreseen["articles"]) == (False, 0)


def test_pruning_says_what_it_did(run: Run, data: Path) -> None:
    go_on(data)
    ended = run("prune", "--older-than", "1y", "--dry-run", "--data", data)
    assert ended.code == 0
    assert "1 unused vector" in ended.out
    ended = run("prune", "--older-than", "1y", "--data", data)
    assert ended.code == 0
    assert "removed" in ended.out
    assert told(data)
    wrong = run("prune", "--older-than", "soon", "--data", data)
    assert (wrong.code, "1y" in wrong.err) == (2, True)


def test_wrong_use_is_one_line(run: Run, data: Path, tmp_path: Path) -> None:
    (tmp_path / "text.txt").write_text("none")
    for arguments, code in (
        (("backup", data / "library.db", "--data", data), 2),
        (("backup", tmp_path / "x.db", "--data", tmp_path / "none"), 1),
        (("restore", tmp_path / "text.txt", "--data", data, "--yes"), 1),
        (("restore", tmp_path / "none.db", "--data", data, "--yes"), 1),
        (("prune", "--data", data), 2),
        (("prune", "--older-than", "0d", "--data", data), 2),
        (("prune", "--older-than", "999999999y", "--data", data), 2),
    ):
        ended = run(*arguments)
        assert (ended.code, ended.err.count("\n")) == (code, 1), ended.err
        assert ended.err.startswith("indexer: ")
    assert not (tmp_path / "x.db").exists()
