"""What is written here is what FAISS writes, it is mapped right, and all else is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.arrays import Halves
from indexer.index.faiss_file import MappedVectors, singles, write_flat, write_listed
from tests.index.small_segments import unit_vectors

matrices = st.tuples(st.integers(0, 40), st.integers(1, 70)).map(lambda shape: halves(*shape))


def halves(count: int, dimension: int = 16) -> Halves:
    return unit_vectors(count, dimension).astype(np.float16)


def written_by_faiss(path: Path, vectors: Halves, *, lists: int = 0) -> Any:
    """What FAISS writes of a flat index, or of one in so many lists."""
    dimension, kind = vectors.shape[1], faiss.ScalarQuantizer.QT_fp16
    index: Any = faiss.IndexScalarQuantizer(dimension, kind, faiss.METRIC_INNER_PRODUCT)
    if lists:
        centroids = faiss.IndexFlatIP(dimension)
        index = faiss.IndexIVFScalarQuantizer(
            centroids, dimension, lists, kind, faiss.METRIC_INNER_PRODUCT, False
        )
    rows = vectors.astype(np.float32)
    index.train(rows)
    index.add(rows)
    faiss.write_index(index, str(path))
    return index


def written_here(path: Path, vectors: Halves, index: faiss.IndexIVF) -> None:
    """The same lists as ``index`` has, written here."""
    flat = path.with_name("flat")
    write_flat(flat, [vectors], *vectors.shape)
    centroids = faiss.downcast_index(index.quantizer).reconstruct_n(0, index.nlist)
    list_of = index.quantizer.search(vectors.astype(np.float32), 1)[1][:, 0]
    write_listed(path, MappedVectors(flat), centroids, list_of, index.nprobe)


@given(vectors=matrices, cut=st.integers(0, 40))
def test_the_file_is_the_one_that_faiss_writes(
    tmp_path_factory: pytest.TempPathFactory, vectors: Halves, cut: int
) -> None:
    """Byte for byte, in however many parts the vectors come; and the same vectors are mapped."""
    folder = tmp_path_factory.mktemp("file")
    ours, theirs = folder / "ours", folder / "theirs"
    write_flat(ours, [vectors[:cut], vectors[cut:]], *vectors.shape)
    written_by_faiss(theirs, vectors)
    assert ours.read_bytes() == theirs.read_bytes()
    index = faiss.read_index(str(ours))
    assert (type(index), index.ntotal, index.d) == (faiss.IndexScalarQuantizer, *vectors.shape)
    assert_mapped(theirs, vectors)


@given(count=st.integers(9, 60), dimension=st.integers(1, 40), lists=st.integers(1, 8))
def test_lists_are_those_that_faiss_writes(
    tmp_path_factory: pytest.TempPathFactory, count: int, dimension: int, lists: int
) -> None:
    """Byte for byte; and each ordinal has its vector, whichever list that is in."""
    folder, vectors = tmp_path_factory.mktemp("file"), halves(count, dimension)
    index = written_by_faiss(folder / "theirs", vectors, lists=lists)
    written_here(folder / "ours", vectors, index)
    filled = sum(index.invlists.list_size(number) > 0 for number in range(lists))
    if filled > lists / 2:  # else FAISS writes the sizes of these alone, and reads either
        assert (folder / "ours").read_bytes() == (folder / "theirs").read_bytes()
    assert_mapped(folder / "ours", vectors)


def assert_mapped(path: Path, vectors: Halves) -> None:
    """All ordinals, in any order, have the vectors that they had."""
    mapped = MappedVectors(path)
    ordinals = np.random.default_rng(0).permutation(len(vectors))
    assert np.array_equal(mapped.halves(ordinals), vectors[ordinals])
    chunks = [rows for _, rows in mapped.chunks()]
    assert np.array_equal(np.concatenate([vectors[:0], *chunks]), vectors)


def test_single_precision_says_what_half_precision_did() -> None:
    """Every finite number of 16 bits, the smallest too."""
    halves = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    halves = halves[np.isfinite(halves)]
    assert np.array_equal(singles(halves), halves.astype(np.float32))


def _longer(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"\0")


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def _header_only(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:37])


def _no_header(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:20])


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _shifted(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:37] + b"\0" + path.read_bytes()[37:-1])


@pytest.mark.parametrize("listed", [False, True])
@pytest.mark.parametrize("damage", [_longer, _cut, _header_only, _no_header, _nothing, _shifted])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Callable[[Path], None], listed: bool) -> None:
    path, vectors = tmp_path / "vectors.faiss", halves(20)
    index = written_by_faiss(path, vectors, lists=3 if listed else 0)
    if listed:
        written_here(path, vectors, index)
    damage(path)
    with pytest.raises(ValueError, match=r"vectors\.faiss"):
        MappedVectors(path)


def test_an_index_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Distances are not cosines."""
    path = tmp_path / "vectors.faiss"
    index = faiss.IndexFlatL2(16)
    index.add(unit_vectors(20))
    faiss.write_index(index, str(path))
    with pytest.raises(ValueError, match="no index of vectors"):
        MappedVectors(path)


@given(
    kind=st.sampled_from([b"IxSQ", b"IwSq"]),
    header=st.binary(min_size=33, max_size=33),
    rest=st.binary(max_size=100),
)
def test_any_bytes_are_refused(
    tmp_path_factory: pytest.TempPathFactory, kind: bytes, header: bytes, rest: bytes
) -> None:
    """By an error that says so, whatever sizes they promise."""
    path = tmp_path_factory.mktemp("file") / "vectors.faiss"
    path.write_bytes(kind + header + rest)
    with pytest.raises(ValueError, match=r"vectors\.faiss"):
        MappedVectors(path)
