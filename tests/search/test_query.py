"""Whatever is asked becomes a valid search."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import EmptyQuestion
from indexer.index.words import words
from indexer.search.query import analyse


@given(st.text(max_size=200) | st.text(alphabet="\"'*^():-+{}AND ORNEAR.,/\\\0", max_size=60))
def test_whatever_is_asked_is_words(text: str) -> None:
    """Quotes, operators, brackets, NUL, emoji, any script: what becomes of it stands in texts just so."""
    try:
        asked = analyse(text)
    except EmptyQuestion:
        return
    held = words(asked.text)
    assert set(asked.terms) <= set(held)
    assert all(set(pair.split()) <= set(held) for pair in asked.words if " " in pair)


@pytest.mark.parametrize("text", ["", "   ", "\n\t", "\0", "?!", "…", "🙂"])
def test_an_empty_question_is_said_to_be_one(text: str) -> None:
    with pytest.raises(EmptyQuestion, match="nothing was asked"):
        analyse(text)


def test_stop_words_are_dropped_unless_nothing_is_left() -> None:
    """Function words do not search, except where the question has no others."""
    assert analyse("How do I design an event store?").terms == ("design", "event", "store")
    assert analyse("to be or not to be").terms == ("to", "be", "or", "not")


def test_names_of_several_parts_are_searched_whole_and_in_parts() -> None:
    query = analyse("What does KIP-500 change in node.js?")
    assert query.compounds == ("kip-500", "node.js")
    assert {"kip", "500", "node", "js"} <= set(query.terms)


def test_hyphenated_words_and_contractions_are_no_names() -> None:
    assert analyse("don't use high-speed and/or low-cost").compounds == ()
