"""A small library of real articles, searched with an encoder whose cosines can be told by reading."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from indexer.config import SearchConfig
from indexer.extract.blocks import ArticleBuilder
from indexer.records import Encoder, Fetch, Outcome, Passage, Reranker, Verdict
from indexer.search.searcher import Searcher
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database
from indexer.store.publish import publish
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder
from tests.search.making import Make, Written

AT = datetime(2026, 1, 5, 3, tzinfo=UTC)


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    """``make([(link, title, [paragraph, ...]), ...])`` is a searcher of these, a passage a paragraph."""
    opened: list[Snapshot] = []

    def build(
        articles: Sequence[Written],
        *,
        encoder: Encoder | None = None,
        made_with: Encoder | None = None,
        config: SearchConfig | None = None,
        reranker: Callable[[], Reranker] | None = None,
    ) -> Searcher:
        folder = tmp_path / f"data{len(opened)}"
        with Database(folder) as database:
            run = database.start_run(resume_within=timedelta(0))
            log = CrawlLog(database, run, extractor="1")
            for link, title, paragraphs in articles:
                writer = ArticleBuilder(title)
                for paragraph in paragraphs:
                    writer.add("paragraph", paragraph)
                site = link.url.split("/")[2]
                fetch = Fetch(link.url, link.url, Verdict.OK, "", AT)
                log.record(Outcome(link, link.url, (fetch,), article=writer.article(site=site)))
            publish(
                database, [link for link, _, _ in articles], encoder=made_with or HashEncoder(), model="hash",
                cut=lambda read: [
                    Passage(read.text[b.start : b.end], b.start, b.end, context=read.title, fragment="#part")
                    for b in read.blocks
                ],
                fingerprint="f",
            )  # fmt: skip
        opened.append(Snapshot(folder))
        return Searcher(
            opened[-1],
            lambda: encoder or made_with or HashEncoder(),
            config or SearchConfig(),
            reranker=reranker,
        )

    yield build
    for snapshot in opened:
        snapshot.close()
