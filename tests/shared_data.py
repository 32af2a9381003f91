"""Third-party collections for measuring, which are not part of the repository."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

BESIDE = Path(__file__).parents[2] / "shared" / "data"


def shared_data(name: str) -> Path:
    """A collection's folder, from ``INDEXER_SHARED_DATA`` or beside the repository; else the test skips."""
    folder = Path(os.environ.get("INDEXER_SHARED_DATA", BESIDE)) / name
    if not folder.is_dir():
        pytest.skip(f"{name} is not there; set INDEXER_SHARED_DATA to the folder that holds it")
    return folder
