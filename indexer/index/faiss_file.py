"""The file of a segment's vectors: an index as FAISS writes it, written and mapped here without FAISS.

==========  ====================================================================================
flat        a header, then the vectors: ``IndexFlatIP``
refined     a header, a coarse index, a whole flat file, how many candidates: ``IndexRefineFlat``
==========  ====================================================================================

In both the vectors lie in one run of float32, so they can be mapped; and ``faiss.read_index`` opens both. The
layout is that of FAISS's ``impl/index_write.cpp``, little-endian and without gaps.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from indexer.arrays import Vectors

INDEX_HEADER = struct.Struct("<4siqqq?i")
"""What every index begins with: kind, dimension, vectors, two numbers for old readers, trained, metric."""

FLAT_HEADER = struct.Struct("<4siqqq?iq")
"""The header of a flat index; then how many numbers follow."""

K_FACTOR = struct.Struct("<f")
"""What a refined index ends with: how many candidates it takes for each vector it is asked for."""

FLAT, REFINED = b"IxFI", b"IxRF"
OLD_READERS = 1 << 20
INNER_PRODUCT = 0


def write_flat(path: Path, parts: Iterable[Vectors], count: int, dimension: int) -> None:
    """Write a flat index of ``parts`` (n, dimension), one after another, ``count`` vectors in all."""
    with path.open("wb") as file:
        file.write(_flat_header(count, dimension))
        for part in parts:
            file.write(np.ascontiguousarray(part, "<f4").tobytes())


def map_vectors(path: Path) -> tuple[Vectors, bool]:
    """The vectors (n, dimension) of a file, memory-mapped, and whether it is refined.

    They need not begin at a multiple of four bytes. numpy copies such an array, piece by piece, whenever it
    reckons with it: what is used often is better copied once.

    Raises:
        OSError: the file cannot be read.
        ValueError: it is no flat or refined index of inner products, or it was cut.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        header = file.read(INDEX_HEADER.size)
        if len(header) < INDEX_HEADER.size:
            raise ValueError(f"{path.name} ends within its header")
        kind, dimension, count, *_ = INDEX_HEADER.unpack(header)
        if kind not in (FLAT, REFINED) or dimension < 1 or count < 0:
            raise ValueError(f"{path.name} is no index of vectors")
        end = size - K_FACTOR.size if kind == REFINED else size
        start = end - 4 * count * dimension
        # The flat file stands at the very beginning, or behind what a refined one has before it.
        first = start - FLAT_HEADER.size
        if first < 0 or (kind == FLAT and first):
            raise ValueError(f"{path.name} has {size} bytes, which do not hold {count} vectors")
        file.seek(first)
        if file.read(FLAT_HEADER.size) != _flat_header(count, dimension):
            raise ValueError(f"{path.name} has no vectors where they should begin")
    mapped = np.memmap(path, "<f4", mode="r", offset=start, shape=(count, dimension))
    # As a plain array: the mapping is the same, and slicing it is many times faster.
    return np.asarray(mapped), kind == REFINED


def _flat_header(count: int, dimension: int) -> bytes:
    size = count * dimension
    return FLAT_HEADER.pack(FLAT, dimension, count, OLD_READERS, OLD_READERS, True, INNER_PRODUCT, size)
