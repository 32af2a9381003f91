"""``library.faiss_index()`` finds what the product finds, whatever segments the library is made of."""

from __future__ import annotations

import faiss
import numpy as np
import pytest

from indexer import Config, Library
from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome

LINKS = [Link(f"https://example.org/{number}", "Patterns") for number in range(12)]


def assert_same_nearest(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> faiss.Index:
    """The ten nearest to some questions, by FAISS and by a dense search; the index."""
    monkeypatch.setattr("indexer.embed.load_encoder", lambda *_, **__: shelf.encoder)
    with Library.open(shelf.folder, config=Config(data=shelf.folder)) as library:
        index, ids = library.faiss_index()
        assert index.ntotal == len(ids) == library.generation.passages
        assert np.array_equal(np.sort(ids), library.passages()["passage_id"])
        for question in ("retry", "a payment", "the event store"):
            scores, positions = index.search(shelf.encoder.encode_passages([question]), 10)
            hits = library.search(question, k=10, mode="dense", per_article=100).hits
            assert [hit.passage_id for hit in hits] == list(ids[positions[0]])
            assert [hit.score for hit in hits] == pytest.approx(list(scores[0]), abs=1e-6)
    return index


def test_of_one_segment_and_of_several_with_dead_passages(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, link in enumerate(LINKS):
        shelf.log().record(outcome(link, article(*(f"Paragraph {n} of {number}." for n in range(8)))))
    shelf.publish(*LINKS)
    assert_same_nearest(shelf, monkeypatch)
    shelf.log(force=True).record(outcome(LINKS[3], article("Something else.", "And more of it.")))
    shelf.publish(*LINKS[:-1])
    with Library.open(shelf.folder) as library:
        assert library.faiss_index()[0].ntotal == 82
    assert_same_nearest(shelf, monkeypatch)
