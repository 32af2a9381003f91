"""An article cut into passages: along its headings first, then its blocks, then its sentences.

1. Blocks under one heading path are a *section*.
2. Each block is a *span* with its size in tokens; one too large for the window is replaced by the spans
   of its items, rows, lines or sentences (then clauses, by_word, halves).
3. Sections of a line or two are joined with their neighbours.
4. A section's spans are packed into passages of about equal size, none beyond the window.
5. The encoder counts each passage as it will be embedded; what is still too long is halved.

Texts are counted in a few large batches, so the time is linear in the length of the article. White space and
long words count as little or nothing, so every size is bounded in characters, too (:data:`LONGEST_TOKEN`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

from indexer.config import PassageConfig
from indexer.extract.context import contexts
from indexer.extract.fragments import Fragments
from indexer.extract.spans import LONGEST_TOKEN, CountTokens, Span, TokenCounter, counted, measured_spans
from indexer.records import Article, Block, Passage
from indexer.sentences import nearest_middle

Contexts = dict[tuple[str, ...], tuple[str, int]]


@dataclass(slots=True)
class _Section:
    """Spans under one heading path, and the headings that open it.

    ``crumbs`` marks tiny sections of one parent joined under the parent's path.
    """

    headings: tuple[str, ...]
    opening: list[Block]
    blocks: list[Block] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    crumbs: bool = False

    @property
    def tokens(self) -> int:
        return sum(span.tokens for span in self.spans)


def passages(
    article: Article, *, count_tokens: CountTokens, max_tokens: int, config: PassageConfig
) -> list[Passage]:
    """The passages of an article in reading order, without overlap, covering all its text blocks.

    Args:
        article: what to cut; every passage's text is exactly ``article.text[start:end]``.
        count_tokens: the encoder's own count for each text, special tokens included.
        max_tokens: the encoder's window; no passage's ``embedded_text`` is longer by that count.
        config: the sizes to aim at.
    """
    counter = TokenCounter(count_tokens)
    window = max_tokens - counter.special
    sections = _sections(article)
    paths = {
        path[:end] for path in (section.headings for section in sections) for end in range(len(path) + 1)
    }
    known = contexts(article.title, sorted(paths), window=window, counter=counter)
    _measure(article, sections, known, window, counter)
    cutter = _Packer(article, known, window, counter, config)
    found = [passage for section in _joined_sections(sections, config) for passage in cutter.pack(section)]
    fitting = _within(found, max_tokens, count_tokens)
    fragments = Fragments(article)
    return [replace(passage, fragment=fragments.opening(passage)) for passage in fitting]


def _sections(article: Article) -> list[_Section]:
    """Runs of blocks under one path, each with the headings just before it."""
    sections: list[_Section] = []
    opening: list[Block] = []
    for block in article.blocks:
        if block.kind == "heading":
            opening.append(block)
            continue
        if opening or not sections or sections[-1].headings != block.headings:
            sections.append(_Section(block.headings, opening))
            opening = []
        sections[-1].blocks.append(block)
    return sections


def _measure(
    article: Article, sections: list[_Section], known: Contexts, window: int, counter: TokenCounter
) -> None:
    """Gives every section its spans, each small enough to stand beside the section's context."""
    limits = [
        (block, window - known[section.headings][1]) for section in sections for block in section.blocks
    ]
    spans = iter(measured_spans(article.text, limits, counter))
    for section in sections:
        section.spans = [span for _ in section.blocks for span in next(spans)]


# ---------------------------------------------------------------- joining


def _joined_sections(sections: list[_Section], config: PassageConfig) -> list[_Section]:
    """The sections, those of a line or two joined with their neighbours.

    A tiny introduction goes into the first section below it, whose path holds its own. Tiny sections
    side by side become one under their common path, with their headings in the text. One that stands
    alone stays: title and headings give it its meaning.
    """
    result: list[_Section] = []
    for section in sections:
        last = result[-1] if result else None
        if last is not None and last.tokens < config.min_tokens and _below(section, last):
            result[-1] = replace(section, opening=last.opening, spans=_with_headings(last, section))
        elif last is not None and _siblings(last, section) and _tiny(last, section, config):
            parent = last.headings if last.crumbs else last.headings[:-1]
            first = last.spans if last.crumbs else [_heading_span(last.opening[-1]), *last.spans]
            joined = _with_headings(replace(last, spans=first), section)
            result[-1] = replace(last, headings=parent, spans=joined, crumbs=True)
        else:
            result.append(section)
    return result


def _below(section: _Section, last: _Section) -> bool:
    """Whether a section stands under the headings of the one before it."""
    depth = len(last.headings)
    return not last.crumbs and len(section.headings) > depth and section.headings[:depth] == last.headings


