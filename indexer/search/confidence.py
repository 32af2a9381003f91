"""Whether anything in the library answers a question: how near the best passage is, and how many of
the question's words the best passages have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.config import SearchConfig
    from indexer.search.fuse import Floats
    from indexer.store.snapshot import Snapshot


def coverage(
    snapshot: Snapshot, terms: Sequence[str], counts: Floats, ids: Sequence[int], *, passages: int
) -> float:
    """The share of the question's words, rare ones weighing more, that one of the passages has: 0 to 1.

    A word that the library does not know weighs as much as the rarest that it knows.
    """
    if not terms or not ids:
        return 0.0
    rarity = np.log1p((passages - counts + 0.5) / (counts + 0.5))
    held = np.zeros(len(ids))
    for term, count, weight in zip(terms, counts, rarity, strict=True):
        if count:
            matching = snapshot.lexical_scores(f'"{term}"', ids)
            held += weight * np.array([number in matching for number in ids])
    return float(held.max() / rarity.sum())


def confidence(cosine: float, covered: float, config: SearchConfig) -> float:
    """How likely the best passage answers, 0 to 1: a logistic regression on the two signals."""
    evidence = config.answer_bias + config.answer_cosine * cosine + config.answer_coverage * covered
    return 1.0 / (1.0 + math.exp(-evidence))
