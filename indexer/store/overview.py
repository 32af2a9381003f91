"""The library as rows, one for each thing that it holds; ``OF_LINKS`` and the like are their columns."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from indexer.records import Link

if TYPE_CHECKING:
    from indexer.store.snapshot import Snapshot

Rows = Iterator[dict[str, Any]]

OF_LINKS = ("category", "title", "url", "site", "note", "tags", "articles", "words", "passages")
OF_ARTICLES = (
    "category", "title", "url", "page_url", "site", "words", "passages", "source", "fetched_at", "tags",
)  # fmt: skip
OF_PASSAGES = ("passage_id", "category", "title", "headings", "text", "url")
OF_FACETS = ("facet", "value", "links", "articles", "passages")

SELECT_LINKS = """
SELECT l.category, l.title, l.url, l.note, l.tags, count(c.article) AS articles,
       coalesce(sum(c.words), 0) AS words, coalesce(sum(c.passages), 0) AS passages
FROM links l LEFT JOIN current_articles c ON c.link_url = l.url
GROUP BY l.url ORDER BY l.position
"""

SELECT_ARTICLES = """
SELECT l.category, c.title, l.url, c.page_url, c.site, c.words, c.passages, c.source, c.fetched_at, l.tags
FROM current_articles c JOIN links l ON l.url = c.link_url ORDER BY l.position, c.article
"""

SELECT_PASSAGES = """
SELECT p.id AS passage_id, l.category, c.title, p.headings, p.text, l.url
FROM passages p JOIN current_articles c ON c.article = p.article JOIN links l ON l.url = c.link_url
ORDER BY p.id
"""

SELECT_FACETS = """
WITH marked AS (
  SELECT 0 AS place, 'category' AS facet, category AS value, url, '' AS page_url FROM links
  UNION SELECT 1, 'tag', t.value, url, '' FROM links, json_each(tags) t
  UNION SELECT 2, 'site', site, link_url, page_url FROM current_articles
  UNION SELECT 3, 'source', source, link_url, page_url FROM current_articles
)
SELECT m.facet, m.value, count(DISTINCT l.url) AS links, count(h.article) AS articles,
       coalesce(sum(h.passages), 0) AS passages
FROM marked m JOIN links l ON l.url = m.url
LEFT JOIN current_articles h ON h.link_url = m.url AND m.page_url IN ('', h.page_url)
GROUP BY m.place, m.value ORDER BY m.place, min(l.position), m.value
"""
"""A link counts for its category and tags also where nothing is held for it."""


def published_links(snapshot: Snapshot) -> list[Link]:
    """The catalogue's links as they were published, in its order, as far as the library keeps them."""
    return [
        Link(row["url"], row["category"], row["title"], row["note"], tuple(json.loads(row["tags"])))
        for row in snapshot.links
    ]


def link_rows(snapshot: Snapshot) -> Rows:
    """The links in the catalogue's order, with what is held for each; title and note are the user's own."""
    for row in map(dict, snapshot.query(SELECT_LINKS)):
        yield {**row, "site": urlsplit(row["url"]).hostname or "", "tags": json.loads(row["tags"])}


def article_rows(snapshot: Snapshot) -> Rows:
    """The articles, in the catalogue's order."""
    for row in map(dict, snapshot.query(SELECT_ARTICLES)):
        yield {**row, "tags": json.loads(row["tags"])}


def passage_rows(snapshot: Snapshot) -> Rows:
    """The passages, by rising id."""
    for row in map(dict, snapshot.query(SELECT_PASSAGES)):
        yield {**row, "headings": json.loads(row["headings"])}


def facet_rows(snapshot: Snapshot) -> Rows:
    """The values of each facet (category, tag, site, source) in the catalogue's order, with their counts."""
    yield from map(dict, snapshot.query(SELECT_FACETS))
