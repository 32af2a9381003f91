"""The links and articles of one published state that an export takes, read one by one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from indexer.records import Article, Link, PassageRow
from indexer.search.filters import known_filters
from indexer.store.codec import Row, article_of, digest
from indexer.store.failures import damaged, library_errors
from indexer.store.opening import LIBRARY_FILE
from indexer.store.snapshot import Snapshot

Counts: TypeAlias = dict[str, int]
"""How many of each thing an export holds, by its plural."""

_LINK = "l.url AS link_url, l.category, l.title AS link_title, l.note, l.tags"
_HELD = "FROM links l LEFT JOIN current_articles c ON c.link_url = l.url"


@dataclass(frozen=True, slots=True)
class HeldArticle:
    """A published article with its link and its passages, in their order."""

    number: int
    link: Link
    page_url: str
    final_url: str
    source: str
    fetched_at: str
    article: Article
    passages: Sequence[PassageRow]
    body_hash: str
    fetch: int


@dataclass(frozen=True, slots=True)
class RawPage:
    """The page of an article as it was kept. ``status`` is 0 where no host answered: it was saved by hand."""

    status: int
    headers: Mapping[str, str]
    rendered: bool
    body: bytes


class Selection:
    """The links of a published state within the filters, in the catalogue's order, and their articles."""

    def __init__(
        self, snapshot: Snapshot, categories: Sequence[str], tags: Sequence[str], sites: Sequence[str]
    ) -> None:
        """Choose. Any of the ``tags`` will do; ``sites`` match a host and its subdomains.

        Raises:
            UnknownName: no such category, tag or site.
        """
        known_filters(snapshot, categories, tags, sites)
        self.snapshot = snapshot
        where: list[str] = []
        self._values: list[Any] = []
        if categories:
            where.append(f"l.category IN ({','.join('?' * len(categories))})")
            self._values += categories
        if tags:
            where.append(
                f"EXISTS (SELECT 1 FROM json_each(l.tags) WHERE value IN ({','.join('?' * len(tags))}))"
            )
            self._values += tags
        if sites:
            where.append("(" + " OR ".join("c.site = ? OR c.site LIKE '%.' || ?" for _ in sites) + ")")
            self._values += [site.lower() for site in sites for _ in range(2)]
        self._where = " AND ".join(where) or "1"

    def links(self) -> Iterator[tuple[Link, str]]:
        """The links, each with the title of its page's article, ``""`` where none is held.

        Where a site was asked for, only those with an article of it.
        """
        sql = (
            f"SELECT {_LINK}, coalesce(min(a.title) FILTER (WHERE a.page_url = l.url), '') AS page_title "
            f"{_HELD} LEFT JOIN articles a ON a.id = c.article "
            f"WHERE {self._where} GROUP BY l.url ORDER BY l.position"
        )
        for row in self.snapshot.query(sql, self._values):
            yield _link(row), row["page_title"]

    def articles(self) -> Iterator[HeldArticle]:
        """The articles, each with its passages.

        Raises:
            DamagedLibrary: one of them cannot be read.
        """
        sql = (
            f"SELECT c.article {_HELD} WHERE c.article IS NOT NULL AND {self._where} "
            "ORDER BY l.position, c.article"
        )
        for (number,) in self.snapshot.query(sql, self._values):
            yield self._article(number)

    def _article(self, number: int) -> HeldArticle:
        snapshot = self.snapshot
        rows = snapshot.query(
            f"SELECT a.*, {_LINK} FROM articles a JOIN links l ON l.url = a.link_url WHERE a.id = ?",
            (number,),
        )
        if not rows:
            raise damaged(snapshot.folder / LIBRARY_FILE, f"it lacks article {number}")
        [row] = rows
        ids = snapshot.query("SELECT id FROM passages WHERE article = ? ORDER BY position", (number,))
        return HeldArticle(
            number,
            _link(row),
            row["page_url"],
            row["final_url"],
            row["source"],
            row["fetched_at"],
            article_of(row),
            snapshot.rows([row["id"] for row in ids]),
            row["body_hash"],
            row["fetch"] or 0,
        )

    def raw_page(self, held: HeldArticle) -> RawPage | None:
        """The page that an article was read from; None where it is not kept any more.

        Raises:
            DamagedLibrary: it is not what was kept.
        """
        path = self.snapshot.folder / LIBRARY_FILE
        bodies = self.snapshot.query("SELECT size, data FROM bodies WHERE hash = ?", (held.body_hash,))
        if not bodies:
            return None
        with library_errors(path):
            try:
                body = zlib.decompressobj().decompress(bodies[0]["data"], bodies[0]["size"] + 1)
            except zlib.error as error:
                raise damaged(path, f"the raw page {held.body_hash}: {error}") from error
        if digest(body) != held.body_hash:
            raise damaged(path, f"the raw page {held.body_hash} is not what was kept")
        fetches = self.snapshot.query(
            "SELECT status, headers, rendered FROM fetches WHERE id = ?", (held.fetch,)
        )
        status, headers, rendered = fetches[0] if fetches else (0, "{}", 0)
        return RawPage(status, json.loads(headers), bool(rendered), body)


def _link(row: Row) -> Link:
    return Link(
        row["link_url"], row["category"], row["link_title"], row["note"], tuple(json.loads(row["tags"]))
    )
