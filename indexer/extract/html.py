"""HTML to an article: trafilatura finds the main text, its tree becomes blocks, the page has the anchors."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import groupby, islice
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from indexer.extract import dom
from indexer.extract.anchors import Anchors, heading_places
from indexer.extract.blocks import ArticleBuilder, comparable
from indexer.extract.charset import decode
from indexer.extract.clean import PAGE_BREAK, one_line
from indexer.extract.dom import text_of
from indexer.extract.frame import mark_frame, missed_structure
from indexer.extract.plain import plain_article
from indexer.extract.prepare import prepare, tidy_headings
from indexer.records import Article, BlockKind, Page, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

_TITLE_SEPARATOR = re.compile(r"\s+(?:[|\u00b7\u2022\u00bb\u00ab\u2013\u2014-]|::)\s+")
_SEPARATORS = " |\u00b7\u2022\u00bb\u00ab\u2013\u2014-:"
MOSTLY = 0.6
"""The share of a page's words inside ``pre`` from which on it is read as plain text."""
ENOUGH = 200
"""Words in ``pre`` below which it is a page about a piece of code rather than a text."""
_BLOCK_ELEMENTS = ("p", "list", "item", "quote", "table", "head")
_KIND_OF_ELEMENT: dict[str, BlockKind] = {"list": "list", "quote": "quote", "table": "table", "code": "code"}


def read_html(page: Page) -> Reading:
    """The article of an HTML page, and what the crawl wants to know of the page.

    A page without a main text gives an article of no blocks: what is on it instead (``text_on_page``,
    ``scripts``) decides what becomes of it.
    """
    tree = dom.parse(decode(page.body, page.headers.get("content-type", "")))
    if tree is None:
        return Reading(Article("", "", ()))
    address = dom.base(tree, page.final_url)
    canonical, links = dom.canonical(tree, address), dom.links(tree, address)
    words = sum(len(text.split()) for text in dom.visible_text(tree))
    scripts = dom.builds_itself(tree, words)
    article = _article(tree, page.final_url, words)  # last, as it changes the tree
    return Reading(article, canonical, links, words, scripts)


def _article(tree: HtmlElement, url: str, words: int) -> Article:
    """The article in the tree, which is changed on the way."""
    from trafilatura.metadata import extract_metadata

    _silence_libraries()
    places = heading_places(tree)
    tidy_headings(tree)
    known = extract_metadata(tree, url, extensive=False)
    host = urlsplit(url).hostname or ""
    site = one_line(known.sitename or host)
    heading = next((one_line(text_of(h1)) for h1 in tree.iter("h1")), "")
    title = _clean_title(one_line(known.title or tree.xpath("string(//title)")), heading, (site, host))
    metadata = {
        "author": known.author or "",
        "published": known.date or "",
        "language": tree.get("lang") or tree.get("xml:lang") or "",
        "site": site,
    }
    if pages := _preformatted(tree, words):
        names = {str(name) for name in tree.xpath("//@id | //a/@name")}
        return plain_article("\f".join(pages), title=title, anchors=names, metadata=metadata)
    writer = ArticleBuilder(title)
    anchors = Anchors(tree, places)
    prepare(tree)
    if (body := _main_text(tree, url)) is not None:
        _write_tree(body, writer, anchors)
    return writer.article(**metadata)


def _preformatted(tree: HtmlElement, words: int) -> list[str]:
    """The texts of a page that is one preformatted text, as RFCs and mail archives are; else nothing.

    ``words`` are those that are visible on the page.
    """
    texts = [text_of(pre).replace(PAGE_BREAK, "\f") for pre in tree.iter("pre")]
    length = len("".join(texts).split())
    return texts if length >= max(MOSTLY * words, ENOUGH) else []


def _main_text(tree: HtmlElement, url: str) -> _Element | None:
    """The tree that trafilatura makes of the page, with a second look where it lost the structure.

    ``favor_precision`` and no comments: F1 0.964 on the article extraction benchmark, against 0.960 for
    the balanced mode and 0.959 for recall (``benchmarks/extraction.py``).
    """
    from trafilatura import bare_extraction

    def extract() -> _Element | None:
        found = bare_extraction(tree, url=url, include_comments=False, favor_precision=True)
        return getattr(found, "body", None)

    first = extract()
    if first is None or not missed_structure(tree, first) or not mark_frame(tree, first):
        return first
    second = extract()
    return second if second is not None and _better(second, first) else first


def _silence_libraries() -> None:
    """Stops log lines about single pages, which Python would print where no logging is set up."""
    for library in ("trafilatura", "htmldate"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


def _better(second: _Element, first: _Element) -> bool:
    """Whether the second look kept the text and found more of its structure."""
    length = [len(text_of(body)) for body in (second, first)]
    return next(second.iter("head"), None) is not None and length[0] >= 0.8 * length[1]


def _clean_title(title: str, heading: str, sites: tuple[str, ...]) -> str:
    """The title without the name of its site: "Release notes | example.org" is "Release notes"."""
    if heading and comparable(title).startswith(comparable(heading)):
        rest = title[len(heading) :]
        if title.startswith(heading) and (not rest or _TITLE_SEPARATOR.match(rest)):
            return heading
    names = [comparable(site) for site in sites if site]
    parts = _TITLE_SEPARATOR.split(title)
    if len(parts) > 1:
        last = comparable(parts[-1])
        if last and any(last in name or name in last for name in names):
            return title[: title.rindex(parts[-1])].rstrip(_SEPARATORS)
    return title or heading


# ------------------------------------------------------------ the extracted tree


def _write_tree(body: _Element, writer: ArticleBuilder, anchors: Anchors) -> None:
    """Writes the extracted tree; pieces of one list, quote or table become one block."""
    for element in body:
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
        if element.tail and element.tail.strip():
            writer.add("paragraph", element.tail)


def _following(head: _Element) -> str:
    """The text of what stands after a heading, up to the first element that has some."""
    texts = (text_of(element) for element in islice(head.itersiblings(), 3))
    return next((text for text in texts if text.strip()), "")


def _level(head: _Element) -> int:
    """1 to 6 as in HTML; the summary of a fold-out has none and is the lowest."""
    number = head.get("rend", "")[1:]
    return int(number) if number.isdigit() else 6


def _pieces(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """The text of an element in order, each piece with the kind of block it belongs to.

    Recursion is bounded by the depth of the parsed tree (256 elements).
    """
    if element.tag == "head":
        yield "heading", one_line(text_of(element))
    elif element.tag == "table":
        yield from _table_rows(element)
    elif _is_block(element):
        yield "code", text_of(element)
    else:
        inner = _KIND_OF_ELEMENT.get(str(element.tag), kind) if kind == "paragraph" else kind
        yield from _flow(element, inner)


def _flow(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """Inline text gathered up to the next block inside the element."""
    text = element.text or ""
    for child in element:
        if child.tag in _BLOCK_ELEMENTS or _is_block(child):
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


def _is_block(element: _Element) -> bool:
    """Whether it is code on lines of its own: what was ``pre``, or holds a line break."""
    return element.tag == "code" and (element.find("code") is not None or "\n" in text_of(element).strip())


def _table_rows(table: _Element) -> Iterator[tuple[BlockKind, str]]:
    """A line of cells for each row; a table of one column only sets text and is paragraphs."""
    rows = [
        [one_line(" ".join(text for _, text in _flow(cell, "table"))) for cell in row]
        for row in table.iter("row")
    ]
    single = all(len([cell for cell in row if cell]) <= 1 for row in rows)
    for row in rows:
        yield ("paragraph", "".join(row)) if single else ("table", " | ".join(row).rstrip(" |"))
