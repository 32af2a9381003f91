"""The file of a segment's vectors: an index as FAISS writes it, written and mapped here without FAISS.

=======  ========================================================================================
flat     the vectors by ordinal: ``IndexScalarQuantizer``
listed   centroids, and of each a list of the vectors nearest to it, with their ordinals:
         ``IndexIVFScalarQuantizer``; ``places.npy`` beside it says where each ordinal's vector is,
         counted through all lists: int32 (vectors,)
=======  ========================================================================================

In both each vector is there once, as a run of float16, so it can be mapped; and ``faiss.read_index`` opens
both. Half precision changes a cosine by less than 0.0001 (``BENCHMARKS.md``). The layout is that of FAISS's
``impl/index_write.cpp``, little-endian and without gaps.
"""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from indexer.arrays import Halves, Ordinals, Vectors

PLACES = "places.npy"

INDEX_HEADER = struct.Struct("<4siqqq?i")
"""What every index begins with: kind, dimension, vectors, two numbers for old readers, trained, metric."""

CODES = struct.Struct("<iifqqq")
"""How vectors are written: the kind of number, two settings, dimension, bytes a vector, numbers trained."""

SIZE = struct.Struct("<q")
"""How many bytes or numbers follow."""

LISTS = struct.Struct("<qq")
"""How many lists there are, and how many of them a search looks into."""

LISTS_START = struct.Struct("<q?4sqq4sq")
"""What stands before the lists' sizes: bytes a vector, that it is not told from its centroid, kind, lists,
bytes a vector, that all sizes follow, how many."""

NO_DIRECT_MAP = b"\0" + SIZE.pack(0)
FLAT, LISTED, CENTROIDS = b"IxSQ", b"IwSq", b"IxFI"
OLD_READERS = 1 << 20
INNER_PRODUCT = 0
FLOAT16 = 4
"""``ScalarQuantizer::QT_fp16``."""

ID_NUMBERS = 4
"""Numbers of 16 bits that an ordinal takes in a list."""

AT_ONCE = 20_000
"""Vectors in memory where all are gone through."""

SCATTERED = 2_000
"""The same where they are read in another order: the system maps 64 KB around each."""


def write_flat(path: Path, parts: Iterable[Halves], count: int, dimension: int) -> None:
    """Write a flat index of ``parts`` (n, dimension), one after another, ``count`` vectors in all."""
    with path.open("wb") as file:
        file.write(_flat_header(count, dimension))
        for part in parts:
            file.write(np.ascontiguousarray(part, "<f2").tobytes())


def write_listed(
    path: Path, vectors: MappedVectors, centroids: Vectors, list_of: Ordinals, probes: int
) -> None:
    """Write ``vectors`` in lists as ``path``, and their places beside it.

    ``list_of`` (n,) has by ordinal the number of its list, that of one of the ``centroids`` (lists,
    dimension); a search looks into ``probes`` lists.
    """
    order = np.argsort(list_of, kind="stable")
    places = np.empty(len(order), np.int32)
    places[order] = np.arange(len(order))
    np.save(path.with_name(PLACES), places)
    sizes = np.bincount(list_of, minlength=len(centroids))
    with path.open("wb") as file:
        file.write(_listed_header(*vectors.shape, len(centroids), probes))
        file.write(np.ascontiguousarray(centroids, "<f4").tobytes())
        file.write(_lists_start(vectors.shape[1], len(centroids)))
        file.write(sizes.astype("<i8").tobytes())
        held = 0
        for ordinals in np.split(order, np.cumsum(sizes)[:-1]):
            file.write(vectors.halves(ordinals).tobytes())
            file.write(ordinals.astype("<i8").tobytes())
            held += len(ordinals)
            if held > SCATTERED:
                vectors.let_go()
                held = 0


