"""Where a text may be cut: after a sentence, a line, a clause, a word, and last of all anywhere.

Every function gives the lengths of consecutive pieces that together are the text, white space included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from itertools import accumulate

# A full stop after these, or after a single letter, ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|al|Mr|Mrs|Ms|Dr|Prof|St|Fig|Figs|Eq|Sec|Ch|No|Nr|Vol|pp|approx|ca|resp|z\.B|d\.h|bzw)"
    r"|\b[A-Za-z])\.$"
)
# The ends of sentences in Latin scripts, then in Chinese and Japanese; then any line break. Closing quotation
# marks and brackets belong to the sentence; what follows begins with anything but a small letter. All here is
# linear: a run is tried from its first character only, and whole.
_SENTENCE_END = re.compile(
    r"(?<![.!?\u2026])[.!?\u2026]++[\"'\u201d\u2019)\]]*+\s++(?=[\"'\u201c\u2018(\[]*+[^\Wa-z_])"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*\s*"
    r"|\n+"
)
# Comma, semicolon, colon and dashes, the same in Chinese and Japanese, and before a bracket.
_CLAUSE = re.compile(r"[;:,\u2013\u2014]\s+|(?<!\s)\s++(?=[\u2013\u2014(])|[\u3001\uff0c\uff1b\uff1a]\s*")
_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"\n+")

LONGEST_STRETCH = 4096
"""Characters without an end of a sentence or a clause that are cut before words are counted: three times what
the window of the default model holds of prose."""

Splitter = Callable[[str], Iterator[str]]


def sentences(text: str) -> Iterator[str]:
    """Pieces that end with a sentence or a line."""
    start = 0
    for match in _SENTENCE_END.finditer(text):
        stop = match[0].rstrip()
        if stop[:1] == "." and _ABBREVIATION.search(text, max(start, match.start() - 12), match.start() + 1):
            continue
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


def lines(text: str) -> Iterator[str]:
    """Pieces that end with a line."""
    return _after(_LINE, text)


def clauses(text: str) -> Iterator[str]:
    """Pieces that end at a comma, a semicolon, a dash or before a bracket."""
    return _after(_CLAUSE, text)


def stretches(text: str) -> Iterator[str]:
    """Pieces of up to :data:`LONGEST_STRETCH` characters, each to its last blank if it has one."""
    start = 0
    while len(text) - start > LONGEST_STRETCH:
        blank = max(text.rfind(sign, start, start + LONGEST_STRETCH) for sign in " \n")
        stop = blank + 1 or start + LONGEST_STRETCH
        yield text[start:stop]
        start = stop
    yield text[start:]


def by_word(text: str) -> Iterator[str]:
    """Single words, each with the white space after it."""
    return _after(_BLANKS, text)


def halves(text: str) -> Iterator[str]:
    """The text cut in the middle of its characters."""
    yield text[: len(text) // 2]
    yield text[len(text) // 2 :]


def _after(boundary: re.Pattern[str], text: str) -> Iterator[str]:
    start = 0
    for match in boundary.finditer(text):
        yield text[start : match.end()]
        start = match.end()
    yield text[start:]


PROSE_SPLITTERS: tuple[Splitter, ...] = (sentences, clauses, stretches, by_word, halves)
"""The cuts tried on running text, gentlest first."""
ROW_SPLITTERS: tuple[Splitter, ...] = (lines, sentences, clauses, stretches, by_word, halves)
"""The cuts tried on lists, tables and code, gentlest first."""


def nearest_middle(text: str) -> int:
    """The gentlest cut of a text in two, as near to its middle as that kind of cut allows."""
    first, last = len(text) - len(text.lstrip()), len(text.rstrip())
    for cut in ROW_SPLITTERS:
        ends = accumulate(map(len, cut(text)))
        inside = [end for end in ends if first < end < last]
        if inside:
            return min(inside, key=lambda end: abs(end - len(text) / 2))
    return len(text) // 2
