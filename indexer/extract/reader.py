"""Which kind of file a body is, by its first bytes, then by its label; and the reader for it."""

from __future__ import annotations

import re

from indexer.errors import Unreadable
from indexer.filetypes import binary_kind
from indexer.records import Page, Reading

_SNIFFED = 2048
"""Bytes looked at to tell one kind of file from another."""
_TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json", "application/pdf")
_BINARY_TYPES = ("image/", "audio/", "video/", "font/")
_HTML = re.compile(
    rb"<(?:!doctype\s+html|html|head|body|title|meta|div|p|h[1-6]|article|main|section|table|pre|ul|a|span)[\s>/]",
    re.IGNORECASE,
)


def read(page: Page) -> Reading:
    """The article of a page and what the crawl needs to know of it, whatever kind of file it is.

    An HTML page without a main text gives an article without blocks; its other fields tell why. A web
    archive (MHTML) is read as the page that it holds, a page saved otherwise as its site published it.

    Raises:
        Unreadable: the body is empty, a picture or other binary file, a PDF that is locked, broken or
            without text, a web archive without a page.
    """
    from indexer.extract.mhtml import is_mhtml, page_inside

    if is_mhtml(page.body):
        page = page_inside(page)
    head = page.body[:_SNIFFED].lstrip(b"\xef\xbb\xbf \t\r\n\f")
    if not page.body.strip():
        raise Unreadable("the body is empty")
    if b"%PDF-" in page.body[:1024]:
        from indexer.extract.pdf import read_pdf

        return read_pdf(page)
    _refuse_binary(page, head)
    if _looks_like_html(page, head):
        from indexer.extract.html import read_html
        from indexer.extract.saved import as_published

        return read_html(as_published(page))
    from indexer.extract.plain import read_plain

    return read_plain(page)


def _refuse_binary(page: Page, head: bytes) -> None:
    if kind := binary_kind(page.body[:_SNIFFED]):
        raise Unreadable(f"it is {kind}, not a text")
    if page.media_type.startswith(_BINARY_TYPES) and not page.media_type.startswith("image/svg"):
        raise Unreadable(f"it is declared as {page.media_type}, not a text")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):  # UTF-16 is full of NUL bytes
        return
    control = sum(byte < 9 or 13 < byte < 27 for byte in head)
    if control > len(head) / 10:  # text with a few NUL bytes is still text
        raise Unreadable("it is binary data, not a text")


def _looks_like_html(page: Page, head: bytes) -> bool:
    """Whether to read it as HTML: it begins like it, or is called it and has a tag."""
    head = head.replace(b"\0", b"")
    if re.match(
        rb"(?:<\?xml[^>]*>\s*|<!--.*?-->\s*)*<(?:!doctype\s+html|html)", head, re.IGNORECASE | re.DOTALL
    ):
        return True
    if page.media_type in ("text/plain", "text/markdown", "text/x-markdown"):
        return False
    return _HTML.search(head) is not None or "html" in page.media_type
