"""The hostile catalogue through the installed program: it succeeds, within bounds of time and memory."""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from indexer.catalogue import load
from indexer.store import inspection
from tests.replaying import replaying
from tests.whole.crowd import HOSTILE_URL, crowded
from tests.whole.large_web import Program

HOSTILE = Path(__file__).parents[1] / "replay" / "hostile-catalogue.yaml"
INTERNAL = {"127.0.0.1", "localhost", "::1", "0.0.0.0", "2130706433", "169.254.169.254"}
MOST_MEMORY = 1 << 30
"""Bytes of all processes together; one of the pages unpacks to as much by itself."""
MOST_SECONDS = 15 * 60
"""Far above what the pauses for the 34 addresses of one host and its silent pages come to."""


@pytest.mark.slow
def test_hostile_pages_cost_neither_the_run_nor_the_machine(tmp_path: Path, demo_library: Path) -> None:
    """The model's export, which takes more memory to make, was made for the demo."""
    options = ("--catalogue", HOSTILE, "--data", tmp_path / "data")
    with replaying(1, tmp_path) as web:
        program = Program("crawl", "--json", *options, environment=web.environment)
        code, out, err = program.wait()
        entries = web.entries()
    assert code == 0, err
    assert program.peak < MOST_MEMORY
    assert json.loads(out)["seconds"] < MOST_SECONDS
    assert not {entry["url"] for entry in entries if urlsplit(entry["url"]).hostname in INTERNAL}
    links = load(HOSTILE).links
    states = {state.url: state for state in inspection.status(tmp_path / "data", links)}
    assert all(states[link.url].verdict for link in links), "every link ends with a verdict"
    wanted = {link.url: link.note.removeprefix("wanted: ").partition(",")[0] for link in links}
    held = {url for url, state in states.items() if state.words}
    good = {url for url, word in wanted.items() if word == "good"}
    may_be = {url for url, word in wanted.items() if "good" in word.split()}
    assert good <= held <= may_be


@pytest.mark.slow
@pytest.mark.parametrize("unit", ["!", "<h2>h</h2>"])
def test_ten_megabytes_of_one_token_cost_themselves(unit: str, tmp_path: Path, demo_library: Path) -> None:
    """Twenty good pages beside it are published by the same run, whatever becomes of the bad one."""
    crowd = crowded(tmp_path, unit)
    assert crowd.peak < MOST_MEMORY
    bad = crowd.states.pop(HOSTILE_URL)
    assert all(state.passages for state in crowd.states.values())
    assert bad.passages or bad.reason, "it is told why it has none"
