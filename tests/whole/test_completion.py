"""The shell completes what the library has: its categories and tags."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from indexer import Library
from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome

LINKS = (
    Link("https://example.org/a", "Patterns", tags=("redis", "to read")),
    Link("https://example.org/b", "Processes", tags=("Redlock", "größe")),
    Link("https://example.org/c", "Azure"),
)


def complete(data: Path, *words: str) -> list[str]:
    """What the shell offers for the last of these words after `indexer ask why`."""
    program = "import sys; sys.argv = ['indexer']; from indexer.cli import main; main()"
    asked = {
        "INDEXER_DATA": str(data),
        "_INDEXER_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["indexer", "ask", "why", *words]),
        "COMP_CWORD": str(len(words) + 2),
    }
    command = [sys.executable, "-c", program]
    ended = subprocess.run(command, env={**os.environ, **asked}, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    return ended.stdout.split("\n")[:-1] if ended.stdout.strip() else []


@pytest.fixture
def library(shelf: Shelf) -> Path:
    for link in LINKS:
        shelf.log().record(outcome(link, article(f"The text of {link.url}.")))
    shelf.publish(*LINKS)
    return shelf.folder


def test_tags_and_categories(library: Path) -> None:
    assert complete(library, "--tag", "") == ["größe", "redis", "Redlock", "to read"]
    assert complete(library, "--tag", "redis", "--tag", "t") == ["to read"]
    assert complete(library, "-c", "P") == ["Patterns", "Processes"]


def test_the_library_that_is_named_is_looked_at(library: Path, tmp_path: Path) -> None:
    assert complete(tmp_path / "nowhere", "--data", str(library), "--tag", "r") == ["redis"]


def test_where_there_is_no_library_nothing_is_offered_and_nothing_said(tmp_path: Path) -> None:
    assert complete(tmp_path / "nowhere", "--tag", "re") == []


def test_a_notebook_has_the_tags_of_every_article(library: Path) -> None:
    with Library.open(library) as opened:
        assert opened.tags == ["größe", "redis", "Redlock", "to read"]
        assert opened.articles()["tags"].tolist() == [list(link.tags) for link in LINKS]
