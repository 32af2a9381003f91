"""Where a page opens at a passage: a PDF's page, or the passage's text, and else its heading's id.

The syntax is that of the WICG draft "URL Fragment Text Directives": ``#id:~:text=prefix-,start,end,-suffix``,
where ``text=`` may stand several times, joined by ``&``. A browser goes to the first of these that it finds,
and to the id if it finds none. It looks for runs of whole words, each inside one block; prefix and suffix
stand right before and after, in the next block if need be. Which differences it overlooks (case, accents, the
shape of quotation marks) and which it does not (line breaks and double spaces in preformatted text) was tried
in Chromium; ``tests/whole/test_browser.py`` opens the links.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterator
from itertools import islice
from urllib.parse import quote

from indexer.extract.wording import TELLING_WORDS, Wording, browser_folded
from indexer.records import Article, Passage

MOST_WORDS = 10
"""Words after which another place is tried: a line of preformatted text (72 columns) holds about so many."""
FEWEST_CONTEXT = 2
"""Words of what stands before or after that are given at least, where there are so many."""
MOST_CONTEXT = 6
"""Words of it that are given at most."""
LOOK_BACK = 300
"""Characters in which the words just before a passage are looked for."""
NEAR = 600
"""Characters from a passage's beginning that are on the screen with it, where a browser shows what it found
in the middle."""
MOST_TRIED = 24
"""Lines or sentences that are tried for a passage: of lines of one letter hundreds are on the screen."""
MOST_DIRECTIVES = 4
"""Texts in one link: with more it grows beyond what a person can look at."""
_TOKEN = re.compile(
    "[^\\s\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b]+[\u3001\u3002\uff0c\uff01\uff1f\uff1a\uff1b]*"
)
"""What is between spaces, or up to a Chinese or Japanese comma or full stop."""
_BLOCK = re.compile(r"\s{2,}|\n|(?: \|)+ ")
_WORD = re.compile(r"\w+")
_ONE_WORD = re.compile(r"\W*(\w+)\W*")
_PART_GAP = re.compile(rf"{_BLOCK.pattern}|(?<=[.:?!]) ")

_TextPart = list[tuple[int, int]]
"""Words in one block and one sentence: where each begins and ends in the article's text."""
_Apart = Callable[[int, int], bool]
"""Whether the text from one place to another is told apart from all other text."""


