"""JSON Lines: on each line an article, with its blocks and passages, as one JSON object."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from indexer.exports.selection import Counts, HeldArticle, Selection
from indexer.records import PassageRow
from indexer.search.links import deep_link
from indexer.store.codec import to_json

JSON_LINES_BEGIN: Final = b'{"format":"indexer article 1",'


def write_json_lines(selection: Selection, file: BinaryIO) -> Counts:
    """Write the articles; in UTF-8, with a line feed behind each."""
    counts = {"articles": 0, "passages": 0}
    for held in selection.articles():
        file.write(to_json({"format": "indexer article 1", **_as_object(held)}).encode() + b"\n")
        counts["articles"] += 1
        counts["passages"] += len(held.passages)
    return counts


def _as_object(held: HeldArticle) -> dict[str, Any]:
    article = held.article
    return {
        "url": held.link.url,
        "page_url": held.page_url,
        "final_url": held.final_url,
        "category": held.link.category,
        "link_title": held.link.title,
        "note": held.link.note,
        "tags": held.link.tags,
        "title": article.title,
        "author": article.author,
        "published": article.published,
        "language": article.language,
        "site": article.site,
        "source": held.source,
        "fetched_at": held.fetched_at,
        "words": article.words,
        "hash": article.hash,
        "text": article.text,
        "blocks": [
            {
                "kind": b.kind,
                "start": b.start,
                "end": b.end,
                "headings": b.headings,
                "anchor": b.anchor,
                "page": b.page,
            }
            for b in article.blocks
        ],
        "passages": [_passage(row) for row in held.passages],
    }


def _passage(row: PassageRow) -> dict[str, Any]:
    passage = row.passage
    return {
        "id": row.passage_id,
        "start": passage.start,
        "end": passage.end,
        "headings": passage.headings,
        "page": passage.page,
        "text": passage.text,
        "link": deep_link(row),
    }
