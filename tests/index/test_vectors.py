"""The nearest vectors: exactly in a small segment, nearly always in a large one."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import faiss
import numpy as np
import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index import segment, vectors
from indexer.index.faiss_file import write_flat
from indexer.index.segment import IndexedPassage, Segment
from indexer.index.vectors import VectorFile, cosines, open_index
from tests.index.small_segments import unit_vectors


@given(count=st.integers(1, 60), dimension=st.integers(1, 70), limit=st.integers(1, 70), masked=st.booleans())
def test_a_small_segment_is_compared_exactly(
    tmp_path_factory: pytest.TempPathFactory, count: int, dimension: int, limit: int, masked: bool
) -> None:
    """Scores are those of the same vectors in memory, bit for bit, wherever in the file they lie."""
    halves, folder = unit_vectors(count, dimension).astype(np.float16), tmp_path_factory.mktemp("segment")
    rows = halves.astype(np.float32)
    write_flat(folder / vectors.VECTORS, [halves], count, dimension)
    question = unit_vectors(1, dimension, seed=1)[0]
    counted = np.arange(count) % 3 > 0 if masked else None
    true = cosines(rows, question)
    allowed = np.arange(count) if counted is None else np.flatnonzero(counted)
    ordinals, scores = VectorFile(folder).nearest(question, limit, counted)
    assert np.array_equal(scores, true[ordinals])
    assert set(ordinals) <= set(allowed)
    best = np.sort(true[allowed])[::-1][:limit]
    assert np.array_equal(np.sort(scores)[::-1][:limit], best)


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Segment:
    """A segment with lists: clusters of unit vectors, every seventh passage dead."""
    chance = np.random.default_rng(0)
    rows = chance.standard_normal((60, 32))[chance.integers(0, 60, 6000)] + chance.standard_normal((6000, 32))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float16)
    folder = tmp_path_factory.mktemp("large") / "00000001"
    passages = (
        IndexedPassage(10 + number, (f"word{number}", "", ""), row.tobytes())
        for number, row in enumerate(rows)
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(vectors, "EXACT", 1000)
        meta = segment.write(folder, passages, 32)
    return Segment(folder, replace(meta, dead=np.arange(0, 6000, 7, dtype=np.int32).tobytes()))


@pytest.mark.parametrize("share", [1.0, 0.5, 0.01])
def test_a_large_segment_finds_nearly_what_exact_search_finds(
    large: Segment, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    """Within what counts and what is allowed, and with exact cosines."""
    monkeypatch.setattr(vectors, "FEW", 100)
    counted = np.random.default_rng(1).random(len(large)) < share
    if large.live is not None:
        counted &= large.live
    wanted = hits = 0
    rows = large.vectors.rows(np.arange(len(large)))
    for ordinal in range(1, 6000, 60):
        question = rows[ordinal]
        true = np.where(counted, cosines(rows, question), -2)
        ordinals, scores = large.vectors.nearest(question, 10, counted)
        assert counted[ordinals].all()
        assert np.array_equal(scores, true[ordinals])
        best = np.argsort(-true)[:10]
        hits += len(np.intersect1d(ordinals[np.argsort(-scores)[:10]], best))
        wanted += len(best)
    assert hits / wanted >= 0.95
    assert large.meta.recall >= vectors.RECALL


def test_faiss_finds_in_the_file_of_a_large_segment_what_is_found_here(large: Segment) -> None:
    """The same candidates, scored by the same vectors: once in the file, and in nothing beside it."""
    [path] = large.folder.glob("*.faiss")
    index = faiss.read_index(str(path))
    assert (index.ntotal, index.d) == (6000, 32)
    for ordinal in range(0, 6000, 300):
        [question] = large.vectors.rows(np.array([ordinal]))
        ordinals, scores = large.vectors.nearest(question, 10, None)
        order = np.argsort(-scores)[:10]
        their_scores, theirs = index.search(question[None], 10)
        assert set(theirs[0]) == set(ordinals[order])
        assert their_scores[0] == pytest.approx(scores[order], abs=1e-6)


@pytest.mark.parametrize("exact", [5_000, 50_000])
def test_opening_an_index_reads_no_vectors(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, exact: int
) -> None:
    """Whether they are in lists or not."""
    monkeypatch.setattr(vectors, "EXACT", exact)
    rows = unit_vectors(20_000, 256).astype(np.float16)  # 10 MB
    write_flat(tmp_path / vectors.VECTORS, [rows], *rows.shape)
    vectors.add_lists(tmp_path)
    before = psutil.Process().memory_info().rss
    index = open_index(tmp_path / vectors.VECTORS)
    assert index.ntotal == 20_000
    assert psutil.Process().memory_info().rss - before < 2e6
