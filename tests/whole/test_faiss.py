"""The index of a library is a FAISS index: FAISS opens its file and finds what the product finds."""

from __future__ import annotations

from pathlib import Path

import faiss
import pytest

from indexer import Library
from indexer.config import Config
from indexer.encoding import open_encoder
from indexer.store.snapshot import Snapshot

QUESTIONS = ("how do I design an event store", "who approves an RFC", "what is a distributed lock for")


@pytest.mark.slow
def test_faiss_finds_the_same_ten_nearest(demo_library: Path) -> None:
    [path] = demo_library.glob("segments/*/*.faiss")
    index = faiss.read_index(str(path))
    with Library.open(demo_library) as library, Snapshot(demo_library) as snapshot:
        encoder = open_encoder(Config(), snapshot.generation.model)
        mapped, ids = library.faiss_index()
        assert index.ntotal == mapped.ntotal == len(ids) == snapshot.generation.passages
        for question in QUESTIONS:
            vector = encoder.encode_query(question)
            nearest = snapshot.dense(vector, limit=10)
            for opened in (index, mapped):
                cosines, positions = opened.search(vector[None], 10)
                assert list(ids[positions[0]]) == [number for number, _ in nearest]
                assert list(cosines[0]) == pytest.approx([score for _, score in nearest], abs=1e-5)
