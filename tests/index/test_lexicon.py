"""A word of a text finds the text."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index.words import Stems, words
from tests.index.small_segments import lexicon_of


@given(st.text(max_size=60))
def test_every_word_of_a_text_is_found_again(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever the script: a word of a text, asked for as it stands there, finds the text."""
    lexicon, stems = lexicon_of(tmp_path_factory.mktemp("words"), (text, "", "")), Stems()
    assert all(len(lexicon.postings(stems[word])[0]) == 1 for word in words(text))
