"""Words are counted as a reader would, in every script."""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.counting import count_words


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", 0),
        ("It's a well-known fact - really.", 6),
        ("Größe ist für alle da.", 5),
        ("Распределённая блокировка", 2),
        ("메시지를 큐에 넣는다", 3),  # Hangul has blanks
        ("锁", 1),
        ("客户端使用Redis的命令取得锁。", 7),
        ("ロックを取得する。", 4),
        ("“锁”，。", 1),  # punctuation is no word
    ],
)
def test_words_are_counted_as_a_reader_would(text: str, words: int) -> None:
    assert count_words(text) == words


@given(st.text(max_size=80))
def test_no_text_has_more_words_than_characters(text: str) -> None:
    assert 0 <= count_words(text) <= len(text)
