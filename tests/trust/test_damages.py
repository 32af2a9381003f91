"""The quick part of the damages: some of each kind of file, on the demo's library."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.trust.damages import damages

ONE_OF_EACH = (0, 1, 6, 7, 8, 9, 14, 16, 17, 18, 19)
"""By their numbers modulo 20: the library and its log, a segment, model, cache, backup, catalogue."""


@pytest.mark.slow
def test_no_damage_is_answered_from_and_advice_mends(demo_library: Path) -> None:
    tried = list(damages(demo_library, Path(os.environ["INDEXER_CACHE"]), 7, ONE_OF_EACH))
    assert not [trial for trial in tried if trial.wrong]
    assert any(trial.ended.startswith("told") for trial in tried)
