"""Markdown to an article, by markdown-it-py's tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.extract.blocks import Writer
from indexer.extract.clean import one_line
from indexer.records import Article, BlockKind

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"^(title|author|date|published|lang|language)[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE
)
_OWN_ANCHOR = re.compile(r"\s*\{#([\w.:-]+)\}$")
_SIGNS = re.compile(r"^#{1,6} +\S|^(?:```|~~~)|\]\(https?://|^\|[ :|-]+\|[ \t]*$", re.MULTILINE)
_KINDS: dict[str, BlockKind] = {
    "bullet_list_close": "list",
    "ordered_list_close": "list",
    "table_close": "table",
    "blockquote_close": "quote",
}
_SAMPLE = 50_000
"""Characters looked at to tell Markdown from plain text."""


def looks_like_markdown(text: str) -> bool:
    """Whether a text has front matter, begins with a heading, or shows two of Markdown's own signs."""
    head = text[:_SAMPLE].lstrip()
    if _FRONT_MATTER.match(head) or re.match(r"#{1,6} +\S", head):
        return True
    return len({match[0][:2] for match in _SIGNS.finditer(head)}) > 1


def markdown_article(text: str) -> Article:
    """The article of a Markdown text; its front matter gives title, author, date and language.

    Links keep their words and lose their addresses; raw HTML is dropped. Without a title in front
    matter the first heading is it.
    """
    from markdown_it import MarkdownIt

    fields = {}
    if match := _FRONT_MATTER.match(text):
        fields = {name.lower(): value.strip().strip("\"'") for name, value in _FIELD.findall(match[1])}
        text = text[match.end() :]
    tokens = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table").parse(text)
    first = next((tokens[at + 1] for at, token in enumerate(tokens) if token.type == "heading_open"), None)
    writer = Writer(one_line(fields.get("title", "") or (_inline(first) if first else "")))
    _write(tokens, writer)
    return writer.article(
        author=fields.get("author", ""),
        published=fields.get("published", "") or fields.get("date", ""),
        language=fields.get("language", "") or fields.get("lang", ""),
    )


def _write(tokens: list[Token], writer: Writer) -> None:
    """One block for each top-level element; an item, a row or a quoted paragraph is a line."""
    lines: list[str] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            text = _inline(tokens[at + 1])
            own = _OWN_ANCHOR.search(text)
            anchor = own[1] if own else ""
            writer.heading(text[: own.start()] if own else text, int(token.tag[1]), anchor=anchor)
        elif token.type in ("fence", "code_block"):
            lines = _close(writer, "list" if token.level else "paragraph", lines)
            writer.add("code", token.content)
        elif token.type == "tr_open":
            cells = tokens[at : next(end for end in range(at, len(tokens)) if tokens[end].type == "tr_close")]
            lines.append(" | ".join(_inline(cell) for cell in cells if cell.type == "inline"))
        elif token.type == "inline" and tokens[at - 1].type == "paragraph_open":
            lines.append(_inline(token))
        if token.level == 0 and token.nesting == -1:
            lines = _close(writer, _KINDS.get(token.type, "paragraph"), lines)


def _close(writer: Writer, kind: BlockKind, lines: list[str]) -> list[str]:
    """Writes the lines gathered so far as one block."""
    writer.add(kind, "\n".join(line if kind == "paragraph" else one_line(line) for line in lines))
    return []


def _inline(token: Token) -> str:
    """The words of an inline token, without markup."""
    parts = []
    for child in token.children or ():
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
        elif child.type == "hardbreak":
            parts.append("\n")
        elif child.type == "softbreak":
            parts.append(" ")
        elif child.type == "image":
            parts.append(_inline(child))
    return "".join(parts)
