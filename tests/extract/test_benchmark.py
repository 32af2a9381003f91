"""The floor under extraction, on real pages with gold text."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import shared_data

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
def test_the_text_that_reaches_the_passages_is_the_article() -> None:
    """181 real pages, no failure: F1 at least 0.955; trafilatura alone measures its published 0.960."""
    collection = shared_data("extraction/article-extraction-benchmark")
    command = [sys.executable, str(ROOT / "benchmarks" / "extraction.py"), str(collection), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    report = json.loads(done.stdout)
    assert report["trafilatura"]["f1"] == pytest.approx(0.960, abs=0.003)
    assert report["passages"]["f1"] >= 0.955
