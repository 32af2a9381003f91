"""What a page's own markup says: links, canonical address, visible words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING
from urllib.parse import urldefrag, urljoin, urlsplit

from indexer.extract.clean import parseable

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

MAX_LINKS = 5_000
"""Links kept of a page: more than any honest index page has, few enough to hold in memory."""
HEADINGS = ("h1", "h2", "h3", "h4", "h5", "h6", "summary")
UNSEEN = {"script", "style", "noscript", "template", "svg", "head", "iframe", "object", "textarea", "select"}
_INLINE = {
    *("a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i"),
    *("ins", "kbd", "label", "mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup"),
    *("time", "tt", "u", "var", "wbr"),
}
"""Elements that browsers show within a line. Others part words."""
BLOCK_BREAK = "\u2028"
_CLASS_WORDS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_MOUNTS = {"root", "app", "__next", "___gatsby", "__nuxt", "svelte", "main-app", "react-root"}
FEW_WORDS = 50
"""Visible words below which a page with scripts and an empty mount point shows nothing by itself."""


def parse(text: str) -> HtmlElement | None:
    """The page as a tree, None where there is no element in it. Nesting beyond libxml2's bound is cut."""
    from lxml import etree, html

    parser = html.HTMLParser(encoding="utf-8", remove_comments=True, remove_pis=True)
    # lxml.html's own lookup tells forms from other elements by a call of Python for each one that is seen.
    parser.set_element_class_lookup(etree.ElementDefaultClassLookup(element=html.HtmlElement))
    try:
        tree = html.document_fromstring(parseable(text).encode(), parser=parser)
    except (etree.ParserError, etree.XMLSyntaxError):
        return None
    return tree if len(tree) else None


def text_of(element: _Element) -> str:
    """All text inside an element, as it stands."""
    return "".join(map(str, element.itertext()))


def words_of_class(element: _Element) -> set[str]:
    """The words of an element's class in lower case: "post-body mainText" has post, body, main and text."""
    return {word.lower() for word in _CLASS_WORDS.findall(element.get("class", ""))}


def named(element: _Element) -> set[str]:
    """The words of an element's class and id."""
    return {
        word.lower() for word in _CLASS_WORDS.findall(f"{element.get('class', '')} {element.get('id', '')}")
    }


def replace_by_text(element: HtmlElement, text: str) -> None:
    """Puts a text in the place of an element; an empty one only takes it away."""
    for child in list(element):
        element.remove(child)
    element.text = text
    element.drop_tag()


def base(tree: HtmlElement, url: str) -> str:
    """The address that relative links start from."""
    href = tree.xpath("string(//base/@href)")
    return join(url, href) or url


def join(address: str, href: str) -> str:
    """The absolute http(s) address of a reference, without its fragment, ``""`` if it is none."""
    try:
        url = urldefrag(urljoin(address, href.strip())).url
        return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else ""
    except ValueError:
        return ""


def links(tree: HtmlElement, address: str) -> tuple[str, ...]:
    """Absolute http(s) addresses in document order, once each, at most :data:`MAX_LINKS`."""
    found: dict[str, None] = {}
    for element in tree.iter("a", "area"):
        href = element.get("href", "#")
        if not href.startswith("#") and (url := join(address, href)):
            found.setdefault(url)
            if len(found) == MAX_LINKS:
                break
    return tuple(found)


def canonical(tree: HtmlElement, address: str) -> str:
    """The address the page gives itself, ``""`` if it gives none."""
    for element in tree.iter("link"):
        if "canonical" in element.get("rel", "").lower().split() and element.get("href"):
            return join(address, element.get("href"))
    return ""


def visible_text(tree: HtmlElement) -> Iterator[str]:
    """The text that a reader without scripts or styles sees, in order, piece by piece.

    :data:`BLOCK_BREAK` stands where an element begins or ends that is not inline.
    """
    from lxml import etree

    skipped = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        unseen = element.tag in UNSEEN
        if event == "start":
            skipped += unseen
            text = element.text
        else:
            skipped -= unseen
            text = element.tail
        if not skipped and element.tag not in _INLINE:
            yield BLOCK_BREAK
        if not skipped and text:
            yield text


def builds_itself(tree: HtmlElement, words: int) -> bool:
    """Whether the page shows hardly a word, and has scripts that would fill it or asks for them."""
    if words >= FEW_WORDS or next(tree.iter("script"), None) is None:
        return False
    if any("javascript" in text_of(element).lower() for element in tree.iter("noscript")):
        return True
    return words == 0 or any(
        element.get("id") in _MOUNTS and not len(element) for element in tree.iter("div", "main")
    )
