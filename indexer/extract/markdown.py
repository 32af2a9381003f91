"""Markdown to an article, by markdown-it-py's tokens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.extract.blocks import ArticleBuilder
from indexer.extract.clean import one_line
from indexer.records import Article, BlockKind

if TYPE_CHECKING:
    from markdown_it.token import Token

_FRONT_MATTER_FIELDS = re.compile(r"\A---[ \t]*\n(.*?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FIELD = re.compile(
    r"^(title|author|date|published|lang|language)[ \t]*:[ \t]*(.+)$", re.MULTILINE | re.IGNORECASE
)
_OWN_ANCHOR = re.compile(r"\{#([\w.:-]+)\}$")
_SIGNS = re.compile(r"^#{1,6} +\S|^(?:```|~~~)|\]\(https?://|^\|[ :|-]+\|[ \t]*$", re.MULTILINE)
_KIND_OF_TOKEN: dict[str, BlockKind] = {
    "bullet_list_close": "list",
    "ordered_list_close": "list",
    "table_close": "table",
    "blockquote_close": "quote",
}
_LOOKED_AT = 50_000
"""Characters looked at to tell Markdown from plain text."""


def looks_like_markdown(text: str) -> bool:
    """Whether a text has front matter, begins with a heading, or shows two of Markdown's own signs."""
    head = text[:_LOOKED_AT].lstrip()
    if _FRONT_MATTER_FIELDS.match(head) or re.match(r"#{1,6} +\S", head):
        return True
    return len({match[0][:2] for match in _SIGNS.finditer(head)}) > 1


def markdown_article(text: str) -> Article:
    """The article of a Markdown text; its front matter gives title, author, date and language.

    Links keep their words and lose their addresses; raw HTML is dropped. Without a title in front
    matter the first heading is it.
    """
    from markdown_it import MarkdownIt

    fields = {}
    if match := _FRONT_MATTER_FIELDS.match(text):
        fields = {name.lower(): value.strip().strip("\"'") for name, value in _FIELD.findall(match[1])}
        text = text[match.end() :]
    tokens = MarkdownIt("commonmark", {"maxNesting": 50}).enable("table").parse(text)
    first = next((tokens[at + 1] for at, token in enumerate(tokens) if token.type == "heading_open"), None)
    writer = ArticleBuilder(one_line(fields.get("title", "") or (_inline_words(first) if first else "")))
    _write_tokens(tokens, writer)
    return writer.article(
        author=fields.get("author", ""),
        published=fields.get("published", "") or fields.get("date", ""),
        language=fields.get("language", "") or fields.get("lang", ""),
    )


def _write_tokens(tokens: list[Token], writer: ArticleBuilder) -> None:
    """One block for each top-level element; an item, a row or a quoted paragraph is a line."""
    lines: list[str] = []
    for at, token in enumerate(tokens):
        if token.type == "heading_open":
            text = _inline_words(tokens[at + 1])
            own = _OWN_ANCHOR.search(text)
            anchor = own[1] if own else ""
            writer.heading(text[: own.start()].rstrip() if own else text, int(token.tag[1]), anchor=anchor)
        elif token.type in ("fence", "code_block"):
            lines = _close(writer, "list" if token.level else "paragraph", lines)
            writer.add("code", token.content)
        elif token.type == "tr_open":
            cells = tokens[at : next(end for end in range(at, len(tokens)) if tokens[end].type == "tr_close")]
            lines.append(" | ".join(_inline_words(cell) for cell in cells if cell.type == "inline"))
        elif token.type == "inline" and tokens[at - 1].type == "paragraph_open":
            lines.append(_inline_words(token))
        if token.level == 0 and token.nesting == -1:
            lines = _close(writer, _KIND_OF_TOKEN.get(token.type, "paragraph"), lines)


def _close(writer: ArticleBuilder, kind: BlockKind, lines: list[str]) -> list[str]:
    """Writes the lines gathered so far as one block."""
    writer.add(kind, "\n".join(line if kind == "paragraph" else one_line(line) for line in lines))
    return []


def _inline_words(token: Token) -> str:
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
            parts.append(_inline_words(child))
    return "".join(parts)
