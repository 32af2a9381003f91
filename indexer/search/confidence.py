"""Whether anything in the library answers a question.

Two signals tell: how near the best passages are, and how many of the question's words they have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from indexer.index.words import is_paired, words_and_forms

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.arrays import Doubles
    from indexer.config import SearchConfig
    from indexer.records import PassageRow
    from indexer.store.snapshot import Snapshot


SPANNING = 0.5
"""What a pair of characters weighs that the library does not have: about half of a text's span two words."""


def coverage(
    snapshot: Snapshot,
    terms: Sequence[str],
    counts: Doubles,
    trust: Doubles,
    rows: Sequence[PassageRow],
    *,
    passages: int,
) -> float:
    """The share of the question's words, rare ones weighing more, that one of the passages has: 0 to 1.

    A word that the library does not know weighs as much as the rarest that it knows. So does one that was
    corrected; a passage has it as far as the correction is to be trusted (``trust``, one for each word).
    """
    if not terms or not rows:
        return 0.0
    counts = np.where(trust < 1.0, 0.0, counts)
    rarity = np.log1p((passages - counts + 0.5) / (counts + 0.5))
    rarity *= [
        SPANNING if not count and is_paired(term) else 1.0 for term, count in zip(terms, counts, strict=True)
    ]
    stems = [snapshot.stem(term) for term in terms]
    covered = np.zeros(len(rows))
    for at, row in enumerate(rows):
        own = {snapshot.stem(word) for some in words_and_forms(row.passage.embedded_text) for word in some}
        covered[at] = sum(share for stem, share in zip(stems, trust * rarity, strict=True) if stem in own)
    return float(covered.max() / rarity.sum())


def confidence(cosine: float, covered: float, config: SearchConfig) -> float:
    """How likely the best passage answers, 0 to 1: a logistic regression on the two signals."""
    return _logistic(config.answer_bias + config.answer_cosine * cosine + config.answer_coverage * covered)


def by_words(covered: float, config: SearchConfig) -> float:
    """The same where no vector was made, and the words alone must tell."""
    return _logistic(config.words_slope * (covered - config.words_enough))


def _logistic(evidence: float) -> float:
    return 1.0 / (1.0 + math.exp(-evidence))
