"""Bookmarks as all browsers export them: the Netscape format, folders as nested ``<DL>`` lists.

The format is tag soup by design (``<DT>`` and ``<p>`` are never closed), so it is read as the stream of
tags that lxml's parser makes of it: an ``<H3>`` names the ``<DL>`` that follows, ``<DD>`` describes the
``<A>`` before it, and an ``<A>`` within a description is none of the bookmarks.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from lxml import etree

from indexer.catalogue.importers.feeds import bound_markup
from indexer.catalogue.importers.harvest import FolderPath, Harvest, ImportedLink, below, clean, is_web

_DOCTYPE = re.compile(r"<!doctype\s+netscape-bookmark-file", re.IGNORECASE)
_ITEM = re.compile(r"<dt\b[^<>]*>\s*<(?:a|h3)\b", re.IGNORECASE)
_ANCHOR = re.compile(r"<a\s", re.IGNORECASE)
_OTHER_MARKUP = re.compile(
    r"<(?!/?(?:a|b|br|body|center|code|dd|dl|dt|em|font|h[1-6]|head|hr|html|i|link|meta|p|small|span|strong)"
    r"(?![\w:-])|!doctype\b)",
    re.IGNORECASE,
)
"""Where what looks like markup is text of a title: of scripts and the like, the parser would make one text to
the end of the file."""


def looks_like_bookmarks(text: str) -> bool:
    """Whether HTML is a bookmark export, whose anchors are items of ``<DL>`` lists."""
    if _DOCTYPE.search(text[:4096]):
        return True
    items = len(_ITEM.findall(text))
    return bool(items) and items * 2 >= len(_ANCHOR.findall(text))


def read_bookmarks(text: str) -> Harvest:
    """The links of a bookmark export: folders as paths, ``TAGS`` as tags, ``<DD>`` as note.

    Raises:
        NotAList: it is too large.
    """
    bound_markup(text)
    reader = _Reader()
    parser = etree.HTMLParser(target=reader, encoding="utf-8", huge_tree=True)  # type: ignore[arg-type]  # text, never bytes
    parser.feed(_OTHER_MARKUP.sub("&lt;", text).encode("utf-8", "replace"))
    parser.close()
    return reader.harvest


class _Reader:
    """What lxml calls for each tag and text, in the file's order."""

    def __init__(self) -> None:
        self.harvest = Harvest("bookmark export")
        self._paths: list[FolderPath] = [()]
        self._folder = ""
        """The name of the folder whose list comes next."""
        self._gathering = ""
        """The element whose text is being gathered: ``h3``, ``a``, ``dd``."""
        self._text: list[str] = []
        self._attributes: Mapping[str, str] = {}
        self._link: ImportedLink | None = None
        """The last bookmark, which waits for its description."""

    def start(self, tag: str, attributes: Mapping[str, str]) -> None:
        if tag == "a" and self._gathering == "dd":
            return
        if tag in ("h3", "a", "dd", "dt", "dl"):
            self._settle()
        if tag in ("h3", "a"):
            self._keep()
            self._folder = ""
        if tag in ("h3", "a", "dd"):
            self._gathering, self._attributes = tag, dict(attributes)
        elif tag == "dl":
            self._keep()
            self._paths.append(below(self._paths[-1], self._folder))
            self._folder = ""
            self.harvest.enter(self._paths[-1])

    def end(self, tag: str) -> None:
        if tag in ("h3", "dl", "dd") or (tag == "a" and self._gathering == "a"):
            self._settle()
        if tag == "dl":
            self._keep()
            self._paths.pop()

    def data(self, text: str) -> None:
        if self._gathering:
            self._text.append(text)

    def close(self) -> None:
        self._settle()
        self._keep()

    def _settle(self) -> None:
        """End the element whose text was being gathered."""
        tag, text = self._gathering, clean("".join(self._text))
        self._gathering, self._text = "", []
        if tag == "h3":
            self._folder = text
        elif tag == "dd" and self._link is not None and not self._folder:
            link, self._link = self._link, None
            self.harvest.take(ImportedLink(link.url, link.title, text, link.tags, link.path))
        elif tag == "a":
            url = (self._attributes.get("href") or "").strip()
            if is_web(url):
                tags = tuple((self._attributes.get("tags") or "").split(","))
                self._link = ImportedLink(url, text if text != url else "", "", tags, self._paths[-1])
            else:
                self.harvest.left_out["no_web_address" if url else "no_address"] += 1

    def _keep(self) -> None:
        """Take the bookmark that waited, as no description came."""
        if self._link is not None:
            self.harvest.take(self._link)
            self._link = None
