"""The vectors of a segment, and the near ones among them.

=============  ========================================================================================
vectors.faiss  the vectors by ordinal, every row of unit length (:mod:`.faiss_file`): flat, or refined over
               IVF with 8-bit codes for segments of more than :data:`EXACT` passages
=============  ========================================================================================

``faiss.read_index`` opens either. A small segment is searched without FAISS, which takes longer to import
than its vectors take to compare. What FAISS finds in a large one is scored again by the exact vectors. The
metric is the inner product, which for unit vectors is the cosine. This module is the only one that imports
FAISS.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.index.faiss_file import map_vectors

if TYPE_CHECKING:
    import faiss

    from indexer.arrays import Mask, Ordinals, Scores, Vectors


VECTORS = "vectors.faiss"

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


# ------------------------------------------------------------------------------ making


def add_coarse_index(folder: Path) -> float:
    """Refine the flat file in ``folder`` if its vectors are many; the recall@10, 1.0 where it stays flat.

    k-means on 40 vectors a list, 4 sqrt(n) lists (Jegou et al., Product quantization for nearest
    neighbor search, PAMI 2011); a quarter more lists are looked into until the recall is reached.
    """
    path = folder / VECTORS
    vectors, _ = map_vectors(path)
    count, dimension = vectors.shape
    if count <= EXACT:
        return 1.0
    import faiss

    lists = int(4 * count**0.5)
    coarse = faiss.IndexIVFScalarQuantizer(
        faiss.IndexFlatIP(dimension), dimension, lists, faiss.ScalarQuantizer.QT_8bit,
        faiss.METRIC_INNER_PRODUCT, False,
    )  # fmt: skip
    coarse.cp.niter = 8
    sample = np.unique(np.linspace(0, count - 1, min(count, 40 * lists)).astype(np.int64))
    coarse.train(vectors[sample])
    for start in range(0, count, AT_ONCE):
        coarse.add(np.array(vectors[start : start + AT_ONCE]))
    recall = _widen(coarse, vectors)
    # FAISS writes both into one file; the vectors come from the flat one, mapped.
    refined = faiss.IndexRefine(coarse, open_index(path))
    refined.k_factor = (10 + SPARE) / 10  # asked for ten, FAISS tries as many candidates as a search here
    partial = path.with_suffix(".partial")
    faiss.write_index(refined, str(partial))
    partial.replace(path)
    return recall


def _widen(coarse: faiss.IndexIVF, vectors: Vectors) -> float:
    """Have ``coarse`` look into as many lists as :data:`RECALL` takes; the recall."""
    probes = _probes(vectors)
    nearest = _true_nearest(vectors, probes)
    recall, coarse.nprobe = 0.0, 8
    while recall < RECALL and coarse.nprobe < coarse.nlist:
        coarse.nprobe = min(5 * coarse.nprobe // 4, coarse.nlist)
        recall = _recall(vectors, probes, coarse.search(probes, 10 + SPARE)[1], nearest)
    return recall


def _probes(vectors: Vectors) -> Vectors:
    chance = np.random.default_rng(0)
    pairs = chance.integers(0, len(vectors), (2, RECALL_PROBES))
    sums = vectors[pairs[0]] + vectors[pairs[1]]
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6), np.float32)


def _true_nearest(vectors: Vectors, probes: Vectors) -> Ordinals:
    """The ordinals of the ten nearest to each probe (probes, 10)."""
    best, ordinals = np.zeros((len(probes), 0), np.float32), np.zeros((len(probes), 0), np.int64)
    for start in range(0, len(vectors), AT_ONCE):
        cosines = probes @ np.array(vectors[start : start + AT_ONCE]).T
        near = np.argpartition(-cosines, min(9, cosines.shape[1] - 1), axis=1)[:, :10]
        best = np.concatenate([best, np.take_along_axis(cosines, near, 1)], axis=1)
        ordinals = np.concatenate([ordinals, near + start], axis=1)
        order = np.argsort(-best, axis=1)[:, :10]
        best, ordinals = np.take_along_axis(best, order, 1), np.take_along_axis(ordinals, order, 1)
    return ordinals


def _recall(vectors: Vectors, probes: Vectors, candidates: Ordinals, nearest: Ordinals) -> float:
    """The share of ``nearest`` (probes, 10) among the best ten of ``candidates`` (probes, n), -1 for none."""
    hits = 0
    for probe, row, wanted in zip(probes, candidates, nearest, strict=True):
        ordinals = row[row >= 0]
        best = ordinals[np.argsort(-cosines(vectors[ordinals], probe))[:10]]
        hits += len(np.intersect1d(best, wanted))
    return hits / nearest.size


def open_index(path: Path) -> faiss.Index:
    """The index in a file, memory-mapped: the vectors and the lists of a coarse index stay in the file."""
    import faiss

    return faiss.read_index(str(path), faiss.IO_FLAG_MMAP_IFC)


def flat_index(parts: Iterable[Vectors], dimension: int) -> faiss.Index:
    """An exact index of ``parts`` (n, dimension), one after another, in memory."""
    import faiss

    index = faiss.IndexFlatIP(dimension)
    for part in parts:
        index.add(part)
    return index


# --------------------------------------------------------------------------- searching


def cosines(vectors: Vectors, vector: Vectors) -> Scores:
    """The cosines (n,) of ``vectors`` (n, dimension) to one.

    Not by a matrix product: that does not promise equal results for equal rows, so ties would be none,
    and its two threads wait for each other on a busy machine (30,000 rows: 8 ms instead of 2.7).
    """
    return np.asarray(np.einsum("ij,j->i", vectors, vector), np.float32)


class VectorFile:
    """The vectors of one segment, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open the file in ``folder``; raises OSError or ValueError where it is missing or damaged."""
        self._path = folder / VECTORS
        self.array, self._refined = map_vectors(self._path)
        """The vectors by ordinal: float32 (passages, dimension)."""

    @cached_property
    def _aligned(self) -> Vectors:
        """The vectors in memory. Where they are mapped, comparing them all takes more than twice as long.

        30,000 take 4.5 ms instead of 2.0; the copy takes 7 ms, once.
        """
        return np.array(self.array)

    @cached_property
    def _index(self) -> Any:
        return self.open_index()

    def open_index(self) -> faiss.Index:
        """The file as FAISS opens it, memory-mapped; positions are ordinals."""
        return open_index(self._path)

    def nearest(self, vector: Vectors, limit: int, counted: Mask | None) -> tuple[Ordinals, Scores]:
        """The ordinals (n,) of the nearest to ``vector``, and their cosines; of those ``counted`` only.

        At least ``limit`` where there are as many, in no particular order.
        """
        count = len(self.array) if counted is None else int(np.count_nonzero(counted))
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        if counted is not None and count <= FEW:
            ordinals = np.flatnonzero(counted)
        elif self._refined:
            ordinals = self._approximate(vector, min(count, limit + SPARE), counted, count)
        else:
            return self._exact(vector, min(count, limit), counted)
        return ordinals, cosines(self.array[ordinals], vector)

    def _exact(self, vector: Vectors, most: int, counted: Mask | None) -> tuple[Ordinals, Scores]:
        scores = cosines(self._aligned, vector)
        if counted is not None:
            scores[~counted] = -2.0
        # All that tie with the last: which of them are shown is for their ids to say.
        ordinals = np.flatnonzero(scores >= np.partition(scores, -most)[-most])
        return ordinals, scores[ordinals]

    def _approximate(self, vector: Vectors, most: int, counted: Mask | None, count: int) -> Ordinals:
        import faiss

        coarse: Any = faiss.downcast_index(self._index.base_index)
        probes, selector = coarse.nprobe, None
        if counted is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(counted, bitorder="little"))  # type: ignore[call-arg, arg-type]
            # The stub knows the C++ constructors only; the Python ones take an array, and fields by name.
            # The rarer what may be found, the further it is worth looking.
            probes = min(coarse.nlist, int(probes * len(counted) / count))
        settings = faiss.SearchParametersIVF(sel=selector, nprobe=probes)  # type: ignore[call-arg]
        _, ordinals = coarse.search(np.ascontiguousarray(vector.reshape(1, -1)), most, params=settings)
        return np.asarray(ordinals[0][ordinals[0] >= 0], np.int64)
