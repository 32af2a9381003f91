"""The vectors of a segment and, where they are many, a FAISS index that finds the near ones among them.

================  ====================================================================
vectors.npy       float32 (passages, dimension), by ordinal; every row of unit length
neighbours.faiss  IVF with 8-bit codes, for segments of more than :data:`EXACT` passages
================  ====================================================================

This module is the only one that knows FAISS, which is imported for large segments alone: it would
take longer to import than a small one takes to search. What it finds is scored again by the exact
vectors; the metric is the inner product, which for unit vectors is the cosine.
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from indexer.arrays import Mask, Ordinals, Scores, Vectors


VECTORS, NEIGHBOURS = "vectors.npy", "neighbours.faiss"

EXACT = 30_000
"""Passages up to which every vector is compared: 3 ms for 30,000 where the index takes 5, and FAISS 100 to
import (``benchmarks/scale.py --step constants --sizes 100000``)."""

FEW = 20_000
"""Allowed passages of a large segment up to which just these are compared: 8 ms where the index takes 11
in a segment of 100,000 and 46 in one of a million (it has to look into nearly all lists); 50,000 take 24
and 29 where it takes 7 and 38."""

RECALL = 0.98
"""The share of the true ten nearest that the index must find on its probes. They are harder than real
questions: 0.980 of theirs were 0.994 of questions' at a million passages (benchmarks/scale.py)."""

RECALL_PROBES = 200
"""Questions that an index is tried with: sums of two random passages, which are as far from everything
as real questions are (benchmarks/scale.py compares both)."""

SPARE = 100
"""Candidates beyond those asked for: 8-bit codes get the order of near ties wrong."""

AT_ONCE = 50_000
"""Vectors held in memory while an index is made."""


def build_neighbours(folder: Path) -> float:
    """Make the index of the vectors in ``folder`` if they are many; its recall@10, 1.0 where exact.

    k-means on 40 vectors a list, 4 sqrt(n) lists (Jegou et al., Product quantization for nearest
    neighbor search, PAMI 2011); a quarter more lists are looked into until the recall is reached.
    """
    vectors = np.load(folder / VECTORS, mmap_mode="r")
    count, dimension = vectors.shape
    if count <= EXACT:
        return 1.0
    import faiss

    lists = int(4 * count**0.5)
    index = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT, False,
    )  # fmt: skip
    index.cp.niter = 8
    sample = np.unique(np.linspace(0, count - 1, min(count, 40 * lists)).astype(np.int64))
    index.train(np.ascontiguousarray(vectors[sample]))
    for start in range(0, count, AT_ONCE):
        index.add(np.ascontiguousarray(vectors[start : start + AT_ONCE]))
    probes = _probes(vectors)
    true = _nearest(vectors, probes)
    recall, index.nprobe = 0.0, 8
    while recall < RECALL and index.nprobe < lists:
        index.nprobe = min(5 * index.nprobe // 4, lists)
        recall = _recall(vectors, probes, index.search(probes, 10 + SPARE)[1], true)
    faiss.write_index(index, str(folder / NEIGHBOURS))
    return recall


def _probes(vectors: Vectors) -> Vectors:
    chance = np.random.default_rng(0)
    pairs = chance.integers(0, len(vectors), (2, RECALL_PROBES))
    sums = vectors[pairs[0]] + vectors[pairs[1]]
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6), np.float32)


def _nearest(vectors: Vectors, probes: Vectors) -> Ordinals:
    """The ordinals of the true ten nearest (probes, 10)."""
    best, ordinals = np.zeros((len(probes), 0), np.float32), np.zeros((len(probes), 0), np.int64)
    for start in range(0, len(vectors), AT_ONCE):
        cosines = probes @ np.asarray(vectors[start : start + AT_ONCE]).T
        found = np.argpartition(-cosines, min(9, cosines.shape[1] - 1), axis=1)[:, :10]
        best = np.concatenate([best, np.take_along_axis(cosines, found, 1)], axis=1)
        ordinals = np.concatenate([ordinals, found + start], axis=1)
        order = np.argsort(-best, axis=1)[:, :10]
        best, ordinals = np.take_along_axis(best, order, 1), np.take_along_axis(ordinals, order, 1)
    return ordinals


def _recall(vectors: Vectors, probes: Vectors, found: Ordinals, true: Ordinals) -> float:
    hits = 0
    for probe, candidates, wanted in zip(probes, found, true, strict=True):
        held = candidates[candidates >= 0]
        best = held[np.argsort(-cosines(vectors[held], probe))[:10]]
        hits += len(np.intersect1d(best, wanted))
    return hits / true.size


def cosines(vectors: Vectors, vector: Vectors) -> Scores:
    """The cosines (n,) of ``vectors`` (n, dimension) to one.

    Not by a matrix product: that does not promise equal results for equal rows, so ties would be none,
    and its two threads wait for each other on a busy machine (30,000 rows: 8 ms instead of 2.7).
    """
    return np.asarray(np.einsum("ij,j->i", vectors, vector), np.float32)


class VectorFile:
    """The vectors of one segment, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open what is in ``folder``; raises OSError or ValueError where it is missing or damaged."""
        self._path = folder / NEIGHBOURS
        # As a plain array: the mapping is the same, and slicing it is many times faster.
        self.array: Vectors = np.asarray(np.load(folder / VECTORS, mmap_mode="r"))

    @cached_property
    def _index(self) -> Any:
        import faiss

        return faiss.read_index(str(self._path), faiss.IO_FLAG_MMAP)

    def nearest(self, vector: Vectors, limit: int, counted: Mask | None) -> tuple[Ordinals, Scores]:
        """The ordinals (n,) of the nearest to ``vector``, and their cosines; of those ``counted`` only.

        At least ``limit`` where there are as many, in no particular order.
        """
        count = len(self.array) if counted is None else int(np.count_nonzero(counted))
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        if counted is not None and count <= FEW:
            ordinals = np.flatnonzero(counted)
        elif len(self.array) <= EXACT:
            found = cosines(self.array, vector)
            if counted is not None:
                found[~counted] = -2.0
            most = min(count, limit)
            # All that tie with the last: which of them are shown is for their ids to say.
            ordinals = np.flatnonzero(found >= np.partition(found, -most)[-most])
            return ordinals, found[ordinals]
        else:
            ordinals = self._approximate(vector, min(count, limit + SPARE), counted, count)
        return ordinals, cosines(self.array[ordinals], vector)

    def _approximate(self, vector: Vectors, most: int, counted: Mask | None, count: int) -> Ordinals:
        import faiss

        probes, selector = self._index.nprobe, None
        if counted is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(counted, bitorder="little"))  # type: ignore[call-arg, arg-type]
            # The stub knows the C++ constructors only; the Python ones take an array, and fields by name.
            # The rarer what may be found, the further it is worth looking.
            probes = min(self._index.nlist, int(probes * len(counted) / count))
        settings = faiss.SearchParametersIVF(sel=selector, nprobe=probes)  # type: ignore[call-arg]
        _, ordinals = self._index.search(np.ascontiguousarray(vector.reshape(1, -1)), most, params=settings)
        return np.asarray(ordinals[0][ordinals[0] >= 0], np.int64)
