"""`indexer similar`: from an article, or from a result, to others that speak of the same."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Run

pytestmark = pytest.mark.slow  # the demo's library, for vectors that mean something

C4 = "https://c4model.com/"


def test_an_address_leads_to_articles_near_to_it(run: Run, demo_library: Path) -> None:
    ended = run("similar", C4, "-k", "3", "--data", demo_library)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.startswith("Speaking of the same as The C4 Model in Brief:\n\n  1  C4 Model: ")
    assert "\n  3  " in ended.out
    assert "\n  4  " not in ended.out


def test_its_numbers_go_on_from_there(
    run: Run, demo_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEXER_CACHE", str(tmp_path))
    monkeypatch.setenv("BROWSER", "echo opened %s")
    told = json.loads(run("similar", C4, "--data", demo_library, "--json").out)
    assert "no last answer" in run("open", 1).err
    run("similar", C4, "--data", demo_library)
    second = told["results"][1]
    assert run("open", 2).code == 0
    assert run("show", 2).out.startswith(f"{second['title']}\n")
    again = json.loads(run("similar", 2, "--json").out)
    assert again["to"] == second["title"]
    assert second["title"] not in [result["title"] for result in again["results"]]


def test_json_is_what_python_has(run: Run, demo_library: Path) -> None:
    told = json.loads(run("similar", C4, "-k", "2", "--data", demo_library, "--json").out)
    assert told["to"] == "The C4 Model in Brief"
    assert [result["rank"] for result in told["results"]] == [1, 2]
    assert {"title", "text", "url", "link", "passage_id"} <= set(told["results"][0])


def test_a_wrong_address_or_number_is_one_line(run: Run, demo_library: Path) -> None:
    ended = run("similar", C4[:-1], "--data", demo_library)
    assert (ended.code, ended.out) == (2, "")
    assert f"did you mean '{C4}'" in ended.err
    assert run("similar", C4, "-k", "0", "--data", demo_library).code == 2
