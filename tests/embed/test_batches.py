"""Bulk embedding in pieces loses no text, repeats none, and gives what embedding at once gives."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.arrays import Vectors
from indexer.embed import in_batches
from tests.fakes import HashEncoder

TEXTS = st.lists(st.text(st.characters(codec="utf-8"), max_size=60), max_size=40)


@given(TEXTS, st.integers(1, 12))
def test_the_pieces_make_up_the_whole_in_the_order_of_the_texts(texts: list[str], size: int) -> None:
    encoder = HashEncoder()
    together = np.full((len(texts), encoder.dimension), np.nan, np.float32)
    seen: list[int] = []
    for indices, vectors in in_batches(encoder, texts, size=size):
        assert 0 < len(indices) <= size
        together[indices] = vectors
        seen.extend(indices.tolist())
    assert sorted(seen) == list(range(len(texts)))
    np.testing.assert_array_equal(together, encoder.encode_passages(texts))


def test_a_piece_is_given_before_the_next_is_embedded() -> None:
    encoder = HashEncoder()
    pieces = in_batches(encoder, ["one", "two", "three", "four", "five"], size=2)
    next(pieces)
    assert encoder.texts_encoded == 2


class Crowd(HashEncoder):
    """Encodes elsewhere, in several places at a time."""

    at_once = 3

    def __init__(self) -> None:
        super().__init__()
        self.told = 0
        self.met = threading.Barrier(self.at_once)

    def in_bulk(self, passages: int) -> Crowd:
        self.told = passages
        return self

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        if len(texts) == 2:  # not the last one
            self.met.wait(60)
        return super().encode_passages(texts)


def test_an_encoder_elsewhere_gets_several_pieces_at_a_time_and_their_order_stays() -> None:
    crowd, texts = Crowd(), [f"{'long ' * (20 - number)}text {number}" for number in range(13)]
    together = np.zeros((len(texts), crowd.dimension), np.float32)
    places = []
    for indices, vectors in in_batches(crowd, texts, size=2):
        together[indices] = vectors
        places += indices.tolist()
    assert places == list(range(13))
    assert crowd.told == 13
    np.testing.assert_array_equal(together, HashEncoder().encode_passages(texts))
    assert list(in_batches(crowd, [])) == []


def test_the_deterministic_encoder_puts_texts_with_more_in_common_closer() -> None:
    encoder = HashEncoder()
    question = encoder.encode_query("how to design an event store")
    near, far = encoder.encode_passages(["Designing event stores", "Cooking rice"]) @ question
    assert near > far
