"""A pinned, read-only view of the library: SQLite and the index of one and the same generation.

Which index it is, the segments beside the library or one that a server keeps, nothing that asks a snapshot
can tell: what finds passages is a :class:`indexer.passage_index.PassageIndex`, their rows come from SQLite.

The read transaction is opened before the generation's number is read and stays open, so a crawl that
publishes meanwhile changes nothing here. Opening imports neither sqlite-utils nor anything of the
writing side: `indexer ask` pays for what it uses only.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Sequence
from functools import cached_property
from operator import itemgetter
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from indexer.errors import DamagedLibrary, NoIndex, NoLibrary, UsageError
from indexer.hashes import Hashes
from indexer.index.index_reader import IndexReader
from indexer.index.segment import REINDEX_ADVICE, Segment, SegmentMeta
from indexer.index.words import Stems
from indexer.passage_index import Allowed, Filters, PassageIndex
from indexer.records import Generation, Passage, PassageRow, Source
from indexer.store.codec import generation_of, moment, passage_of, stamp
from indexer.store.failures import library_errors, rotten, what_happened
from indexer.store.opening import LIBRARY_FILE, SEGMENTS, connect

if TYPE_CHECKING:
    import faiss

    from indexer.arrays import Ids, Vectors
    from indexer.passage_index import OpenIndex, ScoredIds

PASSAGE_ROWS = """
SELECT p.*, c.title, c.page_url, c.final_url, c.site, c.source, c.fetched_at, c.link_url,
       l.category, l.note, l.tags
FROM passages p JOIN current_articles c ON c.article = p.article JOIN links l ON l.url = c.link_url
"""


class Snapshot:
    """One published state of the library. Close it, or use it as a context manager."""

    def __init__(
        self, folder: Path, *, checked: Path | None = None, open_index: OpenIndex | None = None
    ) -> None:
        """Pin the published state of the library in ``folder``.

        ``open_index`` opens an index elsewhere that is to answer in place of the segments in the folder.

        These are compared with their checksums; ``checked`` is a file that remembers which files of any
        library were, since they last changed. Without it they are all read, each time.

        Raises:
            NoLibrary: nothing was published there yet.
            DamagedLibrary: the SQLite file or a part of the index is missing, cut or not ours.
            StaleIndex: the library was written by another version of this program.
            NoIndex: the index elsewhere does not have this state.
        """
        self.folder = folder
        self._sound_abouts: set[str] = set()
        self._stems = Stems()
        self._connection = connect(folder)
        try:
            self.generation, self.segments = self._pin()
            self._opened = self._open_index(Hashes(checked), open_index)
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
        if segments and (count := sum(segment.alive for segment in segments)) != generation.passages:
            raise DamagedLibrary(
                f"{self.folder}: the index lists {count} passages instead of {generation.passages}; "
                f"{REINDEX_ADVICE}"
            )
        return generation, segments

    def _open_index(self, hashes: Hashes, open_index: OpenIndex | None) -> PassageIndex | None:
        """The index of the pinned state; of the newest, where a run removed that one's before it was open.

        None where no index of it lies beside the library: another was filled with it.
        """
        while True:
            try:
                if open_index:
                    return open_index(self.generation)
                if self.generation.passages and not self.segments:
                    return None
                parts = [Segment(self.folder / SEGMENTS / part.name, part, hashes) for part in self.segments]
            except (DamagedLibrary, NoIndex):
                before = self.generation, self.segments
                self._connection.execute("ROLLBACK")
                self.generation, self.segments = self._pin()
                if (self.generation, self.segments) == before:
                    raise
            else:
                hashes.save()
                return IndexReader(parts)

    @property
    def index(self) -> PassageIndex:
        """What finds the passages of the pinned state.

        Raises:
            NoIndex: it does not lie beside the library.
        """
        if self._opened is None:
            raise NoIndex(
                f"{self.folder}: generation {self.generation.number} has no index there; name the one it was "
                f"written to with --index or INDEXER_INDEX, or {REINDEX_ADVICE}"
            )
        return self._opened

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
        if self._opened:
            self._opened.close()

    # ------------------------------------------------------------ retrieval

    def lexical(self, words: Sequence[str], *, limit: int, allowed: Allowed | None = None) -> ScoredIds:
        """Passages that hold any of the words with their BM25, best first, ties by id.

        ``words`` are words or forms, see :mod:`indexer.index.words`.
        """
        return self.index.matching(words, limit, allowed)

    def lexical_scores(self, words: Sequence[str], ids: Sequence[int]) -> dict[int, float]:
        """The BM25 of just these passages; those without any of the words are absent."""
        return self.index.scores(words, np.array(ids, dtype=np.int64))

    def occurrences(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word occurs, in any form that has its stem."""
        return self.index.counts(words)

    def frequencies(self, words: Sequence[str]) -> list[float]:
        """How often each word occurs in all, in any form that has its stem."""
        return self.index.frequencies(words)

    def stem(self, word: str) -> str:
        """The stem under which a word is found."""
        return self._stems[word]

    def vocabulary(self, prefix: str) -> dict[str, str]:
        """By each stem of the library that begins so, a word that it stands for.

        Of some no passage may be left.
        """
        return self.index.vocabulary(prefix)

    def dense(self, vector: Vectors, *, limit: int, allowed: Allowed | None = None) -> ScoredIds:
        """The passages nearest to ``vector`` (dimension,) with their cosine, best first, ties by id."""
        return self.index.nearest(vector, limit, allowed)

    def vectors(self, ids: Sequence[int]) -> Vectors:
        """The vectors of these passages, in their order: float32 ``(len(ids), dimension)``."""
        return self.index.vectors(np.array(ids, dtype=np.int64), self.generation.dimension)

    def faiss_index(self) -> tuple[faiss.Index, Ids]:
        """A FAISS index of all vectors and the passage ids by its positions, see :class:`IndexReader`.

        Raises:
            UsageError: what answers is no FAISS index.
        """
        if not isinstance(self.index, IndexReader):
            raise UsageError("a server keeps this index; FAISS has that beside a library, without --index")
        return self.index.faiss_index(self.generation.dimension)

    def allowed(self, filters: Filters) -> Allowed | None:
        """The passages that pass the filters; None where there is no filter.

        A link passes with any of the tags; sites match a host and its subdomains; ``since`` is compared with
        when the text was fetched.
        """
        return Allowed(lambda: self._passing(filters), filters) if filters else None

    def _passing(self, filters: Filters) -> Ids:
        chosen, marked = set(filters.categories), set(filters.tags)
        hosts = tuple(host.lower() for host in filters.sites)
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
            and (not filters.since or page["fetched_at"] >= stamp(filters.since))
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
