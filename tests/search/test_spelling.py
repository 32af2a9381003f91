"""A mistyped word is found and said; a guess is no answer."""

from __future__ import annotations

import pytest

from indexer.records import Link
from indexer.search.answer import Answer
from tests.fakes import HashEncoder
from tests.search.making import Make, Written

LOCKS: Written = (
    Link("https://example.org/locks", "Patterns"),
    "On Redis",
    [
        "A distributed lock in Redis has an expiry. The lock is distributed over five nodes.",
        "An event is stored before it is published; another event follows it.",
        "Keep a spare key in the drawer.",
        "Two processes look at the same row.",
    ],
)


def asked(make: Make, question: str) -> Answer:
    return make([LOCKS]).search(question, mode="lexical")


@pytest.mark.parametrize(
    ("question", "meant", "answered"),
    [
        ("distrbuted lock", "distributed", True),
        ("distribted lok redis", "distributed", True),  # what else was asked is there
        ("two proceses", "processes", True),
        ("evnt", "event", False),  # one letter of four: as near to it as to much else
        ("lok", "lock", False),
        ("spark", "spare", False),
        ("sparks", "spare", False),
    ],
)
def test_a_correction_is_said_and_trusted_by_its_length(
    make: Make, question: str, meant: str, answered: bool
) -> None:
    answer = asked(make, question)
    assert any(repr(meant) in notice for notice in answer.notices)
    assert meant in answer.hits[0].passage.text.lower()
    assert answer.answered is answered


@pytest.mark.parametrize("question", ["redis lok", "kubernetes redis", "redis 4711", "redis 锁定"])
def test_what_is_near_to_nothing_or_too_short_is_left_alone(make: Make, question: str) -> None:
    """A short word has many neighbours, so beside words that were found it stays as it is."""
    answer = asked(make, question)
    assert answer.notices == ()
    assert answer.hits[0].passage.text == LOCKS[2][0]


class Knowing(HashEncoder):
    """An encoder that has learned some words."""

    def knows(self, word: str) -> bool:
        return word in {"sparks", "lok", "4711"}


@pytest.mark.parametrize("question", ["sparks", "sparks in redis"])
def test_a_word_that_the_encoder_knows_is_not_mistyped(make: Make, question: str) -> None:
    """It is foreign to the library, and left to the vector; where words alone are asked, it is a guess."""
    searcher = make([LOCKS], encoder=Knowing())
    assert searcher.search(question, mode="hybrid").notices == ()
    assert searcher.search(question, mode="lexical").notices == (
        "nothing has 'sparks'; searched for 'spare'",
    )


def test_the_less_of_a_question_can_be_found_the_less_its_words_count(make: Make) -> None:
    """What is no word that the encoder knows, or a number, takes nothing away."""
    searcher = make([LOCKS], encoder=Knowing())

    def most_by_words(question: str) -> float:
        hits = searcher.search(question, mode="hybrid").hits
        return max(abs(hit.shares["lexical"].share) for hit in hits)

    unknown, number, known = map(most_by_words, ("lock qqqqqq", "lock 4711", "lock sparks"))
    assert 0 < known < unknown == number


def test_what_short_words_mean_is_guessed_where_nothing_occurs_also_if_they_are_known(make: Make) -> None:
    """Encoders know many short words that nobody means."""
    answer = make([LOCKS], encoder=Knowing()).search("lok", mode="hybrid")
    assert answer.notices == ("nothing has 'lok'; searched for 'lock'",)


def test_where_nothing_occurs_the_correction_is_searched_by_meaning_too(make: Make) -> None:
    """And the answer is judged by what was asked all the same."""
    answer = make([LOCKS]).search("evnt", mode="hybrid")
    assert answer.hits[0].passage.text == LOCKS[2][1]
    assert answer.hits[0].shares["dense"].score > 0.1
    assert not answer.answered
    assert make([LOCKS]).search("event", mode="lexical").answered


def test_a_word_of_which_nothing_is_left_is_no_correction(make: Make) -> None:
    assert not asked(make, "xylophone").hits
