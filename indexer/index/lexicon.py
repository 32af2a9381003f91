"""The words of a segment's passages: an inverted file in numpy arrays, searched from a memory map.

============  ======================================================================
words.npy     the stems by rising UTF-8, each ended by a line feed: uint8 (bytes,)
word_at.npy   where each stem begins in ``words``: int64 (stems + 1,)
spelt.npy     of each stem the word that it mostly stands for, in the same way
spelt_at.npy  where each of these begins in ``spelt``: int64 (stems + 1,)
starts.npy    where each stem's postings begin: int64 (stems + 1,)
ordinals.npy  the passages that hold a stem, by rising ordinal: int32 (postings,)
counts.npy    how often each does, in halves (:data:`HALVES`): uint8 (postings,)
lengths.npy   the words of each passage, all columns together, without forms: int32 (passages,)
============  ======================================================================
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.arrays import PackedCounts, PackedOrdinals
from indexer.index.words import Stems, words_and_forms

HALVES = (2, 2, 1)
"""What a word counts in the columns text, context, about, in halves. Of lexical nDCG@10 on SciFact, CACM
and Cranfield, 0.5 to 1.5 for the context change at most 0.01, 0 costs 0.01 to 0.05. The user's words
about a link stand with every passage of its article, so they say which article and not which passage."""

Sizes: TypeAlias = npt.NDArray[np.int64]
"""How many postings stems have ``(stems,)``."""

ARRAYS = ("words", "word_at", "spelt", "spelt_at", "starts", "ordinals", "counts", "lengths")


class LexiconBuilder:
    """Collects the words of passages, one passage after another; ``write`` makes the arrays."""

    def __init__(self) -> None:
        self._numbers = _Numbers()
        self._occurrences = array("i")  # the number of each word and form, column after column
        self._sizes = array("i")  # how many of them are each column's
        self._lengths = array("i")

    def add(self, columns: Sequence[str]) -> None:
        """The next passage, by its columns text, context, about."""
        length = 0
        for column in columns:
            words, forms = words_and_forms(column)
            length += len(words)
            self._sizes.append(len(words) + len(forms))
            self._occurrences.extend(map(self._numbers.__getitem__, words))
            self._occurrences.extend(map(self._numbers.__getitem__, forms))
        self._lengths.append(length)

    def write(self, folder: Path) -> None:
        """Write the arrays into ``folder``."""
        passages = len(self._lengths)
        occurrences = np.frombuffer(self._occurrences, np.int32)
        ordered, spelt, rank = self._ranked(occurrences)
        sizes = np.frombuffer(self._sizes, np.int32)
        column = np.arange(len(sizes))
        ordinal = np.repeat(column // len(HALVES), sizes)
        halves = np.repeat(np.array(HALVES)[column % len(HALVES)], sizes)
        # Sorted by stem, then by ordinal: occurrences of one stem in one passage become one posting.
        key = rank[occurrences] * max(1, passages) + ordinal
        order = np.argsort(key, kind="stable")
        key, first = np.unique(key[order], return_index=True)
        counts = np.add.reduceat(halves[order], first) if len(first) else np.zeros(0)
        stems, ordinals = np.divmod(key, max(1, passages))
        _save_words(folder, ordered, spelt)
        starts = np.searchsorted(stems, np.arange(len(ordered) + 1))
        np.save(folder / "starts.npy", starts.astype(np.int64))
        np.save(folder / "ordinals.npy", ordinals.astype(np.int32))
        np.save(folder / "counts.npy", np.minimum(counts, 255).astype(np.uint8))
        np.save(folder / "lengths.npy", np.frombuffer(self._lengths, np.int32))

    def _ranked(self, occurrences: PackedOrdinals) -> tuple[list[str], list[str], Sizes]:
        """The stems in order, the word that each mostly stands for, and each word's place among the stems."""
        stem_of = Stems()
        stems = [stem_of[word] for word in self._numbers]
        ordered = sorted(set(stems), key=str.encode)
        place = {stem: number for number, stem in enumerate(ordered)}
        rank = np.array([place[stem] for stem in stems], np.int64)
        # Of the words of a stem, the most frequent is written last and stays.
        rising = np.argsort(np.bincount(occurrences, minlength=len(rank)), kind="stable")
        words, spelt = list(self._numbers), [""] * len(ordered)
        for number, at in zip(rising.tolist(), rank[rising].tolist(), strict=True):
            spelt[at] = words[number]
        return ordered, spelt, rank


class _Numbers(dict[str, int]):
    """The number of every word that was asked for, given out as they come."""

    def __missing__(self, word: str) -> int:
        number = self[word] = len(self)
        return number


