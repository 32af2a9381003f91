"""The frame that a page's main text stands in, read whole, less what its markup says is no text.

This is the other reading beside trafilatura's: it judges no paragraph, so it loses none, and keeps more that
is no text. :mod:`indexer.extract.html` takes it where trafilatura holds too little.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.extract.dom import UNSEEN, named

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

HEADING_TAGS = ("h1", "h2", "h3", "h4", "h5", "h6")
MAIN = 0.3
"""The share of the visible letters that ``main`` must hold to be the frame; below it is a shell."""
ARTICLE = 0.5
"""The share from which on the only ``article`` is the frame."""
PART = 0.5
"""The share of the frame's text up to which an element named as chrome is that: more is the text itself,
under a careless name."""
MOST = 0.9
"""The share of the frame's text from which on nothing is dropped: it is the text, whatever it is called."""
LINKS = 0.75
"""The share of its text inside links from which on a block is a menu ..."""
SHORT = 24
"""... if its links have no more letters than this on average: longer ones are titles of things to read."""
_NEVER = {
    "embed", "button", "nav", "footer", "aside", "canvas", "audio", "video", "input", "dialog", "menu",
    "map", "figure", "label", "time", "option", "datalist", "progress", "img", "picture", "source",
    "fieldset",
}  # fmt: skip
_ROLES = {
    "navigation", "banner", "contentinfo", "search", "complementary", "menu", "menubar", "toolbar",
    "dialog", "alertdialog", "tablist", "tooltip", "alert", "form",
}  # fmt: skip
_COMMENTS = {
    "comment", "comments", "disqus", "respond", "commentlist",
}  # fmt: skip
CHROME = {
    "author", "flair", "form", "related", "sidebar", "popup", "modal", "signature", "newsletter", "menu",
    "footer", "pagination",
    "pager", "byline", "controls", "navigation", "login", "signup", "skip", "consent", "gdpr",
    "feedback", "sr", "tooltip", "breadcrumb", "breadcrumbs", "search", "reactions", "share", "sharing",
    "social", "buttons", "teaser", "recommended", "recommendations", "advert", "advertisement",
    "sponsored", "filters", "wishlist", "copyright", "toolbar", "review", "reviews",
}  # fmt: skip
"""Words in classes and ids whose elements hold text of the article in less than a tenth to a third of the
cases (``benchmarks/extraction.py --names`` counts them)."""


def whole(tree: HtmlElement) -> HtmlElement | None:
    """The frame of the main text without chrome, cut from the tree; None where there is no body."""
    body = tree.find("body") if tree.tag == "html" else tree
    if body is None:
        return None
    for element in list(body.iter(*UNSEEN)):
        if element.getparent() is not None and element is not body:
            element.drop_tree()
    sizes = text_sizes(body)
    frame = _frame(body, sizes)
    _drop_chrome(frame, sizes)
    _drop_menus(frame)
    return frame


def _frame(body: HtmlElement, sizes: dict[_Element, int]) -> HtmlElement:
    """``main`` or the only ``article`` where they hold enough of the letters, else the body."""
    mains = [element for element in body.iter() if element.tag == "main" or element.get("role") == "main"]
    articles = [one for one in body.iter("article") if next(one.iterancestors("article"), None) is None]
    for candidates, share in ((mains, MAIN), (articles if len(articles) == 1 else [], ARTICLE)):
        largest = max(candidates, key=lambda element: sizes[element], default=None)
        if largest is not None and sizes[largest] >= share * sizes[body]:
            return largest
    return body


def _drop_chrome(frame: HtmlElement, sizes: dict[_Element, int]) -> None:
    """Drops what is no text by its kind, its role or its name, and what is hidden."""
    total = sizes[frame] or 1
    for element in list(frame.iter()):
        share = sizes[element] / total
        if element is frame or share >= MOST:
            continue
        if _is_no_text(element) or _is_called_chrome(element, share):
            element.drop_tree()


def _is_no_text(element: _Element) -> bool:
    return (
        element.tag in _NEVER
        or element.get("role") in _ROLES
        or is_hidden(element)
        or (element.tag == "header" and next(element.iter("h1"), None) is None)
    )


def _is_called_chrome(element: _Element, share: float) -> bool:
    """Whether its name says that it is no text of the article, and its share of the frame allows that."""
    if element.tag in HEADING_TAGS:
        return False
    names = named(element)
    return (
        (element.tag == "form" and share < ARTICLE)
        or (share < PART and not CHROME.isdisjoint(names))
        or not _COMMENTS.isdisjoint(names)
    )


def is_hidden(element: _Element) -> bool:
    """Whether the page says that the element is not shown."""
    if not element.attrib:
        return False
    style = element.get("style", "").replace(" ", "").lower()
    return (
        "display:none" in style
        or "visibility:hidden" in style
        or element.get("hidden") is not None
        or element.get("aria-hidden") == "true"
    )


def _drop_menus(frame: HtmlElement) -> None:
    """Drops blocks that are nearly all short links."""
    sizes = text_sizes(frame)
    linked = {element: sizes[element] for element in frame.iter("a")}
    inside, counts = _running_sums(frame, linked), _running_sums(frame, dict.fromkeys(linked, 1))
    menus = []
    for element in frame.iter("div", "section", "ul", "ol", "table", "dl", "li", "p"):
        links, size = counts[element], sizes[element]
        if (
            links >= (1 if element.tag == "p" else 2)
            and LINKS * size < inside[element] <= SHORT * links
            and size < sizes[frame] / 2
        ):
            menus.append(element)
    dropped = set(menus)
    outer = [menu for menu in menus if dropped.isdisjoint(menu.iterancestors())]
    if sum(sizes[menu] for menu in outer) < MOST * sizes[frame]:  # else a page of links is what they say
        for menu in outer:
            menu.drop_tree()


def text_sizes(frame: HtmlElement) -> dict[_Element, int]:
    """The letters inside each element, white space at the ends of its pieces aside."""
    own = {}
    for element in frame.iter():
        tails = sum(len((child.tail or "").strip()) for child in element)
        own[element] = len((element.text or "").strip()) + tails
    return _running_sums(frame, own)


def _running_sums(frame: HtmlElement, own: dict[_Element, int]) -> dict[_Element, int]:
    """For each element the sum over itself and all inside it."""
    sums: dict[_Element, int] = {}
    for element in reversed(list(frame.iter())):
        sums[element] = own.get(element, 0) + sum(sums[child] for child in element)
    return sums
