"""The ranking of passages for one question: two lists, their exact scores, one order.

1. Each retriever gives its best ``depth`` passages among those that the filters allow.
2. Both scores of every candidate of either list are computed exactly, and mixed with a weight that
   follows the question and the lists (:func:`indexer.search.fuse.lexical_weight`).
3. Passages gain whose link has the question's words in the user's own: note, tags, title, category.
4. The question's vector moves towards the best passages, and the dense side is asked again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from indexer.index.vectors import cosines
from indexer.records import Share
from indexer.search import fuse

if TYPE_CHECKING:
    from concurrent.futures import Future

    from indexer.arrays import Doubles, Ids, Vectors
    from indexer.config import SearchConfig
    from indexer.passage_index import Allowed, ScoredIds
    from indexer.records import PassageRow
    from indexer.search.wanted import Wanted
    from indexer.store.snapshot import Snapshot

ROWS_AT_ONCE = 10
"""Passages read together; most answers need no more."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A passage that may be shown, with its vector (dimension,) and how each retriever saw it.

    ``shares`` has ``dense`` and ``lexical``, ``own`` where the user's own words about a link lead to it, and
    ``rerank`` where a cross-encoder read it. The dense score is the cosine to the question as it was asked.
    """

    row: PassageRow
    vector: Vectors
    score: float
    shares: Mapping[str, Share]


@dataclass(frozen=True, slots=True)
class Question:
    """What the retrievers are asked: words, what they weigh and how rare they are, and a vector.

    ``term_count`` is how many words were asked for, without stop words and without the forms of names that
    ``words`` has too; ``left_to_vector`` the share of them that only the vector speaks for. The vector is
    being made while the words are looked up; who asks for the words alone has none.
    """

    words: Sequence[str]
    term_count: int
    left_to_vector: float
    embedded: Future[Vectors] | None
    wanted: Wanted
    specificity: float
    allowed: Allowed | None

    @property
    def vector(self) -> Vectors:
        """The vector (dimension,), waited for; (0,) where there is none."""
        return self.embedded.result() if self.embedded else np.zeros(0, np.float32)


def lexical_only(snapshot: Snapshot, question: Question, depth: int) -> Iterator[Candidate]:
    """The ranking by BM25 alone."""
    return _one_list(snapshot, _lexical(snapshot, question, depth), "lexical")


def dense_only(snapshot: Snapshot, question: Question, depth: int) -> Iterator[Candidate]:
    """The ranking by cosine alone."""
    nearest = snapshot.dense(question.vector, limit=depth, allowed=question.allowed)
    return _one_list(snapshot, nearest, "dense")


def hybrid(snapshot: Snapshot, question: Question, config: SearchConfig, depth: int) -> Iterator[Candidate]:
    """The ranking by both, as the module's description says."""
    # First all that asks for no vector: it is still being made.
    lexical = _lexical(snapshot, question, depth)
    own = _own_words(snapshot, question, lexical, config)
    cohesion = _cohesion(snapshot, lexical, config)
    dense = snapshot.dense(question.vector, limit=depth, allowed=question.allowed)
    if not dense:
        return _one_list(snapshot, lexical, "lexical")
    cohesion_gap = cohesion - _cohesion(snapshot, dense, config)
    weight = fuse.lexical_weight(question.specificity, cohesion_gap, question.left_to_vector, config)

    ids, bm25, vectors = _union(snapshot, question, lexical=lexical, dense=dense, depth=depth)
    near, said = fuse.sides(_cosines(vectors, question.vector), bm25, weight, config.most_deviations)
    scores = near + said + _of(ids, own)
    best = fuse.order(ids, scores)[: config.feedback_passages]
    moved = fuse.rocchio(question.vector, vectors[best], scores[best], question.term_count, config)
    if moved is not question.vector:
        dense = snapshot.dense(moved, limit=depth, allowed=question.allowed)
        ids, bm25, vectors = _union(snapshot, question, lexical=lexical, dense=dense, depth=depth)

    near, said = fuse.sides(_cosines(vectors, moved), bm25, weight, config.most_deviations)
    scores = near + said + _of(ids, own)
    seen = {
        "dense": _Seen(_ranks(dense, ids), _cosines(vectors, question.vector), near),
        "lexical": _Seen(_ranks(lexical, ids), bm25, said),
    }
    if own:
        seen["own"] = _Seen(np.zeros_like(ids), _of(ids, own), _of(ids, own))
    return _candidates(snapshot, ids, scores, seen, fuse.order(ids, scores))


