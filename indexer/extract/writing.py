"""A tree of main text, trafilatura's or the page's own, written as blocks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING

from indexer.extract.clean import one_line, parseable
from indexer.extract.dom import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element

    from indexer.extract.anchors import Anchors
    from indexer.extract.blocks import ArticleBuilder
    from indexer.records import BlockKind

_NAMES = {
    **dict.fromkeys(("ul", "ol", "dl"), "list"),
    **dict.fromkeys(("li", "dt", "dd"), "item"),
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6", "summary"), "head"),
    "blockquote": "quote",
    "pre": "code",
    "tr": "row",
    "td": "cell",
    "th": "cell",
    "br": "lb",
    "hr": "lb",
}
"""What trafilatura's tree calls the elements of HTML."""
_BLOCKS = frozenset(("p", "list", "item", "quote", "table", "head"))
_CONTAINERS = frozenset(
    [
        "body",
        "div",
        "section",
        "article",
        "main",
        "header",
        "footer",
        "details",
        "center",
        "form",
        "address",
        "figure",
        "figcaption",
        "caption",
    ]
)
_SPACE = re.compile(r"\s+")
_BLANK_LINE = re.compile(r"\n\s*\n")
_KIND_OF_ELEMENT: dict[str, BlockKind] = {"list": "list", "quote": "quote", "table": "table", "code": "code"}


def write_tree(body: _Element, writer: ArticleBuilder, anchors: Anchors) -> None:
    """Writes a tree; pieces of one list, quote or table become one block.

    Containers are transparent, and so is what is inline by its name but holds a block. Recursion is bounded
    by the depth of the parsed tree (256 elements).
    """
    _unwrap_lines(body)
    for element in body.iter():
        if (name := _NAMES.get(str(element.tag))) is not None:
            if name == "head":
                element.set("rend", element.tag)
            element.tag = name
    _write_container(body, writer, anchors, _holders(body))


def _unwrap_lines(body: _Element) -> None:
    """Makes the line feeds of the source spaces, as a browser does, but for those in code."""
    code: set[_Element] = set()
    for element in body.iter():
        if element.tag in ("pre", "code") or element.getparent() in code:
            code.add(element)
        elif element.text and "\n" in element.text:
            element.text = parseable(_SPACE.sub(" ", element.text))
        if element.tail and "\n" in element.tail and element.getparent() not in code:
            element.tail = parseable(_SPACE.sub(" ", element.tail))


def _holders(body: _Element) -> set[_Element]:
    """All elements that a block stands in, however deep."""
    holders: set[_Element] = set()
    for element in body.iter():
        if element.tag in _CONTAINERS or element.tag in _BLOCKS or _is_code_block(element):
            for ancestor in element.iterancestors():
                if ancestor in holders:
                    break
                holders.add(ancestor)
    return holders


def _write_container(
    body: _Element, writer: ArticleBuilder, anchors: Anchors, holders: set[_Element]
) -> None:
    text = body.text or ""
    for element in body:
        if element.tag in _BLOCKS or _is_code_block(element):
            _write_paragraphs(text, writer)
            _write_block(element, writer, anchors)
            text = element.tail or ""
        elif element.tag in _CONTAINERS or element in holders:
            _write_paragraphs(text, writer)
            _write_container(element, writer, anchors, holders)
            text = element.tail or ""
        else:
            text += "\n" if element.tag == "lb" else text_of(element)
            text += element.tail or ""
    _write_paragraphs(text, writer)


def _write_paragraphs(text: str, writer: ArticleBuilder) -> None:
    """Text between blocks; two line breaks part paragraphs."""
    for part in _BLANK_LINE.split(text):
        writer.add("paragraph", part)


def _write_block(element: _Element, writer: ArticleBuilder, anchors: Anchors) -> None:
    for kind, group in groupby(_pieces(element, "paragraph"), key=lambda piece: piece[0]):
        texts = [text for _, text in group]
        if kind == "heading":
            for text in texts:
                writer.heading(text, _level(element), anchor=anchors.of(text, _following(element)))
        elif kind in ("paragraph", "code"):
            for text in texts:
                writer.add(kind, text)
        else:
            writer.add(kind, "\n".join(texts))


def _following(head: _Element) -> str:
    """The text of what stands after a heading, up to the first element that has some; its frames' too."""
    frames = islice((head, *head.iterancestors()), 4)
    texts = (text_of(element) for frame in frames for element in islice(frame.itersiblings(), 3))
    return next((text for text in texts if text.strip()), "")


def _level(head: _Element) -> int:
    """1 to 6 as in HTML; the summary of a fold-out has none and is the lowest."""
    number = head.get("rend", "")[1:]
    return int(number) if number.isdigit() else 6


def _pieces(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """The text of an element in order, each piece with the kind of block it belongs to."""
    if element.tag == "head":
        yield "heading", one_line(text_of(element))
    elif element.tag == "table":
        yield from _table_rows(element)
    elif _is_code_block(element):
        yield "code", text_of(element)
    else:
        inner = _KIND_OF_ELEMENT.get(str(element.tag), kind) if kind == "paragraph" else kind
        yield from _flow(element, inner)


def _flow(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """Inline text gathered up to the next block inside the element."""
    text = element.text or ""
    for child in element:
        if child.tag in _BLOCKS or child.tag in _CONTAINERS or _is_code_block(child):
            if text.strip():
                yield kind, _line(text, kind)
            for inner, piece in _pieces(child, kind):
                yield (kind if inner == "heading" else inner), piece
            text = child.tail or ""
        else:
            text += "\n" if child.tag == "lb" else text_of(child)
            text += child.tail or ""
    if text.strip():
        yield kind, _line(text, kind)


def _line(text: str, kind: BlockKind) -> str:
    """The text as it stands, or on one line where lines separate list items."""
    return one_line(text) if kind == "list" else text


def _is_code_block(element: _Element) -> bool:
    """Whether it is code on lines of its own: what was ``pre``, or holds a line break."""
    return element.tag == "code" and (element.find("code") is not None or "\n" in text_of(element).strip())


def _table_rows(table: _Element) -> Iterator[tuple[BlockKind, str]]:
    """A line of cells for each row; a table of one column only sets text and is paragraphs."""
    rows = [
        [one_line(" ".join(text for _, text in _flow(cell, "table"))) for cell in row.iterchildren("cell")]
        for row in table.iter("row")
    ]
    single = all(len([cell for cell in row if cell]) <= 1 for row in rows)
    for row in rows:
        yield ("paragraph", "".join(row)) if single else ("table", " | ".join(row).rstrip(" |"))
