"""The notebook runs from top to bottom on the demo library, as a reader of the README would run it."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "explore.ipynb"


@pytest.mark.slow
def test_the_notebook_runs(demo_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEXER_DATA", str(demo_library))
    notebook = nbformat.read(NOTEBOOK, 4)
    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(NOTEBOOK.parent)}}).execute()
    shown = [
        output["data"] for cell in notebook.cells for output in cell.get("outputs", []) if "data" in output
    ]
    assert any("image/png" in data for data in shown)
    assert any("How to design an event store" in data.get("text/html", "") for data in shown)


def test_its_committed_outputs_are_small_and_name_no_machine() -> None:
    text = NOTEBOOK.read_text(encoding="utf-8")
    assert len(text) < 150_000
    assert str(NOTEBOOK.parents[1]) not in text