# --------------------------------------------------------------------- from arrays to candidates


@dataclass(frozen=True, slots=True)
class _Seen:
    """How one retriever saw the candidates: arrays (candidates,).

    ``ranks`` count from 1 in its own list, 0 where a passage was not in it.
    """

    ranks: Ids
    scores: Doubles
    shares: Doubles

    def share(self, at: int) -> Share:
        """How it saw one of them."""
        return Share(int(self.ranks[at]), float(self.scores[at]), float(self.shares[at]))


def _candidates(
    snapshot: Snapshot,
    ids: Ids,
    scores: Doubles,
    seen: Mapping[str, _Seen],
    order: npt.NDArray[np.intp],
) -> Iterator[Candidate]:
    """The passages in their order, best first; rows and vectors are read as far as they are asked for."""
    for start in range(0, len(order), ROWS_AT_ONCE):
        some = order[start : start + ROWS_AT_ONCE]
        numbers = [int(number) for number in ids[some]]
        rows, vectors = snapshot.rows(numbers), snapshot.vectors(numbers)
        for at, row, vector in zip(some, rows, vectors, strict=True):
            shares = {name: retriever.share(at) for name, retriever in seen.items()}
            yield Candidate(row, vector, float(scores[at]), shares)


def _one_list(snapshot: Snapshot, hits: ScoredIds, name: str) -> Iterator[Candidate]:
    """The candidates of one retriever; the other one was not asked."""
    scores = np.array([score for _, score in hits], dtype=np.float64)
    ids = np.array([number for number, _ in hits], dtype=np.int64)
    nothing = _Seen(np.zeros_like(ids), np.zeros_like(scores), np.zeros_like(scores))
    seen = {"dense": nothing, "lexical": nothing, name: _Seen(np.arange(1, len(ids) + 1), scores, scores)}
    return _candidates(snapshot, ids, scores, seen, np.arange(len(ids)))


# ------------------------------------------------------------------------------------ two lists


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


def _own_words(
    snapshot: Snapshot, question: Question, lexical: ScoredIds, config: SearchConfig
) -> dict[int, float]:
    """What passages gain whose link has the question's words in its note, tags, title or category.

    Only passages of the lexical list, where these words count too.
    """
    abouts = snapshot.abouts([number for number, _ in lexical])
    share_of = {about: question.wanted.share(about) for about in set(abouts.values())}
    most = config.own_words / (1.0 - config.own_enough)
    return {
        number: most * (share_of[about] - config.own_enough)
        for number, about in abouts.items()
        if share_of[about] > config.own_enough
    }


def _of(ids: Ids, gains: Mapping[int, float]) -> Doubles:
    return np.array([gains.get(int(number), 0.0) for number in ids], dtype=np.float64)


def _cosines(vectors: Vectors, vector: Vectors) -> Doubles:
    return cosines(vectors, vector).astype(np.float64)


def _cohesion(snapshot: Snapshot, hits: ScoredIds, config: SearchConfig) -> float:
    return fuse.cohesion(snapshot.vectors([number for number, _ in hits[: config.leaders]]))


def _ranks(hits: ScoredIds, ids: Ids) -> Ids:
    place = {number: rank for rank, (number, _) in enumerate(hits, start=1)}
    return np.array([place.get(int(number), 0) for number in ids], dtype=np.int64)
