"""What happened to a library since a time, told to its owner.

======  ==========================================================================
events  what is new, changed, moved, gone or recovered, and what answers saved questions
forms   that as text, Markdown or a page of HTML
atom    that as a feed
======  ==========================================================================
"""

from __future__ import annotations

from indexer.report.events import Report, make_report

__all__ = ["Report", "make_report"]
