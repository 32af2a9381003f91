"""What users write about a link, in notes and tags, leads to it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from indexer import Library
from indexer.catalogue import load
from indexer.config import Config
from indexer.demo import sample_catalogue
from indexer.demo.site import sample_folder
from indexer.pipeline.publishing import reindex

pytestmark = pytest.mark.slow

NOTES = YAML(typ="safe").load(sample_folder() / "own-words.yaml")
QUESTIONS = [(entry["url"], question) for entry in NOTES for question in entry["questions"]]


@pytest.fixture(scope="module")
def library(demo_library: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    """The demo library after its links were given notes and tags."""
    folder = Path(shutil.copytree(demo_library, tmp_path_factory.mktemp("own-words") / "data"))
    given = {entry["url"]: entry for entry in NOTES}
    links = [
        replace(link, note=given[link.url]["note"], tags=tuple(given[link.url].get("tags", ())))
        if link.url in given
        else link
        for link in load(sample_catalogue()).links
    ]
    reindex(links, Config(data=folder))
    with closing(Library.open(folder)) as opened:
        yield opened


def test_there_are_twenty_questions() -> None:
    assert len(QUESTIONS) == 20


@pytest.mark.parametrize(("url", "question"), QUESTIONS)
def test_a_question_by_note_or_tag_is_answered_by_its_link(library: Library, url: str, question: str) -> None:
    """Though no passage of it says so, and however far the meaning of its text is from the question."""
    answer = library.search(question)
    assert answer.answered
    assert answer.hits[0].url == url
