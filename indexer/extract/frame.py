"""Helps trafilatura where it sees paragraphs but not the frame they stand in, or drops a page's own list.

trafilatura looks for a frame (``article``, ``main``, known class names). Without one it gathers single
paragraphs, and headings and lists are lost. The frame is then the deepest element that holds nearly all
of these paragraphs: marked as ``article``, a second extraction finds the rest.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.extract.blocks import comparable
from indexer.extract.dom import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

NEARLY_ALL = 0.85
"""The share of the extracted characters that the frame must hold. The rest are stray paragraphs of
banners and teasers, which a frame is there to leave out."""
SHORT = 300
"""Words. A page with less prose than this may consist of its lists of links."""
_SECTIONS = ("h2", "h3", "h4", "h5", "h6")


def missed_structure(tree: HtmlElement, body: _Element) -> bool:
    """Whether a second look is due: no heading found though the frame has some, or a heading left bare."""
    if next(body.iter("head"), None) is None:
        return any(True for _ in tree.iter(*_SECTIONS))
    bare = any(one.tag == two.tag == "head" for one, two in pairwise(body))
    return bare and len(text_of(body).split()) < SHORT


def mark_frame(tree: HtmlElement, body: _Element) -> bool:
    """Turns the element that holds the extracted paragraphs into an ``article``; False if there is none.

    On a short page its lists lose their links, so that they count as text.
    """
    frame = _frame(tree, body)
    if frame is None:
        return False
    if len(text_of(body).split()) < SHORT:
        for entries in frame.iter("ul", "ol"):
            for link in list(entries.iter("a")):
                link.drop_tag()
    if frame.tag == "body":
        article = frame.makeelement("article")
        article.text, frame.text = frame.text, None
        article.extend(list(frame))
        frame.append(article)
    else:
        frame.tag = "article"
        frame.attrib.clear()
    return True


def _frame(tree: HtmlElement, body: _Element) -> HtmlElement | None:
    """The deepest element with nearly all of the extracted paragraphs."""
    wanted = {comparable(text_of(block)) for block in body if block.tag in ("p", "quote", "code")}
    weight: Counter[HtmlElement] = Counter()
    total = 0
    for paragraph in tree.iter("p", "blockquote", "pre"):
        text = comparable(text_of(paragraph))
        if text and text in wanted:
            wanted.discard(text)
            total += len(text)
            for ancestor in paragraph.iterancestors():
                weight[ancestor] += len(text)
    holding = [element for element, share in weight.items() if share >= NEARLY_ALL * total]
    deepest = max(holding, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)
    return None if deepest is None or deepest.tag == "html" else deepest
