"""HTML to an article: trafilatura finds the main text, its tree becomes blocks, the page gives the anchors."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from indexer.extract import dom
from indexer.extract.blocks import Writer, comparable, same
from indexer.extract.charset import decode
from indexer.extract.clean import one_line, printable
from indexer.records import Article, BlockKind, Page, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

_TITLE_SEPARATOR = re.compile(r"\s+(?:[|·•»«–—-]|::)\s+")
_KINDS: dict[str, BlockKind] = {"list": "list", "quote": "quote", "table": "table", "code": "code"}


def read_html(page: Page) -> Reading:
    """The article of an HTML page, and what the crawl wants to know of the page.

    A page without a main text gives an article of no blocks: what is on it instead (``text_on_page``,
    ``scripts``) decides what becomes of it.
    """
    tree = dom.parse(decode(page.body, page.headers.get("content-type", "")))
    if tree is None:
        return Reading(Article("", "", ()))
    address = dom.base(tree, page.final_url)
    words = sum(len(text.split()) for text in dom.visible_text(tree))
    return Reading(
        article=_article(tree, page.final_url),
        canonical=dom.canonical(tree, address),
        links=dom.links(tree, address),
        text_on_page=words,
        scripts=dom.builds_itself(tree, words),
    )


def _article(tree: HtmlElement, url: str) -> Article:
    from trafilatura import bare_extraction

    anchors = dom.Anchors(tree)
    language = one_line(tree.get("lang") or tree.get("xml:lang") or "")
    heading = next((one_line("".join(h1.itertext())) for h1 in tree.iter("h1")), "")
    _keep_code(tree)
    found: Any = bare_extraction(
        tree, url=url, with_metadata=True, include_comments=False, favor_precision=True
    )
    site = one_line((found and found.sitename) or urlsplit(url).hostname or "")
    title = one_line((found and found.title) or tree.xpath("string(//title)"))
    writer = Writer(_clean_title(title, heading, (site, urlsplit(url).hostname or "")))
    if found is not None:
        _write(found.body, writer, anchors)
    return writer.article(
        author=(found and found.author) or "",
        published=(found and found.date) or "",
        language=language,
        site=site,
    )


def _keep_code(tree: HtmlElement) -> None:
    """Makes every ``pre`` one plain ``code``, so that highlighters' markup does not break it into words."""
    for pre in list(tree.iter("pre")):
        for line_break in pre.iter("br"):
            line_break.tail = "\n" + (line_break.tail or "")
        text, tail, table = "".join(pre.itertext()), pre.tail, pre.getparent()
        pre.clear()
        pre.tail = tail
        code = pre.makeelement("code")
        code.text = text
        pre.append(code)
        # A table that only sets line numbers beside code is not a table.
        while table is not None and table.tag in ("td", "tr", "tbody", "div", "figure"):
            table = table.getparent()
        if table is not None and table.tag == "table" and len(table.xpath(".//pre")) <= 2:
            _unwrap_code_table(table, pre)


def _unwrap_code_table(table: HtmlElement, pre: HtmlElement) -> None:
    """Puts the code in the table's place, when a table holds the code and line numbers only."""
    others = [
        text for cell in table.iter("td", "th") if pre not in cell.iter("pre") for text in cell.itertext()
    ]
    if (
        all(not text.strip() or text.split()[0].isdigit() for text in others)
        and table.getparent() is not None
    ):
        pre.tail, table.tail = table.tail, None
        table.getparent().replace(table, pre)


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
            return title[: title.rindex(parts[-1])].rstrip(" |·•»«–—-:")
    return title or heading


# ------------------------------------------------------------ the extracted tree


def _write(body: _Element, writer: Writer, anchors: dom.Anchors) -> None:
    """Writes the extracted tree; pieces of one list, quote or table become one block."""
    for element in body:
        for kind, group in groupby(_pieces(element, "paragraph"), key=lambda piece: piece[0]):
            texts = [text for _, text in group]
            if kind == "heading":
                for text in texts:
                    level = (
                        int(element.get("rend", "h6")[-1]) if element.get("rend", "h6")[-1].isdigit() else 6
                    )
                    writer.heading(text, level, anchor=anchors.of(text))
            elif kind in ("paragraph", "code"):
                for text in texts:
                    writer.add(kind, text)
            else:
                writer.add(kind, "\n".join(texts))


def _pieces(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """The text of an element in order, each piece with the kind of block it belongs to.

    Recursion is bounded by the depth of the parsed tree (256 elements).
    """
    if element.tag == "head":
        yield "heading", "".join(element.itertext())
    elif element.tag == "table":
        yield from _rows(element)
    elif element.tag == "code" and _is_block(element):
        yield "code", "".join(element.itertext())
    else:
        inner = _KINDS.get(str(element.tag), kind) if kind == "paragraph" else kind
        yield from _flow(element, inner)
    if kind == "paragraph" and element.tail and element.tail.strip() and element.getparent().tag == "body":
        yield "paragraph", element.tail


def _flow(element: _Element, kind: BlockKind) -> Iterator[tuple[BlockKind, str]]:
    """Inline text gathered up to the next block inside the element."""
    text = element.text or ""
    for child in element:
        if child.tag in ("p", "list", "item", "quote", "table", "head") or (
            child.tag == "code" and _is_block(child)
        ):
            if text.strip():
                yield kind, _line(text, kind)
            for inner, piece in _pieces(child, kind):
                yield (kind if inner == "heading" else inner), piece
            text = child.tail or ""
        else:
            text += "\n" if child.tag == "lb" else "".join(child.itertext())
            text += child.tail or ""
    if text.strip():
        yield kind, _line(text, kind)


def _line(text: str, kind: BlockKind) -> str:
    """The text as it stands, or on one line where lines separate list items."""
    return one_line(text) if kind == "list" else text


def _is_block(code: _Element) -> bool:
    return "\n" in "".join(code.itertext()).strip() or code.find("code") is not None


def _rows(table: _Element) -> Iterator[tuple[BlockKind, str]]:
    """A line of cells for each row; a table of one column only sets text and is paragraphs."""
    rows = [[one_line(" ".join(cell.itertext())) for cell in row] for row in table.iter("row")]
    single = all(len([cell for cell in row if cell]) <= 1 for row in rows)
    for row in rows:
        yield ("paragraph", "".join(row)) if single else ("table", " | ".join(row).rstrip(" |"))
