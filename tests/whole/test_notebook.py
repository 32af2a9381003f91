"""The notebooks run from top to bottom on the demo and on real pages, as a reader of the README runs them."""

from __future__ import annotations

import gzip
import json
import runpy
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import nbformat
import pandas as pd
import pytest

from indexer import Config, crawl_links
from indexer.config import CrawlConfig
from indexer.records import Link
from tests.shared_data import shared_data

NOTEBOOKS = Path(__file__).parents[2] / "notebooks"
NAMES = ("ask-and-explore", "map-of-the-library", "quality-and-nights")
EVERY = 20
"""So many-th of the 513 real pages are read here: 26 pages, half a minute. All of them take eight."""


@pytest.fixture(autouse=True)
def one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """For scikit-learn, whose threads wait for each other busily where other tests have the processors."""
    monkeypatch.setenv("OMP_NUM_THREADS", "1")


def run(name: str) -> Any:
    """A notebook after a run, its charts as pictures."""
    return runpy.run_path(str(NOTEBOOKS / "run.py"))["run"](NOTEBOOKS / f"{name}.ipynb")


def shown(notebook: Any) -> Iterator[tuple[str, str]]:
    """What its cells show: each the kind, and the thing itself."""
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            yield from output.get("data", {output["output_type"]: output.get("text", "")}).items()


def pictures_wanted(notebook: Any) -> int:
    """In how many of its cells a chart is drawn."""
    return sum("alt.Chart(" in cell.source for cell in notebook.cells)


@pytest.fixture(scope="module")
def real_pages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library of real pages of seven kinds, each kind a category; one has gone."""
    folder = shared_data("extraction/wcxb")
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    pages = {f"https://{name}.example/": name for name in list(truth)[::EVERY]}

    def answer(request: httpx.Request) -> httpx.Response:
        if str(request.url) not in list(pages)[1:]:
            return httpx.Response(404, stream=httpx.ByteStream(b""))
        packed = (folder / "html" / f"{pages[str(request.url)]}.html.gz").read_bytes()
        body = httpx.ByteStream(gzip.decompress(packed))
        return httpx.Response(200, stream=body, headers={"content-type": "text/html; charset=utf-8"})

    links = [Link(url, truth[name]["type"], archive=False) for url, name in pages.items()]
    library = tmp_path_factory.mktemp("real-pages")
    config = Config(data=library, crawl=CrawlConfig(delay=0.0))
    crawl_links(links, config, transport=httpx.MockTransport(answer))
    return library


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_on_the_demo(name: str, demo_library: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEXER_DATA", str(demo_library))
    ran = run(name)
    kept = nbformat.read(NOTEBOOKS / f"{name}.ipynb", 4)
    assert Counter(kind for kind, _ in shown(ran)) == Counter(kind for kind, _ in shown(kept))


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_on_real_pages(name: str, real_pages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INDEXER_DATA", str(real_pages))
    ran = run(name)
    kinds = Counter(kind for kind, _ in shown(ran))
    assert kinds["image/png"] == pictures_wanted(ran)
    if name == "quality-and-nights":
        assert any("gone" in text for kind, text in shown(ran) if kind == "text/html")


@pytest.mark.parametrize("name", NAMES)
def test_what_is_kept_is_small_and_names_no_machine(name: str) -> None:
    text = (NOTEBOOKS / f"{name}.ipynb").read_text(encoding="utf-8")
    assert len(text) < 150_000
    assert str(NOTEBOOKS.parent) not in text
    assert str(Path.home()) not in text
    kept = nbformat.reads(text, 4)
    cells = [cell for cell in kept.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = list(shown(kept))
    assert {kind for kind, _ in outputs} == {"image/png", "text/html", "text/plain"}  # no errors, no warnings
    assert all(len(told) < 500 for kind, told in outputs if kind == "text/plain")


def test_nothing_from_a_page_runs_in_their_tables() -> None:
    charts = runpy.run_path(str(NOTEBOOKS / "charts.py"))
    told = charts["plain_table"](pd.DataFrame({"title": ["<script>alert(1)</script>", "a & b"]})).to_html()
    assert "<script>" not in told
    assert "&lt;script&gt;" in told


def test_a_legend_has_few_names_and_each_its_colour() -> None:
    charts = runpy.run_path(str(NOTEBOOKS / "charts.py"))
    names = pd.Series([f"category {number}" for number in range(40) for _ in range(number)], name="category")
    few = charts["few"](names)
    assert few.nunique() == 9
    assert {"category 39", "category 32", charts["OTHER"]} <= set(few)
    scale = charts["colours"](few, "category").to_dict()["scale"]
    assert len(scale["domain"]) == len(set(scale["range"])) == 9
    assert list(charts["few"](names[names == "category 3"]).unique()) == ["category 3"]
