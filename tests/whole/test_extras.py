"""What only some uses need is missed with one clear line."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from indexer.errors import MissingExtra
from indexer.search.answer import Answer, State
from tests.command import Run


def test_a_table_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # what an import of a missing package comes to
    answer = Answer(
        "why", "hybrid", state=State.NOTHING_ANSWERS, took_ms=1.0, generation=1, model="hash", hits=()
    )
    with pytest.raises(MissingExtra, match=r"pip install 'indexer\[notebook\]'"):
        answer.to_pandas()


def test_an_assistant_without_the_sdk_is_told_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(sys.modules, "indexer.assistant.server", raising=False)
    for name in [name for name in sys.modules if name.partition(".")[0] == "mcp"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mcp", None)
    ended = run("mcp")
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(f"install it with: {sys.executable} -m pip install 'indexer[mcp]'\n")
    assert ended.err.count("\n") == 1


def test_a_run_on_ray_without_it_is_told_what_to_install(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "ray", None)
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text("categories: {A: [{url: 'https://a.example/'}]}")
    places = ("--catalogue", catalogue, "--data", tmp_path / "data")
    ended = run("crawl", "--engine", "ray", *places)
    assert (ended.code, ended.out) == (1, "")
    assert ended.err.endswith(f"install it with: {sys.executable} -m pip install 'indexer[scale]'\n")
    assert not (tmp_path / "data").exists()
    ended = run("crawl", "--address", "10.0.0.1:6379", *places)
    assert ended.code == 2
    assert ended.err.endswith("it needs --engine ray\n")
