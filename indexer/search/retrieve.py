"""The ranking of passages for one question: two lists, their exact scores, one order.

1. Each retriever gives its best ``depth`` passages among those that the filters allow.
2. Both scores of every candidate of either list are computed exactly, and mixed with a weight that
   follows the question and the lists (:func:`indexer.search.fuse.lexical_weight`).
3. The question's vector moves towards the best passages, and the dense side is asked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from indexer.index.vectors import cosines
from indexer.search import fuse

if TYPE_CHECKING:
    from indexer.arrays import Doubles, Ids, Vectors
    from indexer.config import SearchConfig
    from indexer.store.snapshot import Snapshot

ScoredIds = Sequence[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """Passages, best first, with what each retriever said: all arrays have shape (candidates,).

    ``ranks`` count from 1 in the retriever's own list, 0 where a passage was not in it. A retriever that
    was not asked has zeros throughout. ``cosines`` are those to the question as it was asked.
    """

    ids: Ids
    scores: Doubles
    cosines: Doubles
    dense_ranks: Ids
    dense_shares: Doubles
    lexical_scores: Doubles
    lexical_ranks: Ids
    lexical_shares: Doubles

    def reordered(self, head: npt.NDArray[np.intp]) -> Ranking:
        """The ranking with its first passages in another order: ``head`` holds their places."""
        places = np.concatenate([head, np.arange(len(head), len(self.ids))])
        return Ranking(*(getattr(self, field.name)[places] for field in fields(self)))


@dataclass(frozen=True, slots=True)
class Question:
    """What the retrievers are asked: words, a vector, how rare the words are."""

    words: Sequence[str]
    vector: Vectors
    specificity: float
    allowed: Ids | None


def lexical_only(snapshot: Snapshot, question: Question, depth: int) -> Ranking:
    """The ranking by BM25 alone."""
    return _of_one_list(_lexical(snapshot, question, depth), dense=False)


def dense_only(snapshot: Snapshot, question: Question, depth: int) -> Ranking:
    """The ranking by cosine alone."""
    found = snapshot.dense(question.vector, limit=depth, allowed=question.allowed)
    return _of_one_list(found, dense=True)


def hybrid(snapshot: Snapshot, question: Question, config: SearchConfig, depth: int) -> Ranking:
    """The ranking by both, as the module's description says."""
    lexical = _lexical(snapshot, question, depth)
    dense = snapshot.dense(question.vector, limit=depth, allowed=question.allowed)
    if not dense:
        return _of_one_list(lexical, dense=False)
    cohesion_gap = _cohesion(snapshot, lexical, config) - _cohesion(snapshot, dense, config)
    weight = fuse.lexical_weight(question.specificity, cohesion_gap, config)

    ids, bm25, vectors = _union(snapshot, question, lexical=lexical, dense=dense, depth=depth)
    scores = fuse.mix(_cosines(vectors, question.vector), bm25, weight)
    best = fuse.order(ids, scores)[: config.feedback_passages]
    moved = fuse.rocchio(question.vector, vectors[best], config.feedback_strength)
    if moved is not question.vector:
        dense = snapshot.dense(moved, limit=depth, allowed=question.allowed)
        ids, bm25, vectors = _union(snapshot, question, lexical=lexical, dense=dense, depth=depth)

    nearness = _cosines(vectors, moved)
    scores = fuse.mix(nearness, bm25, weight)
    best = fuse.order(ids, scores)
    return Ranking(
        ids=ids[best],
        scores=scores[best],
        cosines=_cosines(vectors, question.vector)[best],
        dense_ranks=_ranks(dense, ids)[best],
        dense_shares=((1.0 - weight) * fuse.standardise(nearness))[best],
        lexical_scores=bm25[best],
        lexical_ranks=_ranks(lexical, ids)[best],
        lexical_shares=(weight * fuse.standardise(bm25))[best],
    )


def _lexical(snapshot: Snapshot, question: Question, depth: int) -> ScoredIds:
    return snapshot.lexical(question.words, limit=depth, allowed=question.allowed)


def _union(
    snapshot: Snapshot, question: Question, *, lexical: ScoredIds, dense: ScoredIds, depth: int
) -> tuple[Ids, Doubles, Vectors]:
    """The candidates of either list by rising id: ids (n,), exact BM25 (n,), vectors (n, dimension)."""
    known = dict(lexical)
    ids = np.union1d([number for number, _ in lexical], [number for number, _ in dense]).astype(np.int64)
    if len(lexical) == depth:  # a list that was cut off: what is missing may match all the same
        missing = [int(number) for number in ids if int(number) not in known]
        known |= snapshot.lexical_scores(question.words, missing)
    bm25 = np.array([known.get(int(number), 0.0) for number in ids], dtype=np.float64)
    return ids, bm25, snapshot.vectors([int(number) for number in ids])


def _cosines(vectors: Vectors, vector: Vectors) -> Doubles:
    return cosines(vectors, vector).astype(np.float64)


def _cohesion(snapshot: Snapshot, hits: ScoredIds, config: SearchConfig) -> float:
    return fuse.cohesion(snapshot.vectors([number for number, _ in hits[: config.leaders]]))


def _ranks(hits: ScoredIds, ids: Ids) -> Ids:
    place = {number: rank for rank, (number, _) in enumerate(hits, start=1)}
    return np.array([place.get(int(number), 0) for number in ids], dtype=np.int64)


def _of_one_list(hits: ScoredIds, *, dense: bool) -> Ranking:
    scores = np.array([score for _, score in hits], dtype=np.float64)
    ranks = np.arange(1, len(hits) + 1, dtype=np.int64)
    none, nowhere = np.zeros_like(scores), np.zeros_like(ranks)
    return Ranking(
        ids=np.array([number for number, _ in hits], dtype=np.int64),
        scores=scores,
        cosines=scores if dense else none,
        dense_ranks=ranks if dense else nowhere,
        dense_shares=scores if dense else none,
        lexical_scores=none if dense else scores,
        lexical_ranks=nowhere if dense else ranks,
        lexical_shares=none if dense else scores,
    )
