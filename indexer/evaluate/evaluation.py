"""One evaluation from end to end, and what it came to."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.evaluate import collections, questions
from indexer.evaluate.metrics import MEASURES, Difference, Interval, Values, compare, interval, measure_run
from indexer.extract.blocks import same
from indexer.milvus import index_elsewhere, index_written
from indexer.search.answer import State
from indexer.search.searcher import Searcher
from indexer.store.snapshot import Snapshot

if TYPE_CHECKING:
    from indexer.config import Config, SearchConfig
    from indexer.records import Encoder, Hit, Mode, Reranker

DEPTH = 100
"""Documents of each query that are judged, as ``recall@100`` asks."""


@dataclass(frozen=True, slots=True)
class Failure:
    """A question that was not answered as it should be.

    ``expected`` are the places (or documents) that answer it, ``first`` is what came first, by their names;
    ``rank`` is that of the best place, 0 where none was among those looked at.
    """

    question: str
    why: str
    expected: tuple[Mapping[str, str], ...]
    rank: int
    first: Mapping[str, str]


class TimedReranker:
    """A cross-encoder that is timed: milliseconds for each question, without the time to load it."""

    def __init__(self, inner: Reranker) -> None:
        self.name, self._inner = inner.name, inner
        self.milliseconds: list[float] = []

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """As :class:`indexer.records.Reranker` says."""
        begun = time.perf_counter()
        scores = self._inner.score(question, texts)
        self.milliseconds.append((time.perf_counter() - begun) * 1000)
        return scores

    def to_json(self) -> dict[str, Any]:
        """Its name, and what of a question's time was its own."""
        return {"model": self.name, **_latency(self.milliseconds)}


def _reranker(config: SearchConfig, *, wanted: bool) -> TimedReranker | None:
    """The cross-encoder that the configuration names, loaded here, as a search does without it."""
    if not wanted:
        return None
    from indexer.embed import load_reranker

    return TimedReranker(load_reranker(config.reranker))


def _searcher(
    snapshot: Snapshot, encoder: Encoder, config: SearchConfig, reranker: TimedReranker | None
) -> Searcher:
    return Searcher(snapshot, lambda: encoder, config, reranker=(lambda: reranker) if reranker else None)


