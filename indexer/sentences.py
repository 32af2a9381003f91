"""Where a text may be cut: after a sentence, a line, a clause, a word, and last of all anywhere.

Every function gives the lengths of consecutive pieces that together are the text, white space included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

# A full stop after these, or after a single letter, ends no sentence.
_ABBREVIATION = re.compile(
    r"(?:\b(?:e\.g|i\.e|cf|vs|etc|al|Mr|Mrs|Ms|Dr|Prof|St|Fig|Figs|Eq|Sec|Ch|No|Nr|Vol|pp|approx|ca|resp|z\.B|d\.h|bzw)"
    r"|\b[A-Za-z])\.$"
)
# The ends of sentences in Latin scripts, then in Chinese and Japanese; then any line break. Closing quotation
# marks and brackets belong to the sentence; what follows begins with anything but a small letter.
_SENTENCE_END = re.compile(
    r"[.!?\u2026]+[\"'\u201d\u2019)\]]*\s+(?=[\"'\u201c\u2018(\[]*[^\Wa-z_])"
    r"|[\u3002\uff01\uff1f]+[\u300d\u300f\uff09]*\s*"
    r"|\n+"
)
# Comma, semicolon, colon and dashes, the same in Chinese and Japanese, and before a bracket.
_CLAUSE = re.compile(r"[;:,\u2013\u2014]\s+|\s+(?=[\u2013\u2014(])|[\u3001\uff0c\uff1b\uff1a]\s*")
_BLANKS = re.compile(r"\s+")
_LINE = re.compile(r"\n+")

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


PROSE_SPLITTERS: tuple[Splitter, ...] = (sentences, clauses, by_word, halves)
"""The cuts tried on running text, gentlest first."""
ROW_SPLITTERS: tuple[Splitter, ...] = (lines, sentences, clauses, by_word, halves)
"""The cuts tried on lists, tables and code, gentlest first."""


def nearest_middle(text: str) -> int:
    """The gentlest cut of a text in two, as near to its middle as that kind of cut allows."""
    for cut in ROW_SPLITTERS:
        ends, end = [], 0
        for piece in cut(text):
            end += len(piece)
            ends.append(end)
        inside = [end for end in ends if text[:end].strip() and text[end:].strip()]
        if inside:
            return min(inside, key=lambda end: abs(end - len(text) / 2))
    return len(text) // 2
