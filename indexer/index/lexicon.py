"""The words of a segment's passages: an inverted file in numpy arrays, searched from a memory map.

============  ======================================================================
words.npy     the stems by rising UTF-8, each ended by a line feed: uint8 (bytes,)
word_at.npy   where each stem begins in ``words``: int64 (stems + 1,)
starts.npy    where each stem's postings begin: int64 (stems + 1,)
ordinals.npy  the passages that hold a stem, by rising ordinal: int32 (postings,)
counts.npy    how often each does, in halves (:data:`HALVES`): uint8 (postings,)
lengths.npy   the words of each passage, all columns together: int32 (passages,)
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
from indexer.index.words import PARTS, Stems, fold, pairs

HALVES = (2, 2, 1)
"""What a word counts in the columns text, context, about, in halves. Of lexical nDCG@10 on SciFact, CACM
and Cranfield, 0.5 to 1.5 for the context change at most 0.01, 0 costs 0.01 to 0.05. The user's words
about a link stand with every passage of its article, so they say which article and not which passage."""

Sizes: TypeAlias = npt.NDArray[np.int64]
"""How many postings stems have ``(stems,)``."""

ARRAYS = ("words", "word_at", "starts", "ordinals", "counts", "lengths")


class LexiconBuilder:
    """Collects the words of passages, one passage after another; ``write`` makes the arrays."""

    def __init__(self) -> None:
        self._numbers = _StemNumbers()
        self._occurrences = array("i")  # the number of the stem of each word, column after column
        self._sizes = array("i")  # how many of them are each column's
        self._lengths = array("i")

    def add(self, columns: Sequence[str]) -> None:
        """The next passage, by its columns text, context, about."""
        length = 0
        for column in columns:
            folded = fold(column)
            words = PARTS.findall(folded)
            length += len(words)
            words += pairs(folded)
            self._sizes.append(len(words))
            self._occurrences.extend(map(self._numbers.__getitem__, words))
        self._lengths.append(length)

    def write(self, folder: Path) -> None:
        """Write the arrays into ``folder``."""
        passages = len(self._lengths)
        ordered = sorted(self._numbers.stems, key=str.encode)
        rank = np.empty(len(ordered), np.int64)
        rank[[self._numbers.stems[stem] for stem in ordered]] = np.arange(len(ordered))
        sizes = np.frombuffer(self._sizes, np.int32)
        column = np.arange(len(sizes))
        ordinal = np.repeat(column // len(HALVES), sizes)
        halves = np.repeat(np.array(HALVES)[column % len(HALVES)], sizes)
        # Sorted by stem, then by ordinal: occurrences of one stem in one passage become one posting.
        key = rank[np.frombuffer(self._occurrences, np.int32)] * max(1, passages) + ordinal
        order = np.argsort(key, kind="stable")
        key, first = np.unique(key[order], return_index=True)
        counts = np.add.reduceat(halves[order], first) if len(first) else np.zeros(0)
        stems, ordinals = np.divmod(key, max(1, passages))
        _save_words(folder, ordered)
        starts = np.searchsorted(stems, np.arange(len(ordered) + 1))
        np.save(folder / "starts.npy", starts.astype(np.int64))
        np.save(folder / "ordinals.npy", ordinals.astype(np.int32))
        np.save(folder / "counts.npy", np.minimum(counts, 255).astype(np.uint8))
        np.save(folder / "lengths.npy", np.frombuffer(self._lengths, np.int32))


class _StemNumbers(dict[str, int]):
    """The number of the stem of every word that was asked for, given out as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.stems: dict[str, int] = {}
        self._stem_of = Stems()

    def __missing__(self, word: str) -> int:
        number = self[word] = self.stems.setdefault(self._stem_of[word], len(self.stems))
        return number


def _save_words(folder: Path, ordered: Sequence[str]) -> None:
    blobs = [stem.encode() + b"\n" for stem in ordered]
    word_at = np.zeros(len(blobs) + 1, np.int64)
    np.cumsum([len(blob) for blob in blobs], out=word_at[1:])
    np.save(folder / "words.npy", np.frombuffer(b"".join(blobs), np.uint8))
    np.save(folder / "word_at.npy", word_at)


class Lexicon:
    """The arrays of one segment, memory-mapped."""

    def __init__(self, folder: Path) -> None:
        """Open the arrays in ``folder``; raises OSError or ValueError where one is missing or none."""
        self._words, self._word_at, self._starts, self._ordinals, self._counts, self.lengths = (
            # As plain arrays: the mapping is the same, and slicing it is many times faster.
            np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))
            for name in ARRAYS
        )

    def postings(self, stem: str) -> tuple[PackedOrdinals, PackedCounts]:
        """The ordinals (n,) that hold a stem, rising, and how often each, in halves (n,)."""
        number = self._find(stem.encode())
        if number == len(self._word_at) - 1 or self._word(number) != stem.encode():
            return np.zeros(0, np.int32), np.zeros(0, np.uint8)
        start, end = self._starts[number], self._starts[number + 1]
        return self._ordinals[start:end], self._counts[start:end]

    def beginning_with(self, prefix: str) -> list[str]:
        """The stems with this beginning, in order."""
        first, end = self._find(prefix.encode()), self._find(prefix.encode() + b"\xff")
        return bytes(self._words[self._word_at[first] : self._word_at[end]]).decode().split("\n")[:-1]

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


def merge_lexicons(folder: Path, parts: Sequence[tuple[Lexicon, PackedOrdinals]]) -> None:
    """Write into ``folder`` the arrays of several segments behind each other.

    With each comes where its passages go (see :meth:`Lexicon.kept`), rising from part to part. Stems of
    which nothing is left stay. Takes the memory of the largest part and of the vocabulary.
    """
    words = [part.beginning_with("") for part, _ in parts]
    ordered = sorted(set().union(*words), key=str.encode)
    rank = {word: number for number, word in enumerate(ordered)}
    ranks = [np.array([rank[word] for word in part_words], np.int64) for part_words in words]
    del words, rank
    sizes = np.zeros(len(ordered), np.int64)
    for (part, moved), part_ranks in zip(parts, ranks, strict=True):
        sizes[part_ranks] += part.kept(moved)[2]
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
    _save_words(folder, ordered)
    np.save(folder / "starts.npy", starts)
    np.save(folder / "lengths.npy", np.concatenate([part.lengths[moved >= 0] for part, moved in parts]))


def _new(path: Path, kind: Any, size: int) -> Any:
    return np.lib.format.open_memmap(path, mode="w+", dtype=kind, shape=(size,))
