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
from functools import cached_property, lru_cache
from itertools import pairwise

import numpy as np

from indexer.arrays import Mask, Ordinals, PackedCounts, PackedOrdinals, Scores
from indexer.index.lexicon import Lexicon

K1, B = 0.9, 0.5
"""How much repetition counts, and how much length: near the 0.9 and 0.4 that Trotman, Jia and Crane,
Towards an efficient and effective search engine, OSIR at SIGIR 2012, trained. In the mixture with cosines
these and the customary 1.2 and 0.75 are alike on three collections (``BENCHMARKS.md``); a name beside a
common word, and the sample questions, are found better. For the words alone the customary ones are."""


@dataclass(frozen=True, slots=True)
class _Term:
    """A word of a question. ``postings`` are those of each segment, in the segments' order."""

    weight: float
    """Its inverse document frequency times k1 + 1, times how often it was asked for."""
    passages: int
    postings: tuple[tuple[PackedOrdinals, PackedCounts], ...]


class Bm25:
    """The lexicons of segments, behind each other: a *ordinal* counts through all of them."""

    def __init__(self, parts: Sequence[tuple[Lexicon, Mask | None]]) -> None:
        """Each lexicon comes with the mask of its passages that count; None means all of them."""
        self._parts = parts
        ends = np.cumsum([0, *(len(lexicon.lengths) for lexicon, _ in parts)])
        self._spans = [slice(int(start), int(end)) for start, end in pairwise(ends)]
        self._size = int(ends[-1])
        # A question's words are asked for four times: to count, to rank, and to score two unions.
        self._term = lru_cache(maxsize=1000)(self._found)

    @cached_property
    def _passages(self) -> int:
        """How many passages count."""
        return sum(
            len(lexicon.lengths) if live is None else int(np.count_nonzero(live))
            for lexicon, live in self._parts
        )

    @cached_property
    def _norms(self) -> Scores:
        """What a frequency is weighed against, by the length of each passage (ordinals,)."""
        lengths = [lexicon.lengths for lexicon, _ in self._parts]
        total = sum(
            int(of_part.sum(dtype=np.int64, where=True if live is None else live))
            for of_part, (_, live) in zip(lengths, self._parts, strict=True)
        )
        slope = K1 * B * self._passages / max(1, total)
        whole = np.concatenate([np.zeros(0, np.float32), *lengths]).astype(np.float32)
        return np.asarray(whole * np.float32(slope) + np.float32(K1 * (1.0 - B)), np.float32)

    def count(self, stem: str) -> int:
        """In how many passages a stem occurs."""
        return self._term(stem, 1).passages

    def _found(self, stem: str, times: int) -> _Term:
        postings = tuple(lexicon.postings(stem) for lexicon, _ in self._parts)
        count = sum(
            len(ordinals) if live is None else int(np.count_nonzero(live[ordinals]))
            for (ordinals, _), (_, live) in zip(postings, self._parts, strict=True)
        )
        rarity = np.log((self._passages - count + 0.5) / (count + 0.5))
        return _Term(times * max(float(rarity), 1e-6) * (K1 + 1.0), count, postings)

    def _terms(self, stems: Sequence[str]) -> list[_Term]:
        # "language" and "languages" in one question have one stem, which then counts twice.
        return [self._term(stem, times) for stem, times in sorted(Counter(stems).items())]

    def all(self, stems: Sequence[str]) -> Scores:
        """The scores of all ordinals; 0 for those without any of the words."""
        scores = np.zeros(self._size, np.float32)
        for term in self._terms(stems):
            for span, (held, counts) in zip(self._spans, term.postings, strict=True):
                # Indexing by 64 bits takes half the time of having numpy convert twice.
                ordinals = held.astype(np.int64)
                scores[span][ordinals] += _share(term, counts, self._norms[span][ordinals])
        return scores

    def of(self, stems: Sequence[str], ordinals: Ordinals) -> Scores:
        """The scores of the passages at rising ``ordinals`` (n,), the same as :meth:`all` has them."""
        scores = np.zeros(len(ordinals), np.float32)
        bounds = [slice(*np.searchsorted(ordinals, [span.start, span.stop])) for span in self._spans]
        for term in self._terms(stems):
            for span, bound, (held, counts) in zip(self._spans, bounds, term.postings, strict=True):
                wanted = (ordinals[bound] - span.start).astype(np.int32)
                if not len(wanted) or not len(held):
                    continue
                at = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
                there = held[at] == wanted
                share = _share(term, counts[at[there]], self._norms[span][wanted[there]])
                scores[bound][there] += share
        return scores


def _share(term: _Term, counts: PackedCounts, norms: Scores) -> Scores:
    """What a word adds to passages that hold it ``counts`` (n,) half times."""
    often = counts * np.float32(0.5)
    often /= often + norms
    often *= np.float32(term.weight)
    return often
