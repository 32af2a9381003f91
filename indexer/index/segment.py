"""A segment: some passages with their vectors and words, in one folder that never changes.

=========  ==============================================================================
ids.npy    the passages' ids by ordinal: int64 (passages,)
order.npy  their ordinals by rising id: int64 (passages,)
           and the files of :mod:`.vectors` and :mod:`.lexicon`
=========  ==============================================================================

A published state is a few segments and, for each, the ordinals that no longer count. So what changes
costs what changed; segments are merged as they grow (:mod:`indexer.store.generations`).
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np

from indexer.arrays import Ids, Mask, PackedOrdinals
from indexer.errors import DamagedLibrary
from indexer.index import lexicon, vectors

RUN = 32_768
"""Passages that are indexed in memory at once; more are written in runs, and merged."""

REINDEX_ADVICE = "run `indexer reindex` to make it again from what is kept"


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """One passage to be indexed: its columns text, context, about, and its vector's bytes."""

    id: int
    columns: tuple[str, str, str]
    vector: bytes


@dataclass(frozen=True, slots=True)
class SegmentMeta:
    """A segment as a generation lists it: its folder's name, and what must be found there."""

    name: str
    passages: int
    """All that are in the folder, those that no longer count included."""
    size: int
    """Bytes of its files."""
    recall: float
    """The share of the true ten nearest that its index found on its probes; 1.0 where it is exact."""
    dead: bytes = b""
    """The ordinals that no longer count, rising: int32."""

    @property
    def dead_ordinals(self) -> PackedOrdinals:
        """:attr:`dead` as an array (n,)."""
        return np.frombuffer(self.dead, np.int32)

    @property
    def alive(self) -> int:
        """How many passages count."""
        return self.passages - len(self.dead_ordinals)


class Segment:
    """A segment's folder, opened, with the ordinals of it that count in one generation."""

    def __init__(self, folder: Path, listed: SegmentMeta) -> None:
        """Open ``folder``, memory-mapped.

        Raises:
            DamagedLibrary: a file is missing, of another size than was written, or not ours.
        """
        if not folder.is_dir():
            raise DamagedLibrary(f"{folder}: a part of the index is missing; {REINDEX_ADVICE}")
        if (size := size_of(folder)) != listed.size:
            raise DamagedLibrary(
                f"{folder}: this part of the index has {size} bytes instead of {listed.size}; "
                f"{REINDEX_ADVICE}"
            )
        self.listed = listed
        try:
            self.ids: Ids = np.asarray(np.load(folder / "ids.npy", mmap_mode="r"))
            self._order: Ids = np.asarray(np.load(folder / "order.npy", mmap_mode="r"))
            self.vectors = vectors.VectorFile(folder)
            self.words = lexicon.Lexicon(folder)
        except (OSError, ValueError) as error:
            raise DamagedLibrary(
                f"{folder}: this part of the index is damaged ({error}); {REINDEX_ADVICE}"
            ) from error

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def live(self) -> Mask | None:
        """Which ordinals count; None for all."""
        if not self.listed.dead:
            return None
        mask = np.ones(len(self.ids), np.bool_)
        mask[self.listed.dead_ordinals] = False
        return mask

    def ordinals(self, ids: Ids) -> tuple[Ids, Ids]:
        """Which of ``ids`` (n,) count in this segment, by position in ``ids``, and their ordinals."""
        if not len(self.ids) or not len(ids):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(self.ids, ids, sorter=self._order), len(self.ids) - 1)
        ordinals = self._order[at]
        held = self.ids[ordinals] == ids
        if self.live is not None:
            held &= self.live[ordinals]
        return np.flatnonzero(held), ordinals[held]


# ------------------------------------------------------------------------------ writing


def write(
    folder: Path, rows: Iterable[IndexedPassage], dimension: int, merged: Sequence[Segment] = ()
) -> SegmentMeta:
    """Write a segment of the live passages of ``merged`` and of ``rows``, as ``folder``.

    Complete or not at all: written beside it, fsynced, renamed.
    """
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    runs = list(_runs(partial, rows, dimension))
    parts = [*merged, *runs]
    whole = partial / "whole"
    whole.mkdir()
    _merge(whole, parts, dimension)
    recall = vectors.build_neighbours(whole)
    del runs, parts
    for path in [*whole.iterdir(), whole]:
        sync(path)
    listed = SegmentMeta(folder.name, len(np.load(whole / "ids.npy", mmap_mode="r")), size_of(whole), recall)
    whole.replace(folder)
    sync(folder.parent)
    shutil.rmtree(partial)
    return listed


def _runs(folder: Path, rows: Iterable[IndexedPassage], dimension: int) -> Iterator[Segment]:
    waiting = iter(rows)
    number = 0
    while batch := list(islice(waiting, RUN)):
        run = folder / f"run-{number}"
        run.mkdir()
        words = lexicon.LexiconBuilder()
        for row in batch:
            words.add(row.columns)
        words.write(run)
        ids = np.array([row.id for row in batch], np.int64)
        found = np.frombuffer(b"".join(row.vector for row in batch), np.float32).reshape(-1, dimension)
        _save(run, ids)
        np.save(run / vectors.VECTORS, found)
        yield Segment(run, SegmentMeta(run.name, len(batch), size_of(run), 1.0))
        number += 1


def _merge(folder: Path, parts: Sequence[Segment], dimension: int) -> None:
    moves, at = [], 0
    for part in parts:
        move = np.full(len(part), -1, np.int32)
        live = np.flatnonzero(part.live) if part.live is not None else np.arange(len(part))
        move[live] = np.arange(at, at + len(live))
        moves.append(move)
        at += len(live)
    kept = [move >= 0 for move in moves]
    _save(folder, np.concatenate([part.ids[k] for part, k in zip(parts, kept, strict=True)]))
    with (folder / vectors.VECTORS).open("wb") as file:
        header = {"descr": "<f4", "fortran_order": False, "shape": (at, dimension)}
        np.lib.format.write_array_header_1_0(file, header)
        for part, keep in zip(parts, kept, strict=True):
            for start in range(0, len(part), RUN):
                chunk = slice(start, start + RUN)
                file.write(part.vectors.array[chunk][keep[chunk]].tobytes())
    lexicon.merge_lexicons(folder, [(part.words, move) for part, move in zip(parts, moves, strict=True)])


def _save(folder: Path, ids: Ids) -> None:
    np.save(folder / "ids.npy", ids)
    np.save(folder / "order.npy", np.argsort(ids))


def size_of(folder: Path) -> int:
    """Bytes of the files in ``folder``."""
    return sum(path.stat().st_size for path in folder.iterdir())


def sync(path: Path) -> None:
    """Make a file or, for renames in it, a folder survive a power cut (POSIX asks for both)."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
