"""Where a page opens at a passage: an anchor, a PDF's page, or else a text fragment.

The syntax of text fragments is that of the WICG draft "URL Fragment Text Directives":
``#:~:text=start,end``. A browser highlights from the first ``start`` to the first ``end`` after it,
ignoring case, each a run of whole words inside one block.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import quote

from indexer.records import Article, Passage

FEWEST_WORDS = 4
"""Words a fragment begins with, where there are so many: fewer match by chance in what surrounds the text."""
MOST_WORDS = 16
"""Words after which more do not help."""
MOST_END_WORDS = 2
"""Words of the end. A longer run may be parted by a line break that the article no longer has."""
_WORD = re.compile(r"\S+")
_BLOCK = re.compile(r"\n| \| ")


def opening(article: Article, passage: Passage) -> str:
    """What opens an article's page at a passage: a PDF's page, the section's anchor, or a text fragment."""
    if passage.page:
        return f"#page={passage.page}"
    if passage.anchor:
        return "#" + quote(passage.anchor, safe="!$&'()*+,;=:@/?-._~")  # RFC 3986, 3.5
    return text_fragment(article.text, passage.start, passage.end)


def text_fragment(article_text: str, start: int, end: int) -> str:
    """The fragment that opens a page at ``article_text[start:end]``, ``""`` if none tells it apart.

    It begins with the first words of the passage (of its first line, cell or item whose words occur only
    once in the article) and ends with the last words of the same line, where that is safe.
    """
    folded = article_text.lower()
    if len(folded) != len(article_text):  # a few letters change their length; then case must be right
        folded = article_text
    for low, high in _blocks(article_text, start, end):
        words = [(low + word.start(), low + word.end()) for word in _WORD.finditer(article_text[low:high])]
        for count in range(min(FEWEST_WORDS, len(words)), min(MOST_WORDS, len(words)) + 1):
            stop = words[count - 1][1]
            phrase = folded[low:stop]
            if folded.count(phrase) == 1 and any(char.isalnum() for char in phrase):
                tail = _end(folded, stop, words[count:])
                return f"#:~:text={_escaped(article_text[low:stop])}" + (f",{_escaped(tail)}" if tail else "")
    return ""


def _blocks(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """The lines and table cells of a passage; a match cannot go from one to the next."""
    low = start
    for boundary in [*_BLOCK.finditer(text, start, end), None]:
        high = boundary.start() if boundary else end
        stripped = text[low:high].strip()
        if stripped:
            begin = text.index(stripped, low)
            yield begin, begin + len(stripped)
        low = boundary.end() if boundary else end


def _end(folded: str, after: int, words: list[tuple[int, int]]) -> str:
    """The last words of a line, if a browser that looks for them from ``after`` on finds none earlier."""
    for count in range(1, min(MOST_END_WORDS, len(words) - 1) + 1):
        low, high = words[-count][0], words[-1][1]
        found = re.search(rf"(?<!\w){re.escape(folded[low:high])}(?!\w)", folded[after:high])
        if found and after + found.start() == low:
            return folded[low:high]
    return ""


def _escaped(text: str) -> str:
    """Percent-encoded, with the three characters that mean something in a text directive."""
    return quote(" ".join(text.split()), safe="!'()*._~").replace("-", "%2D")
