"""Commands get a full disk; ``python -m tests.trust.full_disks`` does so many times more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.trust.machine import in_namespace

pytestmark = pytest.mark.slow
TRIED = """
from itertools import islice
from tests.trust.full_disks import trials
if __name__ == "__main__":
    for trial in islice(trials(1, "import of a list", "backup", "restore", "prune"), 12):
        print(trial.ended, trial.wrong)
"""


def test_a_full_disk_is_told_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(TRIED)
    ended = in_namespace("$PYTHON tried.py", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert {line.strip() for line in ended.out.splitlines()} == {"told", "had room"}
