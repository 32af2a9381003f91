"""The lists in XML: feeds by their entries (RSS, Atom), OPML, and sitemaps (sitemaps.org, version 0.9)."""

from __future__ import annotations

import re
from typing import Final

from lxml import etree, html

from indexer.catalogue.importers.harvest import (
    FolderPath,
    Harvest,
    ImportedLink,
    NotAList,
    below,
    clean,
    is_web,
)

MAX_MARKUP: Final = 500_000
"""Tags and attributes of one file in XML or HTML, by their signs: about 120 MB as a tree."""
_DECLARATION = re.compile(r"\s*<\?xml[^>]*\?>")
_KINDS: Final = {"svg": "a picture (SVG)", "plist": "a property list", "kml": "a map (KML)"}
_LONGEST_NOTE: Final = 500
"""Characters of a description that may be what a feed's writer says of a link; longer, it is the article."""


def read_xml(text: str) -> Harvest:
    """Read a feed, OPML or a sitemap.

    Raises:
        NotAList: it is broken, too large, or none of them.
    """
    bound_markup(text)
    parser = etree.XMLParser(resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True)
    # The text is decoded already, so the declaration's encoding no longer holds.
    declared = _DECLARATION.match(text)
    try:
        root = etree.fromstring(
            text[declared.end() if declared else 0 :].strip().encode("utf-8", "replace"), parser
        )
    except etree.XMLSyntaxError as error:
        raise NotAList(f"broken XML: {clean(error.msg or '')[:200]}", error.lineno or 1) from None
    match _tag(root):
        case "opml":
            return _opml(root)
        case "urlset":
            return _sitemap(root)
        case "rss" | "feed" | "RDF" if any(_tag(element) in ("channel", "feed") for element in root.iter()):
            return _feed(root)
        case "sitemapindex":
            raise NotAList(_index(root))
        case tag:
            kind = _KINDS.get(tag, f"XML of the kind <{tag[:40]}>")
            raise NotAList(f"it is {kind}, which is no feed, OPML or sitemap")


def bound_markup(text: str) -> None:
    """Let pass what a tree can be made of within the memory that a list may take.

    Raises:
        NotAList: there is more.
    """
    if text.count("<") + text.count("=") > MAX_MARKUP:
        raise NotAList(f"more than {MAX_MARKUP:,} tags and attributes; import it in parts")


def _opml(root: etree._Element) -> Harvest:
    harvest = Harvest("OPML list")
    feeds = 0

    stack: list[tuple[etree._Element, FolderPath]] = [(root, ())]
    while stack:
        element, path = stack.pop()
        harvest.enter(path)
        deeper: list[tuple[etree._Element, FolderPath]] = []
        for child in element:
            if _tag(child) == "body":
                deeper.append((child, path))
            elif _tag(child) == "outline":
                feeds += _outline(child, path, harvest)
                if len(child):
                    deeper.append((child, below(path, child.get("text") or child.get("title") or "")))
        stack.extend(reversed(deeper))
    if feeds:
        harvest.remarks.append(
            f"entries of which only a feed is named, no page, and the feed was taken: {feeds}"
        )
    return harvest


def _outline(outline: etree._Element, path: FolderPath, harvest: Harvest) -> int:
    """Gather one outline's link, if it has one; 1 if only a feed's address could be had."""
    given = [(outline.get(key) or "").strip() for key in ("htmlUrl", "url", "xmlUrl")]
    page = next((url for url in given if is_web(url)), "")
    if not page:
        harvest.left_out["no_web_address"] += any(given)
        return 0
    title = clean(outline.get("title") or outline.get("text") or "")
    note = clean(outline.get("description") or "")
    tags = tuple((outline.get("category") or "").replace("/", ",").split(","))
    link = ImportedLink(page, title if title != page else "", note if note != title else "", tags, path)
    harvest.take(link)
    return int(page == given[2] and not is_web(given[0]))


def _feed(root: etree._Element) -> Harvest:
    """The entries of RSS (0.9 to 2.0) and Atom, each with the page that it is about."""
    harvest = Harvest("feed")
    for entry in root.iter("{*}item", "{*}entry"):
        url = _page_of(entry)
        if is_web(url):
            title, note = _said(entry, "title"), _said(entry, "description", "summary")
            tags = tuple(
                element.get("term") or element.text or "" for element in entry if _tag(element) == "category"
            )
            harvest.take(ImportedLink(url, title, note if len(note) <= _LONGEST_NOTE else "", tags))
        else:
            harvest.left_out["no_web_address" if url else "no_address"] += 1
    return harvest


def _page_of(entry: etree._Element) -> str:
    """The address of an entry's page: its link, in Atom the alternate one, else a ``guid`` that is one."""
    found = ""
    for element in entry:
        tag, text = _tag(element), (element.text or "").strip()
        if tag == "link" and element.get("rel", "alternate") == "alternate":
            found = found or (element.get("href") or text).strip()
        elif tag == "guid" and element.get("isPermaLink", "true") == "true" and is_web(text):
            found = found or text
    return found


def _said(entry: etree._Element, *names: str) -> str:
    """The text of the first of these elements, which may be HTML in XML."""
    for element in entry:
        if _tag(element) in names and (text := "".join(map(str, element.itertext()))).strip():
            if "<" in text or "&" in text:
                text = "".join(map(str, html.fromstring(f"<p>{text}</p>").itertext()))
            return clean(text)
    return ""


def _sitemap(root: etree._Element) -> Harvest:
    harvest = Harvest("sitemap")
    for url in _locations(root):
        if is_web(url):
            harvest.take(ImportedLink(url))
        else:
            harvest.left_out["no_web_address"] += 1
    return harvest


def _index(root: etree._Element) -> str:
    maps = _locations(root)
    shown = ", ".join(maps[:3]) + (", ..." if len(maps) > 3 else "")
    return f"an index of {len(maps)} sitemaps and no pages itself; download and import each: {shown[:500]}"


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
