"""The 181 real web pages of the article extraction benchmark go the whole way without one failure."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import httpx
import pytest

from indexer import Config, Library, crawl_links
from indexer.config import CrawlConfig
from indexer.records import Link
from tests.shared_data import shared_data

pytestmark = pytest.mark.slow


def test_real_pages_become_answers(tmp_path: Path) -> None:
    """Crawled by the real crawler from a transport that serves them; each is found by its own first words."""
    folder = shared_data("extraction/article-extraction-benchmark")
    truth = json.loads((folder / "ground-truth.json").read_text(encoding="utf-8"))
    pages = {f"https://{number}.example/": name for number, name in enumerate(truth)}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path != "/":
            return httpx.Response(404, stream=httpx.ByteStream(b""))
        packed = (folder / "html" / f"{pages[str(request.url)]}.html.gz").read_bytes()
        body = httpx.ByteStream(gzip.decompress(packed))
        return httpx.Response(200, stream=body, headers={"content-type": "text/html"})

    links = [Link(url, "Real pages", archive=False) for url in pages]
    config = Config(data=tmp_path, crawl=CrawlConfig(delay=0.0))
    summary = crawl_links(links, config, transport=httpx.MockTransport(answer))
    assert summary.verdicts == {"ok": 181}
    assert summary.articles["new"] == 181
    assert summary.without_copy == ()
    assert summary.embedded > 1000
    with Library.open(tmp_path) as library:
        articles = library.articles()
        assert (articles["passages"] > 0).all()
        for url in list(pages)[::20]:
            first = library.article(url).text[:200]
            assert library.search(first, k=1).hits[0].url == url
