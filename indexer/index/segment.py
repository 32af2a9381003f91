"""A segment: some passages with their vectors and words, in one folder that never changes.

=========  ==============================================================================
ids.npy    the passages' ids by ordinal: int64 (passages,)
order.npy  their ordinals by rising id: int64 (passages,)
           and the files of :mod:`.vectors` and :mod:`.lexicon`
sums.json  the sha256 of each of these
=========  ==============================================================================

A passage's *ordinal* is its place in the segment, counted from 0. A published state is a few segments and,
for each, the ordinals that no longer count. So what changes costs what changed; segments are merged as they
grow (:mod:`indexer.store.generations`).
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.arrays import Halves, Ids, Mask, Ordinals, PackedOrdinals
from indexer.errors import DamagedLibrary
from indexer.files import sync
from indexer.hashes import Hashes
from indexer.index import lexicon, vectors
from indexer.index.faiss_file import write_flat

SUMS = "sums.json"

RUN = 32_768
"""Passages that are indexed in memory at once; more are written in runs, and merged."""

RUNS = 32
"""Runs that are open at once; more are merged in groups. Each takes a dozen files of the 1,024 that a process
often may have open."""

REINDEX_ADVICE = "run `indexer reindex` to make it again from what is kept"


Positions: TypeAlias = npt.NDArray[np.int64]
"""Where in a caller's array something stands ``(n,)``."""


@dataclass(frozen=True, slots=True)
class IndexedPassage:
    """One passage to be indexed: its columns text, context, about, and its vector as float16."""

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

    def __init__(self, folder: Path, meta: SegmentMeta, hashes: Hashes | None = None) -> None:
        """Open ``folder``, memory-mapped; with ``hashes`` its files are compared with their checksums before.

        Files that are not its own are left alone.

        Raises:
            DamagedLibrary: a file is missing, is not as it was written, or not ours.
        """
        if not folder.is_dir():
            raise DamagedLibrary(f"{folder}: a part of the index is missing; {REINDEX_ADVICE}")
        self.folder = folder
        self.meta = meta
        try:
            self._compare(hashes)
            self.ids: Ids = np.asarray(np.load(folder / "ids.npy", mmap_mode="r"))
            self._order: Ordinals = np.asarray(np.load(folder / "order.npy", mmap_mode="r"))
            self.vectors = vectors.VectorFile(folder)
            self.words = lexicon.Lexicon(folder)
        except (OSError, ValueError) as error:
            raise DamagedLibrary(
                f"{folder}: this part of the index is damaged ({error}); {REINDEX_ADVICE}"
            ) from error

    def _compare(self, hashes: Hashes | None) -> None:
        """See whether the files are those that were written, by their size, and with ``hashes`` by all.

        Raises:
            OSError, ValueError: they are not.
        """
        sums = _written_sums(self.folder)
        if (size := size_of(self.folder, sums)) != self.meta.size:
            raise ValueError(f"{size} bytes instead of {self.meta.size}")
        if hashes:
            for name, sha256 in sums.items():
                if hashes.sha256(self.folder / name) != sha256:
                    raise ValueError(f"{name} is not what was written")

    def __len__(self) -> int:
        return len(self.ids)

    @cached_property
    def live(self) -> Mask | None:
        """Which ordinals count; None for all."""
        if not self.meta.dead:
            return None
        mask = np.ones(len(self.ids), np.bool_)
        mask[self.meta.dead_ordinals] = False
        return mask

    @property
    def live_ids(self) -> Ids:
        """The ids (n,) of the passages that count, by ordinal."""
        return self.ids if self.live is None else self.ids[self.live]

    def ordinals(self, ids: Ids) -> tuple[Positions, Ordinals]:
        """Which of ``ids`` (n,) count in this segment (m,), and the ordinals of these (m,)."""
        if not len(self.ids) or not len(ids):
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        ranks = np.minimum(np.searchsorted(self.ids, ids, sorter=self._order), len(self.ids) - 1)
        ordinals = self._order[ranks]
        counted = self.ids[ordinals] == ids
        if self.live is not None:
            counted &= self.live[ordinals]
        return np.flatnonzero(counted), ordinals[counted]


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
    try:
        runs = _grouped(partial, _runs(partial, rows, dimension), dimension)
        whole = partial / "whole"
        whole.mkdir()
        passages = _merge(whole, [*merged, *runs], dimension)
        while runs:  # lest their vectors lie on the disk beside those of the whole, in both its forms
            shutil.rmtree(runs.pop().folder)
        recall = vectors.add_lists(whole)
        sums = _write_sums(whole)
        for path in [*whole.iterdir(), whole]:
            sync(path)
        meta = SegmentMeta(folder.name, passages, size_of(whole, sums), recall)
        whole.replace(folder)
        sync(folder.parent)
    finally:  # where the disk is full, what was begun takes room that others need
        shutil.rmtree(partial, ignore_errors=True)
    return meta


