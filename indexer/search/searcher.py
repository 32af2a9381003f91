"""The way from a question to an answer, through one pinned state of the library."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from itertools import chain, islice
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import ModelError, StaleIndex
from indexer.passage_index import Filters
from indexer.records import Hit, Share
from indexer.search import retrieve
from indexer.search.answer import Answer, state_of
from indexer.search.confidence import confidence
from indexer.search.filters import known_filters
from indexer.search.fuse import specificity
from indexer.search.links import deep_link
from indexer.search.query import analyse
from indexer.search.retrieve import Candidate, Question
from indexer.search.select import select
from indexer.search.spelling import understood
from indexer.search.wanted import Wanted

if TYPE_CHECKING:
    from datetime import datetime

    from indexer.arrays import Vectors
    from indexer.config import SearchConfig
    from indexer.passage_index import Allowed
    from indexer.records import Encoder, Mode, Reranker
    from indexer.store.snapshot import Snapshot

CANDIDATES = 2
"""Passages asked of each list for one that is shown, where more are to be shown than half its depth."""


class Searcher:
    """Answers questions from one snapshot. The encoder is loaded by the first question that needs it."""

    def __init__(
        self,
        snapshot: Snapshot,
        encoder: Callable[[], Encoder],
        config: SearchConfig,
        *,
        reranker: Callable[[], Reranker] | None = None,
    ) -> None:
        """``reranker`` loads the cross-encoder; by default the one that ``config`` names."""
        self._snapshot = snapshot
        self._load = encoder
        self._config = config
        self._load_reranker = reranker or self._configured_reranker

    def search(
        self,
        question: str,
        *,
        k: int = 5,
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        sites: Iterable[str] = (),
        since: datetime | None = None,
        mode: Mode = "hybrid",
        per_article: int = 3,
        context: int = 0,
        rerank: bool = False,
    ) -> Answer:
        """The ``k`` passages that answer best, at most ``per_article`` of one article.

        Filters apply before the best are taken. ``context`` neighbours are brought along on each side.
        ``rerank`` lets a cross-encoder order the best candidates again; where it cannot be had the
        answer comes without, and says so in its notices.

        Raises:
            EmptyQuestion: nothing was asked. UnknownName: no such category, tag or site.
            StaleIndex: the encoder is not the one the index was made with.
            ModelError: the encoder cannot be had.
        """
        query = analyse(question)
        filters = Filters(tuple(categories), tuple(tags), tuple(sites), since)
        allowed = self._allowed(filters)
        # A one-time cost of the process, not of the question.
        vectors_from = self._encoder if mode != "lexical" else None
        begun = time.perf_counter()
        # Beside the words: it takes a third of the time, in which another processor looks them up.
        with ThreadPoolExecutor(1) as beside:
            as_asked = beside.submit(vectors_from.encode_query, query.text) if vectors_from else None
            words = understood(self._snapshot, query, vectors_from)
            meant = as_asked
            if vectors_from and words.query.text != query.text:
                meant = beside.submit(vectors_from.encode_query, words.query.text)
            asked = Question(
                words=words.query.words,
                term_count=len(words.query.terms),
                left_to_vector=words.left_to_vector,
                embedded=meant,
                wanted=Wanted(self._snapshot, words),
                specificity=specificity(words.counts, self._passages),
                allowed=allowed,
            )
            candidates = self._rank(asked, mode, max(self._config.depth, CANDIDATES * k))
        notices = words.notices
        if rerank:
            candidates, more = self._rerank(query.text, candidates)
            notices += more
        head = list(islice(candidates, self._config.answer_passages))
        filtered_out = allowed is not None and not head and not len(allowed.ids)
        vector = as_asked.result() if as_asked else None
        sure = self._confidence(head, asked.wanted, vector) if query.asks else 0.0
        if not query.asks:
            notices += (
                f"{query.text!r} has only common words and numbers; add a word for what you look for",
            )
        if filtered_out:
            notices += (self._nothing_left(filters),)
        shown = select(chain(head, candidates), k=k, per_article=per_article, same=self._config.same_passage)
        hits = tuple(self._hit(rank, candidate, context) for rank, candidate in enumerate(shown, start=1))
        return Answer(
            question=question,
            mode=mode,
            state=state_of(sure if hits else 0.0, self._config),
            took_ms=(time.perf_counter() - begun) * 1000,
            generation=self._snapshot.generation.number,
            model=self._snapshot.generation.model,
            hits=hits,
            confidence=sure,
            notices=notices,
            filtered_out=filtered_out,
            words=asked.wanted.rarities if query.asks else {},
        )

    # ------------------------------------------------------------- models

    @cached_property
    def _encoder(self) -> Encoder:
        encoder, made_with = self._load(), self._snapshot.generation
        if encoder.fingerprint != made_with.encoder:
            raise StaleIndex(
                f"the index was made with the model {made_with.model}, not with {encoder.name} as it is now; "
                "run `indexer reindex`, or name the old model with --model"
            )
        return encoder

    def _configured_reranker(self) -> Reranker:
        from indexer.embed import load_reranker

        return load_reranker(self._config.reranker)

    @cached_property
    def _reranker(self) -> Reranker:
        return self._load_reranker()

    @property
    def _passages(self) -> int:
        return self._snapshot.generation.passages

    # ----------------------------------------------------------- question

    def _allowed(self, filters: Filters) -> Allowed | None:
        known_filters(self._snapshot, filters.categories, filters.tags, filters.sites)
        return self._snapshot.allowed(filters)

    def _nothing_left(self, filters: Filters) -> str:
        """The filters that together let nothing through, in words."""
        kinds = (("category", filters.categories), ("tag", filters.tags), ("site", filters.sites))
        chosen = [f"{kind} {' or '.join(map(repr, names))}" for kind, names in kinds if names]
        told = f"no text has {' and '.join(chosen)}" if chosen else "no text"
        if not filters.since:
            return told
        newest = self._snapshot.query(
            "SELECT max(c.fetched_at) AS newest FROM current_articles c WHERE c.passages > 0"
        )[0]["newest"]
        told += f"{' and' if chosen else ''} was fetched since {filters.since:%Y-%m-%d}"
        return f"{told}; the newest of the library was fetched on {newest[:10]}" if newest else told

    # ------------------------------------------------------------ ranking

    def _rank(self, asked: Question, mode: Mode, depth: int) -> Iterator[Candidate]:
        match mode:
            case "lexical":
                return retrieve.lexical_only(self._snapshot, asked, depth)
            case "dense":
                return retrieve.dense_only(self._snapshot, asked, depth)
            case "hybrid":
                return retrieve.hybrid(self._snapshot, asked, self._config, depth)

    def _rerank(
        self, question: str, candidates: Iterator[Candidate]
    ) -> tuple[Iterator[Candidate], tuple[str, ...]]:
        """The candidates with their head in the reranker's order, and what a person should know."""
        head = list(islice(candidates, self._config.rerank_depth))
        if not head:
            return candidates, ()
        try:
            reranker = self._reranker
        except ModelError as error:
            return chain(head, candidates), (f"not reranked: {error}",)
        scores = np.asarray(
            reranker.score(question, [candidate.row.passage.embedded_text for candidate in head]),
            dtype=np.float64,
        )
        best = np.argsort(-scores, kind="stable")
        ordered = [
            replace(
                head[at],
                shares={**head[at].shares, "rerank": Share(rank, float(scores[at]), float(scores[at]))},
            )
            for rank, at in enumerate(best, start=1)
        ]
        return chain(ordered, candidates), ()

    def _confidence(self, head: Sequence[Candidate], wanted: Wanted, vector: Vectors | None) -> float:
        """How sure an answer is, by the question as it was asked; its vector (dimension,) if it has one."""
        nearest = None
        if vector is not None:
            nearest = max((float(candidate.vector @ vector) for candidate in head), default=0.0)
        return confidence(wanted, [candidate.row for candidate in head], nearest, self._config)

    def _hit(self, rank: int, candidate: Candidate, context: int) -> Hit:
        row = candidate.row
        before, after = self._snapshot.neighbours(row.passage_id, context) if context else ([], [])
        return Hit(
            rank=rank,
            score=candidate.score,
            row=row,
            link=deep_link(row),
            before=tuple(before),
            after=tuple(after),
            shares=candidate.shares,
        )
