"""HTML to an article: trafilatura finds the main text, its tree becomes blocks, the page has the anchors."""

from __future__ import annotations

import logging
import re
from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from indexer.charset import decode
from indexer.counting import count_words
from indexer.extract import dom
from indexer.extract.anchors import Anchors, heading_places
from indexer.extract.articles import choose_articles
from indexer.extract.blocks import ArticleBuilder, comparable
from indexer.extract.choice import main_text
from indexer.extract.clean import PAGE_BREAK, one_line
from indexer.extract.compare import loss, pieces_of
from indexer.extract.declared import article_body
from indexer.extract.dom import text_of
from indexer.extract.frame import whole
from indexer.extract.plain import plain_article
from indexer.extract.prepare import prepare, show_noscript, tidy_headings
from indexer.extract.wording import as_shown
from indexer.extract.writing import write_tree
from indexer.records import Article, Page, Reading

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_TITLE_SEPARATOR = re.compile(r"\s+(?:[|\u00b7\u2022\u00bb\u00ab\u2013\u2014-]|::)\s+")
_SEPARATORS = " |\u00b7\u2022\u00bb\u00ab\u2013\u2014-:"
MOSTLY = 0.6
"""The share of a page's words inside ``pre`` from which on it is read as plain text."""
ENOUGH = 200
"""Words in ``pre`` below which it is a page about a piece of code rather than a text."""


HIDDEN = 0.5
"""The share of the words of JSON-LD's ``articleBody`` below which the page shows too little of it."""


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
    shown = list(dom.visible_text(tree))
    words = sum(map(count_words, shown))
    scripts = dom.builds_itself(tree, words)
    article = _article(tree, page.final_url, shown, words)  # last, as it changes the tree
    return Reading(article, canonical, links, words, scripts)


def _article(tree: HtmlElement, url: str, shown: list[str], words: int) -> Article:
    """The article in the tree, which is changed on the way.

    ``shown`` is the visible text of the page, of so many words.
    """
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
    choose_articles(tree)
    if pages := _preformatted(tree, words):
        names = {str(name) for name in tree.xpath("//@id | //a/@name")}
        return plain_article("\f".join(pages), title=title, anchors=names, metadata=metadata)
    writer = ArticleBuilder(title)
    anchors = Anchors(tree, places)
    declared = article_body(tree)
    prepare(tree)
    frame = whole(deepcopy(tree))
    pieces = pieces_of(frame) if frame is not None else []
    if (body := main_text(tree, frame, url, shown=words)) is not None:
        write_tree(body, writer, anchors)
    article = writer.article(**metadata)
    if article.words < HIDDEN * count_words(declared):
        return _declared_article(title, declared, metadata)
    return replace(as_shown(article, "".join(shown)), lost=loss(pieces, article))


def _declared_article(title: str, text: str, metadata: dict[str, str]) -> Article:
    """The article as the page's JSON-LD has it, which may be HTML or plain lines."""
    writer = ArticleBuilder(title)
    body = dom.parse(text) if "</" in text else None
    if body is not None:
        write_tree(body, writer, Anchors(body, {}))
    else:
        for line in text.split("\n"):
            writer.add("paragraph", line)
    return writer.article(**metadata)


def _preformatted(tree: HtmlElement, words: int) -> list[str]:
    """The texts of a page that is one preformatted text, as RFCs and mail archives are; else nothing.

    ``words`` are those that are visible on the page.
    """
    texts = [text_of(pre).replace(PAGE_BREAK, "\f") for pre in tree.iter("pre")]
    length = count_words("".join(texts))
    return texts if length >= max(MOSTLY * words, ENOUGH) else []


def _silence_libraries() -> None:
    """Stops log lines about single pages, which Python would print where no logging is set up."""
    for library in ("trafilatura", "htmldate"):
        logging.getLogger(library).setLevel(logging.CRITICAL)


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
