"""The vectors of a segment, and the near ones among them.

=============  ========================================================================================
vectors.faiss  the vectors by ordinal, every row of unit length, in half precision (:mod:`.faiss_file`):
               flat, or in lists (IVF) for segments of more than :data:`EXACT` passages
=============  ========================================================================================

``faiss.read_index`` opens either. A small segment is searched without FAISS, which takes longer to import
than its vectors take to compare. What FAISS finds in a large one is scored again as in a small one. The
metric is the inner product, which for unit vectors is the cosine. This module is the only one that imports
FAISS.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.index.faiss_file import MappedVectors, singles, write_listed

if TYPE_CHECKING:
    import faiss

    from indexer.arrays import Mask, Ordinals, Scores, Vectors


VECTORS = "vectors.faiss"

EXACT = 30_000
"""Passages up to which every vector is compared: 3 ms for 30,000 where the index takes 2, and FAISS 100 to
import (``benchmarks/scale.py --step constants --sizes 100000``)."""

FEW = 10_000
"""Allowed passages of a large segment up to which just these are compared: 7 ms where the index takes 4
in a segment of 100,000 and 11 in one of a million (it has to look into nearly all lists); 20,000 take 14
where it takes 5 and 14."""

RECALL = 0.985
"""The share of the true ten nearest that the index must find on its probes. They are harder than real
questions: at a million passages 0.980 of theirs are 0.990 of 120 questions', which takes 2.6 ms a question;
0.985 are 0.993, 3.7 ms; 0.990 are 0.995, 5.1 ms."""

TRIALS = 200
"""Questions that an index is tried with: sums of two random passages, which are as far from everything
as real questions are (benchmarks/scale.py compares both)."""

NEAREST = 10
"""How many nearest passages to each of them are looked for."""

SPARE = 20
"""Candidates beyond those asked for, for those that tie with the last."""


# ------------------------------------------------------------------------------ making


def add_lists(folder: Path) -> float:
    """Sort the vectors of the flat file in ``folder`` into lists if they are many; the recall@10, 1.0 if not.

    k-means on 40 vectors a list, 4 sqrt(n) lists (Jegou et al., Product quantization for nearest
    neighbor search, PAMI 2011); as many lists are looked into as the recall takes. What is near is found
    whenever its list is looked into, as a list has the vectors themselves.
    """
    path = folder / VECTORS
    vectors = MappedVectors(path)
    if len(vectors) <= EXACT:
        return 1.0
    import faiss

    count, dimension = vectors.shape
    lists = int(4 * count**0.5)
    centroids = faiss.IndexFlatIP(dimension)
    index = faiss.IndexIVFFlat(centroids, dimension, lists, faiss.METRIC_INNER_PRODUCT)
    index.cp.niter = 8
    index.train(_some(vectors, np.unique(np.linspace(0, count - 1, min(count, 40 * lists)).astype(np.int64))))
    probes = _probes(vectors)
    list_of, nearest = np.empty(count, np.int64), _Nearest(probes)
    for ordinals, halves in vectors.chunks():
        rows = singles(halves)
        list_of[ordinals] = centroids.search(rows, 1)[1][:, 0]
        nearest.look_at(ordinals, rows)
    order = centroids.search(probes, lists)[1]
    ranks = np.argsort(order, axis=1)
    needed = np.sort(np.take_along_axis(ranks, list_of[nearest.ordinals], 1).ravel()) + 1
    looked_into = int(needed[int(np.ceil(RECALL * len(needed))) - 1])
    partial = path.with_suffix(".partial")
    write_listed(partial, vectors, centroids.reconstruct_n(0, lists), list_of, looked_into)
    partial.replace(path)
    return float(np.mean(needed <= looked_into))


def _some(vectors: MappedVectors, wanted: Ordinals) -> Vectors:
    """The vectors of ``wanted`` (n,), rising, from all over the file."""
    found = np.empty((len(wanted), vectors.shape[1]), np.float32)
    for ordinals, halves in vectors.chunks():
        first, end = np.searchsorted(wanted, [ordinals[0], ordinals[-1] + 1])
        found[first:end] = halves[wanted[first:end] - ordinals[0]]
    return found


def _probes(vectors: MappedVectors) -> Vectors:
    pairs = np.random.default_rng(0).integers(0, len(vectors), (2, TRIALS))
    sums = vectors.rows(pairs[0]) + vectors.rows(pairs[1])
    return np.asarray(sums / np.maximum(np.linalg.norm(sums, axis=1, keepdims=True), 1e-6), np.float32)


class _Nearest:
    """The ordinals of the nearest to each of ``probes`` (probes, NEAREST) among all that were looked at."""

    def __init__(self, probes: Vectors) -> None:
        self._probes = probes
        self._cosines = np.zeros((len(probes), 0), np.float32)
        self.ordinals: Ordinals = np.zeros((len(probes), 0), np.int64)

    def look_at(self, ordinals: Ordinals, rows: Vectors) -> None:
        """More vectors (n, dimension), with their ordinals (n,)."""
        cosines = self._probes @ rows.T
        best = np.argpartition(-cosines, min(NEAREST, len(rows)) - 1, axis=1)[:, :NEAREST]
        cosines = np.concatenate([self._cosines, np.take_along_axis(cosines, best, 1)], axis=1)
        known = np.concatenate([self.ordinals, ordinals[best]], axis=1)
        order = np.argsort(-cosines, axis=1)[:, :NEAREST]
        self._cosines, self.ordinals = (np.take_along_axis(both, order, 1) for both in (cosines, known))


def open_index(path: Path) -> faiss.Index:
    """The index in a file, memory-mapped: the vectors stay in the file, and so do the lists."""
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
        self._mapped = MappedVectors(self._path)
        self.rows, self.chunks = self._mapped.rows, self._mapped.chunks

    def __len__(self) -> int:
        return len(self._mapped)

    @cached_property
    def _all(self) -> Vectors:
        """All of them in memory, to be compared: 30,000 take 13 ms once, and then 2 ms each time."""
        return self.rows(np.arange(len(self)))

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
        count = len(self) if counted is None else int(np.count_nonzero(counted))
        if not count:
            return np.zeros(0, np.int64), np.zeros(0, np.float32)
        if counted is not None and count <= FEW:
            ordinals = np.flatnonzero(counted)
        elif self._mapped.is_listed:
            ordinals = self._approximate(vector, min(count, limit + SPARE), counted, count)
        else:
            return self._exact(vector, min(count, limit), counted)
        return ordinals, cosines(self.rows(ordinals), vector)

    def _exact(self, vector: Vectors, most: int, counted: Mask | None) -> tuple[Ordinals, Scores]:
        scores = cosines(self._all, vector)
        if counted is not None:
            scores[~counted] = -2.0
        # All that tie with the last: which of them are shown is for their ids to say.
        ordinals = np.flatnonzero(scores >= np.partition(scores, -most)[-most])
        return ordinals, scores[ordinals]

    def _approximate(self, vector: Vectors, most: int, counted: Mask | None, count: int) -> Ordinals:
        import faiss

        index = self._index
        probes, selector = index.nprobe, None
        if counted is not None:
            selector = faiss.IDSelectorBitmap(np.packbits(counted, bitorder="little"))  # type: ignore[call-arg, arg-type]
            # The stub knows the C++ constructors only; the Python ones take an array, and fields by name.
            # The rarer what may be found, the further it is worth looking.
            probes = min(index.nlist, int(probes * len(counted) / count))
        settings = faiss.SearchParametersIVF(sel=selector, nprobe=probes)  # type: ignore[call-arg]
        _, ordinals = index.search(np.ascontiguousarray(vector.reshape(1, -1)), most, params=settings)
        return np.asarray(ordinals[0][ordinals[0] >= 0], np.int64)