def _save_words(folder: Path, stems: Sequence[str], spelt: Sequence[str]) -> None:
    for name, at, texts in (("words", "word_at", stems), ("spelt", "spelt_at", spelt)):
        blobs = [text.encode() + b"\n" for text in texts]
        starts = np.zeros(len(blobs) + 1, np.int64)
        np.cumsum([len(blob) for blob in blobs], out=starts[1:])
        np.save(folder / f"{name}.npy", np.frombuffer(b"".join(blobs), np.uint8))
        np.save(folder / f"{at}.npy", starts)


class Lexicon:
    """The arrays of one segment, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open the arrays in ``folder``; raises OSError or ValueError where one is missing or none."""
        (
            self._words, self._word_at, self._spelt, self._spelt_at,
            self._starts, self._ordinals, self._counts, self.lengths,
        ) = (
            # As plain arrays: the mapping is the same, and slicing it is many times faster.
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            for name in ARRAYS
        )  # fmt: skip

    def postings(self, stem: str) -> tuple[PackedOrdinals, PackedCounts]:
        """The ordinals (n,) that hold a stem, rising, and how often each, in halves (n,)."""
        number = self._find(stem.encode())
        if number == len(self._word_at) - 1 or self._word(number) != stem.encode():
            return np.zeros(0, np.int32), np.zeros(0, np.uint8)
        start, end = self._starts[number], self._starts[number + 1]
        return self._ordinals[start:end], self._counts[start:end]

    def beginning_with(self, prefix: str) -> tuple[list[str], list[str]]:
        """The stems with this beginning, in order, and of each the word that it mostly stands for."""
        first, end = self._find(prefix.encode()), self._find(prefix.encode() + b"\xff")
        stems = self._words[self._word_at[first] : self._word_at[end]]
        spelt = self._spelt[self._spelt_at[first] : self._spelt_at[end]]
        return _lines(stems), _lines(spelt)

    def _word(self, number: int) -> bytes:
        return bytes(self._words[self._word_at[number] : self._word_at[number + 1] - 1])

    def _find(self, wanted: bytes) -> int:
        """The number of the first stem that is not before ``wanted``."""
        low, high = 0, len(self._word_at) - 1
        while low < high:
            middle = (low + high) // 2
            if self._word(middle) < wanted:
                low = middle + 1
            else:
                high = middle
        return low

    def kept(self, moved: PackedOrdinals) -> tuple[PackedOrdinals, PackedCounts, Sizes]:
        """The postings (n,) that are left when passages move or go, and how many of each stem (stems,).

        ``moved`` has the new ordinal of every old one (passages,), -1 for those that go.
        """
        ordinals = moved[self._ordinals]
        stays = ordinals >= 0
        upto = np.concatenate([[0], np.cumsum(stays)])
        return ordinals[stays], self._counts[stays], np.diff(upto[self._starts])


def _lines(blob: npt.NDArray[np.uint8]) -> list[str]:
    return bytes(blob).decode().split("\n")[:-1]


def merge_lexicons(folder: Path, parts: Sequence[tuple[Lexicon, PackedOrdinals]]) -> None:
    """Write into ``folder`` the arrays of several segments behind each other.

    With each comes where its passages go (see :meth:`Lexicon.kept`), rising from part to part. Stems of
    which nothing is left stay. A stem mostly stands for what it did in the part that has most passages of it.
    Takes the memory of the largest part and of the vocabulary.
    """
    words = [part.beginning_with("") for part, _ in parts]
    ordered = sorted(set().union(*(stems for stems, _ in words)), key=str.encode)
    rank = {stem: number for number, stem in enumerate(ordered)}
    ranks = [np.array([rank[stem] for stem in stems], np.int64) for stems, _ in words]
    sizes, most = np.zeros(len(ordered), np.int64), np.full(len(ordered), -1, np.int64)
    spelt = [""] * len(ordered)
    for (part, moved), part_ranks, (_, part_spelt) in zip(parts, ranks, words, strict=True):
        own = part.kept(moved)[2]
        sizes[part_ranks] += own
        for number in np.flatnonzero(own > most[part_ranks]):
            spelt[part_ranks[number]] = part_spelt[number]
        most[part_ranks] = np.maximum(most[part_ranks], own)
    del words, rank
    starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    free = starts[:-1].copy()
    ordinals = _new(folder / "ordinals.npy", np.int32, int(starts[-1]))
    counts = _new(folder / "counts.npy", np.uint8, int(starts[-1]))
    for (part, moved), part_ranks in zip(parts, ranks, strict=True):
        part_ordinals, part_counts, per_stem = part.kept(moved)
        begins = np.cumsum(per_stem) - per_stem
        to = np.repeat(free[part_ranks] - begins, per_stem) + np.arange(len(part_ordinals))
        ordinals[to] = part_ordinals
        counts[to] = part_counts
        free[part_ranks] += per_stem
    _save_words(folder, ordered, spelt)
    np.save(folder / "starts.npy", starts)
    np.save(folder / "lengths.npy", np.concatenate([part.lengths[moved >= 0] for part, moved in parts]))


def _new(path: Path, kind: Any, size: int) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(size,))
