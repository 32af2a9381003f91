"""What of a passage answers: the question's words in it, and the sentence with most of them.

Words are told by their stems, as they are found. It costs no look into the library and no model.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import pairwise

from indexer.index.words import PAIRED, Stems, is_paired, of_other_scripts, words_and_forms
from indexer.sentences import sentences

LONGEST_WHOLE = 40
"""Characters of what is marked as a whole because only all of it is a word of a question, such as ``C++``."""

_UNBROKEN = re.compile(r"\S+")
_LETTERS = re.compile(f"[{PAIRED}]+|[^\\W_{PAIRED}]+")

Stretch = tuple[int, int]
"""A stretch of a text: where it begins, and where it ends."""


@dataclass(frozen=True, slots=True)
class MarkedRun:
    """A piece of a text, whether it is of the sentence that answers, and whether it is a question's word."""

    text: str
    answers: bool
    word: bool


@dataclass(frozen=True, slots=True)
class Marks:
    """The question's words in a text, in its order, and the sentence with most of them, if any has one.

    ``rarest`` is where the rarest word of that sentence begins.
    """

    words: tuple[Stretch, ...]
    sentence: Stretch | None
    rarest: int = 0

    def runs(self, text: str, start: int, end: int) -> Iterator[MarkedRun]:
        """``text[start:end]`` in order, broken where a mark begins or ends; none is empty."""
        at = start
        for begin, stop in self.words:
            first, last = max(begin, at), min(stop, end)
            if first < last:
                yield from self._parted(text, at, first, word=False)
                yield from self._parted(text, first, last, word=True)
                at = last
        yield from self._parted(text, at, end, word=False)

    def _parted(self, text: str, start: int, end: int, *, word: bool) -> Iterator[MarkedRun]:
        """A stretch, broken where the sentence begins and ends."""
        first, last = (min(max(place, start), end) for place in self.sentence or (end, end))
        for begin, stop, answers in ((start, first, False), (first, last, True), (last, end, False)):
            if begin < stop:
                yield MarkedRun(text[begin:stop], answers=answers, word=word)


UNMARKED = Marks((), None)


class Marker:
    """Marks texts by the words of one question."""

    def __init__(self, words: Mapping[str, float]) -> None:
        """``words`` says how rare each is, see :attr:`indexer.search.answer.Answer.words`."""
        self._stem = Stems()
        self._rarities = {self._stem[word]: rarity for word, rarity in words.items()}

    def mark(self, text: str) -> Marks:
        """The marks of a text. Of sentences with equally rare words it is the first."""
        found = [
            word for chunk in _UNBROKEN.finditer(text) for word in self._in_chunk(chunk[0], chunk.start())
        ]
        found.sort()
        best, most, rarest, at, start = None, 0.0, 0, 0, 0
        for sentence in sentences(text):
            end, first = start + len(sentence), at
            while at < len(found) and found[at][0] < end:
                at += 1
            held = found[first:at]
            weight = sum(self._rarities[stem] for stem in sorted({stem for _, _, stem in held}))
            if weight > most:
                blank = len(sentence) - len(sentence.lstrip())
                best, most = (start + blank, start + len(sentence.rstrip())), weight
                rarest = max(held, key=lambda word: self._rarities[word[2]])[0]
            start = end
        return Marks(tuple(dict.fromkeys((begin, stop) for begin, stop, _ in found)), best, rarest)

    def _in_chunk(self, chunk: str, start: int) -> Iterator[tuple[int, int, str]]:
        """The words in what stands between two blanks: begin, end, stem."""
        missing = self._wanted_in(chunk)
        if not missing:
            return
        whole = set(missing)
        for piece in _LETTERS.finditer(chunk):
            if is_paired(piece[0]):
                units = [unit.span() for unit in of_other_scripts()[1].finditer(piece[0])]
                spans = [(one[0], other[1]) for one, other in pairwise(units)] or [(0, len(piece[0]))]
            else:
                spans = [(0, len(piece[0]))]
            for begin, end in spans:
                for stem in self._wanted_in(piece[0][begin:end]) & whole:
                    missing.discard(stem)
                    yield start + piece.start() + begin, start + piece.start() + end, stem
        name = chunk.strip(".,;:!?()[]{}\"'")
        if name and len(name) <= LONGEST_WHOLE:
            begin = start + chunk.index(name)
            yield from ((begin, begin + len(name), stem) for stem in sorted(missing))

    def _wanted_in(self, text: str) -> set[str]:
        words, forms = words_and_forms(text)
        return {self._stem[word] for word in (*words, *forms)} & self._rarities.keys()
