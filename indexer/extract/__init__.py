"""Pages to articles, articles to passages.

``read`` takes the main text out of HTML, PDF, Markdown or plain text, as blocks under headings;
``passages`` cuts it into what the encoder's window holds. Both are pure: no network, no state, so
that they run in worker processes. trafilatura, lxml, pypdfium2 and markdown-it-py are used here only.

=========  ================================================================================
reader     which kind of file a body is, and the reader for it
html       HTML to an article: the way through the modules below, to ``choice``
pdf        PDF to an article
markdown   Markdown to an article
plain      plain text and RFCs to an article
charset    bytes to text
clean      characters that must not reach a text
dom        what a page's own markup says: links, addresses, anchors, names, visible words
declared   what a page declares about itself, and the text that only JSON-LD holds
articles   several ``article`` elements: parts of one text, or other stories
prepare    repairs of the tree, each against something that would be lost
code       code in a page becomes plain lines
formulas   formulas become TeX or their signs, each once
structure  a second look where trafilatura lost a page's headings
frame      the frame of the main text, read whole
thread     the posts of forums and the answers to questions, each under its author
choice     which of these readings is the main text
writing    a tree of main text as blocks
blocks     blocks to an article: offsets, heading paths, the hash
compare    how much of one text another holds, and what an article lost
passages   an article cut into passages
context    what is embedded with a passage but not shown
spans      blocks measured in tokens and cut
sentences  where a text may be cut
fragments  links that open a page at a passage
=========  ================================================================================
"""

from __future__ import annotations

from indexer.extract.passages import passages
from indexer.extract.reader import read

VERSION = "3"
"""Part of an index's fingerprint: raised when the same page or article may come out differently."""

__all__ = ["VERSION", "passages", "read"]
