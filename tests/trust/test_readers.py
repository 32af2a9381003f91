"""A few publishes beside a few readers; ``make trust`` has more of both."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.readers import a_round


@pytest.mark.slow
def test_what_is_read_while_others_publish_is_one_state(tmp_path: Path) -> None:
    tried = list(a_round(tmp_path / "data", "1", publishes=8, processes=1, threads=2))
    assert [trial.wrong for trial in tried if trial.wrong] == []
    assert sum(trial.kind == "publish" for trial in tried) == 8
    assert {"article, process", "tables, threads", "answer (hybrid), threads"} <= {
        trial.kind for trial in tried
    }
