"""What FAISS wrote is mapped right, what is written here FAISS reads, and all else is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import faiss
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.arrays import Vectors
from indexer.index.faiss_file import map_vectors, write_flat
from tests.index.small_segments import unit_vectors

matrices = st.tuples(st.integers(0, 40), st.integers(1, 70)).map(lambda shape: unit_vectors(*shape))


def written_by_faiss(path: Path, vectors: Vectors, *, refined: bool) -> None:
    """What FAISS writes of a flat index, or of a refined one over 8-bit codes."""
    flat = faiss.IndexFlatIP(vectors.shape[1])
    flat.add(vectors)
    if not refined:
        faiss.write_index(flat, str(path))
        return
    codes = faiss.IndexScalarQuantizer(
        vectors.shape[1], faiss.ScalarQuantizer.QT_8bit, faiss.METRIC_INNER_PRODUCT
    )
    codes.train(vectors)
    codes.add(vectors)
    faiss.write_index(faiss.IndexRefine(codes, flat), str(path))


@given(vectors=matrices, cut=st.integers(0, 40))
def test_the_file_is_the_one_that_faiss_writes(
    tmp_path_factory: pytest.TempPathFactory, vectors: Vectors, cut: int
) -> None:
    """Byte for byte, in however many parts the vectors come."""
    folder = tmp_path_factory.mktemp("file")
    ours, theirs = folder / "ours", folder / "theirs"
    write_flat(ours, [vectors[:cut], vectors[cut:]], *vectors.shape)
    written_by_faiss(theirs, vectors, refined=False)
    assert ours.read_bytes() == theirs.read_bytes()
    index = faiss.read_index(str(ours))
    assert (type(index), index.ntotal, index.d) == (faiss.IndexFlatIP, *vectors.shape)


@given(vectors=matrices, refined=st.booleans())
def test_what_faiss_wrote_is_mapped(
    tmp_path_factory: pytest.TempPathFactory, vectors: Vectors, refined: bool
) -> None:
    path = tmp_path_factory.mktemp("file") / "vectors.faiss"
    refined &= len(vectors) > 0  # FAISS trains no codes on nothing
    written_by_faiss(path, vectors, refined=refined)
    mapped, is_refined = map_vectors(path)
    assert np.array_equal(mapped, vectors)
    assert is_refined == refined


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


@pytest.mark.parametrize("refined", [False, True])
@pytest.mark.parametrize("damage", [_longer, _cut, _header_only, _no_header, _nothing, _shifted])
def test_a_damaged_file_is_refused(tmp_path: Path, damage: Callable[[Path], None], refined: bool) -> None:
    path = tmp_path / "vectors.faiss"
    written_by_faiss(path, unit_vectors(20), refined=refined)
    damage(path)
    with pytest.raises(ValueError, match=r"vectors\.faiss"):
        map_vectors(path)


def test_an_index_of_another_kind_is_refused(tmp_path: Path) -> None:
    """Distances are not cosines."""
    path = tmp_path / "vectors.faiss"
    index = faiss.IndexFlatL2(16)
    index.add(unit_vectors(20))
    faiss.write_index(index, str(path))
    with pytest.raises(ValueError, match="no index of vectors"):
        map_vectors(path)


@given(
    kind=st.sampled_from([b"IxFI", b"IxRF"]),
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
        map_vectors(path)
