"""BM25 over the lexicons of several segments as if they were one.

The formula is that of SQLite's FTS5 (Robertson and Zaragoza, The probabilistic relevance framework,
2009): a passage's length is its words in all columns, and a word in more than half of the passages
counts next to nothing. Passages that no longer count leave no trace in the statistics, so the scores do
not depend on how the segments came to be.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from indexer.arrays import Mask, PackedCounts, PackedOrdinals, Scores
from indexer.index.lexicon import Lexicon

K1, B = 0.9, 0.5
"""How much repetition counts, and how much length: near the 0.9 and 0.4 that Trotman, Jia and Crane,
Towards an efficient and effective search engine, OSIR at SIGIR 2012, trained. In the mixture with cosines
these and the customary 1.2 and 0.75 are alike on three collections (``BENCHMARKS.md``); a name beside a
common word, and the sample questions, are found better. For the words alone the customary ones are."""


Norms: TypeAlias = npt.NDArray[np.float32]
"""What the frequency of a word is weighed against, by passage ``(n,)``."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A stem of a question."""

    passages: int
    """How many passages that count hold it."""
    postings: tuple[tuple[PackedOrdinals, Scores], ...]
    """Of each segment, in the segments' order, the passages that hold it and what it adds to their scores."""


class Bm25:
    """The lexicons of segments, one behind another.

    Its ordinals run on from each segment to the next: that of a segment's first passage is the number of
    passages in the segments before.
    """

    def __init__(self, parts: Sequence[tuple[Lexicon, Mask | None]]) -> None:
        """Each lexicon comes with the mask of its passages that count; None means all of them."""
        self._parts = parts
        ends = np.cumsum([0, *(len(lexicon.lengths) for lexicon, _ in parts)])
        self._spans = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self._size = int(ends[-1])
        self._passages = _live_passages(parts)
        norms = _norms_by_part(parts, self._passages)
        # A question's words are asked for twice: to count and to score; and the common ones, which most of
        # the time goes to, by the next question too.
        # Not a method: one that is remembered keeps its object, and so the mapped files, until collected.
        self._term = lru_cache(maxsize=200)(partial(_weigh, parts, norms, self._passages))
        # A question's scores are asked for three times: to rank, and for two unions of candidates.
        self._last: tuple[tuple[str, ...], Scores] | None = None

    def count(self, stem: str) -> int:
        """In how many passages a stem occurs."""
        return self._term(stem, 1).passages

    def frequency(self, stem: str) -> float:
        """How often a stem occurs in all, by what its columns count."""
        postings = ((*lexicon.postings(stem), live) for lexicon, live in self._parts)
        live_counts = (
            counts if live is None else counts[live[ordinals]] for ordinals, counts, live in postings
        )
        return sum(int(counts.sum()) for counts in live_counts) / 2

    def _terms(self, stems: Sequence[str]) -> list[_Term]:
        # "language" and "languages" in one question have one stem, which then counts twice.
        return [self._term(stem, times) for stem, times in sorted(Counter(stems).items())]

    def scores(self, stems: Sequence[str]) -> Scores:
        """The scores of all passages, by ordinal, read-only; 0 for those without any of the words."""
        asked = tuple(sorted(stems))
        last = self._last
        if last is None or last[0] != asked:
            last = self._last = asked, self._add_up(asked)
        return last[1]

    def _add_up(self, stems: Sequence[str]) -> Scores:
        scores = np.zeros(self._size, np.float32)
        for term in self._terms(stems):
            for span, (packed, shares) in zip(self._spans, term.postings, strict=True):
                np.add.at(scores[span], packed, shares)  # a third sooner than by +=
        scores.flags.writeable = False
        return scores


def _live_passages(parts: Sequence[tuple[Lexicon, Mask | None]]) -> int:
    """How many passages count."""
    return sum(
        len(lexicon.lengths) if live is None else int(np.count_nonzero(live)) for lexicon, live in parts
    )


def _norms_by_part(parts: Sequence[tuple[Lexicon, Mask | None]], passages: int) -> list[Norms]:
    """Those of the passages of each part, by their lengths."""
    words = sum(
        int(lexicon.lengths.sum(dtype=np.int64, where=True if live is None else live))
        for lexicon, live in parts
    )
    return [norms_of(lexicon.lengths, words=words, passages=passages) for lexicon, _ in parts]


def _weigh(
    parts: Sequence[tuple[Lexicon, Mask | None]], norms: Sequence[Norms], passages: int, stem: str, times: int
) -> _Term:
    """A stem that was asked for so many times, in parts with so many passages."""
    postings = [lexicon.postings(stem) for lexicon, _ in parts]
    count = sum(
        len(ordinals) if live is None else int(np.count_nonzero(live[ordinals]))
        for (ordinals, _), (_, live) in zip(postings, parts, strict=True)
    )
    weight = weight_of(count, times=times, passages=passages)
    shares = (
        share_of(weight, counts, own[ordinals])
        for (ordinals, counts), own in zip(postings, norms, strict=True)
    )
    return _Term(count, tuple(zip((ordinals for ordinals, _ in postings), shares, strict=True)))


def weight_of(count: int, *, times: int, passages: int) -> float:
    """What a stem weighs that ``count`` of so many passages hold, and that was asked for so many times."""
    rarity = np.log((passages - count + 0.5) / (count + 0.5))
    return times * max(float(rarity), 1e-6) * (K1 + 1.0)


def norms_of(lengths: PackedOrdinals, *, words: int, passages: int) -> Norms:
    """The norms (n,) of passages with so many words each (n,), where ``passages`` have ``words`` in all."""
    slope = K1 * B * passages / max(1, words)
    return np.asarray(lengths.astype(np.float32) * np.float32(slope) + np.float32(K1 * (1.0 - B)), np.float32)


def share_of(weight: float, counts: PackedCounts, norms: Norms) -> Scores:
    """What a word adds to passages (n,) that hold it ``counts`` (n,) half times."""
    frequencies = counts * np.float32(0.5)
    shares = frequencies + norms
    np.divide(frequencies, shares, out=shares)
    shares *= np.float32(weight)
    return shares
