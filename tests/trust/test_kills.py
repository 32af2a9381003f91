"""Commands are killed; ``python -m tests.trust.kills`` does so many times more."""

from __future__ import annotations

import shutil
from itertools import islice

import pytest

from tests.trust.kills import trials

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        not shutil.which("strace"), reason="there is no strace(1), which kills at a system call"
    ),
]


def test_a_kill_loses_nothing_and_leaves_nothing() -> None:
    tried = islice(trials(1, "import of a list", "backup", "restore", "prune"), 10)
    assert [trial for trial in tried if trial.wrong] == []
