"""Pages saved from a browser: what saving added goes, so that the page is as its site published it.

- Pictures and fonts written into the page as ``data:`` addresses, as SingleFile does.
- The toolbar and the rewritten addresses of a page saved from the Wayback Machine.
- The buttons around a page saved from the reader mode of a browser.
- Shadow trees, which saving writes as templates: a reader saw them, so they are parts of the page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, AnyStr

from indexer.charset import decode
from indexer.extract.clean import one_line
from indexer.extract.dom import parse, text_of
from indexer.records import Page

if TYPE_CHECKING:
    from lxml.html import HtmlElement

LONG_DATA = 1_000
"""Characters from which on a ``data:`` address is dropped; an example in a text about them is shorter."""
# A run of the characters of an address (RFC 3986), with more lines of base64 behind it where it is wrapped.
# All repetition is possessive, so that the time is linear.
_DATA = (
    r"(data:[\w.+/-]{0,100}(?:;[\w.+=-]{1,100}){0,5},)"
    r"(?:[\w+/=%.~!*:@$?#,;-]++(?:\s{1,8}+[A-Za-z0-9+/=]{60,}+)*+)"
)
_DATA_TEXT, _DATA_BYTES = re.compile(_DATA, re.ASCII), re.compile(_DATA.encode())

_WAYBACK_SIGNS = (b"BEGIN WAYBACK TOOLBAR INSERT", b"End Wayback Rewrite JS Include", b"wm-ipp-base")
_TOOLBAR = (b"<!-- BEGIN WAYBACK TOOLBAR INSERT -->", b"<!-- END WAYBACK TOOLBAR INSERT -->")
_TOOLBAR_IDS = ("wm-ipp-base", "wm-ipp-print", "wm-ipp", "donato")
_CAPTURE = r"(?:(?:https?:)?//web\.archive\.org)?/web/\d{4,14}(?:[a-z]{2}_)?/(?=https?:)"
_CAPTURE_ADDRESS = re.compile(_CAPTURE)
_CAPTURE_IN_TAG = re.compile(rb"(=\s{0,8}[\"']?|:\s{0,8}[\"'])" + _CAPTURE.encode())

_SHADOW = re.compile(rb"<template\s[^<>]{0,200}shadow", re.IGNORECASE)
_READER_SIGNS = (b"moz-reader-content", b"readability-page-1", b'role="article"', b"dom-distiller")
_READER_TEXT = (
    "//*[contains(concat(' ', @class, ' '), ' moz-reader-content ')]",  # Firefox
    "//*[@id='article' and @role='article']//*[contains(concat(' ', @class, ' '), ' page ')]",  # Safari
    "//*[@id='readability-page-1']",  # Readability, in other programs
)
_READER_TITLE = "//h1[contains(concat(' ', @class, ' '), ' reader-title ') or @class='title']"
_READER_AUTHOR = "//*[contains(concat(' ', @class, ' '), ' reader-credits ') or contains(@class, 'byline')]"
_READER_ADDRESS = "//a[contains(concat(' ', @class, ' '), ' reader-domain ')]/@href"


def without_data_urls(text: AnyStr) -> AnyStr:
    """The source of a page with every long ``data:`` address cut after its comma, in linear time.

    What stands after the address stays, wherever it ends. Text and bytes of any charset that holds ASCII.
    """

    def cut(match: re.Match[AnyStr]) -> AnyStr:
        return match[1] if match.end() - match.end(1) >= LONG_DATA else match[0]

    if isinstance(text, str):
        return _DATA_TEXT.sub(cut, text)
    return _DATA_BYTES.sub(cut, text)


def as_published(page: Page) -> Page:
    """An HTML page without what a browser or an archive added when it was saved."""
    page = replace(page, body=without_data_urls(page.body))
    repairs: list[Callable[[HtmlElement], None]] = []
    if any(sign in page.body for sign in _WAYBACK_SIGNS):
        page = _without_captures(page)
        repairs.append(_drop_toolbar)
    if any(sign in page.body for sign in _READER_SIGNS):
        repairs.append(_keep_what_was_read)
    if _SHADOW.search(page.body):
        repairs.append(_show_shadow_trees)
    tree = parse(decode(page.body, page.headers.get("content-type", ""))) if repairs else None
    if tree is None:
        return page
    for repair in repairs:
        repair(tree)
    from lxml import html

    body = b"<!doctype html>" + html.tostring(tree, encoding="utf-8")
    return replace(page, body=body, headers={**page.headers, "content-type": "text/html; charset=utf-8"})


def _without_captures(page: Page) -> Page:
    """A page from the Wayback Machine with the addresses that it had, the toolbar's source cut out."""
    body = page.body
    start, end = (body.find(mark) for mark in _TOOLBAR)
    if 0 <= start < end:
        body = body[:start] + body[end + len(_TOOLBAR[1]) :]
    address = _CAPTURE_ADDRESS.sub("", page.final_url, count=1)
    return replace(page, body=_CAPTURE_IN_TAG.sub(rb"\1", body), final_url=address)


# ----------------------------------------------------------------------------- trees


def _drop_toolbar(tree: HtmlElement) -> None:
    """Drops the Wayback Machine's toolbar where the comments around it were lost."""
    for name in _TOOLBAR_IDS:
        _drop(tree.xpath("//*[@id=$name]", name=name))


def _show_shadow_trees(tree: HtmlElement) -> None:
    for template in list(tree.iter("template")):
        if any(name.startswith("shadow") for name in template.attrib):
            template.tag = "div"


def _keep_what_was_read(tree: HtmlElement) -> None:
    """Keeps the text that a reader mode showed, with its title, author and address."""
    texts: list[HtmlElement] = next((found for way in _READER_TEXT if (found := tree.xpath(way))), [])
    body, head = tree.find("body"), tree.find("head")
    if body is None or not texts:
        return
    title, author = _first_text(tree, _READER_TITLE), _first_text(tree, _READER_AUTHOR)
    address = next(iter(tree.xpath(_READER_ADDRESS)), "")
    article = tree.makeelement("article")
    if title:
        _drop(found for text in texts for found in text.xpath("." + _READER_TITLE))
        article.append(tree.makeelement("h1"))
        article[0].text = title
    article.extend(texts)
    body.clear()
    body.append(article)
    if head is None:
        head = tree.makeelement("head")
        tree.insert(0, head)
    if author:
        head.append(tree.makeelement("meta", name="author", content=author))
    if address and not tree.xpath("//link[@rel='canonical']"):
        head.append(tree.makeelement("link", rel="canonical", href=str(address)))


def _first_text(tree: HtmlElement, way: str) -> str:
    return next((text for element in tree.xpath(way) if (text := one_line(text_of(element)))), "")


def _drop(elements: Iterable[HtmlElement]) -> None:
    """Takes elements out of their tree; the text behind them stays."""
    for element in list(elements):
        if element.getparent() is not None:
            element.drop_tree()
