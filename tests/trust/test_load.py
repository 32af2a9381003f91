"""The quick part of load.py and nights.py: some questioners at once, two nights."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.load import ask
from tests.trust.nights import PAGES, judged, nights

pytestmark = pytest.mark.slow  # the real model, the real program


def test_questioners_at_once_get_the_answers_of_one_alone(demo_library: Path) -> None:
    among = ("how do I design an event store", "who approves an RFC", "what is a distributed lock")
    seen = ask(demo_library, questioners=8, seconds=1.0, among=among)
    assert seen.wrong == []
    assert len(seen.times) >= 8


def test_a_night_without_a_change_reads_and_embeds_nothing(tmp_path: Path) -> None:
    first, second = nights(2, tmp_path)
    assert judged([first, second]) == []
    assert (first.sent, second.sent, second.index) == (PAGES, 0, first.index)
