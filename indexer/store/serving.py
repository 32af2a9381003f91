"""Filling an index that a server keeps with what is published."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

from indexer.passage_index import ServedPassage
from indexer.store.codec import moment
from indexer.store.generations import last_generation

if TYPE_CHECKING:
    from indexer.passage_index import IndexWriter
    from indexer.records import Generation
    from indexer.store.database import Database

SERVED = """
SELECT p.id, p.text, p.context, p.about, e.vector, l.category, l.tags, c.site, a.language, c.fetched_at
FROM passages p
JOIN embeddings e ON e.fingerprint = ? AND e.hash = p.embedding
JOIN articles a ON a.id = p.article
JOIN current_articles c ON c.article = p.article
JOIN links l ON l.url = c.link_url
ORDER BY p.id
"""


def serve(database: Database, index: IndexWriter, generation: Generation) -> None:
    """Fill an index with a generation whose rows are written, unless it has it."""
    if not index.holds(generation):
        index.fill(generation, _served_passages(database, generation))


def serve_again(database: Database, index: IndexWriter) -> None:
    """Write the published generation again where an index has it: it may be damaged."""
    last = last_generation(database)
    if last and index.holds(last):
        index.fill(last, _served_passages(database, last))


def _served_passages(database: Database, generation: Generation) -> Iterator[ServedPassage]:
    """All published passages, by rising id."""
    for row in database.tables.conn.execute(SERVED, (generation.encoder,)):
        number, text, context, about, vector, category, tags, site, language, fetched_at = row
        yield ServedPassage(
            number, (text, context, about), vector, category, tuple(json.loads(tags)), site, language,
            moment(fetched_at),
        )  # fmt: skip
