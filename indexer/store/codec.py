"""Records to rows and back: the only place that knows how a record lies in SQLite."""

from __future__ import annotations

import hashlib
import json
import sqlite3
import zlib
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from indexer.records import Article, Block, Fetch, Generation, Loss, Passage, Source, Verdict

Row = Mapping[str, Any] | sqlite3.Row


def now() -> datetime:
    """The present moment, in UTC, to the second: finer would only be noise in the library."""
    return datetime.now(UTC).replace(microsecond=0)


def stamp(moment: datetime) -> str:
    """A moment as ISO 8601 in UTC, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="seconds")


def moment(text: str) -> datetime:
    """The inverse of :func:`stamp`."""
    return datetime.fromisoformat(text)


def digest(text: str | bytes) -> str:
    """The sha256 of a text (in UTF-8) or of bytes, in hexadecimal."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).hexdigest()


def text_hash(text: str | bytes) -> bytes:
    """What names an embedded text: half its sha256, which no other text has by chance."""
    return hashlib.sha256(text.encode() if isinstance(text, str) else text).digest()[:16]


def to_json(value: object) -> str:
    """Compact JSON that keeps every character as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def deflated(text: str) -> bytes:
    """A long text as it is stored: UTF-8, compressed by zlib to less than half."""
    return zlib.compress(text.encode())


def inflated(data: bytes) -> str:
    """The inverse of :func:`deflated`."""
    return zlib.decompress(data).decode()


def fetch_row(fetch: Fetch) -> dict[str, Any]:
    """The columns of a fetch that come from the record itself."""
    return {
        "url": fetch.url,
        "final_url": fetch.final_url,
        "verdict": fetch.verdict.value,
        "reason": fetch.reason,
        "source": fetch.source.value,
        "status": fetch.status,
        "etag": fetch.etag,
        "last_modified": fetch.last_modified,
        "size": fetch.size,
        "seconds": round(float(fetch.seconds), 3),
        "body_hash": fetch.body_hash,
        "rendered": int(fetch.rendered),
        "fetched_at": stamp(fetch.fetched_at),
    }


def fetch_of(row: Row) -> Fetch:
    """The inverse of :func:`fetch_row`."""
    return Fetch(
        url=row["url"],
        final_url=row["final_url"],
        verdict=Verdict(row["verdict"]),
        reason=row["reason"],
        source=Source(row["source"]),
        status=row["status"],
        etag=row["etag"],
        last_modified=row["last_modified"],
        size=row["size"],
        seconds=row["seconds"],
        body_hash=row["body_hash"],
        fetched_at=moment(row["fetched_at"]),
        rendered=bool(row["rendered"]),
    )


def article_row(article: Article) -> dict[str, Any]:
    """The columns of an article that come from the record itself."""
    blocks = [[b.kind, b.start, b.end, b.headings, b.anchor, b.page, *b.shown] for b in article.blocks]
    return {
        "hash": article.hash,
        "title": article.title,
        "author": article.author,
        "published": article.published,
        "language": article.language,
        "site": article.site,
        "words": article.words,
        "text": deflated(article.text),
        "blocks": deflated(to_json(blocks)),
        "lost": to_json({name: value for name, value in asdict(article.lost).items() if value}),
    }


def article_of(row: Row) -> Article:
    """The inverse of :func:`article_row`."""
    blocks: Iterable[Any] = json.loads(inflated(row["blocks"]))
    return Article(
        title=row["title"],
        text=inflated(row["text"]),
        blocks=tuple(
            Block(k, s, e, tuple(h), a, p, tuple((low, high) for low, high in shown))
            for k, s, e, h, a, p, *shown in blocks
        ),
        author=row["author"],
        published=row["published"],
        language=row["language"],
        site=row["site"],
        hash=row["hash"],
        lost=loss_of(row["lost"]),
    )


def loss_of(text: str) -> Loss:
    """What an article lost, from its column."""
    return Loss(**json.loads(text))


def generation_row(generation: Generation) -> dict[str, Any]:
    """The columns of a generation that come from the record itself."""
    return {
        "number": generation.number,
        "fingerprint": generation.fingerprint,
        "encoder": generation.encoder,
        "model": generation.model,
        "passages": generation.passages,
        "dimension": generation.dimension,
        "created_at": stamp(generation.created_at),
    }


def generation_of(row: Row) -> Generation:
    """The inverse of :func:`generation_row`."""
    return Generation(
        number=row["number"],
        fingerprint=row["fingerprint"],
        encoder=row["encoder"],
        model=row["model"],
        passages=row["passages"],
        dimension=row["dimension"],
        created_at=moment(row["created_at"]),
    )


def passage_row(passage: Passage) -> dict[str, Any]:
    """The columns of a passage that come from the record itself."""
    return {
        "start": passage.start,
        "end": passage.end,
        "text": passage.text,
        "context": passage.context,
        "headings": to_json(passage.headings),
        "anchor": passage.anchor,
        "page": passage.page,
        "fragment": passage.fragment,
        "embedding": text_hash(passage.embedded_text),
    }


def passage_of(row: Row) -> Passage:
    """The inverse of :func:`passage_row`."""
    return Passage(
        text=row["text"],
        start=row["start"],
        end=row["end"],
        headings=tuple(json.loads(row["headings"])),
        anchor=row["anchor"],
        page=row["page"],
        context=row["context"],
        fragment=row["fragment"],
    )
