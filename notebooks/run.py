"""Run the notebooks on the library that INDEXER_DATA names, and keep what they show.

Charts are kept as pictures, which pages without scripts show too; opened in JupyterLab and run, they are
charts again. Without INDEXER_DATA it is the demo's library, whose outputs are the ones in the repository.
"""

from __future__ import annotations

import base64
import io
import sys
from pathlib import Path

import nbformat
import vl_convert
from nbclient import NotebookClient
from PIL import Image

CHART = "application/vnd.vegalite.v5+json"


def run(path: Path) -> nbformat.NotebookNode:
    """The notebook with the outputs of a run from top to bottom, charts as pictures."""
    notebook = nbformat.read(path, 4)
    NotebookClient(
        notebook, timeout=600, record_timing=False, resources={"metadata": {"path": str(path.parent)}}
    ).execute()
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            if chart := output.get("data", {}).pop(CHART, None):
                output["data"]["image/png"] = picture(chart)
    return notebook


def picture(chart: dict[str, object]) -> str:
    """A chart as a small PNG in base64, drawn by the Vega-Lite that JupyterLab has, or its nearest kin."""
    drawn = Image.open(io.BytesIO(vl_convert.vegalite_to_png(chart, vl_version="5.8", scale=1.25)))
    packed = io.BytesIO()
    drawn.quantize(128, method=Image.Quantize.FASTOCTREE).save(packed, "png", optimize=True)
    return base64.b64encode(packed.getvalue()).decode()


def main() -> None:
    """Run those that are named, or all."""
    here = Path(__file__).parent
    for path in [Path(name) for name in sys.argv[1:]] or sorted(here.glob("*.ipynb")):
        notebook = run(path)
        notebook.metadata.language_info.pop("version", None)  # whoever runs it next has another
        nbformat.write(notebook, path)


if __name__ == "__main__":
    main()
