"""Whether the library answers is told in words, and common words alone are no question."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import SearchConfig
from indexer.records import Link, Mode
from indexer.search.answer import Answer, State, state_of
from indexer.search.query import analyse
from tests.search.making import Make, Written

CERTAINTY = st.floats(0, 1)
RISING = [State.NOTHING_ANSWERS, State.MAY_ANSWER, State.ANSWERS]
LOCKS: Written = (
    Link("https://example.org/locks", "Patterns"),
    "Distributed locks",
    ["A lock of the 3 is set with an expiry.", "Of the 2 clients 404 may hold it."],
)


@given(CERTAINTY, CERTAINTY)
def test_more_confidence_is_never_a_worse_state(one: float, other: float) -> None:
    less, more = sorted((one, other))
    config = SearchConfig()
    assert RISING.index(state_of(less, config)) <= RISING.index(state_of(more, config))


def test_the_bounds_are_the_configurations(make: Make) -> None:
    """What is told follows the confidence that JSON gives beside it."""
    for answered, sure, state in (
        (0.0, 0.0, "answers"),
        (0.0, 1.1, "may answer"),
        (1.1, 1.1, "nothing answers"),
    ):
        answer = make([LOCKS], config=SearchConfig(answered=answered, sure=sure)).search("lock expiry")
        told = answer.to_json()
        assert (told["state"], told["answered"]) == (state, state != "nothing answers")
        assert answer.headline.lower().replace("the library ", "").startswith(state)
        assert answer.headline in answer._repr_html_()


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
@pytest.mark.parametrize("question", ["the", "2", "of the 3", "THE 404!", "\uff12", "what is it"])
def test_common_words_and_numbers_alone_are_no_question(make: Make, mode: Mode, question: str) -> None:
    answer = make([LOCKS]).search(question, mode=mode)
    assert answer.state == State.NOTHING_ANSWERS
    assert answer.confidence == 0.0
    assert any("add a word" in notice for notice in answer.notices)


@pytest.mark.parametrize("question", ["lock", "the 3 locks", "k8s", "C", "锁", "v2", "2nd"])
def test_any_other_word_makes_it_a_question(question: str) -> None:
    assert analyse(question).asks


def test_the_closest_are_shown_where_nothing_answers(make: Make) -> None:
    assert make([LOCKS]).search("of the 3").hits


def test_where_nothing_is_found_nothing_is_called_the_closest() -> None:
    answer = Answer("why", "lexical", State.NOTHING_ANSWERS, took_ms=1.0, generation=1, model="hash", hits=())
    assert answer.headline == "Nothing answers."
    assert not answer.answered


def test_a_notebook_shows_no_score(make: Make) -> None:
    answer = make([LOCKS]).search("lock expiry")
    assert "score" not in answer._repr_html_()
    assert list(answer.to_pandas()["score"]) == [round(hit.score, 4) for hit in answer.hits]
