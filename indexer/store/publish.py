"""Publishing: the newest versions of all articles become what a search sees, at once.

1. Compare what should be held (the newest version of each page of the catalogue's links) with what is.
2. Cut the articles that changed into drafts; passages whose text is the same keep their ids. Of an article
   that cannot be cut the published version stays, if there is one; it is not tried again until the article or
   the way of cutting changes.
3. Embed the texts that have no vector yet; each batch is committed, so an interruption costs one batch.
4. Write the segments of the next generation: what changed, and what is merged with it.
5. In one transaction: links, current articles, passages and the list of segments. Where a server keeps the
   index, there are no segments, and it is filled before this is committed.

Before step 5 is committed a reader sees the old state, after it the new one. Killed at any point, the
library answers from the last published state, and the next run goes on from the embeddings it finds.
Drafts are a temporary table, so memory does not grow with what is published.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from indexer.arrays import Ids
from indexer.embed import in_batches
from indexer.errors import Unreadable
from indexer.index.segment import SegmentMeta
from indexer.passage_index import IndexWriter
from indexer.records import Article, Encoder, Generation, Link, Passage
from indexer.store import generations
from indexer.store.codec import article_of, now, passage_of, passage_row, to_json
from indexer.store.database import Database
from indexer.store.generations import PassageTable
from indexer.store.serving import serve
from indexer.store.sums import sum_of, summed

Cut = Callable[[Article], Sequence[Passage]]
"""Cuts an article into passages; raises Unreadable."""
Progress = Callable[[int, int], None]
"""Called with how many texts are embedded, of how many."""

TEXTS_AT_ONCE = 50_000
"""Texts in memory while they are embedded: about 50 MB."""

Key = tuple[str, str]
"""A page: the link it belongs to, and its own address."""

PASSAGE_COLUMNS = (
    "id", "article", "position", "start", "end", "text", "context", "about", "headings", "anchor", "page",
    "fragment", "embedding",
)  # fmt: skip
"""Those of a passage."""

INDEXED = "(SELECT * FROM temp.drafts WHERE indexed)"


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did. ``fresh`` says whether there is a new generation."""

    generation: int
    fresh: bool
    passages: int
    embedded: int
    embed_seconds: float
    uncut: dict[str, str]
    """By the address of each page whose newest article could not be cut into passages, why."""


def publish(
    database: Database,
    links: Sequence[Link],
    *,
    encoder: Encoder,
    model: str,
    cut: Cut,
    fingerprint: str,
    progress: Progress = lambda done, total: None,
    again: bool = False,
    index: IndexWriter | None = None,
) -> Published:
    """Publish the newest article versions of ``links``.

    ``model`` is the encoder's folder or hub name, kept so that a search finds it again.
    ``fingerprint`` names everything that shapes passages and vectors; where it differs from the
    published generation's, every article is cut again. ``again`` takes nothing of what is published for sound
    (see :func:`indexer.store.soundness.mend`). ``index`` is written in place of segments.
    """
    last = generations.last_generation(database)
    recut = again or last is None or last.fingerprint != fingerprint
    all_again = again or last is None or last.encoder != encoder.fingerprint
    before = [] if all_again or index else _reusable_segments(database, last)
    wanted = _wanted(database, links)
    with database.atomic():
        cutter = _Cutter(database, cut, fingerprint)
        comparison = _Comparison(database, links, wanted, cutter=cutter, all_again=all_again)
        gone = comparison.write_drafts(recut=recut)
    begun = time.monotonic()
    embedded = _embed(database, encoder, progress)
    embed_seconds = time.monotonic() - begun

    # A server filters by what an article tells; so it sees also what only moved to another version of one.
    drafts = "temp.drafts" if index else INDEXED
    [count] = database.rows(f"SELECT count(*) AS passages FROM {drafts}")
    fresh = bool(len(gone) or count["passages"]) or recut
    segments = before
    if fresh and not index:
        source = PassageTable(INDEXED, encoder.fingerprint, encoder.dimension)
        segments = generations.extend(database, before, source, gone)
    generation = Generation(
        number=(last.number if last else 0) + int(fresh),
        fingerprint=fingerprint,
        encoder=encoder.fingerprint,
        model=model,
        passages=sum(segment.alive for segment in segments),
        dimension=encoder.dimension,
        created_at=now(),
    )
    with database.durable():
        _write_links(database, links)
        _write_passages(database, comparison.dropped)
        _write_current_articles(database, wanted)
        if index:
            [held] = database.rows("SELECT count(*) AS passages FROM main.passages")
            generation = replace(generation, passages=held["passages"])
        if fresh:
            generations.write_generation(database, generation, segments)
        generations.count(database)
        state = generation if fresh or last is None else last
        if index:
            serve(database, index, state)
    if index:
        index.publish(state)
    comparison.forget_drafts()
    generations.prune(database)
    uncut = {page: reason for (_, page), reason in comparison.uncut.items()}
    return Published(generation.number, fresh, generation.passages, embedded, embed_seconds, uncut)


