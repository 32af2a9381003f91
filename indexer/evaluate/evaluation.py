"""One evaluation from end to end, and what it came to."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.evaluate import collections, questions
from indexer.evaluate.metrics import MEASURES, Interval, Values, interval, measure_run
from indexer.extract.blocks import same
from indexer.search import Searcher
from indexer.store.snapshot import Snapshot

if TYPE_CHECKING:
    from indexer.config import Config, SearchConfig
    from indexer.records import Encoder, Hit, Mode

DEPTH = 100
"""Documents of each query that are judged, as ``recall@100`` asks."""


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """A collection in one mode. ``values`` has each measure for each of ``queries``, milliseconds too."""

    name: str
    documents: int
    passages: int
    mode: Mode
    model: str
    index_seconds: float
    queries: tuple[str, ...]
    values: Mapping[str, Values]
    milliseconds: Values

    def interval(self, name: str) -> Interval:
        """The mean of a measure and its 95 % interval."""
        return interval(self.values[name])

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``eval --collection --json`` prints them."""
        means = {name: self.interval(name) for name in MEASURES}
        return {
            "collection": self.name,
            "documents": self.documents,
            "passages": self.passages,
            "queries": len(self.queries),
            **{name: round(interval.mean, 4) for name, interval in means.items()},
            "intervals": _ends(means),
            "p50_ms": round(float(np.percentile(self.milliseconds, 50)), 2),
            "p95_ms": round(float(np.percentile(self.milliseconds, 95)), 2),
            "index_seconds": self.index_seconds,
            "mode": self.mode,
            "model": self.model,
        }


def evaluate_collection(
    folder: Path,
    encoder: Encoder,
    config: Config,
    *,
    model: str,
    cache: Path,
    mode: Mode = "hybrid",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CollectionReport:
    """Index the collection in ``folder`` (or find it in ``cache``) and ask all its queries.

    ``progress`` is told how many passages are embedded, of how many.

    Raises:
        UsageError: the folder is no collection; names file and line.
    """
    collection = collections.load_collection(folder)
    built = collections.build_library(
        collection, encoder, model=model, config=config.passages, cache=cache, progress=progress
    )
    with Snapshot(built.folder) as snapshot:
        return ask_all(collection, snapshot, encoder, config.search, mode=mode, seconds=built.seconds)


def ask_all(
    collection: collections.Collection,
    snapshot: Snapshot,
    encoder: Encoder,
    config: SearchConfig,
    *,
    mode: Mode = "hybrid",
    seconds: float = 0.0,
) -> CollectionReport:
    """Ask all queries of a collection that was built; a document ranks where its best passage does."""
    searcher = Searcher(snapshot, lambda: encoder, config)
    run: dict[str, dict[str, float]] = {}
    milliseconds: list[float] = []
    for name, text in collection.queries.items():
        answer = searcher.search(text, k=DEPTH, per_article=1, mode=mode)
        milliseconds.append(answer.took_ms)
        # Ranks, not scores: trec_eval would break ties its own way.
        run[name] = {hit.url.removeprefix(collections.DOCUMENT): 1.0 / hit.rank for hit in answer.hits}
    return CollectionReport(
        name=collection.name,
        documents=len(collection.documents),
        passages=snapshot.generation.passages,
        mode=mode,
        model=snapshot.generation.model,
        index_seconds=seconds,
        queries=tuple(collection.queries),
        values=measure_run(collection.judgements, run),
        milliseconds=np.array(milliseconds),
    )


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What became of one question: the ranks of the right page and heading, 0 where not shown."""

    asked: questions.Asked
    page_rank: int
    heading_rank: int
    answered: bool
    confidence: float
    milliseconds: float


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """What became of the questions on a library."""

    outcomes: tuple[QuestionResult, ...]
    mode: Mode
    model: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``eval --questions --json`` prints them; shares are between 0 and 1."""
        answerable = [result for result in self.outcomes if result.asked.relevant]
        others = [result for result in self.outcomes if not result.asked.relevant]
        refused = [result for result in self.outcomes if not result.answered]
        shares = {
            "page@1": _share_of(result.page_rank == 1 for result in answerable),
            "heading@3": _share_of(0 < result.heading_rank <= 3 for result in answerable),
            "told_unanswerable": _share_of(not result.answered for result in others),
            "refused_answerable": _share_of(not result.answered for result in answerable),
            "refusal_precision": _share_of(not result.asked.relevant for result in refused),
        }
        return {
            "questions": len(self.outcomes),
            "answerable": len(answerable),
            **{name: round(interval.mean, 4) for name, interval in shares.items()},
            "intervals": _ends(shares),
            "p50_ms": round(float(np.median([result.milliseconds for result in self.outcomes])), 2),
            "mode": self.mode,
            "model": self.model,
        }


def _ends(means: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [round(interval.low, 4), round(interval.high, 4)] for name, interval in means.items()}


def _share_of(those: Iterable[bool]) -> Interval:
    return interval([float(one) for one in those])


def evaluate_questions(
    file: Path, snapshot: Snapshot, encoder: Encoder, config: Config, *, mode: Mode = "hybrid", k: int = 10
) -> QuestionReport:
    """Ask the questions of a file and see whether the right page and heading come first.

    Raises:
        UsageError: the file is no list of questions.
    """
    searcher = Searcher(snapshot, lambda: encoder, config.search)
    outcomes = []
    for asked in questions.load_questions(file):
        answer = searcher.search(asked.question, k=k, mode=mode)
        outcomes.append(
            QuestionResult(
                asked=asked,
                page_rank=_hit_rank(answer.hits, asked.relevant, heading=False),
                heading_rank=_hit_rank(answer.hits, asked.relevant, heading=True),
                answered=answer.answered,
                confidence=answer.confidence,
                milliseconds=answer.took_ms,
            )
        )
    return QuestionReport(tuple(outcomes), mode, snapshot.generation.model)


def _hit_rank(hits: Sequence[Hit], places: Sequence[questions.AnswerPlace], *, heading: bool) -> int:
    """The rank of the first hit that stands at one of the places; 0 where none does."""
    for hit in hits:
        for place in places:
            if place.url not in (hit.url, hit.page_url):
                continue
            under = (hit.title, *hit.passage.headings)
            if not heading or not place.heading or any(same(place.heading, name) for name in under):
                return hit.rank
    return 0
