"""The quick part of the damages: some of each kind of file, on the demo's library."""

from __future__ import annotations

import os
from itertools import islice
from pathlib import Path

from tests.trust.damages import damages


def test_no_damage_is_answered_from_and_advice_mends(demo_library: Path) -> None:
    tried = list(islice(damages(demo_library, Path(os.environ["INDEXER_CACHE"]), seed=7), 12))
    assert not [trial for trial in tried if trial.wrong]
    assert any(trial.ended.startswith("told") for trial in tried)
