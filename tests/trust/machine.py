"""Machines in trouble: a disk that is full, a folder that may not be written.

Mounting takes a namespace of its own, by util-linux and a kernel that lets users have one. Where none can be
had, tests that need it skip.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command import Ended

ROOT = Path(__file__).parents[2]
NAMESPACE = ("unshare", "--map-root-user", "--mount")
"""What runs a command where it may mount what it likes."""


def in_namespace(script: str, *, cwd: Path) -> Ended:
    """What became of a shell script that may mount what it likes; ``$PYTHON`` has these sources."""
    command = [*NAMESPACE, "/bin/sh", "-euc", script]
    sources = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    environment = {**os.environ, "PYTHONPATH": sources, "PYTHON": shlex.quote(sys.executable)}
    try:
        done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        pytest.skip("there is no unshare(1)")
    if done.stderr.startswith(("unshare:", "mount:")):
        pytest.skip(f"no namespace can be had here: {done.stderr.strip()}")
    return Ended(done.returncode, done.stdout, done.stderr)
