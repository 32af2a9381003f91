"""An article to be read: its blocks as what they are, with a passage marked, in parts that load quickly."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.escaping import html_text

if TYPE_CHECKING:
    from indexer.records import Article, Block, BlockKind

PART_BYTES = 48_000
"""Bytes of a part as HTML, about: with all that is loaded beside it, a page of it stays below 100 KB. It is
eight thousand words of English, and few articles have as many."""
LONGEST_PIECE = 6000
"""Characters of a block that are not parted."""
MOST_LINES = 400
"""Lines of a block that are not parted: around those of a list or a table stand marks, which weigh too."""
MARKUP_BYTES = 24
"""Bytes that stand around a block, a line of a list or a cell of a table."""
LANGUAGE = re.compile(r"[a-z]{2}(?:-[A-Za-z]{2,4})?")
CELLS = " | "
"""What stands between the cells of a row of a table."""

Words = tuple[tuple[str, bool], ...]
"""A stretch of text in pieces, each with whether it belongs to the marked passage."""


@dataclass(frozen=True, slots=True)
class ShownBlock:
    """A block, or what fits of it: its lines, and of a table their cells.

    ``at`` is where it begins in the text; with the ``first`` piece begins the marked passage.
    """

    kind: BlockKind
    at: int
    level: int
    lines: tuple[tuple[Words, ...], ...]
    first: bool

    @property
    def words(self) -> Words:
        """The text of what has no lines of its own."""
        return self.lines[0][0]


@dataclass(frozen=True, slots=True)
class BlockStretch:
    """A block, or what fits of it: ``text[start:end]``."""

    block: Block
    start: int
    end: int

    @property
    def level(self) -> int:
        """How deep it stands among the headings of a page, whose title is the first."""
        return min(len(self.block.headings) + 1, 6)


@dataclass(frozen=True, slots=True)
class Part:
    """What of an article stands on one page."""

    text: str
    """The whole article's."""
    stretches: tuple[BlockStretch, ...]

    def begins(self, marked: tuple[int, int]) -> BlockStretch | None:
        """Where a passage begins, or goes on, in this part; None where nothing of it is here."""
        first, last = marked
        return next((one for one in self.stretches if first < one.end and one.start < last), None)

    def pieces(self, marked: tuple[int, int]) -> Iterator[ShownBlock]:
        """Its blocks as they are shown, with a passage marked."""
        first = self.begins(marked)
        for one in self.stretches:
            lines = tuple(_shown_words(self.text, one.block.kind, one.start, one.end, marked))
            yield ShownBlock(one.block.kind, one.start, one.level, lines, one is first)


@dataclass(frozen=True, slots=True)
class Heading:
    """A line of the contents: what it says, how deep it stands, on which part and where."""

    text: str
    level: int
    part: int
    at: int


def parts(article: Article) -> list[Part]:
    """The article in parts; there is at least one."""
    made: list[list[BlockStretch]] = [[]]
    size = 0
    for one in _stretches(article):
        text = article.text[one.start : one.end]
        weight = len(html_text(text).encode()) + MARKUP_BYTES * (1 + text.count("\n") + text.count(CELLS))
        if made[-1] and size + weight > PART_BYTES:
            made.append([])
            size = 0
        size += weight
        made[-1].append(one)
    return [Part(article.text, tuple(stretches)) for stretches in made]


def contents(of: Sequence[Part]) -> list[Heading]:
    """The headings of an article in parts."""
    return [
        Heading(part.text[one.start : one.end], one.level, number, one.start)
        for number, part in enumerate(of, start=1)
        for one in part.stretches
        if one.block.kind == "heading"
    ]


def language(article: Article) -> str:
    """The article's language as HTML tells it; ``""`` where it is none that browsers know."""
    return article.language if LANGUAGE.fullmatch(article.language) else ""


def _stretches(article: Article) -> Iterator[BlockStretch]:
    """Each block as one stretch; a long one as several, parted between lines if it has some."""
    for block in article.blocks:
        start = block.start
        while start < block.end:
            stop = min(block.end, start + LONGEST_PIECE)
            lines = article.text[start:stop].split("\n")
            if stop < block.end and len(lines) > 1:
                lines.pop()  # it may go on
            end = start + len("\n".join(lines[:MOST_LINES]))
            if start < end:
                yield BlockStretch(block, start, end)
            start = end + (article.text[end : end + 1] == "\n")


def _shown_words(
    text: str, kind: BlockKind, start: int, end: int, marked: tuple[int, int]
) -> Iterator[tuple[Words, ...]]:
    """The lines of a list, the lines and cells of a table, the whole of all else."""
    if kind not in ("list", "table"):
        yield (_words(text, start, end, marked),)
        return
    for line_start, line_end in _split(text, start, end, "\n"):
        if kind == "table":
            cells = _split(text, line_start, line_end, CELLS)
            yield tuple(_words(text, *cell, marked) for cell in cells)
        elif line_start < line_end:
            yield (_words(text, line_start, line_end, marked),)


def _split(text: str, start: int, end: int, between: str) -> Iterator[tuple[int, int]]:
    while (found := text.find(between, start, end)) >= 0:
        yield start, found
        start = found + len(between)
    yield start, end


def _words(text: str, start: int, end: int, marked: tuple[int, int]) -> Words:
    first, last = (min(max(place, start), end) for place in marked)
    stretches = pairwise((start, first, last, end))
    return tuple(
        (text[begin:stop], number == 1) for number, (begin, stop) in enumerate(stretches) if begin < stop
    ) or (("", False),)
