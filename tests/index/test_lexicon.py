"""A word of a text finds the text, and a stem is told by the word that stands for it most."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index.lexicon import Lexicon, merge_lexicons
from indexer.index.words import Stems, words, words_and_forms
from tests.index.small_segments import lexicon_of

SCRIPTS = st.text("aZ9 .-_+#\u0301éßЖй使用ガ\u3099한\u1100ก\u0e34ह\u094dب\u064b", max_size=40)


@given(st.text(max_size=60) | SCRIPTS)
def test_every_word_of_a_text_is_found_again(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """Whatever the script: a word of a text, asked for as it stands there, finds the text."""
    lexicon, stems = lexicon_of(tmp_path_factory.mktemp("words"), (text, "", "")), Stems()
    assert all(len(lexicon.postings(stems[word])[0]) == 1 for word in words(text))


@given(st.text(max_size=60) | SCRIPTS, st.text(max_size=60) | SCRIPTS)
def test_words_do_not_depend_on_what_stands_beside_them(one: str, other: str) -> None:
    """So a question's words are those of a text that holds it."""
    both = words_and_forms(f"{one} {other}")
    assert both == tuple(a + b for a, b in zip(words_and_forms(one), words_and_forms(other), strict=True))


def test_a_stem_is_told_by_its_most_frequent_word(tmp_path: Path) -> None:
    """Also behind a merge, which knows only how many passages of each part hold it."""
    (tmp_path / "one").mkdir()
    (tmp_path / "two").mkdir()
    one = lexicon_of(tmp_path / "one", ("distribution, distributed", "", ""), ("distributed", "", ""))
    two = lexicon_of(tmp_path / "two", ("distributing retries", "", ""))
    assert one.beginning_with("dist") == (["distribut"], ["distributed"])
    (tmp_path / "merged").mkdir()
    moved = [np.array([0, 1], np.int32), np.array([2], np.int32)]
    merge_lexicons(tmp_path / "merged", list(zip((one, two), moved, strict=True)))
    merged = Lexicon(tmp_path / "merged")
    assert merged.beginning_with("") == (["distribut", "retri"], ["distributed", "retries"])


def test_passages_far_from_each_other_are_found(tmp_path: Path) -> None:
    """Farther than the gaps between them can say by themselves, also behind a merge."""
    (tmp_path / "one").mkdir()
    texts = {2: "rare", 70_000: "rare word", 70_001: "word", 139_999: "rare", 150_000: "last"}
    one = lexicon_of(tmp_path / "one", *((texts.get(number, ""), "", "") for number in range(150_001)))
    moved = np.arange(150_001, dtype=np.int32) + 9
    moved[2] = -1
    (tmp_path / "merged").mkdir()
    merge_lexicons(tmp_path / "merged", [(one, moved)])
    merged = Lexicon(tmp_path / "merged")
    for word, held in {"rare": [2, 70_000, 139_999], "word": [70_000, 70_001], "last": [150_000]}.items():
        assert one.postings(word)[0].tolist() == held
        assert merged.postings(word)[0].tolist() == [number + 9 for number in held if number != 2]
