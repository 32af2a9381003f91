"""A small library to write into, with an encoder that counts what it is asked."""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

from indexer.arrays import Vectors
from indexer.passage_index import IndexWriter
from indexer.records import Article, Block, Fetch, Link, Outcome, Page, Passage, Source, Verdict
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database, Run
from indexer.store.publish import Published, publish
from indexer.store.sums import sum_of, teach

AT = datetime(2026, 1, 5, 3, tzinfo=UTC)


class CountingEncoder:
    """Eight numbers from a text's hash: equal texts are near, others anywhere."""

    name, fingerprint, dimension, max_tokens = "counting", "counting-1", 8, 256

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.encoded += texts
        rows = [np.frombuffer(hashlib.sha256(text.encode()).digest()[:8], np.uint8) for text in texts]
        vectors = np.array(rows, dtype=np.float32) - 127.5
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit

    def encode_query(self, text: str) -> Vectors:
        vector: Vectors = self.encode_passages([text])[0]
        return vector

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(text.split()) for text in texts]

    def knows(self, word: str) -> bool:
        return False


def article(*paragraphs: str, title: str = "A title") -> Article:
    """An article of these paragraphs."""
    text, blocks = "\n\n".join(paragraphs), []
    start = 0
    for paragraph in paragraphs:
        blocks.append(Block("paragraph", start, start + len(paragraph)))
        start += len(paragraph) + 2
    digest = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    return Article(title=title, text=text, blocks=tuple(blocks), site="example.org", hash=digest)


def cut(read: Article) -> list[Passage]:
    """One passage a block."""
    return [
        Passage(read.text[b.start : b.end], b.start, b.end, headings=(read.title,), context=read.title)
        for b in read.blocks
    ]


def outcome(
    link: Link,
    read: Article | None = None,
    verdict: Verdict = Verdict.OK,
    *,
    source: Source = Source.LIVE,
    body: bytes = b"<html>",
    page_url: str = "",
    final_url: str = "",
    at: datetime = AT,
) -> Outcome:
    """What a crawl says of one page."""
    url = page_url or link.url
    page = Page(url, final_url or url, 200, {"content-type": "text/html"}, body, at)
    fetch = Fetch(url, final_url or url, verdict, "", at, source=source, status=200, etag='"1"')
    return Outcome(link, url, (fetch,), page if verdict is not Verdict.NOT_MODIFIED else None, read)


def change_rows(
    connection: sqlite3.Connection, table: str, change: str, values: Sequence[object] = ()
) -> None:
    """Change rows of a table as the program would, with their sums; ``change`` follows the name."""
    teach(connection)
    connection.execute(f"UPDATE {table} {change}", values)
    connection.execute(f"UPDATE {table} SET crc = {sum_of(table)}")


class Shelf:
    """A library being written: record outcomes, publish, look."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.encoder = CountingEncoder()
        self.database = Database(folder)
        self.run: Run = self.database.start_run(resume_within=timedelta(hours=1))

    def log(self, *, force: bool = False) -> CrawlLog:
        return CrawlLog(self.database, self.run, extractor="1", force=force)

    def publish(
        self, *links: Link, fingerprint: str = "f", again: bool = False, index: IndexWriter | None = None
    ) -> Published:
        return publish(
            self.database,
            links,
            encoder=self.encoder,
            model="counting",
            cut=cut,
            fingerprint=fingerprint,
            again=again,
            index=index,
        )