class Fragments:
    """What opens the page of an article at its passages."""

    def __init__(self, article: Article) -> None:
        self._text = article.text
        self._folded = browser_folded(article.text)
        self._wording = Wording(self._folded)
        self._shown = [stretch for block in article.blocks for stretch in block.shown]

    def opening(self, passage: Passage) -> str:
        """The fragment of an address, with its ``#``; ``""`` where nothing tells the passage apart."""
        if passage.page:
            return f"#page={passage.page}"
        anchor = quote(passage.anchor, safe="!$&'()*+,;=:@/?-._").replace("~", "%7E")  # as in ":~:"
        texts = "&".join(f"text={each}" for each in self._directives(passage.start, passage.end))
        return f"#{anchor}{':~:' if texts else ''}{texts}" if anchor or texts else ""

    def _directives(self, start: int, end: int) -> list[str]:
        """What finds ``text[start:end]``: one text that the page is known to show, else several guesses.

        Where the passage and all around it stand on the page more than once, its first words, wherever.
        """
        parts = list(islice(_parts(self._text, start, end), MOST_TRIED))
        if not parts:
            return []
        if self._wording.looked_enough:
            return self._anywhere(parts[0])
        found = self._known(parts, start, end) if self._shown else []
        if not found:
            before = list(_parts(self._text, max(0, start - NEAR), start))[: -MOST_TRIED - 1 : -1]
            apart = self._shown_once if self._shown else self._unique
            above = next(filter(None, (self._alone(part, start, apart) for part in before)), "")
            guesses = [*islice(filter(None, self._guesses(parts, start, end)), MOST_DIRECTIVES - 1)]
            found = [*guesses, above] if above and (self._shown or not guesses) else guesses
        if not found:
            found = self._anywhere(parts[0])
        return list(dict.fromkeys(found))[:MOST_DIRECTIVES]

    def _known(self, parts: list[_TextPart], start: int, end: int) -> list[str]:
        """The first words, with what stands around them if need be; then the nearest that will do."""
        first, once = parts[0], self._shown_once
        if alone := self._alone(first, end, once):
            return [alone]
        nearest = (part[at:] for part in parts for at in range(len(part)) if part[at][0] < start + NEAR)
        found = [
            self._in_context(first, end, once),
            self._alone(first[:MOST_WORDS], end, self._shown_first),
            next(filter(None, (self._alone(part, end, once) for part in nearest)), "")
            or self._nearest_in_context(parts, start, end, once),
        ]
        if not any(found[1:]):
            found += self._anywhere(first)
        return [each for each in found if each]

    def _guesses(self, parts: list[_TextPart], start: int, end: int) -> Iterator[str]:
        """The surest first. Where the page has something that the article left out, the next stands in.

        They are the first words with what stands before; these alone, or with what stands around them; what
        may have been said again later; words further on, as the first may run into one before it on the page,
        or end a line there; and a later sentence, or a few words with what stands around them.
        """
        first, unique = parts[0], self._unique
        yield self._preceded(first, end, unique)
        yield (
            self._alone(first, end, unique)
            or self._in_context(first, end, unique)
            or self._alone(first[:MOST_WORDS], end, self._wording.earliest)
        )
        if len(first) > TELLING_WORDS:
            yield self._alone(first[TELLING_WORDS:], end, unique) or self._alone(first[1:], end, unique)
        later = (self._alone(part, end, unique) for part in parts[1:] if len(part) >= TELLING_WORDS)
        yield next(filter(None, later), "") or self._nearest_in_context(parts, start, end, unique)

    def _nearest_in_context(self, parts: list[_TextPart], start: int, end: int, apart: _Apart) -> str:
        near = (part for part in parts[1:] if part[0][0] < start + NEAR)
        return next(filter(None, (self._in_context(part, end, apart) for part in near)), "")

    def _anywhere(self, part: _TextPart) -> list[str]:
        """A sentence's first words, said elsewhere too: rather there than at the page's beginning."""
        words = part[:MOST_WORDS]
        return [self._quoted(words[0][0], words[-1][1])] if len(words) > TELLING_WORDS else []

    def _unique(self, start: int, end: int) -> bool:
        return self._wording.unique(start, end)

    def _shown_once(self, start: int, end: int) -> bool:
        return end <= self._shown_until(start) and self._wording.unique(start, end)

    def _shown_first(self, start: int, end: int) -> bool:
        return end <= self._shown_until(start) and self._wording.earliest(start, end)

    def _shown_until(self, start: int) -> int:
        """Where the stretch ends that the page shows as it is, 0 if there is none."""
        at = bisect_right(self._shown, (start, len(self._text))) - 1
        return self._shown[at][1] if at >= 0 else 0

    def _alone(self, part: _TextPart, end: int, apart: _Apart) -> str:
        """``start,end``: the fewest words that begin a part and are told apart, and their line's last."""
        stop = _first_end(part, TELLING_WORDS, MOST_WORDS, lambda stop: apart(part[0][0], stop))
        return self._line(part[0][0], stop, end) if stop else ""

    def _in_context(self, part: _TextPart, end: int, apart: _Apart) -> str:
        """The words that begin a part, told apart by what comes next, stands before, or both."""
        return self._followed(part, end, apart) or self._preceded(part, end, apart)

    def _followed(self, part: _TextPart, end: int, apart: _Apart, *, begin: int | None = None) -> str:
        """``start,-suffix``: a short part, told apart by what comes next, from ``begin`` on if that helps."""
        start, stop = part[0][0], part[-1][1]
        after = next(_parts(self._text, stop, end, _BLOCK), [])
        if len(part) > MOST_WORDS or not after or not self._beside(stop, after[0][0]):
            return ""
        low = start if begin is None else begin
        until = _first_end(after, FEWEST_CONTEXT, MOST_CONTEXT, lambda until: apart(low, until))
        return f"{self._quoted(start, stop)},-{self._quoted(after[0][0], until)}" if until else ""

    def _preceded(self, part: _TextPart, end: int, apart: _Apart) -> str:
        """``prefix-,start,end``: the words that begin a part, told apart by what stands before.

        ``prefix-,start,-suffix`` where only what comes next as well tells them apart.
        """
        start, before = part[0][0], self._before(part[0][0])
        if not before or not self._beside(before[-1][1], start):
            return ""
        fewest = _first_end(part, TELLING_WORDS, MOST_WORDS, lambda stop: self._unique(start, stop))
        stop = fewest or part[:MOST_WORDS][-1][1]
        begins = [
            begin for begin, _ in islice(before[::-1], min(FEWEST_CONTEXT, len(before)) - 1, MOST_CONTEXT)
        ]
        for begin in begins:
            if apart(begin, stop):
                return f"{self._quoted(begin, before[-1][1])}-,{self._line(start, stop, end)}"
        both = ((begin, self._followed(part, end, apart, begin=begin)) for begin in begins)
        found = next(((begin, text) for begin, text in both if text), None)
        return f"{self._quoted(found[0], before[-1][1])}-,{found[1]}" if found else ""

    def _before(self, start: int) -> _TextPart:
        """The line that ends just before a place, or as much of it as is looked at."""
        low = max(0, start - LOOK_BACK)
        last = deque(_parts(self._text, low, start, _BLOCK), maxlen=1)
        words = last[0] if last else []
        return words[1:] if low and words and words[0][0] == low else words  # the first may be half a word

    def _beside(self, stop: int, start: int) -> bool:
        """Whether nothing that is shown stands between two places."""
        return not self._text[stop:start].strip(" \n|")

    def _line(self, start: int, stop: int, end: int) -> str:
        """``start,end``: the words up to ``stop``, then the last of the same line, if one tells it."""
        line = _BLOCK.search(self._text, stop, end)
        high = line.start() if line else end
        shown = self._shown_until(start)
        last = self._last(stop, min(high, shown) if shown >= stop else high)
        return self._quoted(start, stop) + (f",{_escaped(last)}" if last else "")

    def _last(self, after: int, high: int) -> str:
        """The last word before ``high`` that a browser which looks from ``after`` on finds nowhere earlier.

        One word, since two may be parted by a line break that the article no longer has; and a plain one,
        since hyphens and slashes are where lines break and where browsers disagree about words.
        """
        first: dict[str, int] = {}
        for found in _WORD.finditer(self._folded, after, high):
            first.setdefault(found[0], found.start())
        for token in reversed(list(_TOKEN.finditer(self._folded, after, high))):
            word = _ONE_WORD.fullmatch(token[0])
            if word and first[word[1]] == token.start() + word.start(1):
                return word[1]
        return ""

    def _quoted(self, start: int, end: int) -> str:
        return _escaped(self._text[start:end])


