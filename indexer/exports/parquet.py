"""Parquet: ``articles.parquet``, and ``passages.parquet`` with the vector of each passage.

What made the vectors stands in the files' metadata (``indexer.model``), which is what a question must be
encoded with to be compared with them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Any

from indexer.errors import MissingExtra
from indexer.exports.selection import Counts, HeldArticle, Selection
from indexer.records import PassageRow
from indexer.search.links import deep_link

if TYPE_CHECKING:
    import pyarrow as pa

    from indexer.store.snapshot import Snapshot

_ROWS = 2_000
"""Rows that are written together, as one row group."""
_CHARACTERS = 8_000_000
"""Characters of text from which on fewer rows are."""


def write_parquet(selection: Selection, folder: Path) -> Counts:
    """Write both tables into the folder.

    Raises:
        MissingExtra: pyarrow is not installed.
    """
    try:
        import pyarrow as pa
        from pyarrow.parquet import ParquetWriter
    except ModuleNotFoundError as error:
        raise MissingExtra("Parquet needs pyarrow", "export") from error
    snapshot = selection.snapshot
    about = {"indexer.model": snapshot.generation.model, "indexer.encoder": snapshot.generation.encoder}
    of_articles = pa.schema(_article_fields(pa)).with_metadata(about)
    of_passages = pa.schema(_passage_fields(pa, snapshot.generation.dimension)).with_metadata(about)
    counts = {"articles": 0, "passages": 0}
    with ExitStack() as open_files:
        articles = open_files.enter_context(ParquetWriter(folder / "articles.parquet", of_articles))
        passages = open_files.enter_context(ParquetWriter(folder / "passages.parquet", of_passages))
        for batch in _batches(selection.articles()):
            articles.write_table(pa.Table.from_pylist(list(map(_article_row, batch)), of_articles))
            rows = [row for held in batch for row in held.passages]
            for start in range(0, len(rows), _ROWS):
                part = rows[start : start + _ROWS]
                passages.write_table(_passage_table(pa, snapshot, part, of_passages))
            counts["articles"] += len(batch)
            counts["passages"] += len(rows)
    return counts


def _batches(articles: Iterator[HeldArticle]) -> Iterator[list[HeldArticle]]:
    batch: list[HeldArticle] = []
    characters = 0
    for held in articles:
        batch.append(held)
        characters += len(held.article.text)
        if len(batch) >= _ROWS or characters >= _CHARACTERS:
            yield batch
            batch, characters = [], 0
    if batch:
        yield batch


def _article_fields(pa: Any) -> list[tuple[str, pa.DataType]]:
    texts = ("url", "page_url", "final_url", "category", "link_title", "note")
    more = ("title", "author", "published", "language", "site", "source", "text")
    return [
        ("article_id", pa.int64()),
        *((name, pa.string()) for name in texts),
        ("tags", pa.list_(pa.string())),
        *((name, pa.string()) for name in more),
        ("words", pa.int64()),
        ("fetched_at", pa.timestamp("s", tz="UTC")),
    ]


def _article_row(held: HeldArticle) -> dict[str, Any]:
    from indexer.store.codec import moment

    link, article = held.link, held.article
    return {
        "article_id": held.number,
        "url": link.url,
        "page_url": held.page_url,
        "final_url": held.final_url,
        "category": link.category,
        "link_title": link.title,
        "note": link.note,
        "tags": list(link.tags),
        "title": article.title,
        "author": article.author,
        "published": article.published,
        "language": article.language,
        "site": article.site,
        "source": held.source,
        "text": article.text,
        "words": article.words,
        "fetched_at": moment(held.fetched_at),
    }


def _passage_fields(pa: Any, dimension: int) -> list[tuple[str, pa.DataType]]:
    return [
        ("passage_id", pa.int64()),
        ("article_id", pa.int64()),
        ("position", pa.int64()),
        ("start", pa.int64()),
        ("end", pa.int64()),
        ("page", pa.int64()),
        ("headings", pa.list_(pa.string())),
        ("text", pa.string()),
        ("link", pa.string()),
        ("vector", pa.list_(pa.float32(), dimension)),
    ]


def _passage_table(pa: Any, snapshot: Snapshot, rows: Sequence[PassageRow], schema: pa.Schema) -> pa.Table:
    vectors = snapshot.vectors([row.passage_id for row in rows])
    column = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    told = [
        {
            "passage_id": row.passage_id,
            "article_id": row.article_id,
            "position": row.position,
            "start": row.passage.start,
            "end": row.passage.end,
            "page": row.passage.page,
            "headings": list(row.passage.headings),
            "text": row.passage.text,
            "link": deep_link(row),
        }
        for row in rows
    ]
    table = pa.Table.from_pylist(told, pa.schema([field for field in schema if field.name != "vector"]))
    return table.append_column(schema.field("vector"), column).cast(schema)
