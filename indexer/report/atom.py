"""A report as an Atom feed (RFC 4287): a file that a feed reader can subscribe to.

An entry has the same id in every feed that tells of it, so that a reader shows it once.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from indexer.escaping import safe, web_address
from indexer.report.events import Event, Report, Section
from indexer.report.forms import lines_as_html

ATOM = "http://www.w3.org/2005/Atom"
NO_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML 1.0 has no way to write, not even escaped."""


def as_atom(report: Report) -> str:
    """The report as a feed, the newest entry first."""
    feed = ET.Element("feed", xmlns=ATOM)
    entries = [(section, entry) for section in report.sections for entry in section.entries]
    entries.sort(key=lambda told: told[1].at, reverse=True)
    _add(feed, "id", report.id)
    _add(feed, "title", "The links of a library")
    _add(feed, "updated", max((entry.at for _, entry in entries), default=report.until))
    _add(_add(feed, "author"), "name", "indexer")
    seen: set[str] = set()
    for section, entry in entries:
        if entry.id not in seen:
            seen.add(entry.id)
            _write_entry(feed, section, entry)
    ET.indent(feed)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{ET.tostring(feed, encoding="unicode")}\n'


def _write_entry(feed: ET.Element, section: Section, entry: Event) -> None:
    element = _add(feed, "entry")
    _add(element, "id", entry.id)
    _add(element, "title", f"{section.title}: {' '.join(entry.title.split())}")
    _add(element, "updated", entry.at)
    if to := web_address(entry.address):
        _add(element, "link", rel="alternate", href=to)
    _add(element, "category", term=entry.about)
    _add(element, "content", lines_as_html(entry) or "<p></p>", type="html")


def _add(parent: ET.Element, name: str, text: str = "", **attributes: str) -> ET.Element:
    clean = {key: NO_XML.sub("", safe(value)) for key, value in attributes.items()}
    element = ET.SubElement(parent, name, clean)
    element.text = NO_XML.sub("", safe(text)) or None
    return element
