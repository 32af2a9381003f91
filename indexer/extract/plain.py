"""Plain text to an article."""

from __future__ import annotations

from indexer.extract.blocks import Writer
from indexer.extract.charset import decode
from indexer.extract.clean import printable
from indexer.records import Page, Reading


def read_plain(page: Page) -> Reading:
    """The article of a plain text: paragraphs between blank lines."""
    text = printable(decode(page.body, page.headers.get("content-type", "")))
    writer = Writer("")
    for paragraph in text.split("\n\n"):
        writer.add("paragraph", paragraph)
    return Reading(writer.article(), text_on_page=len(text.split()))
