"""How much of one text another holds, by runs of three words: linear in both, blind to markup and order."""

from __future__ import annotations

import re
from collections.abc import Iterable

_WORD = re.compile(r"\w+")
RUN = 3
"""Words compared at once: single words stand everywhere, sentences are cut at other places."""


def runs(texts: Iterable[str]) -> list[int]:
    """The hashes of all runs of :data:`RUN` words, within a text; a shorter text is one run."""
    found: list[int] = []
    for text in texts:
        words = _WORD.findall(text.lower())
        found.extend(hash(tuple(words[at : at + RUN])) for at in range(max(1, len(words) - RUN + 1)) if words)
    return found


def held(part: Iterable[str], whole: Iterable[str]) -> float:
    """The share of the runs of ``part`` that are in ``whole``, 0 to 1; 1 for a part without words."""
    wanted, there = runs(part), set(runs(whole))
    return sum(run in there for run in wanted) / len(wanted) if wanted else 1.0
