"""Lists of links from elsewhere, each format in a module of its own, told apart by content."""

from __future__ import annotations

import codecs
import re
from pathlib import PurePath

from indexer.catalogue.importers.bookmarks import read_bookmarks
from indexer.catalogue.importers.feeds import read_xml
from indexer.catalogue.importers.harvest import Harvest, Imported, clean, finish
from indexer.catalogue.importers.markdown import read_html_list, read_markdown
from indexer.errors import UsageError

__all__ = ["Imported", "import_links"]

_BOOKMARKS = re.compile(r"<!doctype\s+netscape-bookmark-file", re.IGNORECASE)
_XML = re.compile(
    r"(<\?xml|<!--|\s)*.{0,2000}?<(opml|urlset|sitemapindex|rss|feed)\b", re.IGNORECASE | re.DOTALL
)
_HTML_START = re.compile(r"<!doctype\s+html|<html\b", re.IGNORECASE)


def import_links(source: str | bytes, *, name: str, into: str | None = None) -> Imported:
    """Read a list of links: Markdown, browser bookmarks, OPML, a sitemap, HTML, or plain URLs.

    ``name`` is the file's name (``-`` for standard input): it stands in messages, and its stem names
    the category of links that have no heading or folder. ``into`` puts all links in one category.
    URLs are taken verbatim.

    Raises:
        UsageError: no link can be had from it.
    """
    text = source if isinstance(source, str) else _decode(source)
    harvest = _read_list(text.lstrip("\ufeff"), name)
    stem = clean(PurePath(name).stem)
    imported = finish(harvest, default=stem if stem not in ("", "-") else "Links", into=into)
    if not imported.links:
        why = f" ({imported.remarks[0]})" if imported.remarks else ""
        raise UsageError(f"{name}: found no links to import in this {imported.format}{why}")
    return imported


def _read_list(text: str, name: str) -> Harvest:
    start = text[:4096].lstrip()
    if _BOOKMARKS.search(start):
        return read_bookmarks(text)
    if start.startswith("<") and _HTML_START.match(start):
        return read_html_list(text)
    if start.startswith("<") and (start.startswith("<?xml") or _XML.match(start)):
        return read_xml(text, name)
    return read_markdown(text)


def _decode(raw: bytes) -> str:
    """Text of an export: UTF-8 or UTF-16 by its mark, else UTF-8, else what old browsers wrote."""
    if raw.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return raw.decode("utf-16", errors="replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", errors="replace")
