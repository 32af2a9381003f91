"""Whether anything in the library answers a question.

Two signals tell: how near the best passages are, and how many of the question's words they have.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.config import SearchConfig
    from indexer.records import PassageRow
    from indexer.search.fuse import Floats
    from indexer.store.snapshot import Snapshot


_TABLES = """
CREATE VIRTUAL TABLE IF NOT EXISTS temp.leaders
  USING fts5(text, tokenize='porter unicode61 remove_diacritics 2');
DELETE FROM temp.leaders
"""


def coverage(
    snapshot: Snapshot, terms: Sequence[str], counts: Floats, rows: Sequence[PassageRow], *, passages: int
) -> float:
    """The share of the question's words, rare ones weighing more, that one of the passages has: 0 to 1.

    A word that the library does not know weighs as much as the rarest that it knows. The passages are
    matched in a small index of their own: asking the library's would read every passage with the word.
    """
    if not terms or not rows:
        return 0.0
    for statement in _TABLES.split(";"):
        snapshot.query(statement)
    for place, row in enumerate(rows):
        snapshot.query(
            "INSERT INTO temp.leaders (rowid, text) VALUES (?, ?)", (place, row.passage.embedded_text)
        )
    rarity = np.log1p((passages - counts + 0.5) / (counts + 0.5))
    held = np.zeros(len(rows))
    for term, weight in zip(terms, rarity, strict=True):
        for found in snapshot.query("SELECT rowid FROM temp.leaders WHERE leaders MATCH ?", (f'"{term}"',)):
            held[found["rowid"]] += weight
    return float(held.max() / rarity.sum())


def confidence(cosine: float, covered: float, config: SearchConfig) -> float:
    """How likely the best passage answers, 0 to 1: a logistic regression on the two signals."""
    evidence = config.answer_bias + config.answer_cosine * cosine + config.answer_coverage * covered
    return 1.0 / (1.0 + math.exp(-evidence))