def _runs(folder: Path, rows: Iterable[IndexedPassage], dimension: int) -> Iterator[Segment]:
    """The passages of ``rows``, as segments of at most :data:`RUN`."""
    waiting = iter(rows)
    number = 0
    while batch := list(islice(waiting, RUN)):
        run = folder / f"run-{number}"
        run.mkdir()
        _write_run(run, batch, dimension)
        yield _segment_of(run, len(batch))
        del batch  # lest it be in memory beside the next one
        number += 1


def _write_run(run: Path, batch: Sequence[IndexedPassage], dimension: int) -> None:
    words = lexicon.LexiconBuilder()
    for row in batch:
        words.add(row.columns)
    words.write(run)
    _save_ids(run, np.array([row.id for row in batch], np.int64))
    halves = np.frombuffer(b"".join(row.vector for row in batch), np.float16)
    write_flat(run / vectors.VECTORS, [halves.reshape(len(batch), dimension)], len(batch), dimension)


def _grouped(folder: Path, runs: Iterable[Segment], dimension: int) -> list[Segment]:
    """The passages of ``runs`` as fewer segments, in the same order."""
    groups: list[Segment] = []
    waiting = iter(runs)
    while some := list(islice(waiting, RUNS)):
        if len(some) < RUNS:
            return [*groups, *some]
        group = folder / f"group-{len(groups)}"
        group.mkdir()
        groups.append(_segment_of(group, _merge(group, some, dimension)))
        while some:
            shutil.rmtree(some.pop().folder)
    return groups


def _segment_of(folder: Path, passages: int) -> Segment:
    """A run or group that was just written."""
    return Segment(folder, SegmentMeta(folder.name, passages, size_of(folder, {}), 1.0))


def _merge(folder: Path, parts: Sequence[Segment], dimension: int) -> int:
    """Write the live passages of ``parts`` behind each other into ``folder``; how many they are."""
    passages, moved = 0, []
    for part in parts:
        ordinals = np.full(len(part), -1, np.int32)
        live = slice(None) if part.live is None else part.live
        ordinals[live] = np.arange(passages, passages + part.meta.alive)
        moved.append(ordinals)
        passages += part.meta.alive
    _save_ids(folder, np.concatenate([np.zeros(0, np.int64), *(part.live_ids for part in parts)]))
    live_vectors = (chunk for part in parts for chunk in _live_vectors(part))
    write_flat(folder / vectors.VECTORS, live_vectors, passages, dimension)
    lexicon.merge_lexicons(folder, [(part.words, to) for part, to in zip(parts, moved, strict=True)])
    return passages


def _live_vectors(part: Segment) -> Iterator[Halves]:
    """The vectors of the passages that count (n, dimension), some at once."""
    for ordinals, halves in part.vectors.chunks():
        yield halves if part.live is None else halves[part.live[ordinals]]


def _save_ids(folder: Path, ids: Ids) -> None:
    np.save(folder / "ids.npy", ids)
    np.save(folder / "order.npy", np.argsort(ids))


def _write_sums(folder: Path) -> dict[str, str]:
    """Write the sha256 of each file in ``folder`` into it, by its name."""
    hashes = Hashes(None)
    sums = {path.name: hashes.sha256(path) for path in sorted(folder.iterdir())}
    (folder / SUMS).write_text(json.dumps(sums, indent=0), encoding="utf-8")
    return sums


def _written_sums(folder: Path) -> dict[str, str]:
    """What :func:`_write_sums` wrote; nothing where it did not, as in a run or by an older version.

    Raises:
        OSError, ValueError: it cannot be read.
    """
    try:
        sums = json.loads((folder / SUMS).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    if not isinstance(sums, dict):
        raise ValueError(f"{SUMS} is not what was written")  # noqa: TRY004 - as all that is wrong with a file
    return sums


def size_of(folder: Path, sums: Iterable[str]) -> int:
    """Bytes of the files in ``folder`` that ``sums`` names, and of the sums; of all where there are none."""
    own = {*sums, SUMS}
    files = [path for path in folder.iterdir() if path.is_file()]
    return sum(path.stat().st_size for path in files if path.name in own or len(own) == 1)
