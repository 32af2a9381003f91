"""Floors under retrieval quality: what was measured must not sink unnoticed. See ``BENCHMARKS.md``."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.config import DEFAULT_MODEL, Config
from indexer.demo.site import sample_folder
from indexer.encoding import open_encoder
from indexer.evaluate.collections import build_library, load_collection
from indexer.evaluate.evaluation import ask_all
from indexer.store.snapshot import Snapshot
from tests.command import Run
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow


def test_sample_questions(run: Run, demo_library: Path) -> None:
    """Measured 0.938, 0.930, 0.90 and 0.016: two questions of 128 may be lost to another machine."""
    ended = run("eval", "--questions", sample_folder() / "questions.yaml", "--data", demo_library, "--json")
    told = json.loads(ended.out)
    assert (told["questions"], told["answerable"]) == (138, 128)
    assert told["page@1"] >= 0.92
    assert told["heading@3"] >= 0.91
    assert told["told_unanswerable"] >= 0.85
    assert told["refused_answerable"] <= 0.05
    assert told["states"]["answers"]["right"] >= 0.95  # measured 0.98, and 0.79 of those told "may answer"


def test_questions_near_the_samples_topics(run: Run, demo_library: Path) -> None:
    """Measured 0.60: two questions of 40 may be lost to another machine."""
    file = sample_folder() / "near-questions.yaml"
    told = json.loads(run("eval", "--questions", file, "--data", demo_library, "--json").out)
    assert (told["questions"], told["answerable"]) == (40, 0)
    assert told["told_unanswerable"] >= 0.55
    assert told["states"]["answers"]["questions"] <= 8  # measured 6


def test_a_collection(demo_library: Path, tmp_path: Path) -> None:
    """Every third question of Cranfield, on the documents judged for them and every fifth other."""
    whole = load_collection(shared_data("ir/cranfield"))
    assert whole.digest == "fe1f5ccb008c5cc0", "another edition of the collection"
    asked = dict(list(whole.queries.items())[::3])
    judged = {document for name in asked for document in whole.judgements[name]}
    documents = tuple(d for place, d in enumerate(whole.documents) if d.id in judged or place % 5 == 0)
    judgements = {name: whole.judgements[name] for name in asked}
    collection = replace(whole, documents=documents, queries=asked, judgements=judgements)
    encoder = open_encoder(Config(), DEFAULT_MODEL)
    built = build_library(collection, encoder, model=DEFAULT_MODEL, config=Config().passages, cache=tmp_path)
    with Snapshot(built.folder) as snapshot:
        found = {
            mode: ask_all(collection, snapshot, encoder, Config().search, mode=mode).interval("ndcg@10").mean
            for mode in ("hybrid", "lexical", "dense")
        }
    assert found["hybrid"] >= 0.455  # measured 0.466, the lists alone 0.386 and 0.405
    assert found["hybrid"] >= found["lexical"] + 0.06
    assert found["hybrid"] >= found["dense"] + 0.045


def test_what_was_corrected_is_said_beside_the_answer(run: Run, demo_library: Path) -> None:
    """On stderr, so that JSON on stdout stays whole; not after ``-q``."""
    question = ("ask", "append only event stroe", "--json", "--data", demo_library)
    ended = run(*question)
    assert "stroe" in ended.err
    assert any("stroe" in notice for notice in json.loads(ended.out)["notices"])
    assert run(*question, "-q").err == ""