def _reusable_segments(database: Database, last: Generation | None) -> list[SegmentMeta]:
    """The published segments; they are written where there are none, as another index answers for them."""
    if last is None:
        return []
    segments = generations.segments_of(database, last.number)
    if last.passages and not segments:  # or a version did that kept its index in another form
        rebuild(database)
        segments = generations.segments_of(database, last.number)
    return segments


def rebuild(database: Database) -> int:
    """Write the published generation's index again from the library, as one segment; its number.

    For files that were lost or damaged: needs neither network nor model. 0 where nothing was published.
    """
    last = generations.last_generation(database)
    if last is None:
        return 0
    source = PassageTable("passages", last.encoder, last.dimension)
    segments = generations.extend(database, [], source, np.zeros(0, np.int64))
    with database.durable():
        generations.write_segments(database, last.number, segments)
    generations.prune(database)
    return last.number


# --------------------------------------------------------------- 1 and 2: what changed


def _wanted(database: Database, links: Sequence[Link]) -> dict[Key, int]:
    """The newest version of every page that belongs to the catalogue, in its order."""
    newest: dict[str, list[tuple[str, int]]] = {}
    for row in database.rows(
        "SELECT link_url, page_url, max(id) AS id FROM articles GROUP BY link_url, page_url ORDER BY min(id)"
    ):
        newest.setdefault(row["link_url"], []).append((row["page_url"], row["id"]))
    return {
        (link.url, page): article
        for link in links
        for page, article in newest.get(link.url, ())
        if page == link.url or link.follow.mode != "page"
    }


def _current_articles(database: Database) -> dict[Key, int]:
    """Which version of which page is published."""
    rows = database.rows("SELECT link_url, page_url, article FROM current_articles")
    return {(row["link_url"], row["page_url"]): row["article"] for row in rows}


class _Cutter:
    """Cuts articles of the library, and remembers which cannot be cut this way."""

    def __init__(self, database: Database, cut: Cut, fingerprint: str) -> None:
        self._database = database
        self._cut = cut
        self._fingerprint = fingerprint
        database.tables.conn.execute("DELETE FROM uncut WHERE fingerprint <> ?", (fingerprint,))
        self._known = {row["article"]: row["reason"] for row in database.rows("SELECT * FROM uncut")}

    def passages(self, article: int) -> Sequence[Passage]:
        """The passages of an article version.

        Raises:
            Unreadable: it cannot be cut, or could not before.
        """
        if article in self._known:
            raise Unreadable(self._known[article])
        try:
            return self._cut(
                article_of(self._database.rows("SELECT * FROM articles WHERE id = ?", (article,))[0])
            )
        except Unreadable as error:
            row = {"article": article, "fingerprint": self._fingerprint, "reason": str(error)}
            self._database.tables.table("uncut").insert(summed("uncut", row))
            raise


