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
    for trial in islice(trials(1, "import of a list", "backup", "restore", "prune"), 8):
        print(trial.ended, trial.wrong)
"""


def test_a_full_disk_is_told_loses_nothing_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "tried.py").write_text(TRIED)
    ended = in_namespace("$PYTHON tried.py", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert {line.strip() for line in ended.out.splitlines()} == {"told", "had room"}


WITHOUT = """
from pathlib import Path
from tests.trust.full_disks import SMALL, Disk, fill_cache, make_model
if __name__ == "__main__":
    make_model(Path("model").absolute())
    disk = Disk(Path.cwd())
    disk.enough = SMALL
    trial = fill_cache(disk, Path("model").absolute(), 0.5)
    print(trial.ended, trial.wrong)
"""


def test_a_disk_without_room_for_a_model_s_fast_form_leaves_it_slow(tmp_path: Path) -> None:
    """What becomes of the process that makes it is told by no file, which such a disk does not take."""
    (tmp_path / "without.py").write_text(WITHOUT)
    ended = in_namespace("$PYTHON without.py", cwd=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out.strip() == "went without"
