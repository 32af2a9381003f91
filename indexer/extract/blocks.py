"""Blocks to an article: joins them, keeps offsets and heading paths, and hashes the whole."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field

from indexer.extract.clean import one_line, printable, prose, verbatim
from indexer.records import Article, Block, BlockKind

MAX_HEADING = 300
"""Characters. What is longer and marked as a heading is a paragraph in large type."""


@dataclass(slots=True)
class ArticleBuilder:
    """Collects blocks in reading order; :meth:`article` gives them as one text.

    ``title`` is the article's: a first heading that repeats it is left out, so that a page with and one
    without it make the same article.
    """

    title: str
    blocks: list[Block] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _length: int = 0
    _path: list[tuple[int, str]] = field(default_factory=list)
    _anchor: str = ""

    def heading(self, text: str, level: int, *, anchor: str = "", page: int = 0) -> None:
        """Opens a section; the path loses what is on this level or below."""
        text = printable(text).replace("\n", " ").strip()
        if not text:
            return
        if len(text) > MAX_HEADING:
            self.add("paragraph", text, page=page)
            return
        if not self.blocks and same(text, self.title):
            self._anchor = anchor
            return
        while self._path and self._path[-1][0] >= level:
            self._path.pop()
        self._path.append((level, text))
        self._anchor = anchor
        self._append("heading", text, page)

    def add(self, kind: BlockKind, text: str, *, page: int = 0) -> None:
        """Appends a block of text under the current headings; one without text is left out."""
        text = verbatim(text) if kind == "code" else prose(text)
        if text.strip():
            self._append(kind, text, page)

    def _append(self, kind: BlockKind, text: str, page: int) -> None:
        start = self._length + 2 if self.blocks else 0
        self._length = start + len(text)
        path = tuple(heading for _, heading in self._path)
        self.blocks.append(Block(kind, start, self._length, path, self._anchor, page))
        self._parts.append(text)

    def article(
        self, *, author: str = "", published: str = "", language: str = "", site: str = ""
    ) -> Article:
        """The article, its hash taken of title and text."""
        while self.blocks and self.blocks[-1].kind == "heading":  # a heading with nothing under it
            self.blocks.pop()
            self._parts.pop()
        text = "\n\n".join(self._parts)
        return Article(
            title=self.title,
            text=text,
            blocks=tuple(self.blocks),
            author=one_line(author),
            published=one_line(published),
            language=one_line(language),
            site=one_line(site),
            hash=hashlib.sha256(f"{self.title}\0{text}".encode()).hexdigest(),
        )


def same(one: str, other: str) -> bool:
    """Whether two headings say the same, case, punctuation and spaces aside."""
    return comparable(one) == comparable(other)


def comparable(text: str) -> str:
    """Letters and digits only, folded."""
    return "".join(filter(str.isalnum, text.casefold()))
