"""Which words tell a place of an article apart, there and on the page it was taken from.

Words are compared in runs of :data:`TELLING_WORDS`, by their hashes: linear in the length of the text.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

from indexer.extract.dom import BLOCK_BREAK
from indexer.records import Article

TELLING_WORDS = 4
"""Words that tell a place apart at least: fewer match by chance in what surrounds an article."""
MOST_PLACES = 64
"""Places with the same run above which no text is told apart by it."""
MOST_LOOKS = 200_000
"""Questions about one text, after which nothing is told apart: two seconds' worth. A passage asks 24 on
average; of 150 real pages the one that asks most asks 12,000."""
_CJK = "\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
_FOLDED_WORD = re.compile(rf"[{_CJK}]|[^\W{_CJK}]+")
_LINE_OR_CELL = re.compile(r"\n| \| ")
_QUOTES = {"\u2018": "'", "\u2019": "'", "\u201c": '"', "\u201d": '"'}


def browser_folded(text: str) -> str:
    """The text as a browser compares it, every character in its place: no case, accents or curly quotes."""
    if text.isascii():
        return text.lower()
    letters = {char: unicodedata.normalize("NFD", char)[0].lower()[0] for char in set(text)}
    return text.translate({ord(char): _QUOTES.get(letter, letter) for char, letter in letters.items()})


class Wording:
    """The words of a text, folded, and where they stand; what is between words is overlooked.

    In languages written without spaces (Chinese, Japanese) each character is a word.
    """

    def __init__(self, folded: str) -> None:
        self._looks = 0
        self.starts: list[int] = []
        self.words: list[str] = []
        for word in _FOLDED_WORD.finditer(folded):
            self.starts.append(word.start())
            self.words.append(word[0])
        self._places: defaultdict[int, list[int]] = defaultdict(list)
        for place, run in enumerate(runs_of(self.words, TELLING_WORDS - 1)):
            self._places[run].append(place)

    @property
    def looked_enough(self) -> bool:
        """Whether nothing more is told apart: a text that repeats itself would take minutes."""
        return self._looks > MOST_LOOKS

    def unique(self, start: int, end: int) -> bool:
        """Whether the words of ``text[start:end]``, a run at least, stand in this order nowhere else."""
        return self._repeated(start, end, earlier=False) is False

    def earliest(self, start: int, end: int) -> bool:
        """Whether the words of ``text[start:end]``, a run at least, stand in this order nowhere before."""
        return self._repeated(start, end, earlier=True) is False

    def _repeated(self, start: int, end: int, *, earlier: bool) -> bool | None:
        """Whether words stand elsewhere, or ``earlier`` only; None where they are too few or common to tell.

        None as well where enough was asked of this text. A longer last word counts too: "number 1" stands in
        "number 12".
        """
        self._looks += 1
        low, high = bisect_left(self.starts, start), bisect_left(self.starts, end)
        if high - low < TELLING_WORDS or self.looked_enough:
            return None
        *wanted, last = self.words[low:high]
        places = [(self._places[run], at) for at, run in enumerate(runs_of(wanted, TELLING_WORDS - 1))]
        rarest, offset = min(places, key=lambda place: len(place[0]))
        if earlier:
            rarest = rarest[: min(bisect_left(rarest, low + offset), MOST_PLACES + 1)]
        if len(rarest) > MOST_PLACES:
            return None
        begins = [place - offset for place in rarest if place >= offset and place - offset != low]
        ends = [begin + len(wanted) for begin in begins if self.words[begin : begin + len(wanted)] == wanted]
        return any(self.words[end].startswith(last) for end in ends if end < len(self.words))


def as_shown(article: Article, page: str) -> Article:
    """The article, its blocks told which stretches the page shows just so, and no more often.

    ``page`` is all visible text of the page, with :data:`~indexer.extract.dom.BLOCK_BREAK` between its
    blocks. A stretch is one run or several that overlap.
    """
    folded = browser_folded(article.text)
    words = list(_FOLDED_WORD.finditer(folded))
    lines = [folded[one.end() : two.start()] for one, two in pairwise(words)]
    runs = runs_of(
        [word[0] for word in words], TELLING_WORDS, [bool(_LINE_OR_CELL.search(gap)) for gap in lines]
    )
    here, there = Counter(runs), _runs_of_page(browser_folded(page))
    stretches: list[tuple[int, int]] = []
    before = -1
    for at, run in enumerate(runs):
        if here[run] == there[run]:
            begin = stretches.pop()[0] if before == at - 1 and stretches else words[at].start()
            stretches.append((begin, words[at + TELLING_WORDS - 1].end()))
            before = at
    starts = [begin for begin, _ in stretches]
    bounds = ((bisect_left(starts, block.start), bisect_left(starts, block.end)) for block in article.blocks)
    blocks = (
        replace(block, shown=tuple(stretches[low:high]))
        for block, (low, high) in zip(article.blocks, bounds, strict=True)
    )
    return replace(article, blocks=tuple(blocks))


def _runs_of_page(folded: str) -> Counter[int]:
    words: list[str] = []
    gaps: list[bool] = []
    for line in folded.split(BLOCK_BREAK):
        if found := _FOLDED_WORD.findall(line):
            words += found
            gaps += [True, *(False for _ in found[1:])]
    return Counter(runs_of(words, TELLING_WORDS, gaps[1:]))


def runs_of(words: Sequence[str], length: int, gaps: Sequence[bool] = ()) -> list[int]:
    """A hash of each word together with those after it that make a run of this length.

    ``gaps`` tells for every word but the first whether it begins a line; runs with other lines are others.
    """
    columns: list[Sequence[object]] = [words[at:] for at in range(length)]
    columns += [gaps[at:] for at in range(length - 1)] if gaps else []
    return [hash(run) for run in zip(*columns, strict=False)]
