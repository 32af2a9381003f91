"""How a passage is cut to what answers, and how old its text is, in words."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from indexer.cli.answer_text import EXCERPT, NOT_WORTH_CUTTING, marked
from indexer.search.marks import Marker
from indexer.wording import age

MARKER = Marker({"lock": 2.0, "事件": 1.0})
PIECES = st.sampled_from(
    ["A lock is held. ", "Words. ", "line\n", "事件存储", "x" * 200, "  ", "\n\n", "。", "é "]
)


@given(pieces=st.lists(PIECES, max_size=60))
def test_an_excerpt_is_an_unbroken_part_with_the_sentence_that_answers(pieces: list[str]) -> None:
    text = "".join(pieces).strip()
    shown = marked(text, MARKER).plain
    part = shown.removeprefix("…").removesuffix("…").strip("\n ")
    assert part in text
    assert shown.startswith("…") or text.startswith(part)
    assert shown.endswith("…") or text.endswith(part)
    if cell_len(text) <= EXCERPT:
        assert shown == text
    assert cell_len(part) <= EXCERPT + NOT_WORTH_CUTTING
    assert ("lock" in part) is ("lock" in text)
    assert marked(text, MARKER, full=True).plain == text


@pytest.mark.parametrize(
    ("days", "told"),
    [
        (-3, "today"), (0, "today"), (1, "yesterday"), (13, "13 days ago"), (14, "2 weeks ago"),
        (59, "8 weeks ago"), (61, "2 months ago"), (729, "24 months ago"), (731, "2 years ago"),
    ],
)  # fmt: skip
def test_an_age_in_words(days: int, told: str) -> None:
    """A clock that went back makes no text younger than today's."""
    now = datetime(2026, 1, 31, 12, tzinfo=UTC)
    assert age(now - timedelta(days=days, minutes=1), now) == told
