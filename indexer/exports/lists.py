"""The links as lists that bookmark managers and feed readers take: OPML, and the bookmarks of browsers.

Folders are the categories. Both separate tags by commas, so a comma within a tag is written as a blank.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from typing import BinaryIO, Final
from xml.sax.saxutils import quoteattr

from indexer.escaping import html_text, safe
from indexer.exports.selection import Counts, Selection
from indexer.records import Link

_WRITTEN_BY = b"<!-- written by indexer export -->"
OPML_BEGIN: Final = b'<?xml version="1.0" encoding="UTF-8"?>\n' + _WRITTEN_BY
BOOKMARKS_BEGIN: Final = b"<!DOCTYPE NETSCAPE-Bookmark-file-1>\n" + _WRITTEN_BY
_NO_XML = re.compile("[\ufffe\uffff\ud800-\udfff]")
"""Characters that no XML can hold (XML 1.0, section 2.2), beside controls."""


def write_opml(selection: Selection, file: BinaryIO) -> Counts:
    """Write OPML 2.0: a link's address stands as ``url`` and ``htmlUrl``, its note as ``description``."""
    _write(file, OPML_BEGIN.decode(), '\n<opml version="2.0">\n<head><title>Links</title></head>\n<body>\n')
    counts = {"links": 0}
    for category, links in _in_folders(selection):
        _write(file, f"<outline text={_attribute(category)}>\n")
        for link, title in links:
            shown = title or link.url
            _write(
                file,
                f'  <outline type="link" text={_attribute(shown)} title={_attribute(shown)} '
                f"url={_attribute(link.url)} htmlUrl={_attribute(link.url)}",
                f" description={_attribute(link.note)}" if link.note else "",
                f" category={_attribute(_joined_tags(link))}" if link.tags else "",
                "/>\n",
            )
            counts["links"] += 1
        _write(file, "</outline>\n")
    _write(file, "</body>\n</opml>\n")
    return counts


def write_bookmarks(selection: Selection, file: BinaryIO) -> Counts:
    """Write the Netscape format, which every browser imports."""
    _write(
        file,
        BOOKMARKS_BEGIN.decode(),
        '\n<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">\n'
        "<TITLE>Bookmarks</TITLE>\n<H1>Bookmarks</H1>\n<DL><p>\n",
    )
    counts = {"links": 0}
    for category, links in _in_folders(selection):
        _write(file, f"    <DT><H3>{_inline(category)}</H3>\n    <DL><p>\n")
        for link, title in links:
            tags = f' TAGS="{_inline(_joined_tags(link))}"' if link.tags else ""
            _write(
                file, f'        <DT><A HREF="{html_text(link.url)}"{tags}>{_inline(title or link.url)}</A>\n'
            )
            if link.note:
                _write(file, f"        <DD>{_inline(link.note)}\n")
            counts["links"] += 1
        _write(file, "    </DL><p>\n")
    _write(file, "</DL><p>\n")
    return counts


def _in_folders(selection: Selection) -> Iterator[tuple[str, Iterator[tuple[Link, str]]]]:
    """The links of each category with their titles: the user's own, else the article's."""
    titled = ((link, link.title or title) for link, title in selection.links())
    return groupby(titled, key=lambda one: one[0].category)


def _joined_tags(link: Link) -> str:
    return ",".join(tag.replace(",", " ") for tag in link.tags)


def _attribute(text: str) -> str:
    """A text as an attribute of XML with its quotes; line breaks in it survive."""
    return quoteattr(_NO_XML.sub("", safe(text)), {"\n": "&#10;", "\t": "&#9;"})


def _inline(text: str) -> str:
    """A text on one line of HTML."""
    return html_text(" ".join(_NO_XML.sub("", safe(text)).split()))


def _write(file: BinaryIO, *parts: str) -> None:
    file.write("".join(parts).encode())
