"""What only some uses need is missed with one clear line."""

from __future__ import annotations

import sys

import pytest

from indexer.errors import MissingExtra
from indexer.search.answer import Answer, State


def test_a_table_without_pandas_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)  # what an import of a missing package comes to
    answer = Answer(
        "why", "hybrid", state=State.NOTHING_ANSWERS, took_ms=1.0, generation=1, model="hash", hits=()
    )
    with pytest.raises(MissingExtra, match=r"pip install 'indexer\[notebook\]'"):
        answer.to_pandas()
