"""What an answer's confidence follows: the words that passages have, names, and the user's own words."""

from __future__ import annotations

import pytest

from indexer.records import Link, Mode
from indexer.search.query import analyse
from tests.search.making import Make, Written

LOCKS: Written = (
    Link("https://example.org/locks", "Patterns", note="what Ines recommended", tags=("incident 4711",)),
    "Locks",
    ["A lock is taken for an hour and released by its owner.", "The owner may be paused for a long time."],
)
BROKERS: Written = (
    Link("https://example.org/brokers", "Streams"),
    "Brokers",
    ["A broker keeps messages until they are read.", "Kafka keeps them in segments, and pauses no owner."],
)


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("How do we rotate the keys of a Kafka broker?", {"kafka"}),
        ("Which lock? Redis knows one.", set()),
        ("what is HTTP/2 good for", {"http", "2"}),
        ("WHAT IS A LOCK", set()),
        ("what does kip500 say", {"kip500"}),
        ("gRPC streams", {"grpc"}),
    ],
)
def test_names_are_written_as_such(question: str, names: set[str]) -> None:
    """By a capital inside a sentence or a word, or by a digit; not where everything is in capitals."""
    assert analyse(question).names == names


def test_a_question_that_names_what_no_passage_has_is_less_sure(make: Make) -> None:
    """Of two questions with the same words, the one that writes an unknown one as a name."""
    searcher = make([LOCKS, BROKERS])
    named = searcher.search("how long does Zanzibar keep a lock of an owner?").confidence
    assert named < searcher.search("how long does zanzibar keep a lock of an owner?").confidence
    held = searcher.search("how long does Kafka keep messages?").confidence
    assert held == searcher.search("how long does kafka keep messages?").confidence


@pytest.mark.parametrize("question", ["what Ines recommended", "incident 4711"])
@pytest.mark.parametrize("mode", ["hybrid", "lexical"])
def test_the_words_of_a_note_or_tag_are_an_answer(make: Make, question: str, mode: Mode) -> None:
    answer = make([BROKERS, LOCKS]).search(question, mode=mode)
    assert answer.answered
    assert answer.hits[0].url == LOCKS[0].url


def test_one_word_of_several_in_a_note_is_none(make: Make) -> None:
    """Who asks for more than the note says means something else."""
    answer = make([BROKERS, LOCKS]).search("who recommended the zebra enclosure of the municipal zoo?")
    assert not answer.answered
