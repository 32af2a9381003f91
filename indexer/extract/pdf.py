"""PDF to an article."""

from __future__ import annotations

from indexer.errors import Unreadable
from indexer.records import Page, Reading


def read_pdf(page: Page) -> Reading:
    """The article of a PDF."""
    raise Unreadable("PDF is not read yet")
