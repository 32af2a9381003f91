"""Whether anything in the library answers a question.

Two signals tell: how near the best passages are, and how many of the question's words they have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexer.index.words import words

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.arrays import Doubles
    from indexer.config import SearchConfig
    from indexer.records import PassageRow
    from indexer.store.snapshot import Snapshot


def coverage(
    snapshot: Snapshot, terms: Sequence[str], counts: Doubles, rows: Sequence[PassageRow], *, passages: int
) -> float:
    """The share of the question's words, rare ones weighing more, that one of the passages has: 0 to 1.

    A word that the library does not know weighs as much as the rarest that it knows.
    """
    if not terms or not rows:
        return 0.0
    rarity = np.log1p((passages - counts + 0.5) / (counts + 0.5))
    stems = [snapshot.stem(term) for term in terms]
    covered = np.zeros(len(rows))
    for at, row in enumerate(rows):
        own = {snapshot.stem(word) for word in words(row.passage.embedded_text)}
        covered[at] = sum(weight for stem, weight in zip(stems, rarity, strict=True) if stem in own)
    return float(covered.max() / rarity.sum())


def confidence(cosine: float, covered: float, config: SearchConfig) -> float:
    """How likely the best passage answers, 0 to 1: a logistic regression on the two signals."""
    return _logistic(config.answer_bias + config.answer_cosine * cosine + config.answer_coverage * covered)


def by_words(covered: float, config: SearchConfig) -> float:
    """The same where no vector was made, and the words alone must tell."""
    return _logistic(config.words_slope * (covered - config.words_enough))


def _logistic(evidence: float) -> float:
    return 1.0 / (1.0 + math.exp(-evidence))
