"""Reading and measuring a collection, and refusing what is none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from indexer.config import Config
from indexer.errors import UsageError
from indexer.evaluate.collections import build_library, load_collection
from indexer.evaluate.evaluation import evaluate_collection
from indexer.evaluate.metrics import compare, interval
from indexer.store.database import Database
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder

DOCUMENTS = {
    "a": ("Locks", "A lock is set with an expiry."),
    "b": ("Streams", "An event stream is an ordered log."),
    "c": ("Bread rises slowly", ""),
}
QUERIES = {"1": "expiry of a lock", "2": "ordered event log", "3": "bread", "4": "judged by nobody"}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "small"
    made.mkdir()
    rows = [{"_id": name, "title": title, "text": text} for name, (title, text) in DOCUMENTS.items()]
    (made / "corpus.jsonl").write_text("\n".join(map(json.dumps, rows)))
    asked = [{"id": name, "text": text} for name, text in QUERIES.items()]
    (made / "queries.jsonl").write_text("\n".join(map(json.dumps, asked)))
    (made / "qrels.tsv").write_text("query-id\tdoc-id\tgrade\n1\ta\t1\n2\tb\t2\n3\tc\t1\n1\tb\t0\n")
    return made


def test_a_perfect_run_measures_one_and_the_second_is_not_indexed_again(folder: Path, tmp_path: Path) -> None:
    encoder = HashEncoder()

    def measure() -> dict[str, Any]:
        return evaluate_collection(
            folder, encoder, Config(), model="hash", cache=tmp_path / "cache"
        ).to_json()

    told = measure()
    assert (told["documents"], told["queries"]) == (3, 3)
    assert told["ndcg@10"] == told["mrr@10"] == told["recall@10"] == told["recall@100"] == 1.0
    embedded = encoder.texts_encoded
    assert measure()["ndcg@10"] == 1.0
    assert encoder.texts_encoded == embedded


def test_an_index_that_an_older_version_wrote_is_made_again(folder: Path, tmp_path: Path) -> None:
    """Its migration lists no segments; nothing is embedded again."""
    encoder, collection = HashEncoder(), load_collection(folder)

    def build() -> Path:
        passages = Config().passages
        return build_library(
            collection, encoder, model="hash", config=passages, cache=tmp_path / "cache"
        ).folder

    with Database(build()) as database, database.atomic() as tables:
        tables.table("segments").delete_where()
    embedded = encoder.texts_encoded
    with Snapshot(build()) as snapshot:
        assert snapshot.lexical(["expiry"], limit=5)
    assert encoder.texts_encoded == embedded


def test_header_line_or_none(folder: Path) -> None:
    path = folder / "qrels.tsv"
    with_header = load_collection(folder).judgements
    path.write_text(path.read_text().split("\n", 1)[1])
    assert load_collection(folder).judgements == with_header


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl"])
def test_a_broken_line_is_named(folder: Path, name: str) -> None:
    with (folder / name).open("a") as file:
        file.write("\n{broken")
    with pytest.raises(UsageError, match=rf"{name}:\d+"):
        load_collection(folder)


def test_a_folder_that_is_no_collection(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"qrels\.tsv|corpus\.jsonl"):
        load_collection(tmp_path)


def test_the_interval_holds_the_mean_and_narrows_with_queries() -> None:
    values = np.tile([0.0, 1.0], 20)
    few, many = interval(values), interval(np.tile(values, 20))
    assert few.low < few.mean < few.high
    assert many.high - many.low < few.high - few.low


def test_a_comparison_names_what_changed_most() -> None:
    change = compare(["x", "y", "z"], np.array([0.5, 0.5, 0.5]), np.array([0.5, 0.1, 0.6]))
    assert (change.gained, change.lost) == (1, 1)
    assert change.largest[0][0] == "y"


def test_failing_queries_are_named_with_what_came_first(folder: Path, tmp_path: Path) -> None:
    (folder / "qrels.tsv").write_text("1\ta\t1\n2\tc\t2\n3\tc\t1\n")
    report = evaluate_collection(folder, HashEncoder(), Config(), model="hash", cache=tmp_path / "cache")
    [failure] = report.failures()
    assert failure.question == QUERIES["2"]
    assert failure.expected == ({"document": "c", "title": "Bread rises slowly"},)
    assert failure.first == {"document": "b", "title": "Streams"}
