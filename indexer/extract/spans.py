"""Blocks measured in tokens, and cut only where they are too large for the window."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from indexer.records import Block
from indexer.sentences import PROSE_SPLITTERS, ROW_SPLITTERS, Splitter

CountTokens = Callable[[Sequence[str]], list[int]]

LONGEST_TOKEN = 20
"""Characters of a token, on average, above which a text is too large whatever is counted: prose has 4 to 5, a
tokenizer's longest words 18. Blanks without end, and words of thousands of letters, count as one."""
COUNTED_AT_ONCE = 1 << 18
"""Characters handed to the encoder at a time: each of their tokens takes some hundred bytes in its memory."""


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of a block that is not cut any more, and its size in tokens."""

    start: int
    end: int
    tokens: int
    block: Block


@dataclass(frozen=True, slots=True)
class _Piece:
    """A stretch still to be measured, the cuts left for it, gentlest first, and what fits."""

    start: int
    end: int
    cuts: tuple[Splitter, ...]
    limit: int
    block: Block
    found: list[Span]

    @property
    def characters(self) -> int:
        return self.end - self.start


class TokenCounter:
    """The encoder's counts, less its special tokens."""

    def __init__(self, count_tokens: CountTokens) -> None:
        self._count = count_tokens
        self.special, one, two = count_tokens(["", "a", "a\n\na"])
        self.joint = max(0, two - 2 * one + self.special)
        """Tokens that a blank line between two texts takes."""

    def sizes(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text by itself."""
        return [max(0, count - self.special) for count in counted(texts, self._count)]


def counted(texts: Sequence[str], count_tokens: CountTokens) -> list[int]:
    """The encoder's count of each text; it gets :data:`COUNTED_AT_ONCE` or a single text at a time."""
    counts: list[int] = []
    batch: list[str] = []
    characters = 0
    for text in texts:
        if batch and characters + len(text) > COUNTED_AT_ONCE:
            counts += count_tokens(batch)
            batch, characters = [], 0
        batch.append(text)
        characters += len(text)
    return counts + (count_tokens(batch) if batch else [])


def measured_spans(text: str, blocks: Sequence[tuple[Block, int]], counter: TokenCounter) -> list[list[Span]]:
    """The spans of each block, given with the tokens it may have; texts are counted once for each cut.

    A block within its limit is one span. Others become the spans of their lines or sentences, those that
    are still too large the spans of their clauses, words, and at last halves.
    """
    spans: list[list[Span]] = [[] for _ in blocks]
    pieces = [
        _Piece(
            block.start,
            block.end,
            PROSE_SPLITTERS if block.kind in ("paragraph", "quote", "heading") else ROW_SPLITTERS,
            limit,
            block,
            found,
        )
        for (block, limit), found in zip(blocks, spans, strict=True)
    ]
    while pieces:
        smaller: list[_Piece] = []
        small = []
        for piece in pieces:
            if piece.characters <= max(1, piece.limit) * LONGEST_TOKEN:
                small.append(piece)
            else:
                smaller.extend(_cut(text, piece))
        sizes = counter.sizes([text[piece.start : piece.end] for piece in small])
        for piece, size in zip(small, sizes, strict=True):
            if size <= piece.limit or piece.characters == 1:
                piece.found.append(Span(piece.start, piece.end, size, piece.block))
            else:
                smaller.extend(_cut(text, piece))
        pieces = smaller
    for found in spans:
        found.sort(key=lambda span: span.start)
    return spans


def _cut(text: str, piece: _Piece) -> Iterator[_Piece]:
    """The piece by the gentlest cut left that divides it; white space at the ends is dropped."""
    cuts = piece.cuts
    parts = list(cuts[0](text[piece.start : piece.end]))
    while len([part for part in parts if part.strip()]) < 2 and len(cuts) > 1:
        cuts = cuts[1:]
        parts = list(cuts[0](text[piece.start : piece.end]))
    start = piece.start
    for part in parts:
        if part.strip():
            yield replace(piece, start=start, end=start + len(part.rstrip()), cuts=cuts[1:] or cuts)
        start += len(part)
