"""The commands with ``--index``, as a person calls them, on the demo's library."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.demo import sample_catalogue
from indexer.demo.site import sample_folder
from tests.command import Ended

pytestmark = pytest.mark.slow

QUESTION = ("ask", "how do I design an event store", "--json", "-c", "Event strategies")


def indexer(*arguments: object, index: str = "") -> Ended:
    """Call the program; ``index`` is what its environment names."""
    surroundings = {name: value for name, value in os.environ.items() if name != "INDEXER_INDEX"}
    if index:
        surroundings["INDEXER_INDEX"] = index
    done = subprocess.run(
        [sys.executable, "-m", "indexer", *map(str, arguments)],
        env=surroundings, capture_output=True, text=True, check=False,
    )  # fmt: skip
    return Ended(done.returncode, done.stdout, done.stderr)


def told(ended: Ended) -> dict[str, object]:
    """What a command told as JSON, without what differs from call to call."""
    assert ended.code == 0, ended.err
    values: dict[str, object] = json.loads(ended.out)
    return {name: value for name, value in values.items() if not name.endswith("ms")}


def test_a_library_moves_to_milvus_and_back(
    address: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    demo_library = request.getfixturevalue("demo_library")  # made where there is a server to ask
    data, catalogue = tmp_path / "data", tmp_path / "catalogue.yaml"
    shutil.copytree(demo_library, data)
    shutil.copy(sample_catalogue(), catalogue)
    here, from_catalogue = ("--data", data), ("--data", data, "--catalogue", catalogue)

    before = told(indexer(*QUESTION, *here))
    missing = indexer(*QUESTION, *here, "--index", address)
    assert missing.code == 1
    assert "run `indexer reindex` with the same --index" in missing.err
    assert missing.err.count("\n") == 1

    assert indexer("reindex", *from_catalogue, "--index", address).code == 0
    assert rounded(told(indexer(*QUESTION, *here, "--index", address))) == rounded(before)
    questions = ("eval", "--questions", sample_folder() / "near-questions.yaml", "--json", *here)
    assert rounded(told(indexer(*questions, index=address))) == rounded(told(indexer(*questions)))
    found = indexer("doctor", *here, "--index", address).out
    assert "indexer_test: generation 1 of" in found

    link = before["results"][0]["url"]  # type: ignore[index]
    assert indexer("catalogue", "remove", link, "--catalogue", catalogue).code == 0
    crawled = told(indexer("crawl", "--offline", "--json", *from_catalogue, index=address))
    assert crawled["generation"] == 2
    after = told(indexer(*QUESTION, *here, index=address))
    assert after["generation"] == 2
    assert link not in {one["url"] for one in after["results"]}  # type: ignore[attr-defined]

    elsewhere = indexer(*QUESTION, *here)
    assert elsewhere.code == 1
    assert "generation 2 has no index there; name the one it was written to with --index" in elsewhere.err
    assert indexer("status", *here).code == 0
    assert indexer("reindex", *from_catalogue).code == 0
    assert rounded(told(indexer(*QUESTION, *here))) == rounded(after)


def rounded(value: object) -> object:
    """Values with numbers to five digits: cosines are summed up in another order elsewhere."""
    if isinstance(value, float):
        return round(value, 5)
    if isinstance(value, dict):
        return {name: rounded(one) for name, one in value.items()}
    return [rounded(one) for one in value] if isinstance(value, list) else value
