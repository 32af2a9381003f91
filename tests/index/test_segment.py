"""Segments merge into what they would be at once, and say what is wrong with them."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import DamagedLibrary
from indexer.index import segment
from indexer.index.index_reader import IndexReader
from indexer.index.segment import IndexedPassage, Segment
from tests.index.small_segments import DIMENSION, vector_of, without, written

TEXTS = {number: f"passage word{number}" for number in (5, 2, 9, 4, 11)}


def test_merged_segments_are_those_of_their_live_passages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """File by file, also when they are copied in several runs."""
    monkeypatch.setattr(segment, "RUN", 1)
    monkeypatch.setattr(segment, "RUNS", 2)
    old = without(written(tmp_path / "old", TEXTS), 2, 11)
    merged = written(tmp_path / "merged", {12: "a new one"}, (old,))
    at_once = written(tmp_path / "at once", {**{n: TEXTS[n] for n in (5, 9, 4)}, 12: "a new one"})
    assert merged.meta.passages == 4
    for name in ("ids.npy", "order.npy", "vectors.faiss", "lengths.npy"):
        assert (merged.folder / name).read_bytes() == (at_once.folder / name).read_bytes()
    assert not list(tmp_path.glob("*.partial"))


def test_the_vectors_stand_in_one_file(tmp_path: Path) -> None:
    texts = dict.fromkeys(range(200), "the same words")
    files = {path.name: path.stat().st_size for path in written(tmp_path / "1", texts).folder.iterdir()}
    size = 2 * DIMENSION * len(texts)
    assert {name for name, bytes_ in files.items() if bytes_ > size} - {"sums.json"} == {"vectors.faiss"}
    assert files["vectors.faiss"] == size + 81


def test_a_folder_of_an_older_version_is_told_to_be_made_again(tmp_path: Path) -> None:
    """Not by a traceback: it had its vectors in another file."""
    whole = written(tmp_path / "1", TEXTS)
    (whole.folder / "vectors.faiss").rename(whole.folder / "vectors.npy")
    with pytest.raises(DamagedLibrary, match="indexer reindex"):
        Segment(whole.folder, whole.meta)


def test_a_faiss_index_is_the_file_or_all_that_is_live(tmp_path: Path) -> None:
    """With the ids of the passages by position."""
    one = written(tmp_path / "1", TEXTS)
    other = written(tmp_path / "2", {3: "another", 8: "one more"})
    readers = {
        (5, 2, 9, 4, 11): IndexReader([one]),
        (4, 5, 9, 11): IndexReader([without(one, 2)]),
        (3, 4, 5, 8, 9): IndexReader([without(one, 2, 11), other]),
        (): IndexReader([]),
    }
    for expected, reader in readers.items():
        index, ids = reader.faiss_index(DIMENSION)
        assert (index.ntotal, index.d) == (len(expected), DIMENSION)
        assert tuple(ids) == expected
        for position, number in enumerate(expected):
            assert np.array_equal(index.reconstruct(position), vector_of(number))


def test_what_cannot_be_written_whole_leaves_nothing(tmp_path: Path) -> None:
    """On a full disk it would take the room that the next try needs."""

    def rows() -> Iterator[IndexedPassage]:
        yield IndexedPassage(1, ("a passage", "", ""), vector_of(1).astype(np.float16).tobytes())
        raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space left"):
        segment.write(tmp_path / "00000001", rows(), DIMENSION)
    assert [*tmp_path.iterdir()] == []
