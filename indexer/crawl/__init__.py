"""The crawl: from links to pages that were judged and read, politely and within bounds.

``crawl_pages`` is the room's door. It asks each host for its robots.txt first, one request at a time with a
pause, follows redirects by hand past an address guard, tells articles from walls, looks for copies of
what cannot be had, and follows links into sites and indexes. httpx, Protego and the decompressors are
used here only.
"""

from __future__ import annotations

from indexer.crawl.attempt import Memory
from indexer.crawl.crawler import crawl_pages
from indexer.crawl.urls import request_form

__all__ = ["Memory", "crawl_pages", "request_form"]
