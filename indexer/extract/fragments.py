"""Where a page opens at a passage: a PDF's page, or a text fragment beside its heading's anchor.

The syntax of text fragments is that of the WICG draft "URL Fragment Text Directives":
``#:~:text=start,end``. A browser highlights from the first ``start`` to the first ``end`` after it,
each a run of whole words inside one block. Which differences it overlooks (case, accents, the shape of
quotation marks) and which it does not (line breaks and double spaces in preformatted text) was tried in
Chromium; ``tests/whole/test_browser.py`` opens the links.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from urllib.parse import quote

from indexer.records import Article, Passage

FEWEST_WORDS = 4
"""Words a fragment begins with, where there are so many: fewer match by chance in what surrounds the text."""
MOST_WORDS = 10
"""Words after which another place is tried: a line of preformatted text (72 columns) holds about so many."""
_TOKEN = re.compile(r"\S+")
_BLOCK = re.compile(r"\s{2,}|\n| \| ")
_SENTENCE_GAP = re.compile(rf"{_BLOCK.pattern}|(?<=[.:?!]) ")
_QUOTES = str.maketrans("\u2018\u2019\u201c\u201d", "''\"\"")


def opening(article: Article, passage: Passage) -> str:
    """What opens an article's page at a passage: a PDF's page, or the text, and the heading's id after it.

    A browser that does not find the text (the page changed, or shows it by scripts) goes to the id.
    """
    if passage.page:
        return f"#page={passage.page}"
    anchor = quote(passage.anchor, safe="!$&'()*+,;=:@/?-._")  # RFC 3986, 3.5, without the sign in ":~:"
    directive = text_fragment(article.text, passage.start, passage.end).removeprefix("#")
    return f"#{anchor}{directive}" if anchor or directive else ""


def text_fragment(article_text: str, start: int, end: int) -> str:
    """The fragment that opens a page at ``article_text[start:end]``, ``""`` if none tells it apart.

    It begins with the first sentence of the passage whose first words occur only once in the article (or,
    where all are short, the first such line, cell or item) and ends with the last word of the same line.
    """
    folded = _browser_folded(article_text)
    for boundary, fewest in ((_SENTENCE_GAP, FEWEST_WORDS), (_BLOCK, 1)):
        for low, high in _parts(article_text, start, end, boundary):
            words = [low + word.end() for word in _TOKEN.finditer(article_text[low:high])]
            if len(words) < fewest:
                continue
            for stop in words[min(FEWEST_WORDS, len(words)) - 1 : MOST_WORDS]:
                phrase = folded[low:stop]
                if folded.count(phrase) == 1 and any(char.isalnum() for char in phrase):
                    line = _BLOCK.search(article_text, stop, end)
                    tail = _end(folded, stop, line.start() if line else end)
                    return f"#:~:text={_fragment_escaped(article_text[low:stop])}" + (
                        f",{_fragment_escaped(tail)}" if tail else ""
                    )
    return ""


def _parts(text: str, start: int, end: int, boundary: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """What stands between boundaries, less the white space around it.

    A match cannot go from one block to the next, nor over the gaps inside a line of code; and after the
    end of a sentence preformatted text often has two spaces where the article has one.
    """
    low = start
    for found in [*boundary.finditer(text, start, end), None]:
        high = found.start() if found else end
        stripped = text[low:high].strip()
        if stripped:
            begin = text.index(stripped, low)
            yield begin, begin + len(stripped)
        low = found.end() if found else end


def _end(folded: str, after: int, high: int) -> str:
    """The last word before ``high`` that a browser which looks from ``after`` on finds nowhere earlier.

    One word, since two may be parted by a line break that the article no longer has; and a plain one,
    since hyphens and slashes are where lines break and where browsers disagree about words.
    """
    for token in reversed(list(_TOKEN.finditer(folded, after, high))):
        if word := re.fullmatch(r"\W*(\w+)\W*", token[0]):
            found = re.search(rf"(?<!\w){re.escape(word[1])}(?!\w)", folded[after:high])
            if found and after + found.start() == token.start() + word.start(1):
                return word[1]
    return ""


def _browser_folded(text: str) -> str:
    """The text as a browser compares it, every character in its place: no case, accents or curly quotes."""
    if text.isascii():
        return text.lower()
    letters = {ord(char): unicodedata.normalize("NFD", char)[0].lower()[0] for char in set(text)}
    return text.translate(letters).translate(_QUOTES)


def _fragment_escaped(text: str) -> str:
    """Percent-encoded, with the three characters that mean something in a text directive."""
    return quote(" ".join(text.split()), safe="!'()*._~").replace("-", "%2D")
