"""An export is made once for all libraries of a user, also by two processes that need it at the same time."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from indexer.config import DEFAULT_MODEL

pytestmark = pytest.mark.slow  # the real model is exported

LOADS = """
import json, sys
from pathlib import Path
from indexer.embed import export, load_encoder
made, make = [], export.make_export
export.make_export = lambda *arguments: made.append(1) or make(*arguments)
encoder = load_encoder(sys.argv[1], exports=Path(sys.argv[2]))
vector = encoder.encode_query("event store").tolist()
kind = type(encoder).__name__
print(json.dumps({"kind": kind, "vector": vector, "made": len(made), "torch": "torch" in sys.modules}))
"""


def start(exports: Path) -> subprocess.Popen[str]:
    """A process that loads the default model, and says how it went."""
    command = [sys.executable, "-c", LOADS, DEFAULT_MODEL, str(exports)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def test_two_processes_at_once_make_one_export_and_both_use_it(tmp_path: Path) -> None:
    ended = []
    for process in [start(tmp_path / "models") for _ in range(2)]:
        out, told = process.communicate()
        assert process.returncode == 0, told
        ended.append(json.loads(out.splitlines()[-1]))
    assert [answer["kind"] for answer in ended] == ["ExportedEncoder", "ExportedEncoder"]
    assert ended[0]["vector"] == ended[1]["vector"]
    assert sum(answer["made"] for answer in ended) == 1
    assert not any(answer["torch"] for answer in ended), "it is made by a process that ends"


def test_a_cache_that_cannot_be_written_costs_speed_and_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    process = start(tmp_path / "file" / "models")
    out, told = process.communicate()
    assert process.returncode == 0, told
    assert json.loads(out.splitlines()[-1])["kind"] == "SentenceEncoder"
    assert "runs slowly" in told
