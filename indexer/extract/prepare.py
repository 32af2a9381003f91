"""Small repairs of a page's tree before trafilatura reads it, each against something that would be lost."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.counting import count_words
from indexer.extract.blocks import comparable
from indexer.extract.code import keep_code
from indexer.extract.dom import FEW_WORDS, HEADINGS, text_of, visible_text, words_of_class
from indexer.extract.formulas import write_formulas

if TYPE_CHECKING:
    from lxml.html import HtmlElement

PROMOTION = 0.2
"""The share of a page's text up to which an element named as promotion is taken to be that."""
_PROMOTIONS = {"promo", "promotion", "promoted", "advert", "advertisement", "ad-slot", "sponsored", "sponsor"}
_PERMALINKS = {"", "#", "\u00b6", "\u00a7", "\U0001f517", "link", "permalink"}
_INLINE_TAGS = ("a", "b", "em", "i", "mark", "small", "span", "strong", "sub", "sup", "u")
_EMPTY_BLOCKS = (
    *("article", "blockquote", "dd", "div", "dt", "h1", "h2", "h3", "h4", "h5", "h6"),
    *("li", "main", "p", "pre", "section"),
)
_WITHIN_SENTENCES = ("time", "output", "label", "button")
_NOTES = {
    *("admonition", "attention", "callout", "caution", "danger", "error", "hint", "important", "info", "key"),
    *("note", "notice", "success", "tip", "warn", "warning"),
}
_ANNOUNCES = re.compile(r"[:\uff1a]\s*$|\b(?:following|below)\b")


def prepare(tree: HtmlElement) -> None:
    """All repairs but that of the headings, which the title and the anchors need before."""
    write_formulas(tree)
    keep_code(tree)
    _keep_after_empty(tree)
    _keep_in_sentences(tree)
    _keep_figures(tree)
    _keep_tabs(tree)
    _keep_notes(tree)
    _keep_named_sections(tree)
    _keep_announced_links(tree)
    _keep_cells(tree)
    _free_layout(tree)
    _drop_promotions(tree)


def show_noscript(tree: HtmlElement) -> None:
    """Makes a ``noscript`` part of the page where it holds more text than all that is visible beside it."""
    holding = [one for one in tree.iter("noscript") if count_words(text_of(one)) >= FEW_WORDS]
    if holding:
        visible = sum(map(count_words, visible_text(tree)))
        for element in holding:
            if count_words(text_of(element)) > visible:
                element.tag = "div"


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


def _keep_after_empty(tree: HtmlElement) -> None:
    """Drops empty elements and keeps the text after them, which trafilatura deletes with them.

    From the last to the first, so that what held only empty elements is empty when its turn comes.
    """
    for element in reversed(list(tree.iter(*_INLINE_TAGS, *_EMPTY_BLOCKS))):
        if len(element) or (element.text or "").strip() or element.getparent() is None:
            continue
        if element.tag in _INLINE_TAGS:
            element.drop_tag()
        elif (element.tail or "").strip():
            element.text = None
            element.tag = "br"


def _keep_in_sentences(tree: HtmlElement) -> None:
    """Keeps the words of elements that trafilatura takes for a form's or a byline's, where text is around."""
    for element in list(tree.iter(*_WITHIN_SENTENCES)):
        parent = element.getparent()
        if parent is not None and (parent.tag in ("td", "th", "dd", "dt") or _among_words(element, parent)):
            element.drop_tag()
    for quotation in list(tree.iter("q")):
        quotation.text = "\u201c" + (quotation.text or "")
        if len(quotation):
            quotation[-1].tail = (quotation[-1].tail or "") + "\u201d"
        else:
            quotation.text += "\u201d"
        quotation.drop_tag()


def _among_words(element: HtmlElement, parent: HtmlElement) -> bool:
    """Whether there are words of a sentence before or after an element."""
    if parent.tag not in ("p", "li", "blockquote", "figcaption", "caption", "em", "strong", "b", "i", "span"):
        return False
    before = element.getprevious()
    words = f"{(parent.text if before is None else before.tail) or ''} {element.tail or ''}"
    return any(char.isalpha() for char in words)


def _keep_figures(tree: HtmlElement) -> None:
    """Makes a figure that holds code, a quotation or a table an ordinary element, its caption a paragraph."""
    for figure in list(tree.iter("figure")):
        if next(figure.iter("pre", "blockquote", "table"), None) is not None:
            figure.tag = "div"
            figure.attrib.clear()
            for caption in figure.iter("figcaption"):
                caption.tag = "p"


def _keep_tabs(tree: HtmlElement) -> None:
    """Shows the panels of tabs, of which a page hides all but one: each says the same for another reader."""
    for panel in tree.iter("div", "section"):
        if panel.get("role") == "tabpanel":
            for name in ("hidden", "aria-hidden", "style", "class"):
                panel.attrib.pop(name, None)


def _keep_notes(tree: HtmlElement) -> None:
    """Makes an aside that is named as a note or a warning an ordinary element."""
    for aside in list(tree.iter("aside")):
        names = words_of_class(aside) | {aside.get("role", ""), aside.get("aria-label", "").lower()}
        if not _NOTES.isdisjoint(names):
            for element in aside.iter():
                element.attrib.clear()
            aside.tag = "div"


def _keep_named_sections(tree: HtmlElement) -> None:
    """Takes the id off a section that has it from its heading.

    Else "authorization" or "navigation" in an id tells trafilatura to delete the section.
    """
    for section in tree.iter("section", "div"):
        name = comparable(section.get("id", ""))
        heading = next(section.iter(*HEADINGS), None) if name else None
        if heading is not None and comparable(text_of(heading)).startswith(name):
            del section.attrib["id"]


def _keep_announced_links(tree: HtmlElement) -> None:
    """Makes the links of a list plain words where the sentence before it announces them."""
    for entries in tree.iter("ul", "ol"):
        before = entries.getprevious()
        if before is not None and before.tag == "p" and _ANNOUNCES.search(text_of(before)):
            for link in list(entries.iter("a")):
                link.drop_tag()


def _keep_cells(tree: HtmlElement) -> None:
    """Writes lists in cells in a line, and marks cells of one word.

    trafilatura drops the former, and takes "Mail" or "PDF" for a button wherever it stands. The mark is a
    private-use character, which cleaning takes out again.
    """
    for cell in tree.iter("td", "th"):
        for entry in list(cell.iter("li")):
            following = entry.getnext() is not None
            entry.tail = ("; " if following else " ") + (entry.tail or "").strip()
            entry.drop_tag()
        for entries in list(cell.iter("ul", "ol")):
            entries.drop_tag()
        if cell.text and not len(cell) and len(cell.text.split()) == 1:
            cell.text += "\ue000"


def _free_layout(tree: HtmlElement) -> None:
    """Makes tables and lists that only lay out a text, as they hold headings, ordinary elements."""
    for table in list(tree.iter("table")):
        if any(cell.find(".//table") is not None or _has_heading(cell) for cell in table.iter("td")):
            for part in table.iter("table", "tbody", "tr", "td", "th"):
                if next(part.iterancestors("table"), part) in (table, part):
                    part.tag = "div"
    for entries in list(tree.iter("ul", "ol")):
        items = [item for item in entries if item.tag == "li"]
        if any(_has_heading(item) for item in items):
            for element in (entries, *items):
                element.tag = "div"


def _has_heading(element: HtmlElement) -> bool:
    return next(element.iter("h1", "h2", "h3", "h4", "h5", "h6"), None) is not None


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
