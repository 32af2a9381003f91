"""Small repairs of a page's tree before trafilatura reads it, each against something that would be lost."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.extract.dom import HEADINGS, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

PROMOTION = 0.2
"""The share of a page's text up to which an element named as promotion is taken to be that."""
_PROMOTIONS = {"promo", "promotion", "promoted", "advert", "advertisement", "ad-slot", "sponsored", "sponsor"}
_PERMALINKS = {"", "#", "\u00b6", "\u00a7", "\U0001f517", "link", "permalink"}


def prepare(tree: HtmlElement) -> None:
    """All repairs but that of the headings, which the title and the anchors need before."""
    _keep_code(tree)
    _keep_cells(tree)
    _drop_promotions(tree)


def tidy_headings(tree: HtmlElement) -> None:
    """Frees headings of links to themselves, permalink signs, "[edit]" and wrappers, and gives them the ids.

    trafilatura drops headings that are links, and would keep the signs as text.
    """
    for heading in list(tree.iter(*HEADINGS)):
        for extra in heading.find_class("mw-editsection"):
            extra.drop_tree()
        for link in [*heading.iter("a"), *_empty_links_beside(heading)]:
            _take_id(heading, link.get("id") or link.get("name"))
            if not link.get("href", "#").startswith("#"):
                continue
            if text_of(link).strip().lower() in _PERMALINKS:
                link.drop_tree()
            else:
                link.drop_tag()
        parent = heading.getparent()
        if parent is not None and parent.tag == "div" and list(parent) == [heading]:
            _take_id(heading, parent.get("id"))
            parent.drop_tag()


def _empty_links_beside(heading: HtmlElement) -> list[HtmlElement]:
    """Anchors without text just before or after a heading."""
    beside = (heading.getprevious(), heading.getnext())
    return [link for link in beside if link is not None and link.tag == "a" and not text_of(link).strip()]


def _take_id(heading: HtmlElement, name: str | None) -> None:
    """The id a heading can be reached by, if it has none of its own."""
    if name and not heading.get("id"):
        heading.set("id", name)


def _keep_code(tree: HtmlElement) -> None:
    """Makes every ``pre`` one plain ``code``, so that highlighters' markup does not break it into words."""
    for pre in list(tree.iter("pre")):
        for line_break in pre.iter("br"):
            line_break.tail = "\n" + (line_break.tail or "")
        text, tail = text_of(pre), pre.tail
        pre.clear()
        pre.tail = tail
        code = pre.makeelement("code")
        code.text = text
        pre.append(code)
        table = next(pre.iterancestors("table"), None)
        if table is not None:
            _unwrap_code(table, pre)


def _unwrap_code(table: HtmlElement, pre: HtmlElement) -> None:
    """Puts the code in the table's place, when the table holds the code and line numbers only."""
    others = [cell for cell in table.iter("td", "th") if next(cell.iter("pre"), None) is not pre]
    if len(others) <= 1 and all(word.isdigit() for cell in others for word in text_of(cell).split()):
        pre.tail, table.tail = table.tail, None
        parent = table.getparent()
        if parent is not None:
            parent.replace(table, pre)


def _keep_cells(tree: HtmlElement) -> None:
    """Marks cells of one word, as trafilatura takes "Mail" or "PDF" for a button wherever it stands.

    The mark is a private-use character, which cleaning takes out again.
    """
    for cell in tree.iter("td", "th"):
        if cell.text and not len(cell) and len(cell.text.split()) == 1:
            cell.text += "\ue000"


def _drop_promotions(tree: HtmlElement) -> None:
    """Removes panels in the middle of an article whose class says that they advertise something."""
    panels = [
        element
        for element in tree.iter("div", "section", "aside", "p", "ul")
        if not _PROMOTIONS.isdisjoint(element.get("class", "").lower().split())
    ]
    most = PROMOTION * len(text_of(tree)) if panels else 0
    for panel in panels:
        if len(text_of(panel)) < most and panel.getparent() is not None:
            panel.drop_tree()
