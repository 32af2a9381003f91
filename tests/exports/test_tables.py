"""JSON Lines and Parquet hold every article, passage and vector of the library, as it is there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pyarrow import parquet

from indexer import Library
from indexer.errors import MissingExtra
from indexer.exports import ExportForm, export_library
from indexer.store.snapshot import Snapshot
from tests.exports.conftest import FIRST, LINKS
from tests.store.shelving import Shelf


def held(folder: Path) -> dict[str, dict[str, Any]]:
    """By its page's address, what the Python interface tells of each article."""
    with Library.open(folder) as library:
        rows = library.articles().to_dict("records")
        return {
            str(row["page_url"]): {"row": row, "article": library.article(row["page_url"])} for row in rows
        }


def test_each_line_is_an_article_with_its_passages(library: Shelf, tmp_path: Path) -> None:
    made = export_library(library.folder, tmp_path / "out", ExportForm.jsonl)
    lines = [json.loads(line) for line in (tmp_path / "out").read_bytes().split(b"\n")[:-1]]
    articles = held(library.folder)
    assert [line["page_url"] for line in lines] == list(articles)
    for line in lines:
        article = articles[line["page_url"]]["article"]
        assert (line["text"], line["title"], line["hash"]) == (article.text, article.title, article.hash)
        assert [line["text"][b["start"] : b["end"]] for b in line["blocks"]] == [
            article.text[b.start : b.end] for b in article.blocks
        ]
        assert [p["text"] for p in line["passages"]] == [
            line["text"][p["start"] : p["end"]] for p in line["passages"]
        ]
        link = next(link for link in LINKS if link.url == line["url"])
        assert (line["link_title"], line["note"], line["tags"]) == (link.title, link.note, [*link.tags])
    with Library.open(library.folder) as opened:
        passages = opened.passages()
    assert sorted(p["id"] for line in lines for p in line["passages"]) == list(passages["passage_id"])
    assert made.counts == {"articles": len(articles), "passages": len(passages)}


def test_parquet_has_the_passages_with_their_vectors(library: Shelf, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "out", ExportForm.parquet)
    articles = parquet.read_table(tmp_path / "out" / "articles.parquet").to_pylist()
    passages = parquet.read_table(tmp_path / "out" / "passages.parquet")
    expected = held(library.folder)
    assert {row["page_url"]: row["text"] for row in articles} == {
        url: row["article"].text for url, row in expected.items()
    }
    assert [row["fetched_at"] for row in articles] == [one["row"]["fetched_at"] for one in expected.values()]
    with Library.open(library.folder) as opened:
        of_library = opened.passages().set_index("passage_id")
        vectors = dict(zip(of_library.index, opened.embeddings(), strict=True))
    rows = passages.to_pylist()
    assert {row["passage_id"]: row["text"] for row in rows} == of_library["text"].to_dict()
    for row in rows:
        np.testing.assert_array_equal(np.array(row["vector"], np.float32), vectors[row["passage_id"]])
    assert {row["article_id"] for row in rows} == {row["article_id"] for row in articles}
    assert passages.schema.metadata[b"indexer.model"] == b"counting"


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"categories": ["Patterns"]}, {"https://a.example.org/below", FIRST.url}),
        ({"tags": ["C++ / C"]}, {"https://b.example.org/two"}),
        ({"sites": ["b.example.org"]}, {"https://b.example.org/two"}),
        (
            {"sites": ["example.org"], "tags": ["x"], "categories": ["Tools & <i>"]},
            {"https://b.example.org/two"},
        ),
    ],
)
def test_filters_choose(
    library: Shelf, tmp_path: Path, filters: dict[str, list[str]], expected: set[str]
) -> None:
    export_library(library.folder, tmp_path / "out", ExportForm.jsonl, **filters)  # type: ignore[arg-type]
    lines = (tmp_path / "out").read_bytes().splitlines()
    assert {json.loads(line)["page_url"] for line in lines} == expected


@pytest.mark.parametrize(("form", "package"), [("parquet", "pyarrow"), ("warc", "warcio.warcwriter")])
def test_what_is_missing_is_named_and_nothing_is_left(
    library: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: str, package: str
) -> None:
    monkeypatch.setitem(__import__("sys").modules, package, None)
    (tmp_path / "there").mkdir()
    with pytest.raises(MissingExtra, match=r"pip install 'indexer\[export\]'"):
        export_library(library.folder, tmp_path / "there" / "out", ExportForm(form))
    assert not list((tmp_path / "there").iterdir())


def test_a_state_is_exported_as_it_was_published(library: Shelf, tmp_path: Path) -> None:
    """What a crawl has kept and not published yet is not in it."""
    from tests.store.shelving import article, outcome

    library.log().record(outcome(FIRST, article("Newer."), body=b"newer"))
    export_library(library.folder, tmp_path / "out", ExportForm.jsonl)
    assert b"Newer." not in (tmp_path / "out").read_bytes()
    with Snapshot(library.folder) as snapshot:
        assert snapshot.generation.number == 1