def _siblings(last: _Section, section: _Section) -> bool:
    parent = last.headings if last.crumbs else last.headings[:-1]
    return (
        bool(section.opening) and bool(last.opening) and section.headings[:-1] == parent != section.headings
    )


def _tiny(last: _Section, section: _Section, config: PassageConfig) -> bool:
    small = last.crumbs or last.tokens < config.min_tokens
    return (
        small and section.tokens < config.min_tokens and last.tokens + section.tokens <= config.target_tokens
    )


def _with_headings(last: _Section, section: _Section) -> list[Span]:
    return [*last.spans, *map(_heading_span, section.opening), *section.spans]


def _heading_span(block: Block) -> Span:
    """A heading inside a joined section; its tokens are guessed by its words, as the last step counts all."""
    return Span(block.start, block.end, 2 * len(block.headings[-1].split()), block)


# ---------------------------------------------------------------- packing


@dataclass(frozen=True, slots=True)
class _Packer:
    """Packs the spans of a section into passages."""

    article: Article
    known: Contexts
    window: int
    counter: TokenCounter
    config: PassageConfig

    def pack(self, section: _Section) -> Iterator[Passage]:
        """Passages of about equal size, near the target, that keep spans whole."""
        context, taken = self.known[section.headings]
        budget = self.window - taken
        for spans in self._groups(section.spans, budget):
            yield self._passage(spans, section, context)

    def _groups(self, spans: list[Span], budget: int) -> list[list[Span]]:
        joint = self.counter.joint
        total = sum(span.tokens + joint for span in spans)
        parts = max(1, round(total / self.config.target_tokens))
        goal = min(total / parts, budget)
        groups: list[list[Span]] = []
        size = 0
        for span in spans:
            long = bool(groups) and span.end - groups[-1][0].start > max(1, budget) * LONGEST_TOKEN
            full = long or size + span.tokens > budget
            over = size + span.tokens / 2 > goal
            if not groups or full or (over and not self._leads_on(groups[-1][-1])):
                groups.append([])
                size = 0
            groups[-1].append(span)
            size += span.tokens + joint
        return self._without_crumb(groups, budget)

    def _leads_on(self, span: Span) -> bool:
        """Whether what follows belongs to this span: a heading, or a sentence that ends with a colon."""
        return span.block.kind == "heading" or self.article.text[span.end - 1] == ":"

    def _without_crumb(self, groups: list[list[Span]], budget: int) -> list[list[Span]]:
        """Joins a last group of a line or two with the one before it, if the window holds both."""
        if len(groups) > 1 and sum(span.tokens for span in groups[-1]) < self.config.min_tokens:
            both = groups[-2] + groups[-1]
            long = both[-1].end - both[0].start > max(1, budget) * LONGEST_TOKEN
            if not long and sum(span.tokens + self.counter.joint for span in both) <= budget:
                return [*groups[:-2], both]
        return groups

    def _passage(self, spans: list[Span], section: _Section, context: str) -> Passage:
        first, last = spans[0], spans[-1]
        if header := self._table_header(first):
            context = f"{context}\n{header}" if context else header
        text = self.article.text[first.start : last.end]
        block = first.block
        return Passage(text, first.start, last.end, section.headings, block.anchor, block.page, context)

    def _table_header(self, span: Span) -> str:
        """The first row of the table that a passage begins in the middle of, if it is short."""
        if span.block.kind != "table" or span.start == span.block.start:
            return ""
        most = span.block.start + self.config.max_header_characters + 1
        header = self.article.text[span.block.start : min(span.block.end, most)].partition("\n")[0]
        return header if len(header) <= self.config.max_header_characters else ""


def _within(found: list[Passage], max_tokens: int, count_tokens: CountTokens) -> list[Passage]:
    """The passages, those halved that the encoder counts as longer than its window."""
    pending, fitting = found, []
    while pending:
        counts = counted([passage.embedded_text for passage in pending], count_tokens)
        smaller: list[Passage] = []
        for passage, count in zip(pending, counts, strict=True):
            if count <= max_tokens or (len(passage.text) == 1 and not passage.context):
                fitting.append(passage)
            else:
                smaller.extend(_halved(passage))
        pending = smaller
    return sorted(fitting, key=lambda passage: passage.start)


def _halved(passage: Passage) -> Iterator[Passage]:
    """Two passages for one, cut where it harms least; a single character loses its context instead."""
    if len(passage.text) == 1:
        yield replace(passage, context="")
        return
    middle = nearest_middle(passage.text)
    for low, high in pairwise((0, middle, len(passage.text))):
        part = passage.text[low:high]
        text = part.strip()
        if text:
            start = passage.start + low + len(part) - len(part.lstrip())
            yield replace(passage, text=text, start=start, end=start + len(text))
