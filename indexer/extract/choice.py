"""Which of several readings of a page is its main text.

trafilatura's precise mode is best where it serves, then its balanced mode; a thread's posts are known by
their form; where all hold too little of the frame, the frame is read as a whole. The constants are shares of
the frame's words, chosen with the pages of ``benchmarks/extraction.py`` in view; its ``--try`` shows others.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.counting import count_words
from indexer.extract.compare import held
from indexer.extract.declared import declares, declares_thread
from indexer.extract.dom import FEW_WORDS, text_of
from indexer.extract.frame import HEADING_TAGS
from indexer.extract.structure import mark_frame, missed_structure
from indexer.extract.thread import read_thread

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

PRECISE = 0.5
"""The share of the frame's words from which on the precise reading holds the article."""
BALANCED = 0.7
"""The share from which on the balanced reading does, where it has :data:`MORE` words than the precise one."""
MORE = 1.2
DECLARED = 0.15
"""The share that is enough where a page declares itself an article and has no frame: other stories and
comments stand around it."""
SAME = 0.9
"""The share from which on both readings hold the same text, so that the one with the headings is better."""
HALF = 0.5
"""The share of the frame's headings below which a reading lost them."""
PRODUCT = 0.4
"""The share that is enough where a page declares itself a product: reviews and other products surround it."""
LARGE = 200
"""Visible words of a page from which on less than :data:`FEW_WORDS` of them cannot be its text."""
INSIDE = 0.3
"""The share of the precise reading that posts must hold, if it has so many words as:"""
COMMENTED = 100
"""Words of an article from which on posts that do not hold them are its comments."""


def main_text(tree: HtmlElement, frame: _Element | None, url: str, *, shown: int) -> _Element | None:
    """The tree of the main text, given the page, a copy of its frame, and the visible words of both.

    None where there is none.
    """
    from trafilatura import bare_extraction

    def extract(*, precise: bool = True) -> _Element | None:
        found = bare_extraction(tree, url=url, include_comments=False, favor_precision=precise)
        body: _Element | None = getattr(found, "body", None)
        return body

    thread: _Element | None = read_thread(tree)
    if thread is not None and declares_thread(tree):
        return thread
    first = extract()
    if thread is not None and not _beside(first, thread):
        return thread
    if first is not None and missed_structure(tree, first) and mark_frame(tree, first):
        second = extract()
        first = second if second is not None and _better(second, first) else first
    if frame is None:
        return first
    words, there = _count(first), _count(frame)
    if max(words, there) < FEW_WORDS and shown >= LARGE:
        return max(first, frame, extract(precise=False), key=_count)
    if words >= _enough(tree, frame, words) * there:
        return frame if words >= SAME * there and _headings(first) < HALF * _headings(frame) else first
    second = extract(precise=False)
    return second if _count(second) >= max(BALANCED * there, MORE * words) else frame


def _enough(tree: HtmlElement, frame: _Element, words: int) -> float:
    """The share of the frame's words with which the precise reading, of so many words, holds the article."""
    if declares(tree, "article"):  # publishers call the subscription beside it a product
        return DECLARED if frame.tag == "body" and words >= FEW_WORDS else PRECISE
    return PRODUCT if declares(tree, "product") else PRECISE


def _beside(body: _Element | None, thread: _Element) -> bool:
    """Whether the precise reading is another text than the posts, as an article above its comments is."""
    return body is not None and _count(body) >= COMMENTED and held(_texts(body), _texts(thread)) < INSIDE


def _texts(body: _Element) -> list[str]:
    return [str(text) for text in body.itertext()]


def _headings(body: _Element | None) -> int:
    return 0 if body is None else sum(1 for _ in body.iter("head", *HEADING_TAGS[1:]))


def _count(body: _Element | None) -> int:
    return 0 if body is None else count_words(text_of(body))


def _better(second: _Element, first: _Element) -> bool:
    """Whether the second look kept the text and found more of its structure."""
    length = [len(text_of(body)) for body in (second, first)]
    return next(second.iter("head"), None) is not None and length[0] >= 0.8 * length[1]
