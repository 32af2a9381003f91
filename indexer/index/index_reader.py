"""The segments of one generation, searched as one: which passages are near, and which hold the words.

Scores do not depend on how the passages are spread over segments, and equal scores are in the order
of the ids, so an answer is the same however the library came to be.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from indexer.index.bm25 import Bm25
from indexer.index.faiss_file import AT_ONCE
from indexer.index.vectors import flat_index
from indexer.index.words import Stems

if TYPE_CHECKING:
    import faiss

    from indexer.arrays import Ids, Mask, Scores, Vectors
    from indexer.index.segment import Segment
    from indexer.passage_index import Allowed, ScoredIds


class IndexReader:
    """The :class:`indexer.passage_index.PassageIndex` that lies beside the library."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self._segments = segments
        self._stems = Stems()

    @cached_property
    def _bm25(self) -> Bm25:
        return Bm25([(segment.words, segment.live) for segment in self._segments])

    # ----------------------------------------------------------------- vectors

    def nearest(self, vector: Vectors, limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids nearest to ``vector`` (dimension,) with their cosines, best first."""
        ids, scores = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)]
        for segment in self._segments:
            ordinals, cosines = segment.vectors.nearest(vector, limit, _counted(segment, allowed))
            ids.append(segment.ids[ordinals])
            scores.append(cosines)
        return _best(np.concatenate(ids), np.concatenate(scores), limit)

    def vectors(self, ids: Ids, dimension: int) -> Vectors:
        """The vectors of ``ids`` (n,), in their order: float32 ``(n, dimension)``."""
        vectors = np.zeros((len(ids), dimension), np.float32)
        for segment in self._segments:
            positions, ordinals = segment.ordinals(ids)
            vectors[positions] = segment.vectors.rows(ordinals)
        return vectors

    def faiss_index(self, dimension: int) -> tuple[faiss.Index, Ids]:
        """A FAISS index of all vectors, and the ids (n,) of the passages by position in it.

        The file of the only segment, memory-mapped, where no passage of it is dead. Else an exact index in
        memory, by rising ids.
        """
        if len(self._segments) == 1 and self._segments[0].live is None:
            [segment] = self._segments
            return segment.vectors.open_index(), np.array(segment.ids)
        ids = np.sort(np.concatenate([np.zeros(0, np.int64), *(part.live_ids for part in self._segments)]))
        parts = (self.vectors(ids[at : at + AT_ONCE], dimension) for at in range(0, len(ids), AT_ONCE))
        return flat_index(parts, dimension), ids

    # ------------------------------------------------------------------- words

    def matching(self, words: Sequence[str], limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids of passages that hold any of the words, with their BM25, best first."""
        all_scores = self._bm25.scores(self._stemmed(words))
        ids, scores, begin = [np.zeros(0, np.int64)], [np.zeros(0, np.float32)], 0
        for segment in self._segments:
            own = all_scores[begin : begin + len(segment)]
            begin += len(segment)
            if (counted := _counted(segment, allowed)) is not None:
                own = np.where(counted, own, 0)
            bar = _reached(own, limit)
            ordinals = np.flatnonzero(own >= bar if bar > 0 else own > 0)
            ids.append(segment.ids[ordinals])
            scores.append(own[ordinals])
        return _best(np.concatenate(ids), np.concatenate(scores), limit)

    def scores(self, words: Sequence[str], ids: Ids) -> dict[int, float]:
        """The BM25 of these passages; those without any of the words are absent."""
        all_scores, begin = self._bm25.scores(self._stemmed(words)), 0
        found: dict[int, float] = {}
        for segment in self._segments:
            positions, ordinals = segment.ordinals(ids)
            scored_ids = zip(ids[positions], all_scores[ordinals + begin], strict=True)
            found |= {int(number): float(score) for number, score in scored_ids if score > 0}
            begin += len(segment)
        return found

    def counts(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word occurs, in any form that has its stem."""
        return [self._bm25.count(stem) for stem in self._stemmed(words)]

    def frequencies(self, words: Sequence[str]) -> list[float]:
        """How often each word occurs in all, in any form that has its stem."""
        return [self._bm25.frequency(stem) for stem in self._stemmed(words)]

    def vocabulary(self, prefix: str) -> dict[str, str]:
        """By each stem that begins so, a word that it stands for; of some no passage may be left."""
        known: dict[str, str] = {}
        for segment in reversed(self._segments):  # the first is the largest, and tells best how it is written
            known.update(zip(*segment.words.beginning_with(prefix), strict=True))
        return known

    def close(self) -> None:
        """Let go of the mapped files at once, whoever still holds this object."""
        self._segments = []
        self.__dict__.pop("_bm25", None)

    def _stemmed(self, words: Sequence[str]) -> list[str]:
        return [self._stems[word] for word in words]


def _counted(segment: Segment, allowed: Allowed | None) -> Mask | None:
    """Which ordinals of a segment count and are allowed; None for all of them."""
    if allowed is None:
        return segment.live
    mask = np.zeros(len(segment), np.bool_)
    mask[segment.ordinals(allowed.ids)[1]] = True
    return mask


def _reached(scores: Scores, limit: int) -> float:
    """A score that ``limit`` of ``scores`` (n,) reach at least, 0 where none is easily told.

    The best of each of so many blocks: it halves the time of a question to a million passages, most of
    which hold some common word of it.
    """
    width = len(scores) // (4 * limit) if limit else 0
    if width < 2:
        return 0.0
    leaders = scores[: len(scores) // width * width].reshape(-1, width).max(axis=1)
    return float(np.partition(leaders, len(leaders) - limit)[len(leaders) - limit])


def _best(ids: Ids, scores: Scores, limit: int) -> ScoredIds:
    """The best of ids (n,) with scores (n,), the smaller id first where they tie."""
    if len(ids) > limit > 0:
        last = np.partition(scores, len(scores) - limit)[len(scores) - limit]
        ids, scores = ids[scores >= last], scores[scores >= last]
    order = np.lexsort((ids, -scores))[:limit]
    return [(int(ids[position]), float(scores[position])) for position in order]
