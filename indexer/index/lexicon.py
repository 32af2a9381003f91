"""The words of a segment's passages: an inverted file in numpy arrays, searched from a memory map.

============  ======================================================================
words.npy     the stems by rising UTF-8, each ended by a line feed: uint8 (bytes,)
word_at.npy   where each stem begins in ``words``: int64 (stems + 1,)
spelt.npy     of each stem the word that it mostly stands for, in the same way
spelt_at.npy  where each of these begins in ``spelt``: int64 (stems + 1,)
starts.npy    where each stem's postings begin: int64 (stems + 1,)
gaps.npy      the passages that hold a stem, by rising ordinal: of each how far it is behind the one
              before, of the first its ordinal, modulo :data:`WIDEST`: uint16 (postings,)
far_at.npy    the postings whose gap is wider, rising: int64 (wide gaps,)
far.npy       what these lack: int32 (wide gaps,)
counts.npy    how often each does, in halves (:data:`HALVES`): uint8 (postings,)
lengths.npy   the words of each passage, all columns together, without forms: int32 (passages,)
============  ======================================================================
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.arrays import PackedCounts, PackedOrdinals
from indexer.index.words import Stems, read_chunk

HALVES = (2, 2, 1)
"""What a word counts in the columns text, context, about, in halves. Of lexical nDCG@10 on SciFact, CACM
and Cranfield, 0.5 to 1.5 for the context change at most 0.01, 0 costs 0.01 to 0.05. The user's words
about a link stand with every passage of its article, so they say which article and not which passage."""

Sizes: TypeAlias = npt.NDArray[np.int64]
"""How many of something there are, such as postings of each stem ``(stems,)``."""

PORTION = 1 << 22
"""Postings in memory at once where lexicons are merged."""

WIDEST = 1 << 16

ARRAYS = (
    "words", "word_at", "spelt", "spelt_at", "starts", "gaps", "far_at", "far", "counts", "lengths",
)  # fmt: skip


class LexiconBuilder:
    """Collects the words of passages, one passage after another; ``write`` makes the arrays.

    What stands between two blanks is only counted at first, as texts repeat it; it is read into words once.
    """

    def __init__(self) -> None:
        self._chunks = _Numbers()
        self._occurrences = array("i")  # the number of each chunk, column after column
        self._sizes = array("i")  # how many of them are each column's

    def add(self, columns: Sequence[str]) -> None:
        """The next passage, by its columns text, context, about."""
        for column in columns:
            chunks = column.split()
            self._sizes.append(len(chunks))
            self._occurrences.extend(map(self._chunks.__getitem__, chunks))

    def write(self, folder: Path) -> None:
        """Write the arrays into ``folder``."""
        sizes = np.frombuffer(self._sizes, np.int32)
        passages = len(sizes) // len(HALVES)
        chunks = np.frombuffer(self._occurrences, np.int32)
        column = np.repeat(np.arange(len(sizes)), sizes)
        read = _Read(self._chunks)
        lengths = np.bincount(column // len(HALVES), read.words_in[chunks], passages)
        words, of = read.words_of(chunks)
        ordered, spelt, rank = _ranked(read.words, np.bincount(words, minlength=len(read.words)))
        column = column[of]
        halves = np.array(HALVES)[column % len(HALVES)]
        # Sorted by stem, then by ordinal: occurrences of one stem in one passage become one posting. Sorted
        # with their halves, which are at most 3, as numbers alone are sorted several times faster.
        key = rank[words] * max(1, passages) + column // len(HALVES)
        key = np.sort(key << 2 | halves)
        halves, key = key & 3, key >> 2
        first = np.flatnonzero(np.diff(key, prepend=-1))
        counts = np.add.reduceat(halves, first) if len(first) else np.zeros(0)
        stems, ordinals = np.divmod(key[first], max(1, passages))
        _save_words(folder, ordered, spelt)
        starts = np.searchsorted(stems, np.arange(len(ordered) + 1))
        np.save(folder / "starts.npy", starts.astype(np.int64))
        gaps, far_at, far = _gaps(ordinals, starts)
        np.save(folder / "gaps.npy", gaps)
        np.save(folder / "far_at.npy", far_at)
        np.save(folder / "far.npy", far)
        np.save(folder / "counts.npy", np.minimum(counts, 255).astype(np.uint8))
        np.save(folder / "lengths.npy", lengths.astype(np.int32))


class _Read:
    """What some chunks hold: the words and forms of all of them, one chunk behind another."""

    def __init__(self, chunks: Iterable[str]) -> None:
        self.words = _Numbers()
        """The number of each word and form."""
        numbers, words_in, sizes = array("i"), array("i"), array("i")
        for chunk in chunks:
            words, forms = read_chunk(chunk)
            words_in.append(len(words))
            sizes.append(len(words) + len(forms))
            numbers.extend(map(self.words.__getitem__, words + forms))
        self.words_in = np.frombuffer(words_in, np.int32)
        """How many words, without forms, each chunk has (chunks,)."""
        self._numbers = np.frombuffer(numbers, np.int32)
        self._sizes = np.frombuffer(sizes, np.int32).astype(np.int64)
        self._starts = np.cumsum(self._sizes) - self._sizes

    def words_of(self, chunks: PackedOrdinals) -> tuple[PackedOrdinals, Sizes]:
        """The numbers of the words and forms (m,) of ``chunks`` (n,), and of which of these each is (m,)."""
        sizes = self._sizes[chunks]
        of = np.repeat(np.arange(len(chunks)), sizes)
        within = np.arange(len(of)) - (np.cumsum(sizes) - sizes)[of]
        return self._numbers[self._starts[chunks][of] + within], of


def _ranked(words: Iterable[str], counts: Sizes) -> tuple[list[str], list[str], Sizes]:
    """The stems in order, the word that each mostly stands for, and each word's place among the stems.

    ``counts`` (words,) has how often each word occurs.
    """
    stem_of, words = Stems(), list(words)
    stems = [stem_of[word] for word in words]
    ordered = sorted(set(stems), key=str.encode)
    place = {stem: number for number, stem in enumerate(ordered)}
    rank = np.array([place[stem] for stem in stems], np.int64)
    # Of the words of a stem, the most frequent is written last and stays.
    rising = np.argsort(counts, kind="stable")
    spelt = [""] * len(ordered)
    for number, at in zip(rising.tolist(), rank[rising].tolist(), strict=True):
        spelt[at] = words[number]
    return ordered, spelt, rank


class _Numbers(dict[str, int]):
    """The number of every text that was asked for, given out as they come."""

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
        self._folder = folder
        (
            self._words, self._word_at, self._spelt, self._spelt_at,
            self._starts, self._gaps, self._far_at, self._far, self._counts, self.lengths,
        ) = (_mapped(folder, name) for name in ARRAYS)  # fmt: skip

    def postings(self, stem: str) -> tuple[PackedOrdinals, PackedCounts]:
        """The ordinals (n,) that hold a stem, rising, and how often each, in halves (n,)."""
        number = self._find(stem.encode())
        if number == len(self._word_at) - 1 or self._word(number) != stem.encode():
            return np.zeros(0, np.int32), np.zeros(0, np.uint8)
        starts = self._starts[number : number + 2]
        return self._ordinals(self._gaps, starts), self._counts[slice(*starts)]

    def _ordinals(self, gaps: npt.NDArray[np.uint16], starts: Sizes) -> PackedOrdinals:
        """The ordinals (n,) behind ``gaps`` of stems whose postings have these ``starts`` (stems + 1,)."""
        first, end = starts[0], starts[-1]
        low, high = np.searchsorted(self._far_at, [first, end])
        ordinals = gaps[first:end].astype(np.int32)
        ordinals[self._far_at[low:high] - first] += self._far[low:high]
        np.cumsum(ordinals, out=ordinals)  # beyond 32 bits it begins anew, and so does what is taken off
        if len(starts) > 2:
            before = np.concatenate([np.zeros(1, np.int32), ordinals])[starts[:-1] - first]
            ordinals -= np.repeat(before, np.diff(starts))
        return ordinals

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

    @property
    def sizes(self) -> Sizes:
        """How many postings each stem has (stems,)."""
        return np.asarray(np.diff(self._starts), np.int64)

    def kept(self, first: int, end: int, moved: PackedOrdinals) -> tuple[PackedOrdinals, PackedCounts, Sizes]:
        """The postings (n,) of stems from ``first`` to ``end`` that are left when passages move or go.

        And how many of each stem (stems,). ``moved`` has the new ordinal of every old one (passages,), -1 for
        those that go.
        """
        starts = self._starts[first : end + 1]
        # Mapped for this alone: of a mapping that stays open all that was read of it counts as memory.
        counts = _mapped(self._folder, "counts")[starts[0] : starts[-1]]
        ordinals = moved[self._ordinals(_mapped(self._folder, "gaps"), starts)]
        stays = ordinals >= 0
        upto = np.concatenate([[0], np.cumsum(stays)])
        return ordinals[stays], counts[stays], np.diff(upto[starts - starts[0]])


def _mapped(folder: Path, name: str) -> Any:
    # As a plain array: the mapping is the same, and slicing it is many times faster.
    return np.asarray(np.load(folder / f"{name}.npy", mmap_mode="r"))


def _lines(blob: npt.NDArray[np.uint8]) -> list[str]:
    return bytes(blob).decode().split("\n")[:-1]


def merge_lexicons(folder: Path, parts: Sequence[tuple[Lexicon, PackedOrdinals]]) -> None:
    """Write into ``folder`` the arrays of several segments behind each other.

    With each comes where its passages go (see :meth:`Lexicon.kept`), rising from part to part. Stems of
    which nothing is left stay. A stem mostly stands for what it did in the part that has most passages of it.
    In memory are the vocabulary, and the postings of some stems at once.
    """
    words = [part.beginning_with("") for part, _ in parts]
    ordered = sorted(set().union(*(stems for stems, _ in words)), key=str.encode)
    rank = {stem: number for number, stem in enumerate(ordered)}
    ranks = [np.array([rank[stem] for stem in stems], np.int64) for stems, _ in words]
    before = np.zeros(len(ordered), np.int64)
    for (part, _), part_ranks in zip(parts, ranks, strict=True):
        before[part_ranks] += part.sizes
    portions = list(pairwise(_portions(before)))
    # By part, which of its stems are in each portion.
    spans = [list(pairwise(np.searchsorted(own, [0, *(end for _, end in portions)]))) for own in ranks]

    spelt = [""] * len(ordered)
    sizes, most = np.zeros(len(ordered), np.int64), np.full(len(ordered), -1, np.int64)
    for (part, moved), own, (_, own_spelt), some in zip(parts, ranks, words, spans, strict=True):
        for first, end in some:
            kept, stems = part.kept(first, end, moved)[2], own[first:end]
            sizes[stems] += kept
            for number in np.flatnonzero(kept > most[stems]).tolist():
                spelt[stems[number]] = own_spelt[first + number]
            most[stems] = np.maximum(most[stems], kept)
    _save_words(folder, ordered, spelt)
    del words, rank, ordered, spelt
    starts = np.concatenate([[0], np.cumsum(sizes)])
    np.save(folder / "starts.npy", starts)
    np.save(folder / "lengths.npy", np.concatenate([part.lengths[moved >= 0] for part, moved in parts]))
    with (
        (folder / "gaps.npy").open("wb") as gaps_file,
        (folder / "counts.npy").open("wb") as counts_file,
    ):
        _write_header(gaps_file, np.uint16, int(starts[-1]))
        _write_header(counts_file, np.uint8, int(starts[-1]))
        wide: list[tuple[Sizes, PackedOrdinals]] = []
        for number, (low, high) in enumerate(portions):
            ordinals = np.empty(starts[high] - starts[low], np.int32)
            counts = np.empty(len(ordinals), np.uint8)
            free = starts[low:high] - starts[low]
            for (part, moved), own, some in zip(parts, ranks, spans, strict=True):
                first, end = some[number]
                part_ordinals, part_counts, kept = part.kept(first, end, moved)
                stems = own[first:end] - low
                begins = np.cumsum(kept) - kept
                to = np.repeat(free[stems] - begins, kept) + np.arange(len(part_ordinals))
                ordinals[to] = part_ordinals
                counts[to] = part_counts
                free[stems] += kept
            gaps, far_at, far = _gaps(ordinals, starts[low : high + 1] - starts[low])
            wide.append((far_at + starts[low], far))
            gaps_file.write(gaps.tobytes())
            counts_file.write(counts.tobytes())
    np.save(folder / "far_at.npy", np.concatenate([np.zeros(0, np.int64), *(at for at, _ in wide)]))
    np.save(folder / "far.npy", np.concatenate([np.zeros(0, np.int32), *(far for _, far in wide)]))


def _gaps(ordinals: PackedOrdinals, starts: Sizes) -> tuple[npt.NDArray[np.uint16], Sizes, PackedOrdinals]:
    """Postings as they are written: the gaps (n,), where the wide ones are, and what these lack."""
    gaps = np.diff(ordinals, prepend=0)
    firsts = starts[:-1][np.diff(starts) > 0]
    gaps[firsts] = ordinals[firsts]
    far_at = np.flatnonzero(gaps >= WIDEST)
    return gaps.astype(np.uint16), far_at, (gaps[far_at] // WIDEST * WIDEST).astype(np.int32)


def _portions(sizes: Sizes) -> list[int]:
    """Where to part stems with so many postings (stems,), so that a part has about :data:`PORTION`."""
    ends = np.cumsum(sizes)
    cuts = np.searchsorted(ends, np.arange(PORTION, ends[-1] if len(ends) else 0, PORTION))
    return sorted({0, *cuts.tolist(), len(sizes)})


def _write_header(file: BinaryIO, kind: type[np.generic], size: int) -> None:
    """Begin a file as :func:`numpy.save` does; the numbers follow."""
    header = {"descr": np.dtype(kind).str, "fortran_order": False, "shape": (size,)}
    np.lib.format.write_array_header_1_0(file, header)
