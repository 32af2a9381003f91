"""Whatever is asked becomes a valid search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import EmptyQuestion
from indexer.index.words import words, words_and_forms
from indexer.search.query import analyse


@given(st.text(max_size=200) | st.text(alphabet="\"'*^():-+{}AND ORNEAR.,/\\\0#C", max_size=60))
def test_whatever_is_asked_is_words(text: str) -> None:
    """Quotes, operators, brackets, NUL, emoji, any script: what becomes of it stands in texts just so."""
    try:
        asked = analyse(text)
    except EmptyQuestion:
        return
    assert set(asked.terms) <= set(words(asked.text))
    held = {word for some in words_and_forms(asked.text) for word in some}
    short_question_as_one_name = "".join(words(asked.text))
    assert set(asked.words) <= held | {short_question_as_one_name}


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\0", "?!", "…", "🙂"])
def test_an_empty_question_is_said_to_be_one(text: str) -> None:
    with pytest.raises(EmptyQuestion, match="nothing was asked"):
        analyse(text)


def test_stop_words_are_dropped_unless_nothing_is_left() -> None:
    """Function words do not search, except where the question has no others."""
    assert analyse("How do I design an event store?").terms == ("design", "event", "store")
    assert analyse("to be or not to be").terms == ("to", "be", "or", "not")


@pytest.mark.parametrize(
    ("question", "terms"),
    [
        ("How do two NOR gates store one bit?", ("two", "nor", "gates", "store", "bit")),
        ("what does HAVING do in SQL", ("having", "sql")),
        ("What is IT?", ("it",)),
        ("How Can I Do It?", ("how", "can", "i", "do", "it")),  # a title: nothing in it is a name
        ("HOW DO I DESIGN AN EVENT STORE", ("design", "event", "store")),  # nor is what is shouted
        ("How can I, or anyone, split this", ("anyone", "split")),
    ],
)
def test_a_function_word_in_capitals_is_a_name(question: str, terms: tuple[str, ...]) -> None:
    assert analyse(question).terms == terms


@pytest.mark.parametrize(("question", "asks"), [("what is IT?", True), ("what is it?", False), ("I", False)])
def test_a_name_alone_is_a_question(question: str, asks: bool) -> None:
    assert analyse(question).asks is asks


def test_names_of_several_parts_are_searched_whole_and_in_parts() -> None:
    query = analyse("What does KIP-500 change in node.js?")
    assert query.terms == ("kip", "500", "change", "node", "js")
    assert query.forms == ("kip500", "nodejs")


def test_hyphenated_words_and_contractions_are_no_names() -> None:
    assert analyse("don't you ever use a high-speed line and/or a low-cost one").forms == ()


def test_function_words_in_names_are_not_searched_by_themselves() -> None:
    """They are all over the texts; the name is searched as a whole."""
    query = analyse("what calls doOnNext when the queue is full")
    assert query.terms == ("calls", "doonnext", "queue", "full")
    assert "on" not in query.words
