"""Asking starts at once: nothing heavy is imported before it is needed."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = {
    "torch", "transformers", "sentence_transformers", "trafilatura", "pandas", "sqlite_utils", "pydantic",
    "altair", "onnx", "lxml", "httpx", "pypdfium2", "markdown_it", "ruamel", "rapidfuzz",
}  # fmt: skip


def imported(script: str, *arguments: str) -> set[str]:
    """The top-level packages that a fresh interpreter has after running a script."""
    tail = "\nimport json, sys; print('\\n' + json.dumps(sorted({m.partition('.')[0] for m in sys.modules})))"
    command = [sys.executable, "-c", script + tail, *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return set(json.loads(ended.stdout.splitlines()[-1]))


def test_importing_the_package_or_the_command_line_costs_nothing() -> None:
    assert not imported("import indexer, indexer.cli") & (HEAVY | {"numpy", "faiss", "onnxruntime"})


def test_the_public_names_are_those_of_the_interface() -> None:
    """Also after the packages were imported, whose names must not hide them."""
    import indexer
    import indexer.cli
    import indexer.crawl
    import indexer.pipeline

    assert indexer.__all__ == ["Answer", "Config", "IndexerError", "Library", "crawl_links", "load_catalogue"]
    for name in indexer.__all__:
        assert getattr(indexer, name).__doc__


@pytest.mark.slow
def test_asking_imports_neither_torch_nor_what_crawling_needs(demo_library: Path) -> None:
    script = (
        "import sys\nfrom indexer.cli import main\n"
        "sys.argv = ['indexer', 'ask', 'how do I design an event store', '--data', sys.argv[1]]\n"
        "try:\n    main()\nexcept SystemExit as ended:\n    assert not ended.code, ended.code\n"
    )
    # FAISS is for libraries too large to compare every vector.
    assert not imported(script, str(demo_library)) & (HEAVY | {"faiss"})
