"""Measuring questions on one's own library, and refusing what is no question file."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.config import Config
from indexer.errors import UsageError
from indexer.evaluate.collections import Collection, Document, build_library
from indexer.evaluate.evaluation import QuestionReport, compare_reports, evaluate_questions
from indexer.search.answer import State
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder

Measure = Callable[[str], QuestionReport]
DOCUMENTS = (
    Document("locks", "Distributed locks", "A lock is set with an expiry.\n\nA fencing token guards writes."),
    Document("streams", "Event streams", "An event stream is an ordered log of facts."),
    Document("bread", "Baking bread", "Bread rises slowly."),
)


@pytest.fixture
def measure(tmp_path: Path) -> Measure:
    """Asks a library of three documents the questions of a YAML text."""

    def run(text: str) -> QuestionReport:
        encoder, file = HashEncoder(), tmp_path / "questions.yaml"
        file.write_text(text, encoding="utf-8")
        collection = Collection("small", DOCUMENTS, {}, {}, "0")
        built = build_library(collection, encoder, model="hash", config=Config().passages, cache=tmp_path)
        with Snapshot(built.folder) as snapshot:
            return evaluate_questions(file, snapshot, encoder, Config())

    return run


def question(text: str, *places: str) -> str:
    listed = "".join(f"\n  - {place}" for place in places)
    return f"- question: {text}\n  relevant: {listed or '[]'}\n"


def test_right_wrong_and_refused_are_told_apart(measure: Measure) -> None:
    """One question is answered, one expects another page, one other heading, one has no answer."""
    told = measure(
        question("expiry of a lock", "{url: 'document:locks', heading: Distributed locks}")
        + question("ordered log of facts", "{url: 'document:bread', heading: Rye}")
        + question("fencing token", "{url: 'document:locks', heading: No such heading}")
        + question("quantum chromodynamics lattice")
    ).to_json()
    assert (told["questions"], told["answerable"]) == (4, 3)
    assert told["page@1"] == pytest.approx(2 / 3, abs=1e-3)
    assert told["heading@3"] == pytest.approx(1 / 3, abs=1e-3)
    assert told["told_unanswerable"] == told["refusal_precision"] == 1.0
    assert told["refused_answerable"] == 0.0
    low, high = told["intervals"]["page@1"]
    assert low <= told["page@1"] <= high


def test_ranks_say_where_the_expected_place_came(measure: Measure) -> None:
    found = measure(question("lock expiry", "{url: 'document:bread'}", "{url: 'document:locks'}")).outcomes[0]
    assert (found.page_rank, found.heading_rank, found.answered) == (1, 1, True)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "not a list"),
        ("question: one", "not a list"),
        ("- question: [unclosed", "cannot be read"),
        ("- question: fine\n- relevant: []", "entry 2"),
        ("- question: fine\n  relevant: [{heading: no url}]", "entry 1"),
    ],
)
def test_a_file_of_something_else_is_named(measure: Measure, text: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        measure(text)


BREAD = "{url: 'document:bread', heading: Rye}"
MIXED = (
    question("expiry of a lock", "{url: 'document:locks', heading: Distributed locks}")
    + question("fencing token", "{url: 'document:locks', heading: No such heading}")
    + question("an ordered log of facts, and a lock")
    + question("ordered log of facts", BREAD)
    + question("quantum chromodynamics lattice")
)


def test_failing_questions_are_named_the_worst_first(measure: Measure) -> None:
    """What was expected stands beside what came first; what went right is not among them."""
    failures = measure(MIXED).failures()
    assert [failure.question for failure in failures] == [
        "ordered log of facts",
        "fencing token",
        "an ordered log of facts, and a lock",
    ]
    assert failures[0].expected == ({"url": "document:bread", "heading": "Rye"},)
    assert failures[0].first["url"] == "document:streams"
    assert "told" in failures[2].why


def test_each_state_says_how_often_it_was_right(measure: Measure) -> None:
    told = measure(MIXED).to_json()["states"]
    assert list(told) == ["answers", "may answer", "nothing answers"]
    assert sum(state["questions"] for state in told.values()) == 5
    assert told["nothing answers"] == {"questions": 1, "right": 1.0}


def test_two_settings_are_compared_question_by_question(measure: Measure) -> None:
    """A bound that nothing reaches refuses every question: that is worse for all that are answerable."""
    usual = measure(MIXED)
    refusing = QuestionReport(
        tuple(replace(result, state=State.NOTHING_ANSWERS) for result in usual.outcomes), "hybrid", "hash"
    )
    told = compare_reports(refusing, usual)
    assert (told["page@1"]["better"], told["page@1"]["worse"]) == (0, 0)
    assert (told["told_right"]["better"], told["told_right"]["worse"]) == (1, 3)
    assert told["told_right"]["difference"] == pytest.approx(-2 / 5, abs=1e-3)
    assert told["told_right"]["there"] == pytest.approx(4 / 5, abs=1e-3)
    assert {one["difference"] for one in told["told_right"]["largest"]} == {1.0, -1.0}
