"""BEIR-style collections: a folder with documents, queries and judgements, read and indexed.

Every document becomes an article that goes through the same cutting, embedding and publishing as a
page of the catalogue, so that what is measured is what users get.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from indexer import extract
from indexer.config import PassageConfig
from indexer.errors import UsageError
from indexer.extract.blocks import ArticleBuilder
from indexer.passage_index import IndexWriter
from indexer.pipeline.publishing import index_fingerprint, publish_articles
from indexer.records import Article, Encoder, Fetch, Link, Outcome, Source, Verdict
from indexer.store.codec import now
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database, Run
from indexer.store.generations import last_generation, segments_of
from indexer.store.serving import serve

DOCUMENT = "document:"
"""Before the id of a document: the address of its link."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document of a collection."""

    id: str
    title: str
    text: str

    @property
    def url(self) -> str:
        """The address under which the document is indexed."""
        return f"{DOCUMENT}{self.id}"

    def article(self) -> Article:
        """The document as an article; where it has no text, its title is the text, and said once."""
        writer = ArticleBuilder(self.title if self.text.strip() else "")
        for block in (self.text if self.text.strip() else self.title).split("\n\n"):
            writer.add("paragraph", block)
        return writer.article()


@dataclass(frozen=True, slots=True)
class Collection:
    """Documents, queries by id, and judgements: grade by document id, by query id.

    ``digest`` names the documents (16 hex digits).
    """

    name: str
    documents: tuple[Document, ...]
    queries: dict[str, str]
    judgements: dict[str, dict[str, int]]
    digest: str


def load_collection(folder: Path) -> Collection:
    """Read ``corpus.jsonl``, ``queries.jsonl`` and ``qrels.tsv`` (with or without a header line).

    Only queries with a positive judgement are kept: the others measure nothing.

    Raises:
        UsageError: a file is missing or a line is not what it should be; names file and line.
    """
    corpus = folder / "corpus.jsonl"
    documents = tuple(
        Document(_id(row), str(row.get("title") or ""), str(row.get("text") or ""))
        for row in _json_rows(corpus)
    )
    judgements = _judgements(folder / "qrels.tsv")
    asked = {_id(row): str(row["text"]) for row in _json_rows(folder / "queries.jsonl", "text")}
    queries = {
        name: text
        for name, text in asked.items()
        if any(grade > 0 for grade in judgements.get(name, {}).values())
    }
    if not documents or not queries:
        raise UsageError(f"{folder}: no documents, or no query with a positive judgement")
    digest = hashlib.sha256(corpus.read_bytes()).hexdigest()[:16]
    kept = {name: judgements[name] for name in queries}
    return Collection(folder.resolve().name, documents, queries, kept, digest)


def _id(row: dict[str, Any]) -> str:
    return str(row["_id"] if "_id" in row else row["id"])


def _file_lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path}: cannot be read ({error})") from error
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip():
            yield number, line


def _json_rows(path: Path, *needed: str) -> Iterator[dict[str, Any]]:
    for number, line in _file_lines(path):
        try:
            row = json.loads(line)
            _ = _id(row), [row[name] for name in needed]
        except (ValueError, KeyError, TypeError) as error:
            raise UsageError(f"{path}:{number}: no JSON object with id and text ({error})") from error
        yield row


def _judgements(path: Path) -> dict[str, dict[str, int]]:
    judgements: dict[str, dict[str, int]] = {}
    for number, line in _file_lines(path):
        fields = line.rstrip("\r").split("\t")
        if len(fields) == 4:  # TREC's own form has an unused second column
            del fields[1]
        try:
            query, document, grade = fields
            judgements.setdefault(query, {})[document] = int(grade)
        except ValueError as error:
            if number > 1:
                raise UsageError(f"{path}:{number}: not query-id, document-id, grade ({error})") from error
    return judgements


@dataclass(frozen=True, slots=True)
class Built:
    """Where a collection's library stands, and how many seconds making it took."""

    folder: Path
    seconds: float


def build_library(
    collection: Collection,
    encoder: Encoder,
    *,
    model: str,
    config: PassageConfig,
    cache: Path,
    progress: Callable[[int, int], None] = lambda done, total: None,
    index: IndexWriter | None = None,
) -> Built:
    """Index a collection below ``cache``, or find it there; only what is not embedded yet is embedded.

    Its segments are written in any case; ``index`` is filled with it, too.
    """
    folder = cache / f"{collection.name}-{collection.digest}"
    with Database(folder) as database:
        last = last_generation(database)
        made = last is not None and last.fingerprint == index_fingerprint(encoder.fingerprint, config)
        if last is None or not made or not segments_of(database, last.number):
            begun = time.monotonic()
            run = database.start_run(resume_within=timedelta(0))
            links = _keep(database, run, collection)
            publish_articles(database, links, encoder, model=model, config=config, progress=progress)
            database.finish_run(run, {"seconds": round(time.monotonic() - begun, 2)})
            last = last_generation(database)
        if index and last:
            serve(database, index, last)
            index.publish(last)
        summary = database.rows("SELECT summary FROM runs WHERE finished_at <> '' ORDER BY id DESC LIMIT 1")
    return Built(folder, float(json.loads(summary[0]["summary"])["seconds"]))


def _keep(database: Database, run: Run, collection: Collection) -> list[Link]:
    """Keep every document as the article of a link of its own, all in one transaction."""
    log = CrawlLog(database, run, extractor=extract.VERSION)
    links = [Link(document.url, category="") for document in collection.documents]
    with database.atomic():
        for link, document in zip(links, collection.documents, strict=True):
            fetch = Fetch(
                link.url, link.url, Verdict.OK, "a document of a collection", now(), source=Source.IMPORT
            )
            log.record(Outcome(link, link.url, (fetch,), article=document.article()))
    return links