class _Comparison:
    """What is published against what is wanted; writes the passages that differ as drafts.

    A draft is a row of ``passages`` and whether it has to be indexed: a passage that only moved in its
    article has not.
    """

    def __init__(
        self,
        database: Database,
        links: Sequence[Link],
        wanted: dict[Key, int],
        *,
        cutter: _Cutter,
        all_again: bool,
    ) -> None:
        self._database = database
        self._wanted = wanted
        self._cutter = cutter
        self._all_again = all_again
        self._about = {link.url: about_text(link) for link in links}
        rows = database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
        self._next_id = int(rows[0]["seq"]) + 1 if rows else 1
        self.dropped: list[int] = []
        """The ids that are no more."""
        self.uncut: dict[Key, str] = {}
        """Why the wanted version of a page has no passages."""

    def write_drafts(self, *, recut: bool) -> Ids:
        """Write the drafts; the ids (n,) that the segments must no longer count."""
        connection = self._database.tables.conn
        connection.execute("DROP TABLE IF EXISTS temp.drafts")
        connection.execute("CREATE TEMP TABLE drafts AS SELECT 0 AS indexed, * FROM passages LIMIT 0")
        current = _current_articles(self._database)
        published = {row["url"]: _about_row(row) for row in self._database.rows("SELECT * FROM links")}
        for key, article in current.items():
            if key not in self._wanted:
                self.dropped += [row["id"] for row in self._passages(article)]
        for key, article in list(self._wanted.items()):
            about = self._about[key[0]]
            if current.get(key) != article or recut or self._all_again:
                before = self._passages(current[key]) if key in current else []
                try:
                    found = self._cutter.passages(article)
                except Unreadable as error:
                    self.uncut[key] = str(error)
                else:
                    self._draft(article, found, before, about)
                    continue
                if key in current:
                    self._wanted[key] = current[key]
                else:
                    del self._wanted[key]
            if key in current and (self._all_again or published[key[0]] != about):
                self._keep([{**row, "about": about} for row in self._passages(current[key])])
        changed = np.fromiter((row[0] for row in connection.execute(f"SELECT id FROM {INDEXED}")), np.int64)
        return np.concatenate([np.array(self.dropped, np.int64), changed])

    def _draft(
        self, article: int, found: Sequence[Passage], before: Sequence[dict[str, Any]], about: str
    ) -> None:
        """Write the passages of one article version."""
        reusable: dict[str, list[dict[str, Any]]] = {}
        for old in before:
            reusable.setdefault(old["embedding"], []).append(old)
        rows = []
        for position, passage in enumerate(found):
            row = {**passage_row(passage), "article": article, "position": position, "about": about}
            if same := reusable.get(row["embedding"]):
                old = same.pop(0)
                indexed = self._all_again or old["about"] != about
                rows.append({**row, "id": old["id"], "indexed": int(indexed)})
            else:
                rows.append({**row, "id": self._next_id, "indexed": 1})
                self._next_id += 1
        self._keep(rows)
        self.dropped += [old["id"] for left in reusable.values() for old in left]

    def _keep(self, rows: Sequence[dict[str, Any]]) -> None:
        names = ("indexed", *PASSAGE_COLUMNS)
        columns, marks = ", ".join(f'"{name}"' for name in names), ", ".join("?" * len(names))
        self._database.tables.conn.executemany(
            f"INSERT INTO temp.drafts ({columns}) VALUES ({marks})",
            ([row.get(name, 1) for name in names] for row in rows),
        )

    def forget_drafts(self) -> None:
        """The drafts have become passages."""
        self._database.tables.conn.execute("DROP TABLE temp.drafts")

    def _passages(self, article: int) -> list[dict[str, Any]]:
        return self._database.rows("SELECT * FROM passages WHERE article = ? ORDER BY position", (article,))


def about_text(link: Link) -> str:
    """The user's own words about a link, as they are searched: note, tags, title, category."""
    return _about(link.note, " ".join(link.tags), link.title, link.category)


def _about_row(row: dict[str, Any]) -> str:
    """:func:`about_text` of a published link."""
    return _about(row["note"], " ".join(json.loads(row["tags"])), row["title"], row["category"])


