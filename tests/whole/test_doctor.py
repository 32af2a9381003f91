"""`indexer doctor` finds what is wrong before a search does, and says what mends it."""

from __future__ import annotations

import json
import shutil
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tests.command import Ended, Run
from tests.store.shelving import change_rows


def findings(ended: Ended) -> dict[str, dict[str, Any]]:
    return {found["subject"].split()[0]: found for found in json.loads(ended.out)["findings"]}


@pytest.fixture
def library(demo_library: Path, tmp_path: Path) -> Path:
    """A copy of the demo library, to break."""
    return Path(shutil.copytree(demo_library, tmp_path / "data"))


def test_no_library_is_found_and_said(run: Run, tmp_path: Path) -> None:
    ended = run("doctor", "--data", tmp_path / "none", "--json")
    assert ended.code == 1
    assert "indexer crawl" in findings(ended)["library"]["mend"]
    assert not (tmp_path / "none" / "library.db").exists()


@pytest.mark.slow
def test_a_sound_library_has_nothing_wrong(run: Run, library: Path) -> None:
    ended = run("doctor", "--data", library)
    assert ended.code == 0, ended.out
    assert "WRONG" not in ended.out
    for told in (
        "exported",
        "SQLite's check passes",
        "all as they were written",
        "exact",
        "the same passages",
        "this extraction",
    ):
        assert told in ended.out


@pytest.mark.slow
def test_a_lost_segment_is_found_and_reindex_mends_it(run: Run, library: Path) -> None:
    next((library / "segments").glob("*/vectors.faiss")).unlink()
    ended = run("doctor", "--data", library, "--json")
    assert ended.code == 1
    assert "indexer reindex" in findings(ended)["index"]["mend"]


@pytest.mark.slow
def test_passages_that_the_index_does_not_have_are_found(run: Run, library: Path) -> None:
    with sqlite3.connect(library / "library.db") as connection:
        change_rows(connection, "passages", "SET id = id + 100000 WHERE id IN (SELECT max(id) FROM passages)")
    ended = run("doctor", "--data", library, "--json")
    assert ended.code == 1
    wrong = [found for found in json.loads(ended.out)["findings"] if not found["good"]]
    assert [found["subject"] for found in wrong] == ["index and library"]


@pytest.mark.slow
def test_an_index_of_another_making_is_stale(run: Run, library: Path) -> None:
    with sqlite3.connect(library / "library.db") as connection:
        change_rows(connection, "generations", "SET fingerprint = 'older'")
    ended = run("doctor", "--data", library, "--json")
    assert ended.code == 1
    assert "indexer reindex" in findings(ended)["freshness"]["mend"]


@pytest.mark.slow
def test_a_model_that_cannot_be_had_is_said(run: Run, library: Path, tmp_path: Path) -> None:
    ended = run("doctor", "--data", library, "--model", tmp_path / "no-model", "--json")
    assert ended.code == 1
    assert not findings(ended)["model"]["good"]


@pytest.mark.parametrize("command", ["show", "history", "similar"])
def test_a_password_in_an_address_that_is_asked_for_is_not_shown(
    run: Run, demo_library: Path, command: str
) -> None:
    ended = run(command, "https://me:hunter2@a.example/", "--data", demo_library)
    assert ended.code == 2
    assert "https://a.example/" in ended.err
    assert "hunter2" not in ended.err


def test_doctor_names_the_proxy_without_its_password(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    assert "ok    proxy: none" in run("doctor", "--data", tmp_path).out
    monkeypatch.setenv("HTTPS_PROXY", "http://me:hunter2@proxy.example:3128")
    told = run("doctor", "--data", tmp_path).out
    assert "HTTPS_PROXY has proxy.example:3128 for https" in told
    assert "hunter2" not in told


@pytest.mark.slow
def test_repair_makes_a_lost_segment_again_and_leaves_strays(run: Run, library: Path) -> None:
    next((library / "segments").glob("*/vectors.faiss")).unlink()
    stray = library / "segments" / "00000001 copy.partial"
    stray.mkdir()
    ended = run("doctor", "--repair", "--data", library)
    assert ended.code == 0, ended.out
    assert "made the index of generation 1 again" in ended.out
    assert "00000001 copy.partial" in ended.out
    assert stray.is_dir()
    assert "nothing was made again" in run("doctor", "--repair", "--data", library).out


@pytest.mark.slow
def test_repair_never_touches_a_damaged_library(run: Run, library: Path) -> None:
    next((library / "segments").glob("*/vectors.faiss")).unlink()
    with (library / "library.db").open("r+b") as file:
        file.seek(40 * 8192)
        file.write(b"\xff" * 8192 * 3)
    before = (library / "library.db").read_bytes()
    ended = run("doctor", "--repair", "--data", library, "--json")
    assert ended.code == 1
    assert json.loads(ended.out)["repaired"] == ""
    assert "indexer restore" in findings(ended)["library"]["mend"]
    assert (library / "library.db").read_bytes() == before