def _parts(text: str, start: int, end: int, gaps: re.Pattern[str] = _PART_GAP) -> Iterator[_TextPart]:
    """The words between the gaps that a match cannot go over, from the first with a letter or digit on.

    A match cannot go from one block to the next, nor over the gaps inside a line of code; and after the
    end of a sentence preformatted text often has two spaces where the article has one.
    """
    low = start
    for high, after in [*(gap.span() for gap in gaps.finditer(text, start, end)), (end, end)]:
        words = [token.span() for token in _TOKEN.finditer(text, low, high)]
        spoken = (at for at, word in enumerate(words) if any(map(str.isalnum, text[slice(*word)])))
        if part := words[next(spoken, len(words)) :]:
            yield part
        low = after


def _first_end(words: _TextPart, fewest: int, most: int, enough: Callable[[int], bool]) -> int:
    """Where the shortest run of words from the first on ends that is enough, 0 if none is.

    It has ``fewest`` to ``most`` words, or all where there are fewer.
    """
    ends = (end for _, end in islice(words, max(0, min(fewest, len(words)) - 1), most))
    return next(filter(enough, ends), 0)


def _escaped(text: str) -> str:
    """Percent-encoded, with the three characters that mean something in a text directive."""
    return quote(" ".join(text.split()), safe="!'()*._~").replace("-", "%2D")