def _about(*parts: str) -> str:
    return "\n".join(part for part in parts if part)


# ------------------------------------------------------------------------ 3: vectors


def _embed(database: Database, encoder: Encoder, progress: Progress) -> int:
    """Embed the drafts whose text has no vector yet; how many texts."""
    missing = (
        "FROM temp.drafts d WHERE NOT EXISTS (SELECT 1 FROM embeddings e "
        "WHERE e.fingerprint = ? AND e.hash = d.embedding)"
    )
    sql = f"SELECT * {missing} GROUP BY embedding LIMIT {TEXTS_AT_ONCE}"
    total = database.rows(f"SELECT count(DISTINCT embedding) AS texts {missing}", (encoder.fingerprint,))
    done, texts = 0, int(total[0]["texts"])
    progress(0, texts)
    while waiting := database.rows(sql, (encoder.fingerprint,)):
        hashes = [row["embedding"] for row in waiting]
        for indices, vectors in in_batches(encoder, [passage_of(row).embedded_text for row in waiting]):
            with database.atomic() as tables:
                halves = vectors.astype(np.float16)
                made = [
                    (hashes[index], vector.tobytes()) for index, vector in zip(indices, halves, strict=True)
                ]
                tables.table("embeddings").insert_all(
                    summed("embeddings", {"fingerprint": encoder.fingerprint, "hash": name, "vector": vector})
                    for name, vector in made
                )
            done += len(indices)
            progress(done, texts)
    return texts


# --------------------------------------------------------------------------- 5: rows


def _write_links(database: Database, links: Sequence[Link]) -> None:
    table = database.tables.table("links")
    rows = [
        summed(
            "links",
            {
                "url": link.url,
                "position": position,
                "category": link.category,
                "title": link.title,
                "note": link.note,
                "tags": to_json(link.tags),
            },
        )
        for position, link in enumerate(links)
    ]
    before = {row["url"]: row for row in database.rows("SELECT * FROM links")}
    for url in before.keys() - {row["url"] for row in rows}:
        table.delete(url)
    table.insert_all((row for row in rows if before.get(str(row["url"])) != row), replace=True)


HEAD = """
SELECT a.link_url, a.page_url, a.id AS article, a.site, a.fetched_at, a.source, a.lost, a.title,
       a.final_url, a.hash, a.words, coalesce(f.rendered, 0) AS rendered
FROM articles a LEFT JOIN fetches f ON f.id = a.fetch WHERE a.id = ?
"""
"""All of an article version that is told without its text."""


def _write_current_articles(database: Database, wanted: dict[Key, int]) -> None:
    """What is published of each page, by the passages that are written."""
    table = database.tables.table("current_articles")
    before = {
        (row["link_url"], row["page_url"]): row for row in database.rows("SELECT * FROM current_articles")
    }
    held = {
        row["article"]: row
        for row in database.rows(
            "SELECT article, count(*) AS passages, sum(id) AS ids FROM passages GROUP BY article"
        )
    }
    for key in before.keys() - wanted.keys():
        table.delete(key)
    fresh = []
    for key, article in wanted.items():
        passages = held.get(article, {"passages": 0, "ids": 0})
        old = before.get(key, {"article": 0})
        if old["article"] == article and summed("current_articles", old) == old:
            head = old
        else:
            [head] = database.rows(HEAD, (article,))
        row = summed("current_articles", {**head, **passages})
        if row != old:
            fresh.append(row)
    table.insert_all(fresh, replace=True)


def _write_passages(database: Database, dropped: Sequence[int]) -> None:
    connection = database.tables.conn
    connection.executemany("DELETE FROM passages WHERE id = ?", [(number,) for number in dropped])
    columns = ", ".join(f'"{name}"' for name in PASSAGE_COLUMNS)
    connection.execute(
        f"INSERT OR REPLACE INTO passages ({columns}, crc) "
        f"SELECT {columns}, {sum_of('passages')} FROM temp.drafts ORDER BY id"
    )
