"""Pages to articles, articles to passages.

``read`` takes the main text out of HTML, PDF, Markdown or plain text, as blocks under headings;
``passages`` cuts it into what the encoder's window holds. Both are pure: no network, no state, so
that they run in worker processes. trafilatura, pypdfium2 and pyspellchecker are used here only.

===========  ================================================================================
reader       which kind of file a body is, and the reader for it
mhtml        web archives: the page inside
saved        pages saved by browsers, the Wayback Machine and reader modes, as published
html         HTML to an article: the way through the modules below, to ``choice``
pdf          PDF to an article: headings, paragraphs, lists
pdf_lines    a PDF as lines of type with their places
pdf_columns  columns that were drawn row by row, read one after the other
pdf_running  heads, feet and page numbers that are no text
hyphens      which hyphen at the end of a line parts a word
markdown     Markdown to an article
plain        plain text and RFCs to an article
clean        characters that must not reach a text
dom          what a page's own markup says: links, addresses, visible words
declared     what a page declares about itself, and the text that only JSON-LD holds
articles     several ``article`` elements: parts of one text, or other stories
prepare      repairs of the tree, each against something that would be lost
code         code in a page becomes plain lines
formulas     formulas become TeX or their signs, each once
structure    a second look where trafilatura lost a page's headings
frame        the frame of the main text, read whole
thread       the posts of forums and the answers to questions, each under its author
choice       which of these readings is the main text
writing      a tree of main text as blocks
anchors      the ids that a page's headings can be reached by
blocks       blocks to an article: offsets, heading paths, the hash
compare      how much of one text another holds, and what an article lost
wording      which words tell a place apart, in the article and on its page
passages     an article cut into passages
context      what is embedded with a passage but not shown
spans        blocks measured in tokens and cut
fragments    links that open a page at a passage
===========  ================================================================================
"""

from __future__ import annotations

from indexer.extract.passages import passages
from indexer.extract.reader import read

VERSION = "4"
"""Part of an index's fingerprint: raised when the same page or article may come out differently."""

__all__ = ["VERSION", "passages", "read"]
