"""Pages to articles, articles to passages.

``read`` takes the main text out of HTML, PDF, Markdown or plain text, as blocks under headings;
``passages`` cuts it into what the encoder's window holds. Both are pure: no network, no state, so
that they run in worker processes. trafilatura, lxml, pypdfium2 and markdown-it-py are used here only.
"""

from __future__ import annotations

from indexer.extract.passages import passages
from indexer.extract.reader import read

VERSION = "3"
"""Part of an index's fingerprint: raised when the same page or article may come out differently."""

__all__ = ["VERSION", "passages", "read"]