class MappedVectors:
    """The vectors of a file by ordinal, memory-mapped."""

    def __init__(self, path: Path) -> None:
        """Map ``path``.

        Raises:
            OSError: the file cannot be read.
            ValueError: it is no such index of inner products, or it was cut.
        """
        size = path.stat().st_size
        with path.open("rb") as file:
            header = file.read(INDEX_HEADER.size)
            if len(header) < INDEX_HEADER.size:
                raise ValueError(f"{path.name} ends within its header")
            kind, dimension, count, *_ = INDEX_HEADER.unpack(header)
            if kind not in (FLAT, LISTED) or dimension < 1 or count < 0:
                raise ValueError(f"{path.name} is no index of vectors")
            if 2 * count * dimension > size:
                raise ValueError(f"{path.name} has {size} bytes, which do not hold {count} vectors")
            self.shape: tuple[int, int] = (count, dimension)
            self.is_listed = kind == LISTED
            self._list_starts = np.zeros(1, np.int64)
            file.seek(0)
            if self.is_listed:
                self._list_starts = _read_list_starts(file, size, path.name)
            elif file.read(FLAT_HEADER) != _flat_header(count, dimension):
                raise ValueError(f"{path.name} has no vectors where they should begin")
            start = file.tell()
            width = dimension + (ID_NUMBERS if self.is_listed else 0)
            if size != start + 2 * count * width:
                raise ValueError(f"{path.name} does not end behind its vectors")
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        # They need not begin at a multiple of two bytes.
        self._numbers: npt.NDArray[np.uint16] = np.frombuffer(self._map, "<u2", count * width, start)
        self._places = np.load(path.with_name(PLACES), mmap_mode="r") if self.is_listed else None

    def __len__(self) -> int:
        return self.shape[0]

    def halves(self, ordinals: Ordinals) -> Halves:
        """The vectors of ``ordinals`` (n,) as they are stored (n, dimension)."""
        dimension = self.shape[1]
        starts = ordinals * dimension
        if self._places is not None:
            places = self._places[ordinals].astype(np.int64)
            lists = np.searchsorted(self._list_starts, places, side="right") - 1
            # In front of a list stand the vectors and the ordinals of those before it.
            starts = places * dimension + self._list_starts[lists] * ID_NUMBERS
        if not len(starts):
            return np.zeros((0, dimension), np.float16)
        windows = np.lib.stride_tricks.sliding_window_view(self._numbers, dimension)
        return windows[starts].view(np.float16)

    def rows(self, ordinals: Ordinals) -> Vectors:
        """The vectors of ``ordinals`` (n,) to reckon with (n, dimension)."""
        return singles(self.halves(ordinals))

    def chunks(self) -> Iterator[tuple[Ordinals, Halves]]:
        """All of them, some at once, with their ordinals; none stays in memory."""
        for start in range(0, len(self), AT_ONCE):
            ordinals = np.arange(start, min(start + AT_ONCE, len(self)))
            yield ordinals, self.halves(ordinals)
            self.let_go()

    def let_go(self) -> None:
        """Have the system take back the memory of what was read; it is read again when it is asked for."""
        if hasattr(mmap, "MADV_DONTNEED"):
            self._map.madvise(mmap.MADV_DONTNEED)


def singles(halves: Halves) -> Vectors:
    """Finite numbers in half precision, in single precision.

    By their bits: numpy converts them one by one, which takes ten times as long. The exponents, which are
    counted from 15 in the one and from 127 in the other, are put right by the factor.
    """
    bits = halves.view(np.int16).astype(np.int32)
    bits <<= 13
    bits &= ~(0b111 << 28)
    numbers = bits.view(np.float32)
    numbers *= np.float32(2.0 ** (127 - 15))
    return numbers


def _read_list_starts(file: BinaryIO, size: int, name: str) -> Ordinals:
    """Where each list starts, counted in vectors (lists,); ``file`` is at its beginning and then behind that.

    Raises:
        ValueError: it is not as it was written.
    """
    _, dimension, count, *_ = INDEX_HEADER.unpack(file.read(INDEX_HEADER.size))
    header = file.read(LISTS.size)
    lists, probes = LISTS.unpack(header) if len(header) == LISTS.size else (0, 0)
    if not 0 < lists <= size or LISTED_HEADER + (4 * dimension + 8) * lists + LISTS_HEADER > size:
        raise ValueError(f"{name} ends within its lists")
    file.seek(0)
    sound = file.read(LISTED_HEADER) == _listed_header(count, dimension, lists, probes)
    file.seek(4 * lists * dimension, os.SEEK_CUR)
    sound &= file.read(LISTS_HEADER) == _lists_start(dimension, lists)
    sizes = np.frombuffer(file.read(8 * lists), "<i8")
    if not sound or sizes.min() < 0 or sizes.max() > count or sizes.sum() != count:
        raise ValueError(f"{name} has no lists where they should begin")
    return np.asarray(np.cumsum(sizes) - sizes, np.int64)


def _codes(dimension: int) -> bytes:
    return CODES.pack(FLOAT16, 0, 0.0, dimension, 2 * dimension, 0)


def _index_header(kind: bytes, count: int, dimension: int) -> bytes:
    return INDEX_HEADER.pack(kind, dimension, count, OLD_READERS, OLD_READERS, True, INNER_PRODUCT)


def _flat_header(count: int, dimension: int) -> bytes:
    return _index_header(FLAT, count, dimension) + _codes(dimension) + SIZE.pack(2 * count * dimension)


def _listed_header(count: int, dimension: int, lists: int, probes: int) -> bytes:
    """All that stands before the centroids, which are a flat index of float32."""
    centroids = _index_header(CENTROIDS, lists, dimension) + SIZE.pack(lists * dimension)
    return _index_header(LISTED, count, dimension) + LISTS.pack(lists, probes) + centroids


def _lists_start(dimension: int, lists: int) -> bytes:
    """All that stands between the centroids and the lists' sizes."""
    width = 2 * dimension
    start = LISTS_START.pack(width, False, b"ilar", lists, width, b"full", lists)
    return NO_DIRECT_MAP + _codes(dimension) + start


FLAT_HEADER, LISTED_HEADER = len(_flat_header(0, 1)), len(_listed_header(0, 1, 1, 1))
LISTS_HEADER = len(_lists_start(1, 1))
"""Bytes of these."""
