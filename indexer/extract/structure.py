"""Helps trafilatura where it sees paragraphs but not the frame they stand in, or drops a page's own list.

trafilatura looks for a frame (``article``, ``main``, known class names). Without one it gathers single
paragraphs, and headings and lists are lost. The frame is then the deepest element that holds nearly all
of these paragraphs: marked as ``article``, a second extraction finds the rest.
"""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from typing import TYPE_CHECKING

from indexer.counting import count_words
from indexer.extract.blocks import comparable
from indexer.extract.dom import text_of

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

NEARLY_ALL = 0.85
"""The share of the extracted characters that the frame must hold. The rest are stray paragraphs of
banners and teasers, which a frame is there to leave out."""
SHORT_PAGE = 300
"""Words. A page with less prose than this may consist of its lists of links."""
_SECTIONS = ("h2", "h3", "h4", "h5", "h6")


def missed_structure(tree: HtmlElement, body: _Element) -> bool:
    """Whether a second look may help: no heading found though the page has some, or a heading left bare."""
    if next(body.iter("head"), None) is None:
        return next(tree.iter(*_SECTIONS), None) is not None
    bare = any(one.tag == two.tag == "head" for one, two in pairwise(body))
    return bare and count_words(text_of(body)) < SHORT_PAGE


def mark_frame(tree: HtmlElement, body: _Element) -> bool:
    """Turns the element that holds the extracted paragraphs into an ``article``; False if that is no use.

    It is of use where headings stand among the paragraphs. On a short page the lists in the frame lose
    their links, so that they count as text.
    """
    paragraphs = _paragraphs(tree, body)
    frame = _paragraphs_frame(paragraphs)
    if frame is None or not _headings_among(frame, paragraphs):
        return False
    if count_words(text_of(body)) < SHORT_PAGE:
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


def _paragraphs(tree: HtmlElement, body: _Element) -> dict[HtmlElement, int]:
    """The page's own elements that the extracted paragraphs came from, and their length in letters."""
    wanted = {comparable(text_of(block)) for block in body if block.tag in ("p", "quote", "code")}
    found: dict[HtmlElement, int] = {}
    for paragraph in tree.iter("p", "blockquote", "pre"):
        text = comparable(text_of(paragraph))
        if text and text in wanted:
            wanted.discard(text)
            found[paragraph] = len(text)
    return found


def _paragraphs_frame(paragraphs: dict[HtmlElement, int]) -> HtmlElement | None:
    """The deepest element with nearly all of the extracted text."""
    weight: Counter[HtmlElement] = Counter()
    for paragraph, length in paragraphs.items():
        for ancestor in paragraph.iterancestors():
            weight[ancestor] += length
    enough = NEARLY_ALL * sum(paragraphs.values())
    holding = [element for element, length in weight.items() if length >= enough]
    deepest = max(holding, key=lambda element: sum(1 for _ in element.iterancestors()), default=None)
    return None if deepest is None or deepest.tag == "html" else deepest


def _headings_among(frame: HtmlElement, paragraphs: dict[HtmlElement, int]) -> bool:
    """Whether a heading stands between two of the paragraphs, or between one and a list."""
    begun = waiting = False
    for element in frame.iter("p", "blockquote", "pre", "ul", "ol", *_SECTIONS):
        if element.tag in _SECTIONS:
            waiting = begun
        elif element in paragraphs or element.tag in ("ul", "ol"):
            if waiting:
                return True
            begun = begun or element in paragraphs
    return False
