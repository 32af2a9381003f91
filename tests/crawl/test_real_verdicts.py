"""What is claimed of real pages is true."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.shared_data import shared_data

ROOT = Path(__file__).parents[2]
KNOWN = {
    "4897": "the page says itself that its content is reserved for members",
}
"""Claims that a person has looked at, and why they are true."""


@pytest.mark.slow
def test_no_real_page_is_called_thin_empty_paid_or_asking_for_consent() -> None:
    collection = shared_data("extraction/wcxb")
    command = [sys.executable, str(ROOT / "benchmarks" / "verdicts.py"), str(collection), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    pages = json.loads(done.stdout)
    assert len(pages) == 513
    walls = {"consent", "thin", "empty", "paywall", "bot_wall", "soft_404"}
    assert [page for page in pages if page["verdict"] in walls and page["page"] not in KNOWN] == []
    hidden = [page for page in pages if page["verdict"] == "script_only" and page["visible"] >= 50]
    assert hidden == [], "a page that shows its text needs no script for it"
    good = sum(page["verdict"] in ("ok", "moved") for page in pages)
    assert good >= 485
