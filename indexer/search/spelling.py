"""What a mistyped word must have meant, by the library's vocabulary.

Only a word that occurs nowhere is corrected. Stems are compared, for the vocabulary holds stems; what is
found is given a word's form again, as the stem of a stem may be another (``databas``, ``databa``).
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.store.snapshot import Snapshot

SHORTEST_CORRECTED = 5
"""Letters of a word that may be a mistyped one; shorter ones have too many neighbours."""
LONG_WORD = 9
"""Letters from which a word may have two mistakes instead of one."""
ENDINGS = ("", "e", "s", "es", "ed", "ing", "y")
"""Tried in this order to make a word of a stem."""


def corrected(snapshot: Snapshot, term: str) -> str:
    """The word of the vocabulary that ``term``, which occurs nowhere, was most likely meant to be.

    One mistake (a letter too many, too few, wrong, or two swapped) from five letters on, two from nine
    on; the first letter is taken to be right. Of several the more frequent. ``""`` where there is none.
    """
    if len(term) < SHORTEST_CORRECTED or not term.isalpha():
        return ""
    # Here, not above: most questions have no unknown word, and it takes 30 ms to import.
    from rapidfuzz.distance import OSA

    stem = snapshot.stem(term)
    most = 1 if len(term) < LONG_WORD else 2
    near: dict[int, list[str]] = {}
    for known in snapshot.stems(stem[0]):
        if (edits := OSA.distance(stem, known, score_cutoff=most)) <= most:
            near.setdefault(edits, []).extend(_word(snapshot, known))
    for edits in sorted(near):
        # max keeps the first of equals; a word of which no passage is left is no correction.
        counted = zip(snapshot.occurrences(near[edits]), near[edits], strict=True)
        count, word = max(counted, key=itemgetter(0), default=(0, ""))
        if count:
            return word
    return ""


def _word(snapshot: Snapshot, stem: str) -> list[str]:
    """A word that has this stem; none where it cannot be told."""
    return [stem + end for end in ENDINGS if snapshot.stem(stem + end) == stem][:1]