@dataclass(frozen=True, slots=True)
class CollectionReport:
    """A collection in one mode. ``values`` has each measure for each of its queries, milliseconds too."""

    collection: collections.Collection
    passages: int
    mode: Mode
    model: str
    index_seconds: float
    values: Mapping[str, Values]
    milliseconds: Values
    ranked: tuple[tuple[str, ...], ...]
    """The documents found for each query, by their ids, best first."""
    reranker: TimedReranker | None = None

    @property
    def name(self) -> str:
        """The collection's name."""
        return self.collection.name

    @property
    def queries(self) -> tuple[str, ...]:
        """The ids of the queries, in the order of the values."""
        return tuple(self.collection.queries)

    def interval(self, name: str) -> Interval:
        """The mean of a measure and its 95 % interval."""
        return interval(self.values[name])

    def measured(self) -> dict[str, tuple[Sequence[str], Values]]:
        """By each measure, the questions and their values."""
        return {name: (tuple(self.collection.queries.values()), self.values[name]) for name in MEASURES}

    def failures(self) -> list[Failure]:
        """The queries whose first document does not answer, those with the least nDCG@10 first."""
        titles = {document.id: document.title for document in self.collection.documents}
        failed = []
        for at in np.argsort(self.values["ndcg@10"], kind="stable"):
            query, found = self.queries[at], self.ranked[at]
            grades = self.collection.judgements[query]
            ranks = [rank for rank, name in enumerate(found, start=1) if grades.get(name, 0) > 0]
            if ranks[:1] == [1]:
                continue
            failed.append(
                Failure(
                    question=self.collection.queries[query],
                    why=f"one that answers came at rank {ranks[0]}"
                    if ranks
                    else "none that answers was found",
                    expected=tuple(
                        {"document": name, "title": titles.get(name, "")}
                        for name, grade in grades.items()
                        if grade > 0
                    ),
                    rank=ranks[0] if ranks else 0,
                    first={"document": found[0], "title": titles[found[0]]} if found else {},
                )
            )
        return failed

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``eval --collection --json`` prints them."""
        means = {name: self.interval(name) for name in MEASURES}
        return {
            "collection": self.name,
            "documents": len(self.collection.documents),
            "passages": self.passages,
            "queries": len(self.collection.queries),
            **{name: round(interval.mean, 4) for name, interval in means.items()},
            "intervals": _ends(means),
            **_latency(self.milliseconds),
            "index_seconds": self.index_seconds,
            "mode": self.mode,
            "model": self.model,
            **({"rerank": self.reranker.to_json()} if self.reranker else {}),
        }


def evaluate_collection(
    folder: Path,
    encoder: Encoder,
    config: Config,
    *,
    model: str,
    cache: Path,
    mode: Mode = "hybrid",
    rerank: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> CollectionReport:
    """Index the collection in ``folder`` (or find it in ``cache``) and ask all its queries.

    ``progress`` is told how many passages are embedded, of how many.

    Raises:
        UsageError: the folder is no collection; names file and line.
        ModelError: with ``rerank``, the cross-encoder cannot be had.
    """
    collection = collections.load_collection(folder)
    with index_written(config) as index:
        built = collections.build_library(
            collection,
            encoder,
            model=model,
            config=config.passages,
            cache=cache,
            progress=progress,
            index=index,
        )
    with Snapshot(built.folder, open_index=index_elsewhere(config)) as snapshot:
        return ask_all(
            collection, snapshot, encoder, config.search, mode=mode, rerank=rerank, seconds=built.seconds
        )


def ask_all(
    collection: collections.Collection,
    snapshot: Snapshot,
    encoder: Encoder,
    config: SearchConfig,
    *,
    mode: Mode = "hybrid",
    rerank: bool = False,
    seconds: float = 0.0,
) -> CollectionReport:
    """Ask all queries of a collection that was built; a document ranks where its best passage does."""
    reranker = _reranker(config, wanted=rerank)
    searcher = _searcher(snapshot, encoder, config, reranker)
    ranked: list[tuple[str, ...]] = []
    milliseconds: list[float] = []
    for text in collection.queries.values():
        answer = searcher.search(text, k=DEPTH, per_article=1, mode=mode, rerank=rerank)
        milliseconds.append(answer.took_ms)
        ranked.append(tuple(hit.url.removeprefix(collections.DOCUMENT) for hit in answer.hits))
    # Ranks, not scores: trec_eval would break ties its own way.
    run = {
        name: {document: 1.0 / rank for rank, document in enumerate(found, start=1)}
        for name, found in zip(collection.queries, ranked, strict=True)
    }
    return CollectionReport(
        collection=collection,
        passages=snapshot.generation.passages,
        mode=mode,
        model=snapshot.generation.model,
        index_seconds=seconds,
        values=measure_run(collection.judgements, run),
        milliseconds=np.array(milliseconds),
        ranked=tuple(ranked),
        reranker=reranker,
    )


@dataclass(frozen=True, slots=True)
class QuestionResult:
    """What became of one question: the ranks of the right page and heading, 0 where not shown."""

    asked: questions.Asked
    page_rank: int
    heading_rank: int
    state: State
    confidence: float
    milliseconds: float
    first: Mapping[str, str] = field(default_factory=dict)
    """Title, heading and page of the first hit, where there is one."""

    @property
    def answered(self) -> bool:
        """Whether it was said that something answers, or may."""
        return self.state != State.NOTHING_ANSWERS

    @property
    def told_right(self) -> bool:
        """Whether that was so."""
        return self.answered == bool(self.asked.relevant)

    @property
    def state_holds(self) -> bool:
        """Whether the first hit is on the right page; or, where nothing was said to answer, nothing does."""
        return self.page_rank == 1 if self.answered else not self.asked.relevant

    @property
    def failure(self) -> str:
        """What went wrong, in words; "" if nothing did."""
        if not self.asked.relevant:
            return f"nothing answers it, and it was told: {self.state}" if self.answered else ""
        if not self.page_rank:
            return "the page was not found"
        if self.page_rank > 1:
            return f"the page came at rank {self.page_rank}"
        if not self.answered:
            return f"the page came first, and it was told: {self.state}"
        if not self.heading_rank:
            return "the page came first, the heading was not found"
        return f"the heading came at rank {self.heading_rank}" if self.heading_rank > 3 else ""


@dataclass(frozen=True, slots=True)
class QuestionReport:
    """What became of the questions on a library."""

    outcomes: tuple[QuestionResult, ...]
    mode: Mode
    model: str
    reranker: TimedReranker | None = None

    def measured(self) -> dict[str, tuple[Sequence[str], Values]]:
        """By each measure, the questions that it is about and their values, 0 or 1."""
        answerable = [result for result in self.outcomes if result.asked.relevant]
        measures: dict[str, tuple[Sequence[QuestionResult], list[bool]]] = {
            "page@1": (answerable, [result.page_rank == 1 for result in answerable]),
            "heading@3": (answerable, [0 < result.heading_rank <= 3 for result in answerable]),
            "told_right": (self.outcomes, [result.told_right for result in self.outcomes]),
        }
        return {
            name: (tuple(result.asked.question for result in those), np.array(values, dtype=np.float64))
            for name, (those, values) in measures.items()
        }

    def failures(self) -> list[Failure]:
        """The questions that went wrong: those whose page is far or missing first, then as in the file."""
        failed = [result for result in self.outcomes if result.failure]
        failed.sort(
            key=lambda result: -(result.page_rank or len(failed) + DEPTH) * bool(result.asked.relevant)
        )
        return [
            Failure(
                question=result.asked.question,
                why=result.failure,
                expected=tuple(
                    {"url": place.url, "heading": place.heading} for place in result.asked.relevant
                ),
                rank=result.page_rank,
                first=result.first,
            )
            for result in failed
        ]

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
            "states": {state.value: self._state(state) for state in State},
            **_latency([result.milliseconds for result in self.outcomes]),
            "mode": self.mode,
            "model": self.model,
            **({"rerank": self.reranker.to_json()} if self.reranker else {}),
        }

    def _state(self, state: State) -> dict[str, Any]:
        """How many questions were told so, and for which share of them it was right."""
        those = [result.state_holds for result in self.outcomes if result.state == state]
        return {"questions": len(those), "right": round(_share_of(those).mean, 4)}


def compare_reports(
    here: CollectionReport | QuestionReport, there: CollectionReport | QuestionReport
) -> dict[str, Any]:
    """By each measure, what it is there, and how much better or worse it is here, question by question."""
    others = there.measured()
    return {
        name: _difference(compare(asked, others[name][1], values), interval(others[name][1]).mean)
        for name, (asked, values) in here.measured().items()
    }


def _difference(difference: Difference, there: float) -> dict[str, Any]:
    return {
        "there": round(there, 4),
        "difference": round(difference.mean.mean, 4),
        "interval": [round(difference.mean.low, 4), round(difference.mean.high, 4)],
        "better": difference.gained,
        "worse": difference.lost,
        "largest": [
            {"question": question, "difference": round(change, 4)} for question, change in difference.largest
        ],
    }


def _latency(milliseconds: Sequence[float] | Values) -> dict[str, float]:
    """The median and the 95th percentile, in milliseconds."""
    p50, p95 = np.percentile(milliseconds, (50, 95)) if len(milliseconds) else (0.0, 0.0)
    return {"p50_ms": round(float(p50), 2), "p95_ms": round(float(p95), 2)}


def _ends(means: Mapping[str, Interval]) -> dict[str, list[float]]:
    return {name: [round(interval.low, 4), round(interval.high, 4)] for name, interval in means.items()}


def _share_of(those: Iterable[bool]) -> Interval:
    return interval([float(one) for one in those])


def evaluate_questions(
    file: Path,
    snapshot: Snapshot,
    encoder: Encoder,
    config: Config,
    *,
    mode: Mode = "hybrid",
    rerank: bool = False,
    k: int = 10,
) -> QuestionReport:
    """Ask the questions of a file and see whether the right page and heading come first.

    Raises:
        UsageError: the file is no list of questions.
        ModelError: with ``rerank``, the cross-encoder cannot be had.
    """
    reranker = _reranker(config.search, wanted=rerank)
    searcher = _searcher(snapshot, encoder, config.search, reranker)
    outcomes = []
    for asked in questions.load_questions(file):
        answer = searcher.search(asked.question, k=k, mode=mode, rerank=rerank)
        outcomes.append(
            QuestionResult(
                asked=asked,
                page_rank=_hit_rank(answer.hits, asked.relevant, heading=False),
                heading_rank=_hit_rank(answer.hits, asked.relevant, heading=True),
                state=answer.state,
                confidence=answer.confidence,
                milliseconds=answer.took_ms,
                first=_place_of(answer.hits[0]) if answer.hits else {},
            )
        )
    return QuestionReport(tuple(outcomes), mode, snapshot.generation.model, reranker)


def _place_of(hit: Hit) -> dict[str, str]:
    return {"title": hit.title, "heading": " › ".join(hit.passage.headings), "url": hit.page_url}


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
