"""A full disk, a read-only folder, an output that takes nothing: told in a line, and nothing is lost."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome
from tests.trust.machine import ROOT, in_namespace

pytestmark = pytest.mark.slow  # each is a process of its own

LINK = Link("https://example.org/a", "Patterns")
ASK = "$PYTHON -m indexer ask events --mode lexical --data"
SMALL_DISK = """
mkdir disk
mount -t tmpfs -o size={size}k tmpfs disk
$PYTHON -m tests.store.filling disk/data 40 > first 2> first-err && code=0 || code=$?
echo $code
ls -AR disk/data > left
mount -t tmpfs -o remount,size=100m tmpfs disk
$PYTHON -m tests.store.filling disk/data 40
$PYTHON -m tests.store.whole disk/data
"""


@pytest.fixture
def library(shelf: Shelf) -> Path:
    shelf.log().record(outcome(LINK, article("An event store appends events.", title="Ünïcode 🙂")))
    shelf.publish(LINK)
    return shelf.folder


@pytest.mark.parametrize("size", [8, 96, 400])
def test_a_full_disk_is_told_and_the_next_run_goes_on(tmp_path: Path, size: int) -> None:
    ended = in_namespace(SMALL_DISK.format(size=size), cwd=tmp_path)
    assert ended.err == ""
    assert ended.out.split() == ["1", "1", "ok"], "it failed, then it published, and all is whole"
    [told] = (tmp_path / "first-err").read_text().splitlines()
    assert re.match("indexer: (NoRoom|NotWritable): .*disk.*(full|No space left)", told)
    assert "partial" not in (tmp_path / "left").read_text()


@pytest.mark.parametrize("log", ["", "a log that was not taken in yet"])
def test_a_library_that_may_not_be_written_answers(
    library: Path, shelf: Shelf, tmp_path: Path, log: str
) -> None:
    if not log:
        shelf.database.close()  # the last one that goes takes the log in
    script = f"mount --bind {library} {library}; mount -o remount,ro,bind {library}; {ASK} {library}"
    ended = in_namespace(script, cwd=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "An event store appends events." in ended.out
    (tmp_path / "catalogue.yaml").write_text(f"categories: {{Patterns: [{LINK.url}]}}")
    ended = in_namespace(f"{script} > /dev/null; $PYTHON -m indexer reindex --data {library}", cwd=tmp_path)
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
    assert "cannot be written" in ended.err


def test_an_output_that_is_full_is_told(library: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full")
    with Path("/dev/full").open("w") as full:
        ended = asked(library, stdout=full)
    assert ended.returncode == 1
    [told] = ended.stderr.splitlines()
    assert told.startswith(b"indexer: the output cannot be written (No space left on device); make room")


@pytest.mark.parametrize("form", [[], ["--json"], ["--format", "jsonl"], ["--format", "csv"]])
def test_a_stream_that_takes_ascii_alone_is_written_all_the_same(library: Path, form: list[str]) -> None:
    ended = asked(
        library, *form, stdout=subprocess.PIPE, PYTHONIOENCODING="ascii", PYTHONUTF8="0", LC_ALL="C"
    )
    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"An event store appends events." in ended.stdout
    if "json" in "".join(form):
        text = ended.stdout if form == ["--json"] else ended.stdout.splitlines()[0]
        assert "Ünïcode 🙂" in json.dumps(json.loads(text), ensure_ascii=False)


def asked(
    library: Path, *form: str, stdout: int | IO[str], **environment: str
) -> subprocess.CompletedProcess[bytes]:
    """A question asked by a process of its own."""
    command = [sys.executable, "-m", "indexer", "ask", "events", "--mode", "lexical", "--data", str(library)]
    return subprocess.run(
        [*command, *form], env={**os.environ, **environment}, cwd=ROOT,
        stdout=stdout, stderr=subprocess.PIPE, check=False,
    )  # fmt: skip
