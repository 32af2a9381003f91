"""The crawl: from links to pages that were judged and read, politely and within bounds.

==========  ================================================================================
crawler     the loop: every link, its copies if need be, its subpages; the package's door
attempt     one attempt at one address: fetch, read, judge, hand over
frontier    follow rules: which pages below a link are its subpages
archive     the web archive: is there a capture, and where
verdict     what a page is worth: pure judgement over an answer and its reading
notices     what stands in an article's place: out of order, moved, gone; notice_words has its words
markers     the words and the machinery by which walls and error pages give themselves away
parts       what a page in a browser asks for besides itself
fetch       from an address to a page: redirects by hand, repetition, each address once
refresh     pages that only lead on, as redirects do
robots      robots.txt, asked once per origin and run
pace        one request at a time to a host, and a pause after each
wire        one request, one answer, within bounds
decompress  content codings, unpacked in small pieces
transport   connections: through proxies, or directly to addresses that were checked
guard       the address guard: nothing but public hosts
urls        what is sent to a host, and which addresses are the same page
failure     what stops a fetch: a verdict with its reason
==========  ================================================================================

httpx, Protego and the decompressors are used here only.
"""

from __future__ import annotations

from indexer.crawl.attempt import Memory
from indexer.crawl.crawler import crawl_pages
from indexer.crawl.urls import request_form

__all__ = ["Memory", "crawl_pages", "request_form"]
