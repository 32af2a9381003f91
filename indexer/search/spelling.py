"""Words and the library's vocabulary: how often they occur, and what a mistyped one must have meant.

Only a word that occurs nowhere is corrected. Stems are compared, for the vocabulary holds stems.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from indexer.search.fuse import Floats
    from indexer.store.snapshot import Snapshot

SHORTEST = 5
"""Letters of a word that may be a mistyped one; shorter ones have too many neighbours."""
LONG = 9
"""Letters from which a word may have two mistakes instead of one."""

_TABLES = """
CREATE VIRTUAL TABLE IF NOT EXISTS temp.vocabulary USING fts5vocab('main', 'passages_fts', 'row');
CREATE VIRTUAL TABLE IF NOT EXISTS temp.asked
  USING fts5(word, tokenize='porter unicode61 remove_diacritics 2');
CREATE VIRTUAL TABLE IF NOT EXISTS temp.asked_stems USING fts5vocab('temp', 'asked', 'row');
DELETE FROM temp.asked
"""


def occurrences(snapshot: Snapshot, terms: Sequence[str]) -> Floats:
    """In how many passages each word occurs, in any form that has its stem: (words,)."""
    sql = "SELECT count(*) AS passages FROM passages_fts WHERE passages_fts MATCH ?"
    return np.array([snapshot.query(sql, (f'"{term}"',))[0]["passages"] for term in terms], dtype=np.float64)


def corrected(snapshot: Snapshot, term: str) -> str:
    """The stem in the vocabulary that ``term``, which occurs nowhere, was most likely meant to be.

    One mistake (a letter too many, too few, wrong, or two swapped) from five letters on, two from nine
    on; the first letter is taken to be right. Of several the more frequent. ``""`` where there is none.
    """
    if len(term) < SHORTEST or not term.isalpha():
        return ""
    stem = _stem(snapshot, term)
    most = 1 if len(term) < LONG else 2
    sql = (
        "SELECT term, doc FROM temp.vocabulary WHERE term >= ? AND term < ? "
        "AND length(term) BETWEEN ? AND ? ORDER BY doc DESC, term"
    )
    bounds = (stem[0], chr(ord(stem[0]) + 1), len(stem) - most, len(stem) + most)
    near = ((distance(stem, row["term"], most), row["term"]) for row in snapshot.query(sql, bounds))
    # min keeps the first of equals, which is the most frequent one.
    best, word = min(near, key=lambda found: found[0], default=(most + 1, ""))
    return word if best <= most else ""


def _stem(snapshot: Snapshot, term: str) -> str:
    for statement in _TABLES.strip().split(";\n"):
        snapshot.query(statement)
    snapshot.query("INSERT INTO temp.asked VALUES (?)", (term,))
    return str(snapshot.query("SELECT term FROM temp.asked_stems")[0]["term"])


def distance(one: str, other: str, most: int) -> int:
    """Edits from one word to the other, a swap of neighbours counting as one; ``most + 1`` if more.

    Optimal string alignment distance: Damerau, A technique for computer detection and correction of
    spelling errors, CACM 7 (1964).
    """
    if abs(len(one) - len(other)) > most:
        return most + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, char in enumerate(one, start=1):
        before, last, row = row, before, [i]
        for j, against in enumerate(other, start=1):
            cost = min(before[j] + 1, row[-1] + 1, before[j - 1] + (char != against))
            if i > 1 and j > 1 and char == other[j - 2] and one[i - 2] == against:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > most:
            return most + 1
    return min(row[-1], most + 1)
