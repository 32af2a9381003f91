"""Whether a library is sound: every part that a search or the next run stands on, looked at."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from indexer.errors import IndexerError
from indexer.index.segment import REINDEX_ADVICE, Segment
from indexer.passage_index import OpenIndex
from indexer.store.failures import MEND_ADVICE
from indexer.store.opening import LIBRARY_FILE, SEGMENTS, connect
from indexer.store.snapshot import Snapshot

LEAST_RECALL = 0.95
"""The share of the true ten nearest below which an index is worth making again."""

NAMED = 5
"""So many strays are named, the others counted."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at, what was seen, and what fixes it where it is not ``good``.

    ``derived`` is what is made from the library, and can be made again from it.
    """

    subject: str
    good: bool
    text: str
    fix: str = ""
    derived: bool = False

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``doctor --json`` prints them."""
        return {"subject": self.subject, "good": self.good, "said": self.text, "mend": self.fix}


def examine(
    folder: Path, *, fingerprint: str, open_index: OpenIndex | None = None, elsewhere: str = ""
) -> Iterator[Finding]:
    """Look at the library in ``folder``; ``fingerprint`` is what it would be made with now.

    ``open_index`` opens an index that is ``elsewhere``, told to a person, in place of the library's own.

    What cannot be looked at because something before it is broken is left out.
    """
    try:
        with closing(connect(folder, as_it_is=True)) as connection:
            yield from _file(folder, connection)
        yield from _strays(folder)
        with Snapshot(folder, open_index=open_index) as snapshot:
            if open_index:
                yield Finding("index", good=True, text=f"{elsewhere}: {_state_facts(snapshot)}")
            else:
                yield from _own_index(snapshot)
            yield _vectors(snapshot)
            yield _freshness(snapshot, fingerprint)
            yield _room(snapshot)
    except IndexerError as error:
        # Their messages end with what fixes them.
        text, _, fix = str(error).rpartition("; ")
        subject = "index" if folder.joinpath(LIBRARY_FILE).is_file() else "library"
        # Of what can be wrong here, these errors alone are told of the index.
        yield Finding(subject, False, text, fix, derived=fix == REINDEX_ADVICE)


def _file(folder: Path, connection: sqlite3.Connection) -> Iterator[Finding]:
    from indexer.store.inspection import LARGE_LOG, LOG_ADVICE, log_size
    from indexer.store.soundness import MENDABLE, rows_told, structure, unsound_rows

    restore = (
        f"take a backup back with `indexer restore FILE`, or move {folder / LIBRARY_FILE} away and crawl"
    )
    try:
        lines = structure(connection)[:3]
    except sqlite3.DatabaseError as error:
        lines = [str(error)]
    if lines:
        yield Finding("library", False, "; ".join(lines), f"{MEND_ADVICE}; else {restore}")
        return
    size = (folder / LIBRARY_FILE).stat().st_size
    yield Finding("library", True, f"{size / 1e6:,.0f} MB, SQLite's check passes")
    if (log := log_size(folder)) > LARGE_LOG:
        yield Finding("log", False, f"{log / 1e6:,.0f} MB are not taken into the library yet", LOG_ADVICE)
    if rows := unsound_rows(connection):
        yield Finding("rows", False, rows_told(rows), MEND_ADVICE if rows.keys() <= {*MENDABLE} else restore)
    else:
        yield Finding("rows", True, "all as they were written")


def _strays(folder: Path) -> Iterator[Finding]:
    """What lies among the segments and is none: never touched, only named."""
    from indexer.store.generations import strays

    if found := [path.name for path in strays(folder)]:
        more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
        text = (
            f"{', '.join(found[:NAMED])}{more} in {folder / SEGMENTS} are none of the program's; left alone"
        )
        yield Finding("strays", good=True, text=text)


def _own_index(snapshot: Snapshot) -> Iterator[Finding]:
    """What is to be said of the segments beside the library."""
    _ = snapshot.index  # there may be none
    parts = snapshot.segments
    size = sum(part.size for part in parts) / 1e6
    segments = f"{len(parts)} segment{'s' * (len(parts) != 1)}, {size:,.0f} MB"
    yield Finding("index", good=True, text=f"{_state_facts(snapshot)} in {segments}")
    yield _agreement(snapshot)
    yield _index_recall(snapshot)


def _state_facts(snapshot: Snapshot) -> str:
    state = snapshot.generation
    return f"generation {state.number} of {state.created_at:%Y-%m-%d}: {state.passages:,} passages"


def _agreement(snapshot: Snapshot) -> Finding:
    """The passages that the segments hold against those of the library."""
    indexed = [np.zeros(0, np.int64)]
    for part in snapshot.segments:
        segment = Segment(snapshot.folder / SEGMENTS / part.name, part)
        indexed.append(segment.ids if segment.live is None else segment.ids[segment.live])
    held = np.array(
        [row["id"] for row in snapshot.query("SELECT id FROM main.passages ORDER BY id")], np.int64
    )
    differ = len(np.setxor1d(np.concatenate(indexed), held))
    if differ:
        text = f"{differ:,} passages are in one of them only"
        return Finding("index and library", False, text, REINDEX_ADVICE, derived=True)
    return Finding("index and library", True, "hold the same passages")


def _index_recall(snapshot: Snapshot) -> Finding:
    approximate = [part for part in snapshot.segments if part.recall < 1.0]
    if not approximate:
        return Finding("nearest passages", True, "exact: every vector is compared")
    worst = min(part.recall for part in approximate)
    text = f"recall@10 {worst:.3f} against exact, measured when the index was made"
    good = worst >= LEAST_RECALL
    return Finding("nearest passages", good, text, "" if good else REINDEX_ADVICE, derived=True)


def _vectors(snapshot: Snapshot) -> Finding:
    [row] = snapshot.query(
        "SELECT count(*) AS missing FROM main.passages p WHERE NOT EXISTS "
        "(SELECT 1 FROM main.embeddings e WHERE e.fingerprint = ? AND e.hash = p.embedding)",
        (snapshot.generation.encoder,),
    )
    if row["missing"]:
        text = f"{row['missing']:,} passages have none in the library, so the index could not be made again"
        return Finding("vectors", False, text, REINDEX_ADVICE)
    return Finding("vectors", True, "all in the library: a lost index is made again without the model")


def _freshness(snapshot: Snapshot, fingerprint: str) -> Finding:
    if snapshot.generation.fingerprint == fingerprint:
        return Finding("freshness", True, "made with this model, this extraction and these passages")
    text = "made with another model, extraction or passage size than is configured now"
    return Finding("freshness", False, text, "run `indexer reindex`, or the next crawl does it")


def _room(snapshot: Snapshot) -> Finding:
    free = shutil.disk_usage(snapshot.folder).free
    needed = sum(part.size for part in snapshot.segments)
    text = f"{free / 1e9:,.1f} GB free on the disk"
    fix = "" if free > needed else f"make room: merging the index takes {needed / 1e9:,.1f} GB for a while"
    return Finding("room", free > needed, text, fix)
