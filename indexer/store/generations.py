"""Generations: which segments make a published state, and how the next one is made from the last.

New and changed passages go into a new segment, those that went are marked as dead in the old ones. A
segment less than :data:`GROWTH` times as large as what comes after it is merged with it, so there are
few segments, and each passage is written again only as often as the library grows by a factor (the
logarithmic method of Bentley and Saxe, Decomposable searching problems, 1980; Lucene merges likewise).

Folders are written before the transaction that lists them and never changed; what no kept generation
lists is removed afterwards.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import numpy as np

from indexer.arrays import Ids
from indexer.hashes import Hashes
from indexer.index import segment
from indexer.index.segment import IndexedPassage, Segment, SegmentMeta
from indexer.records import Generation
from indexer.store.codec import generation_of, generation_row
from indexer.store.database import Database
from indexer.store.opening import SEGMENTS
from indexer.store.snapshot import listed_segments
from indexer.store.sums import summed

GROWTH = 8
"""A segment is at least so many times as large as all that came after it. Smaller: fewer merges, more
segments to search; at 8 a million passages are six segments at most, and one in eight new passages
makes the largest one be written again."""

DEAD = 0.2
"""The share of dead passages from which a segment is written again without them."""

KEPT = 2
"""The published generation and the one before, for a reader that is just opening it."""


SEGMENT_NAME = re.compile(r"\d{8}(\.partial)?")


@dataclass(frozen=True, slots=True)
class PassageTable:
    """Where the passages to be indexed lie: a table or subquery with the columns of ``passages``."""

    table: str
    encoder: str
    """The fingerprint of the encoder whose vectors they have."""
    dimension: int


def folder_of(library: Path) -> Path:
    """Where the segments of the library in this folder lie."""
    return library / SEGMENTS


def last_generation(database: Database) -> Generation | None:
    """The published generation; None where nothing was published yet."""
    rows = database.rows("SELECT * FROM generations ORDER BY number DESC LIMIT 1")
    return generation_of(rows[0]) if rows else None


def segments_of(database: Database, generation: int) -> list[SegmentMeta]:
    """The segments that a generation is made of, the oldest first."""
    return listed_segments(database.tables.conn, generation)


def extend(
    database: Database, before: list[SegmentMeta], source: PassageTable, gone: Ids
) -> list[SegmentMeta]:
    """The segments of the next generation: those of ``before`` without ``gone``, and the source's passages.

    ``gone`` are ids, those of changed passages (which the source has again) among them.
    """
    folder = folder_of(database.folder)
    kept = [part for part in (_without(folder, old, gone) for old in before) if part.alive]
    fresh = int(database.rows(f"SELECT count(*) AS passages FROM {source.table}")[0]["passages"])
    first = _first_merged(kept, fresh)
    # What is written again gets checksums of its own, so it must be sound.
    merged = [Segment(folder / part.name, part, Hashes(None)) for part in kept[first:]]
    if not fresh and not merged:
        return kept
    made = segment.write(next_folder(folder), _indexed_passages(database, source), source.dimension, merged)
    return [*kept[:first], *([made] if made.passages else [])]


def _without(folder: Path, old: SegmentMeta, gone: Ids) -> SegmentMeta:
    _, ordinals = Segment(folder / old.name, old).ordinals(gone)
    if not len(ordinals):
        return old
    return replace(old, dead=np.union1d(old.dead_ordinals, ordinals).astype(np.int32).tobytes())


def _first_merged(kept: list[SegmentMeta], fresh: int) -> int:
    """From which segment on all are merged into the new one; their number where none is."""
    first, after = len(kept), fresh
    for position in range(len(kept) - 1, -1, -1):
        part = kept[position]
        if part.alive < GROWTH * after or len(part.dead_ordinals) > DEAD * part.passages:
            first = position
        after += part.alive
    return first


def next_folder(folder: Path) -> Path:
    """Where among the segments in ``folder`` the next one goes."""
    numbers = [int(path.name[:8]) for path in _own(folder)]
    return folder / f"{max(numbers, default=0) + 1:08d}"


def _own(folder: Path) -> list[Path]:
    """The folders in it that are segments by their name, whole or partial; all else there is not ours."""
    return [path for path in folder.glob("*") if SEGMENT_NAME.fullmatch(path.name) and path.is_dir()]


def strays(library: Path) -> list[Path]:
    """What lies among the segments of the library in this folder and is none."""
    folder = folder_of(library)
    return sorted({*folder.glob("*")} - {*_own(folder)})


def _indexed_passages(database: Database, source: PassageTable) -> Iterator[IndexedPassage]:
    """The source's passages with their vectors, by rising id."""
    sql = (
        f"SELECT p.id, p.text, p.context, p.about, e.vector FROM {source.table} p JOIN embeddings e "
        "ON e.fingerprint = ? AND e.hash = p.embedding ORDER BY p.id"
    )
    for number, text, context, about, vector in database.tables.conn.execute(sql, (source.encoder,)):
        yield IndexedPassage(number, (text, context, about), vector)


def write_generation(database: Database, generation: Generation, segments: list[SegmentMeta]) -> None:
    """A new generation and the segments it is made of, in the caller's transaction; then :func:`count`."""
    size = sum(segment.size for segment in segments)
    row = {**generation_row(generation), "size": size, "links": 0, "articles": 0}
    database.insert("generations", row)
    write_segments(database, generation.number, segments)


def count(database: Database) -> None:
    """Write down how many links and articles are published now, in the caller's transaction."""
    [row] = database.rows("SELECT * FROM generations ORDER BY number DESC LIMIT 1")
    [held] = database.rows(
        "SELECT (SELECT count(*) FROM links) AS links, (SELECT count(*) FROM current_articles) AS articles"
    )
    if row.items() >= held.items():
        return
    database.tables.table("generations").upsert(summed("generations", row | held), pk="number")


def write_segments(database: Database, generation: int, segments: list[SegmentMeta]) -> None:
    """What a generation is made of, in place of what it was; in the caller's transaction."""
    table = database.tables.table("segments")
    table.delete_where("generation = ? OR generation <= ?", (generation, generation - KEPT))
    table.insert_all(
        summed("segments", {"generation": generation, "position": position, **asdict(part)})
        for position, part in enumerate(segments)
    )


def prune(database: Database) -> None:
    """Remove the segments that no kept generation lists."""
    keep = {row["name"] for row in database.rows("SELECT DISTINCT name FROM segments")}
    for path in _own(folder_of(database.folder)):
        if path.name not in keep:
            shutil.rmtree(path)
