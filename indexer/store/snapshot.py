"""A pinned, read-only view of the library: SQLite and the index of one and the same generation.

The read transaction is opened before the generation's number is read and stays open, so a crawl that
publishes meanwhile changes nothing here. Opening imports neither sqlite-utils nor anything of the
writing side: `indexer ask` pays for what it uses only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from indexer.errors import DamagedLibrary, NoLibrary
from indexer.hashes import Hashes
from indexer.index.index_reader import IndexReader
from indexer.index.segment import REINDEX_ADVICE, Segment, SegmentMeta
from indexer.records import Generation, Passage, PassageRow, Source
from indexer.store.codec import generation_of, moment, passage_of, stamp
from indexer.store.failures import library_errors, rotten, what_happened
from indexer.store.opening import LIBRARY_FILE, SEGMENTS, connect

if TYPE_CHECKING:
    import faiss

    from indexer.arrays import Ids, Vectors

PASSAGE_ROWS = """
SELECT p.*, c.title, c.page_url, c.final_url, c.site, c.source, c.fetched_at, c.link_url,
       l.category, l.note, l.tags
FROM passages p JOIN current_articles c ON c.article = p.article JOIN links l ON l.url = c.link_url
"""


class Snapshot:
    """One published state of the library. Close it, or use it as a context manager."""

    def __init__(self, folder: Path, *, checked: Path | None = None) -> None:
        """Pin the published state of the library in ``folder``.

        The index is compared with its checksums; ``checked`` is a file that remembers which files of any
        library were, since they last changed. Without it they are all read, each time.

        Raises:
            NoLibrary: nothing was published there yet.
            DamagedLibrary: the SQLite file or a part of the index is missing, cut or not ours.
            StaleIndex: the library was written by another version of this program.
        """
        self.folder = folder
        self._sound_abouts: set[str] = set()
        self._connection = connect(folder)
        try:
            self.generation, self.segments = self._pin()
            self._index = self._open_index(Hashes(checked))
        except BaseException:
            self._connection.close()
            raise

    def _pin(self) -> tuple[Generation, list[SegmentMeta]]:
        self._connection.execute("BEGIN")
        row = self._one("SELECT * FROM generations ORDER BY number DESC LIMIT 1")
        if row is None:
            raise NoLibrary(f"{self.folder}: nothing is indexed there yet; run `indexer crawl` first")
        generation = generation_of(row)
        self._published = {"links": int(row["links"]), "current_articles": int(row["articles"])}
        segments = listed_segments(self._connection, generation.number)
        if (count := sum(segment.alive for segment in segments)) != generation.passages:
            raise DamagedLibrary(
                f"{self.folder}: the index lists {count} passages instead of {generation.passages}; "
                f"{REINDEX_ADVICE}"
            )
        return generation, segments

    def _open_index(self, hashes: Hashes) -> IndexReader:
        """The index of the pinned state; of the newest, where a run removed that one's before it was open."""
        while True:
            try:
                parts = [Segment(self.folder / SEGMENTS / part.name, part, hashes) for part in self.segments]
            except DamagedLibrary:
                before = self.segments
                self._connection.execute("ROLLBACK")
                self.generation, self.segments = self._pin()
                if self.segments == before:
                    raise
            else:
                hashes.save()
                return IndexReader(parts)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close it. Errors of SQLite and the disk that the block met are told as what happened."""
        self.close()
        if told := what_happened(self.folder / LIBRARY_FILE, error):
            raise told from error

    def close(self) -> None:
        """Let go of the pinned state, and of the mapped files at once, whoever still holds this object."""
        self._connection.close()
        self._index = IndexReader([])

    # ------------------------------------------------------------ retrieval

    def lexical(
        self, words: Sequence[str], *, limit: int, allowed: Ids | None = None
    ) -> list[tuple[int, float]]:
        """Passages that hold any of the words with their BM25, best first, ties by id.

        ``words`` are words or forms, see :mod:`indexer.index.words`.
        """
        return self._index.matching(words, limit, allowed)

    def lexical_scores(self, words: Sequence[str], ids: Sequence[int]) -> dict[int, float]:
        """The BM25 of just these passages; those without any of the words are absent."""
        return self._index.scores(words, np.array(ids, dtype=np.int64))

    def occurrences(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word occurs, in any form that has its stem."""
        return [self._index.count(word) for word in words]

    def frequency(self, word: str) -> float:
        """How often a word occurs in all, in any form that has its stem."""
        return self._index.frequency(word)

    def stem(self, word: str) -> str:
        """The stem under which a word is found."""
        return self._index.stem(word)

    def vocabulary(self, prefix: str) -> dict[str, str]:
        """By each stem of the library that begins so, a word that it stands for.

        Of some no passage may be left.
        """
        return self._index.vocabulary(prefix)

    def dense(self, vector: Vectors, *, limit: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        """The passages nearest to ``vector`` (dimension,) with their cosine, best first, ties by id."""
        return self._index.nearest(vector, limit, allowed)

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these passages, in their order: float32 ``(len(ids), dimension)``."""
        return self._index.vectors(np.array(ids, dtype=np.int64), self.generation.dimension)

    def faiss_index(self) -> tuple[faiss.Index, Ids]:
        """A FAISS index of all vectors and the passage ids by its positions, see :class:`IndexReader`."""
        return self._index.faiss_index(self.generation.dimension)

    def allowed(
        self,
        *,
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        sites: Iterable[str] = (),
        since: datetime | None = None,
    ) -> Ids | None:
        """The ids that pass the filters, rising; None where there is no filter.

        A link passes with any of the ``tags``; ``sites`` match a host and its subdomains; ``since`` is
        compared with when the text was fetched.
        """
        chosen, marked, hosts = set(categories), set(tags), tuple(host.lower() for host in sites)
        if not (chosen or marked or hosts or since):
            return None
        ends = tuple(f".{host}" for host in hosts)
        links = {
            link["url"]
            for link in self.links
            if (not chosen or link["category"] in chosen)
            and (not marked or not marked.isdisjoint(json.loads(link["tags"])))
        }
        return self.passages_of(
            page
            for page in self.pages
            if page["link_url"] in links
            and (not hosts or page["site"] in hosts or page["site"].endswith(ends))
            and (not since or page["fetched_at"] >= stamp(since))
        )

    def passages_of(self, pages: Iterable[sqlite3.Row]) -> Ids:
        """The ids of the passages of these rows of :attr:`pages`, rising.

        Raises:
            DamagedLibrary: they are not those that were published.
        """
        held = list(pages)
        # Their own rows are not read for this, so what is found is compared with what must be.
        rows = self._all(
            "SELECT id FROM main.passages WHERE article IN (SELECT value FROM json_each(?))",
            (json.dumps([page["article"] for page in held]),),
        )
        ids = np.sort(np.array([row[0] for row in rows], dtype=np.int64))
        due = sum(page["passages"] for page in held), sum(page["ids"] for page in held)
        if (len(ids), int(ids.sum())) != due:
            raise rotten(self.folder / LIBRARY_FILE, "passages of it are missing")
        return ids

    # ----------------------------------------------------------------- rows

    def rows(self, ids: Sequence[int]) -> list[PassageRow]:
        """All that an answer tells about these passages, in the order of ``ids``.

        Raises:
            DamagedLibrary: one of them is missing, or is not as it was written.
        """
        marks = ",".join("?" * len(ids))
        found = self._all(f"{PASSAGE_ROWS} WHERE p.id IN ({marks})", ids)
        rows = {row["id"]: _passage_row(row) for row in found}
        if missing := set(ids) - rows.keys():
            raise rotten(self.folder / LIBRARY_FILE, f"it lacks passage {min(missing)}")
        return [rows[number] for number in ids]

    def abouts(self, ids: Sequence[int]) -> dict[int, str]:
        """By passage, the user's own words about its link."""
        # Hundreds a question, and of few links: of those with the same words one row is checked.
        marks = ",".join("?" * len(ids))
        found: dict[int, str] = dict(
            map(tuple, self._all(f"SELECT id, about FROM main.passages WHERE id IN ({marks})", ids))
        )
        if len(found) != len(ids):
            raise rotten(self.folder / LIBRARY_FILE, "passages of it are missing")
        new = {about: number for number, about in found.items() if about not in self._sound_abouts}
        if new:
            self._all(f"SELECT id FROM passages WHERE id IN ({','.join('?' * len(new))})", [*new.values()])
            self._sound_abouts |= new.keys()
        return found

    def neighbours(self, passage_id: int, count: int) -> tuple[list[Passage], list[Passage]]:
        """Up to ``count`` passages before and after one in its article, in reading order."""
        centre = self._one("SELECT article, position FROM passages WHERE id = ?", (passage_id,))
        if centre is None:
            return [], []
        rows = self._all(
            "SELECT * FROM passages WHERE article = ? AND position BETWEEN ? AND ? ORDER BY position",
            (centre["article"], centre["position"] - count, centre["position"] + count),
        )
        before = [passage_of(row) for row in rows if row["position"] < centre["position"]]
        return before, [passage_of(row) for row in rows if row["position"] > centre["position"]]

    def categories(self) -> list[str]:
        """The categories of the published links, in the catalogue's order."""
        return list(dict.fromkeys(link["category"] for link in self.links))

    def tags(self) -> list[str]:
        """The tags of the published links, in alphabetical order."""
        tags = {tag for link in self.links for tag in json.loads(link["tags"])}
        return sorted(tags, key=lambda tag: (tag.lower(), tag))

    def sites(self) -> list[str]:
        """The hosts that published articles come from, in alphabetical order."""
        return sorted({page["site"] for page in self.pages})

    @cached_property
    def links(self) -> list[sqlite3.Row]:
        """The published links, in the catalogue's order."""
        return sorted(self._whole("links"), key=itemgetter("position"))

    @cached_property
    def pages(self) -> list[sqlite3.Row]:
        """The published pages: all of ``current_articles``."""
        return self._whole("current_articles")

    def _whole(self, table: str) -> list[sqlite3.Row]:
        rows = self._all(f"SELECT * FROM {table}")
        if len(rows) != self._published[table]:
            raise rotten(self.folder / LIBRARY_FILE, f"it lacks rows of {table}")
        return rows

    @property
    def connection(self) -> sqlite3.Connection:
        """The connection that holds the pinned state, for :mod:`indexer.store.inspection`."""
        return self._connection

    def query(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        """The rows of a query against the pinned state, for reports and exploration."""
        return self._all(sql, values)

    # ------------------------------------------------------------- plumbing

    def _all(self, sql: str, values: Sequence[Any] = ()) -> list[sqlite3.Row]:
        with library_errors(self.folder / LIBRARY_FILE):
            return self._connection.execute(sql, values).fetchall()

    def _one(self, sql: str, values: Sequence[Any] = ()) -> sqlite3.Row | None:
        rows = self._all(sql, values)
        return rows[0] if rows else None


def listed_segments(connection: sqlite3.Connection, generation: int) -> list[SegmentMeta]:
    """The segments that a generation is made of, the oldest first."""
    rows = connection.execute(
        "SELECT name, passages, size, recall, dead FROM segments WHERE generation = ? ORDER BY position",
        (generation,),
    )
    return [SegmentMeta(*row) for row in rows]


def _passage_row(row: sqlite3.Row) -> PassageRow:
    return PassageRow(
        passage_id=row["id"],
        article_id=row["article"],
        position=row["position"],
        passage=passage_of(row),
        title=row["title"],
        url=row["link_url"],
        page_url=row["page_url"],
        final_url=row["final_url"],
        category=row["category"],
        site=row["site"],
        note=row["note"],
        tags=tuple(json.loads(row["tags"])),
        about=row["about"],
        source=Source(row["source"]),
        fetched_at=moment(row["fetched_at"]),
    )
