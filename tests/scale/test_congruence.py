"""The same questions on the same passages, answered beside the library and by Milvus.

``pytest -s tests/scale/test_congruence.py`` prints the figures.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from indexer.config import DEFAULT_MODEL, Config
from indexer.demo.site import sample_folder
from indexer.encoding import open_encoder
from indexer.evaluate.collections import build_library, load_collection
from indexer.evaluate.questions import load_questions
from indexer.milvus import index_elsewhere, index_written
from indexer.milvus.layout import MOST_FOUND
from indexer.passage_index import Filters
from indexer.records import Encoder, Mode
from indexer.search.answer import Answer
from indexer.search.searcher import Searcher
from indexer.store.database import Database
from indexer.store.generations import last_generation
from indexer.store.serving import serve
from indexer.store.snapshot import Snapshot
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow


MOST_QUESTIONS, MOST_FILTERS = 150, 60
"""Enough to tell a share within a few hundredths, in a minute."""


@dataclass(frozen=True)
class Agreement:
    """How far two answers to the same questions agree; each a share of 1."""

    questions: int
    top1: float
    overlap: float
    """Of the ten that are shown, how many both have."""
    refusal: float
    """How often both, or neither, say that nothing answers."""
    order: float
    """How often the ten are the same in the same order."""

    def __str__(self) -> str:
        return (
            f"{self.questions} questions: top-1 {self.top1:.3f}, overlap of ten {self.overlap:.3f}, "
            f"refusal {self.refusal:.3f}, the same ten in the same order {self.order:.3f}"
        )


def agreement(pairs: list[tuple[Answer, Answer]]) -> Agreement:
    """How far the answers of each pair agree."""
    ids = [tuple([hit.passage_id for hit in answer.hits] for answer in pair) for pair in pairs]
    return Agreement(
        len(pairs),
        float(np.mean([one[:1] == other[:1] for one, other in ids])),
        float(
            np.mean(
                [len({*one} & {*other}) / max(len(one), len(other), 1) for one, other in ids if one or other]
            )
        ),
        float(np.mean([one.answered == other.answered for one, other in pairs])),
        float(np.mean([one == other for one, other in ids])),
    )


@pytest.fixture(scope="module")
def encoder() -> Encoder:
    return open_encoder(Config(), DEFAULT_MODEL)


@pytest.fixture(scope="module", params=["demo", "cranfield"])
def asked(
    milvus: object, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[str, Path, list[str]]:
    """A library's name and folder, and questions to it; nothing is made where there is no server to ask."""
    if request.param == "demo":
        folder = request.getfixturevalue("demo_library")
        return "demo", folder, [one.question for one in load_questions(sample_folder() / "questions.yaml")]
    collection = load_collection(shared_data(f"ir/{request.param}"))
    encoder = request.getfixturevalue("encoder")
    model, cut = DEFAULT_MODEL, Config().passages
    cache = tmp_path_factory.mktemp("collections")
    built = build_library(collection, encoder, model=model, config=cut, cache=cache)
    return request.param, built.folder, [*collection.queries.values()]


@pytest.fixture
def searchers(
    asked: tuple[str, Path, list[str]], address: str, encoder: Encoder
) -> Iterator[tuple[Searcher, Searcher, Snapshot, Snapshot]]:
    _, folder, _ = asked
    config = Config(data=folder, index=address)
    with Database(folder) as database, index_written(config) as index:
        last = last_generation(database)
        assert index
        assert last
        serve(database, index, last)
        index.publish(last)
    with Snapshot(folder) as here, Snapshot(folder, open_index=index_elsewhere(config)) as there:
        one, other = (Searcher(snapshot, lambda: encoder, config.search) for snapshot in (here, there))
        yield one, other, here, there


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_answers_agree(
    asked: tuple[str, Path, list[str]],
    searchers: tuple[Searcher, Searcher, Snapshot, Snapshot],
    mode: Mode,
    capsys: pytest.CaptureFixture[str],
) -> None:
    here, there = searchers[:2]
    found = agreement(
        [
            (here.search(text, k=10, mode=mode), there.search(text, k=10, mode=mode))
            for text in islice(asked[2], MOST_QUESTIONS)
        ]
    )
    with capsys.disabled():
        print(f"\n{asked[0]}, {mode}: {found}")
    assert found.top1 >= 0.95
    assert found.overlap >= 0.9
    assert found.refusal >= 0.97


def test_filters_let_exactly_the_same_through(
    asked: tuple[str, Path, list[str]], searchers: tuple[Searcher, Searcher, Snapshot, Snapshot]
) -> None:
    """Each category, tag and site, and two of a kind together; what passes is compared passage by passage."""
    here, there = searchers[2:]
    vector = here.vectors([1])[0]
    filters = [Filters(categories=(name,)) for name in here.categories() if name]
    filters += [Filters(tags=(name,)) for name in here.tags()]
    filters += [Filters(sites=(name,)) for name in here.sites() if name]
    filters += [Filters(categories=tuple(here.categories()[:2]), tags=tuple(here.tags()[:2]))]
    filters += [Filters(since=here.generation.created_at)]
    for one in islice(filters, MOST_FILTERS):
        allowed = here.allowed(one)
        if allowed and allowed.ids.size < MOST_FOUND:
            found = there.dense(vector, limit=MOST_FOUND, allowed=there.allowed(one))
            assert sorted(number for number, _ in found) == allowed.ids.tolist(), one
