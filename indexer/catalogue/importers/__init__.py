"""Lists of links from elsewhere, told apart by what is in them; what is no list of links is refused.

============  ==================================================================================
opening       the bytes of a file as text, within bounds; files that hold no text
kinds         texts that are something else: programs, settings, mail
bookmarks     the Netscape format of browsers, Pinboard, Raindrop and others
feeds         XML: RSS, Atom, OPML, sitemaps
json_tree     JSON: Firefox, Chrome, Pinboard, Karakeep, Linkwarden, Raindrop and the like
csv_rows      CSV: Pocket, Raindrop, Instapaper and the like
fields        the usual names of what JSON and CSV say of a link
markdown      lists in Markdown and HTML, and plain lists of addresses
entries       which links of an item, a line or a row are its entries
harvest       what all of these find, as links, and the account of what was left out
warc          the records of web archives, within bounds
web_archives  which of these are pages: WARC, and WACZ with its list
============  ==================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import PurePath

from lxml.html.defs import tags

from indexer.catalogue.importers.bookmarks import looks_like_bookmarks, read_bookmarks
from indexer.catalogue.importers.csv_rows import read_csv, table_of
from indexer.catalogue.importers.feeds import read_xml
from indexer.catalogue.importers.harvest import Harvest, Imported, NotAList, clean, finish
from indexer.catalogue.importers.json_tree import looks_like_json, read_json
from indexer.catalogue.importers.kinds import foreign_kind
from indexer.catalogue.importers.markdown import read_html_list, read_markdown
from indexer.catalogue.importers.opening import MAX_BYTES, open_text
from indexer.catalogue.importers.web_archives import WebArchive, web_archive
from indexer.errors import UsageError

__all__ = ["MAX_BYTES", "Imported", "WebArchive", "import_links", "web_archive"]

_XML_LISTS = frozenset({"opml", "urlset", "sitemapindex", "rss", "feed", "rdf"})
_HTML_STARTS = frozenset({"html", "head", "body", "title", "meta", "link", "dl"})
_HTML_ELEMENTS = (tags | {"main", "picture"}) - {"svg", "math"}
"""Elements that Markdown may begin with; anything else is XML."""
_ELEMENT = re.compile(r"<(?!https?:|mailto:)(?:[\w.-]+:)?([\w.-]+)[\s/>]")
_SEPARATOR_NAMED = re.compile(r"\"?sep=.\"?\r?\n", re.IGNORECASE)
"""The first line of CSV that tells Excel the separator, and nobody else."""


def import_links(source: str | bytes, *, name: str, into: str | None = None) -> Imported:
    """Read a list of links, whatever program wrote it; gzip of one, too.

    ``name`` is the file's name (``-`` for standard input): it stands in messages, and its stem names
    the category of links that have no heading or folder. ``into`` puts all links in one category.
    URLs are taken verbatim, but for a user name and password, which are not taken.

    Raises:
        UsageError: it is no list of links, says what it looks like; or no link can be had from it.
    """
    try:
        text = open_text(source.encode("utf-8", "replace") if isinstance(source, str) else source)
        harvest = _read_list(text)
        imported = finish(harvest, default=_category(name), into=into)
    except NotAList as error:
        raise UsageError(f"{name}{f':{error.line}' if error.line else ''}: {error}") from None
    if not imported.links:
        why = f" ({imported.remarks[0]})" if imported.remarks else ""
        raise UsageError(f"{name}: found no links to import in this {imported.format}{why}")
    return imported


def _category(name: str) -> str:
    """The file's name without what says its kind: ``feed`` of ``feed.xml.gz``."""
    path = PurePath(name)
    stem = clean(PurePath(path.stem).stem if path.suffix.lower() == ".gz" else path.stem)
    return stem if stem not in ("", "-", "standard input") else "Links"


def _read_list(text: str) -> Harvest:
    """The links of a text, by the reader for what is in it. Markdown takes everything, so it comes last."""
    text = _SEPARATOR_NAMED.sub("", text, count=1) if _SEPARATOR_NAMED.match(text) else text
    start = text.lstrip()
    if start.startswith("<") and (read := _markup_reader(start)):
        return read(text)
    if looks_like_json(start):
        return read_json(text)
    if (table := table_of(text)) is not None:
        return read_csv(text, table)
    if kind := foreign_kind(text):
        raise NotAList(f"it is {kind}, not a list of links")
    return read_markdown(text)


def _markup_reader(text: str) -> Callable[[str], Harvest] | None:
    """The reader of a text that begins with markup; None where that may be the beginning of Markdown."""
    first = _first_element(text)
    if first in _XML_LISTS:
        return read_xml
    if looks_like_bookmarks(text):
        return read_bookmarks
    if first in _HTML_STARTS or text[:9].lower() == "<!doctype":
        return read_html_list
    return read_xml if text.startswith("<?xml") or (first and first not in _HTML_ELEMENTS) else None


def _first_element(text: str) -> str:
    """The name, in lower case, of the first element of XML or HTML, behind declarations and comments."""
    at = 0
    while text.startswith(("<?", "<!"), at):
        closing = "-->" if text.startswith("<!--", at) else "?>" if text[at + 1] == "?" else ">"
        if closing == ">" and -1 < text.find("[", at) < text.find(">", at):
            closing = "]>"
        end = text.find(closing, at)
        if end < 0:
            return ""
        at = end + len(closing)
        while at < len(text) and text[at].isspace():
            at += 1
    match = _ELEMENT.match(text, at)
    return match[1].lower() if match else ""
