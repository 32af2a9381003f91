"""`indexer eval` as a user calls it: what failed, what another setting does, what reranking costs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.command import Run
from tests.embed.tiny import tiny_transformer

pytestmark = pytest.mark.slow

STORE = "https://towardsdatascience.com/the-design-of-an-event-store-8c751c47db6f"


@pytest.fixture
def questions(tmp_path: Path) -> Path:
    """One question that is answered, one whose page is another, and one that nothing answers."""
    file = tmp_path / "questions.yaml"
    file.write_text(
        f"- question: how do I design an event store\n  relevant: [{{url: '{STORE}'}}]\n"
        f"- question: when is a Redis lock safe\n  relevant: [{{url: '{STORE}', heading: Requirements}}]\n"
        "- question: how long must sourdough rise in the oven\n  relevant: []\n"
    )
    return file


def test_failures_are_named_in_json_and_for_a_person(run: Run, demo_library: Path, questions: Path) -> None:
    asked = ("eval", "--questions", questions, "--data", demo_library, "--failures", "5")
    told = json.loads(run(*asked, "--json").out)
    [failure] = told["failures"]
    assert told["failed"] == 1
    assert failure["question"] == "when is a Redis lock safe"
    assert failure["expected"] == [{"url": STORE, "heading": "Requirements"}]
    assert "redis.io" in failure["first"]["url"]
    shown = run(*asked).out
    assert all(text in shown for text in ("1 failed", failure["question"], STORE, failure["first"]["title"]))


def test_without_being_asked_for_failures_none_are_told(
    run: Run, demo_library: Path, questions: Path
) -> None:
    told = json.loads(run("eval", "--questions", questions, "--data", demo_library, "--json").out)
    assert not {"failures", "against", "rerank"} & told.keys()


@pytest.mark.parametrize("setting", ["mode=dense", "lexical_weight=0.3"])
def test_two_settings_side_by_side(run: Run, demo_library: Path, questions: Path, setting: str) -> None:
    asked = ("eval", "--questions", questions, "--data", demo_library, "--against", setting)
    told = json.loads(run(*asked, "--json").out)
    for name in ("page@1", "heading@3"):
        compared = told["against"][name]
        assert compared["there"] + compared["difference"] == pytest.approx(told[name], abs=1e-3)
        low, high = compared["interval"]
        assert low <= compared["difference"] <= high
    assert f"against {setting}" in run(*asked).out


def test_a_setting_that_is_none_ends_before_anything_is_asked(run: Run, tmp_path: Path) -> None:
    ended = run("eval", "--collection", tmp_path, "--against", "lexcal_weight=1", "--data", tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "did you mean 'lexical_weight'" in ended.err


def test_reranking_is_measured_with_the_cross_encoder_that_is_named(
    run: Run, demo_library: Path, questions: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its weights are random: that it reads every question is what counts, and how long that takes."""
    tiny_transformer(tmp_path / "reranker", classifier=True)
    monkeypatch.setenv("INDEXER_RERANKER", str(tmp_path / "reranker"))
    asked = ("eval", "--questions", questions, "--data", demo_library, "--rerank")
    told = json.loads(run(*asked, "--against", "rerank=no", "--json").out)
    assert told["rerank"]["model"] == str(tmp_path / "reranker")
    assert 0 < told["rerank"]["p50_ms"] <= told["rerank"]["p95_ms"] < told["p95_ms"]
    assert told["against"]["page@1"]["there"] == 0.5
    assert "rerank" in run(*asked).out
    answer = json.loads(
        run("ask", "event store", "--rerank", "--explain", "--json", "--data", demo_library).out
    )
    assert all("rerank" in result["explain"] for result in answer["results"])


def test_a_cross_encoder_that_is_missing_is_no_measurement(
    run: Run, demo_library: Path, questions: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("INDEXER_RERANKER", "no/such-model")
    ended = run("eval", "--questions", questions, "--data", demo_library, "--rerank", "--json")
    assert (ended.code, ended.out) == (1, "")
    assert "INDEXER_RERANKER" in ended.err
