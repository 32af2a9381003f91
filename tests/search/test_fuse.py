"""Laws of the fusion, for any scores."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import SearchConfig
from indexer.search import fuse

scores = st.floats(-50, 50, allow_nan=False).map(lambda value: round(value, 3))
candidates = st.lists(st.tuples(scores, scores), min_size=1, max_size=40)
weights = st.floats(0, 1)
Rows = list[tuple[float, float]]
"""Each candidate's dense and lexical score."""


def ranked(rows: Rows, places: list[int], weight: float) -> tuple[list[int], dict[int, float]]:
    """The ids of the candidates, best first, when they are given in the order ``places``."""
    ids = np.array(places, dtype=np.int64)
    dense = np.array([rows[place][0] for place in places])
    lexical = np.array([rows[place][1] for place in places])
    merged = np.add(*fuse.sides(dense, lexical, weight, SearchConfig().most_deviations))
    return ids[fuse.order(ids, merged)].tolist(), dict(zip(places, merged.tolist(), strict=True))


@given(candidates, weights, st.randoms(use_true_random=False))
def test_order_of_the_lists_does_not_matter(rows: Rows, weight: float, random: Random) -> None:
    """Shuffling the candidates changes neither a score nor a rank, to the last bit."""
    places = list(range(len(rows)))
    shuffled = places.copy()
    random.shuffle(shuffled)
    assert ranked(rows, places, weight) == ranked(rows, shuffled, weight)


@given(candidates, weights)
def test_better_in_both_lists_is_never_worse_merged(rows: Rows, weight: float) -> None:
    """A candidate that neither retriever puts below another is not merged below it."""
    _, merged = ranked(rows, list(range(len(rows))), weight)
    for one, (dense, lexical) in enumerate(rows):
        for other, (other_dense, other_lexical) in enumerate(rows):
            if dense >= other_dense and lexical >= other_lexical:
                assert merged[one] >= merged[other] - 1e-9


@given(st.integers(1, 30))
def test_ties_go_to_the_smaller_id(count: int) -> None:
    """Equal scores are ordered by id, so that the same question has the same answer."""
    ids = np.arange(count, dtype=np.int64)[::-1].copy()
    assert ids[fuse.order(ids, np.zeros(count))].tolist() == sorted(ids.tolist())


@given(st.lists(st.integers(0, 1000), max_size=20))
def test_specificity_is_a_share(counts: list[int]) -> None:
    """Whatever the words, rarity stays between 0 and 1."""
    assert 0.0 <= fuse.specificity(np.array(counts, dtype=np.float64), 1000) <= 1.0


@given(st.floats(0, 1), st.floats(0, 1), st.floats(-1, 1))
def test_rarer_words_lean_lexical(one: float, other: float, cohesion_gap: float) -> None:
    """The rarer the words, the larger the lexical share, within its bounds."""
    config = SearchConfig()
    low, high = (fuse.lexical_weight(value, cohesion_gap, 0.0, config) for value in sorted((one, other)))
    assert 0.0 <= low <= high <= config.most_lexical


def test_names_outweigh_meaning_and_common_words_keep_their_share() -> None:
    """A name in one passage is searched by its letters; common words alone say nothing against them."""
    config = replace(SearchConfig(), cohesion_slope=0.0)
    name = fuse.specificity(np.array([1.0]), 1000)
    common = fuse.specificity(np.array([600.0, 500.0]), 1000)
    assert fuse.lexical_weight(name, 0.0, 0.0, config) > 0.8
    assert fuse.lexical_weight(common, 0.0, 0.0, config) == config.lexical_weight
    among_unknown = fuse.specificity(np.array([1.0, 0.0, 0.0]), 1000)
    assert fuse.lexical_weight(among_unknown, 0.0, 0.0, config) == config.lexical_weight


@given(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1), st.floats(0, 1))
def test_the_more_is_left_to_the_vector_the_less_words_count(
    specific: float, cohesion_gap: float, one: float, other: float
) -> None:
    """Down to nothing, where none of the words can be found."""
    config = SearchConfig()
    less, more = sorted((one, other))
    weights = (fuse.lexical_weight(specific, cohesion_gap, left, config) for left in (less, more, 1.0))
    of_less, of_more, of_all = weights
    assert of_less >= of_more >= of_all == 0.0


def test_feedback_keeps_unit_length_and_comes_nearer() -> None:
    """The moved question has length 1 and lies nearer to the passages it moved to."""
    question = np.array([1, 0, 0], dtype=np.float32)
    best = np.array([[0, 1, 0]], dtype=np.float32)
    moved = fuse.rocchio(question, best, np.array([1.0]), 5, SearchConfig())
    assert abs(float(np.linalg.norm(moved)) - 1) < 1e-6
    assert float(best[0] @ moved) > float(best[0] @ question)


def test_feedback_goes_most_to_the_best() -> None:
    """Of two passages the one that scores better draws the question more."""
    question, best = np.array([1, 0, 0], dtype=np.float32), np.eye(3, dtype=np.float32)[1:]
    _, to_first, to_second = fuse.rocchio(question, best, np.array([2.0, 1.0]), 5, SearchConfig())
    assert to_first > to_second > 0


@given(st.integers(1, 64), st.integers(1, 64))
def test_a_longer_question_moves_further_and_never_further_than_its_own_length(one: int, other: int) -> None:
    """It stays at least as near to itself as to what it moved to."""
    question, best = np.array([1, 0], dtype=np.float32), np.array([[0, 1]], dtype=np.float32)
    shorter, longer = (
        fuse.rocchio(question, best, np.array([1.0]), terms, SearchConfig()) for terms in sorted((one, other))
    )
    assert 0 < shorter[1] <= longer[1] <= longer[0] + 1e-6


def test_a_word_alone_in_one_candidate_is_bounded() -> None:
    """However few candidates have a word, what it adds stays within the bound."""
    _, said = fuse.sides(np.zeros(400), np.eye(1, 400)[0] * 9, 0.36, 6.0)
    assert said.max() == 0.36 * 6.0
