"""The XML lists: OPML of feed readers and outliners, and sitemaps (sitemaps.org, version 0.9)."""

from __future__ import annotations

import re

from lxml import etree

from indexer.catalogue.importers.harvest import Harvest, ImportedLink, clean, is_web
from indexer.errors import UsageError

_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")


def read_xml(text: str, name: str) -> Harvest:
    """Read OPML or a sitemap.

    Raises:
        UsageError: it is broken, or neither of them.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    try:
        # The text is decoded already, so the declaration's encoding no longer holds.
        root = etree.fromstring(
            _DECLARATION.sub("", text, count=1).strip().encode("utf-8", "replace"), parser
        )
    except etree.XMLSyntaxError as error:
        raise UsageError(f"{name}:{error.lineno or 1}: broken XML: {error.msg}") from None
    match _tag(root):
        case "opml":
            return _opml(root)
        case "urlset":
            return _sitemap(root)
        case "sitemapindex":
            raise UsageError(_index(root, name))
        case tag:
            raise UsageError(f"{name}: XML of the kind <{tag}> is neither OPML nor a sitemap")


def _opml(root: etree._Element) -> Harvest:
    harvest = Harvest("OPML list")
    feeds = 0

    stack: list[tuple[etree._Element, tuple[str, ...]]] = [(root, ())]
    while stack:
        element, path = stack.pop()
        harvest.paths.append(path)
        below: list[tuple[etree._Element, tuple[str, ...]]] = []
        for child in element:
            if _tag(child) == "body":
                below.append((child, path))
            elif _tag(child) == "outline":
                feeds += _outline(child, path, harvest)
                label = clean(child.get("text") or child.get("title") or "")
                if len(child):
                    below.append((child, (*path, label) if label else path))
        stack.extend(reversed(below))
    if feeds:
        harvest.remarks.append(f"{feeds} entries name only a feed, no page; the feed's address was taken")
    return harvest


def _outline(outline: etree._Element, path: tuple[str, ...], harvest: Harvest) -> int:
    """Gather one outline's link, if it has one; 1 if only a feed's address could be had."""
    page = next(
        (url for key in ("htmlUrl", "url", "xmlUrl") if is_web(url := (outline.get(key) or "").strip())), ""
    )
    if not page:
        return 0
    title = clean(outline.get("title") or outline.get("text") or "")
    note = clean(outline.get("description") or "")
    tags = tuple((outline.get("category") or "").replace("/", ",").split(","))
    link = ImportedLink(page, title if title != page else "", note if note != title else "", tags, path)
    harvest.links.append(link)
    return int(page == (outline.get("xmlUrl") or "").strip() and not is_web(outline.get("htmlUrl") or ""))


def _sitemap(root: etree._Element) -> Harvest:
    return Harvest("sitemap", [ImportedLink(url) for url in _locations(root)])


def _index(root: etree._Element, name: str) -> str:
    maps = _locations(root)
    shown = ", ".join(maps[:3]) + (", ..." if len(maps) > 3 else "")
    return f"{name}: an index of {len(maps)} sitemaps and no pages itself; download and import each: {shown}"


def _locations(root: etree._Element) -> list[str]:
    """The ``<loc>`` of each entry; those of extensions (images, videos) are deeper and not meant."""
    return [
        clean(location.text or "")
        for entry in root
        for location in entry
        if _tag(location) == "loc" and etree.QName(location).namespace == etree.QName(root).namespace
    ]


def _tag(element: etree._Element) -> str:
    return etree.QName(element).localname if isinstance(element.tag, str) else ""
