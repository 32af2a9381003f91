"""HTML to an article: trafilatura finds the main text, its tree becomes blocks, the page has the anchors."""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from indexer.extract import dom
from indexer.extract.articles import choose_articles
from indexer.extract.blocks import ArticleBuilder, comparable
from indexer.extract.charset import decode
from indexer.extract.clean import PAGE_BREAK, one_line
from indexer.extract.compare import held
from indexer.extract.declared import article_body, declares_article, declares_thread
from indexer.extract.dom import FEW_WORDS, text_of
from indexer.extract.frame import HEADINGS, whole
from indexer.extract.plain import plain_article
from indexer.extract.prepare import prepare, show_noscript, tidy_headings
from indexer.extract.structure import mark_frame, missed_structure
from indexer.extract.thread import read_thread
from indexer.extract.writing import write_tree
from indexer.records import Article, Page, Reading

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

_TITLE_SEPARATOR = re.compile(r"\s+(?:[|\u00b7\u2022\u00bb\u00ab\u2013\u2014-]|::)\s+")
_SEPARATORS = " |\u00b7\u2022\u00bb\u00ab\u2013\u2014-:"
MOSTLY = 0.6
"""The share of a page's words inside ``pre`` from which on it is read as plain text."""
ENOUGH = 200
"""Words in ``pre`` below which it is a page about a piece of code rather than a text."""
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
INSIDE = 0.3
"""The share of the precise reading that posts must hold, if it has so many words as:"""
COMMENTED = 100
"""Words of an article from which on posts that do not hold them are its comments."""


def read_html(page: Page) -> Reading:
    """The article of an HTML page, and what the crawl wants to know of the page.

    A page without a main text gives an article of no blocks: what is on it instead (``text_on_page``,
    ``scripts``) decides what becomes of it.
    """
    tree = dom.parse(decode(page.body, page.headers.get("content-type", "")))
    if tree is None:
        return Reading(Article("", "", ()))
    show_noscript(tree)
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
    choose_articles(tree)
    if pages := _preformatted(tree, words):
        anchors = {str(name) for name in tree.xpath("//@id | //a/@name")}
        return plain_article("\f".join(pages), title=title, anchors=anchors, metadata=metadata)
    writer = ArticleBuilder(title)
    anchors_of = dom.Anchors(tree)
    declared = article_body(tree)
    prepare(tree)
    if (body := _main_text(tree, url)) is not None:
        write_tree(body, writer, anchors_of)
    article = writer.article(**metadata)
    if article.words < PRECISE * len(declared.split()):
        return _declared_article(title, declared, metadata)
    return article


def _declared_article(title: str, text: str, metadata: dict[str, str]) -> Article:
    """The article as the page's JSON-LD has it, which may be HTML or plain lines."""
    writer = ArticleBuilder(title)
    body = dom.parse(text) if "</" in text else None
    if body is not None:
        write_tree(body, writer, dom.Anchors(body))
    else:
        for line in text.split("\n"):
            writer.add("paragraph", line)
    return writer.article(**metadata)


def _preformatted(tree: HtmlElement, words: int) -> list[str]:
    """The texts of a page that is one preformatted text, as RFCs and mail archives are; else nothing.

    ``words`` are those that are visible on the page.
    """
    texts = [text_of(pre).replace(PAGE_BREAK, "\f") for pre in tree.iter("pre")]
    length = len("".join(texts).split())
    return texts if length >= max(MOSTLY * words, ENOUGH) else []


def _main_text(tree: HtmlElement, url: str) -> _Element | None:
    """The tree of the main text: what trafilatura takes, a thread's posts, or the frame as a whole.

    trafilatura's precise mode is best where it serves, then its balanced mode; where both hold too little
    of the frame, the frame is read (``benchmarks/extraction.py`` has the figures for each).
    """
    from trafilatura import bare_extraction

    def extract(*, precise: bool = True) -> _Element | None:
        found = bare_extraction(tree, url=url, include_comments=False, favor_precision=precise)
        body: _Element | None = getattr(found, "body", None)
        return body

    first = extract()
    thread = read_thread(tree)
    if thread is not None and (declares_thread(tree) or not _beside(first, thread)):
        return thread
    if first is not None and missed_structure(tree, first) and mark_frame(tree, first):
        second = extract()
        first = second if second is not None and _better(second, first) else first
    frame = whole(deepcopy(tree))
    if frame is None:
        return first
    there = _count(frame)
    words = _count(first)
    alone = frame.tag == "body" and words >= FEW_WORDS and declares_article(tree)
    if words >= (DECLARED if alone else PRECISE) * there:
        return frame if words >= SAME * there and _headings(first) < HALF * _headings(frame) else first
    second = extract(precise=False)
    return second if _count(second) >= max(BALANCED * there, MORE * words) else frame


def _beside(body: _Element | None, thread: _Element) -> bool:
    """Whether the precise reading is another text than the posts, as an article above its comments is."""
    return body is not None and _count(body) >= COMMENTED and held(_texts(body), _texts(thread)) < INSIDE


def _texts(body: _Element) -> list[str]:
    return [str(text) for text in body.itertext()]


def _headings(body: _Element | None) -> int:
    return 0 if body is None else sum(1 for _ in body.iter("head", *HEADINGS[1:]))


def _count(body: _Element | None) -> int:
    return 0 if body is None else len(text_of(body).split())


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
