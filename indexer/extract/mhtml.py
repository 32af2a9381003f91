"""Web archives (MHTML, RFC 2557): the page in a file of many parts, as if its site had just sent it.

Browsers save a page with its pictures and styles as one message of e-mail, a part for each file. Only the
page's own part is decoded; the others cost a search for their first line.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes
from email.message import Message
from email.parser import BytesHeaderParser
from itertools import count
from urllib.parse import urljoin, urlsplit

from indexer.errors import Unreadable
from indexer.records import Page

MAX_PARTS = 5_000
"""Parts of one archive: a page of news with all its pictures, styles and frames has some hundred."""
MAX_HEADER = 16 * 1024
"""Bytes of a part's header. Its longest lines are addresses, which browsers cut at a few thousand."""
MAX_NESTED = 4
"""Archives inside one another: mail programs write at most mixed, alternative and related, in this order."""
_HEADER_LINE = re.compile(rb"[!-9;-~]{1,100}:")
_AFTER_MARK = re.compile(rb"(--)?[ \t]{0,100}(?=\r?\n|\Z)")
_ENCODING_NAME = re.compile(r"[A-Za-z0-9-]{1,40}")
_END_OF_HEADER = re.compile(rb"\r?\n[ \t]*\r?\n")
_PAGES = ("text/html", "application/xhtml+xml", "text/plain")


@dataclass(frozen=True, slots=True)
class _Part:
    """A part of an archive: its header, and where its content lies in the bytes it was found in."""

    header: Message
    whole: bytes
    start: int
    end: int
    complete: bool
    """Whether a boundary ends it."""

    @property
    def kind(self) -> str:
        return self.header.get_content_type()

    @property
    def content(self) -> bytes:
        return self.whole[self.start : self.end]


@dataclass(frozen=True, slots=True)
class _Boundary:
    """A line between two parts, with the line break before it; ``last`` where it ends the archive."""

    start: int
    end: int
    last: bool


def is_mhtml(body: bytes) -> bool:
    """Whether a file begins as a message of e-mail that holds a page or several parts."""
    if not _HEADER_LINE.match(body[:200].lstrip(b"\r\n")):
        return False
    header = _header(body)[0]
    return header.get_content_maintype() == "multipart" or (
        "mime-version" in header and "content-type" in header and header.get_content_type() in _PAGES
    )


def page_inside(page: Page) -> Page:
    """The page that a web archive holds, under the address that it was saved from.

    Raises:
        Unreadable: the archive holds no page, is cut within it, or has more parts than any page.
    """
    header, start = _header(page.body)
    root = _root(_Part(header, page.body, start, len(page.body), complete=True), MAX_NESTED, count(1))
    if root is None:
        raise Unreadable("the web archive (MHTML) holds no page")
    content = _decoded_part(root)
    if not root.complete and b"</html" not in content[-2048:].lower():
        raise Unreadable("the web archive (MHTML) is cut off within the page")
    address = page.final_url
    for name in ("Snapshot-Content-Location", "Content-Base", "Content-Location"):
        address = _led_to(address, header.get(name))
    address = _led_to(address, root.header.get("Content-Location"))
    declared = {"content-type": str(root.header.get("Content-Type", "text/html"))}
    return replace(page, final_url=address, headers={**page.headers, **declared}, body=content)


def _led_to(base: str, location: object) -> str:
    """Where a location leads from a base, which stays where it is no address of the web."""
    try:
        url = urljoin(base, "".join(str(location or "").split()))
        return url if urlsplit(url).scheme in ("http", "https") and urlsplit(url).hostname else base
    except ValueError:
        return base


def _header(content: bytes, start: int = 0) -> tuple[Message, int]:
    """The header at a place, and where the content begins behind it."""
    while content[start : start + 1] in (b"\r", b"\n"):
        start += 1
    end = _END_OF_HEADER.search(content, start, start + MAX_HEADER)
    stop, behind = (end.start(), end.end()) if end else (min(start + MAX_HEADER, len(content)),) * 2
    return BytesHeaderParser().parsebytes(content[start:stop]), behind


def _root(part: _Part, depth: int, counter: Iterator[int]) -> _Part | None:
    """The page's own part: the one that the archive says to start with, else the first that is a page."""
    if part.header.get_content_maintype() != "multipart":
        return part if part.kind in _PAGES else None
    if not depth:
        raise Unreadable("the web archive (MHTML) is nested too deeply")
    start = str(part.header.get_param("start", "")).strip()
    first: dict[str, _Part] = {}
    for inner in _inner_parts(part):
        if next(counter) > MAX_PARTS:
            raise Unreadable(f"the web archive (MHTML) has more than {MAX_PARTS:,} parts")
        found = _root(inner, depth - 1, counter)
        if found is None:
            continue
        if start == str(inner.header.get("Content-ID", "")).strip() if start else found.kind == _PAGES[0]:
            return found
        first.setdefault(found.kind, found)
    return next((first[kind] for kind in _PAGES if kind in first), None)


def _inner_parts(outer: _Part) -> Iterator[_Part]:
    """The parts between an archive's boundaries, each search beginning where the last one ended."""
    name = (outer.header.get_boundary() or "").encode("latin-1", "replace")
    content = outer.content
    found = _boundary(content, name, 0)
    while found and not found.last:
        header, start = _header(content, found.end)
        found = _boundary(content, name, found.end)
        end = found.start if found else len(content)
        yield _Part(header, content, min(start, end), end, complete=found is not None and outer.complete)


def _boundary(content: bytes, name: bytes, start: int) -> _Boundary | None:
    """The first line from a place on that is a boundary of this name."""
    mark = b"--" + name
    at = content.find(mark, start) if name else -1
    while at >= 0:
        ending = _AFTER_MARK.match(content, at + len(mark))
        if ending and content[max(0, at - 1) : at] in (b"", b"\n"):
            before = at - content.startswith(b"\n", at - 1) - content.startswith(b"\r\n", at - 2)
            return _Boundary(max(start, before), ending.end(), last=ending[1] is not None)
        at = content.find(mark, at + 1)
    return None


def _decoded_part(part: _Part) -> bytes:
    """The content of a part without its transfer encoding."""
    encoding = _ENCODING_NAME.search(str(part.header.get("Content-Transfer-Encoding", "")))
    header = f"Content-Transfer-Encoding: {encoding[0]}\n" if encoding else ""
    decoded = message_from_bytes(header.encode() + b"\n" + part.content).get_payload(decode=True)
    return decoded if isinstance(decoded, bytes) else b""
