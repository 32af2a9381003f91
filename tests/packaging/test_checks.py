"""Lint, types, spelling and the order of the packages: ``make check``, beside the other tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_every_check_passes() -> None:
    """With the environment that runs the tests, which is not to be made anew meanwhile."""
    own = {name: value for name, value in os.environ.items() if name not in ("MAKEFLAGS", "MFLAGS")}
    command = ["make", "--old-file=.venv/developing", "check", f"BIN={Path(sys.executable).parent}"]
    ended = subprocess.run(command, cwd=ROOT, env=own, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stdout + ended.stderr
