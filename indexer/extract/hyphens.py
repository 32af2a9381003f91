"""Lines put together to running text: which hyphens at their ends belong to the word, and which part it.

A hyphen stays where the document has the word with it elsewhere, or the word is of a kind that is written
with one: further hyphens in it, a number, an abbreviation or a single letter before it, or two English words
that are none together. Else it parts a word, and goes.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

ENGLISH = 0.06
"""The share of "the", "of", "and", "to" and "in" among words from which on a text is English: it is 0.15 in
English prose, 0.10 in tables and abstracts, and below 0.03 in the other languages of Latin script."""
COMMON = 50
"""Occurrences in the dictionary's billion words below which an entry may be a name, a slip or a syllable;
words that were added to it by hand count as 50."""
_WRITTEN_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*")
_HYPHENATED = re.compile(r"[^\W_]-$")
_BEGINNING = re.compile(r"([^\W_]+)(-(?=[^\W_]))?")
_PART_OF_ADDRESS = re.compile(r"\S*(?:://|www\.|@|\w/\w|_)\S*$")
_SUSPENDED = re.compile(r"(?:and|or|und|oder|bzw|sowie|et|ou|y|o)\b(?!-)")
_SHORT = {"at", "by", "in", "no", "of", "off", "on", "so", "to", "up"}
"""Words of fewer than three letters that compounds have as parts; other parts as short are syllables."""
_PREFIXES = {"anti", "bi", "co", "com", "con", "counter", "de", "dis", "em", "en", "fore", "hyper", "im",
             "in", "inter", "intra", "ir", "mega", "meta", "micro", "mis", "mono", "multi", "non", "out",
             "over", "per", "poly", "post", "pre", "pro", "re", "semi", "sub", "super", "trans", "tri",
             "un", "under", "up"}  # fmt: skip
"""Beginnings that are mostly written without a hyphen, but where two vowels meet: preset, re-enter."""
_SUFFIXES = {"able", "al", "ed", "er", "est", "ful", "hood", "ible", "ing", "ings", "ise", "ish", "ism",
             "ist", "ity", "ive", "ize", "less", "ly", "ment", "ness", "ship"}  # fmt: skip
"""Endings that the dictionary has as words, from names and slips of typing."""


class Joiner:
    """Joins lines of one document, whose words it has counted."""

    def __init__(self, lines: Iterable[str]) -> None:
        self._words: Counter[str] = Counter()
        self._pairs: Counter[str] = Counter()
        broken = False
        for line in lines:
            tokens = _WRITTEN_WORD.findall(line.lower())
            ends_broken = line.endswith("-")
            for token in tokens[broken : len(tokens) - ends_broken]:
                parts = token.split("-")
                self._words[token] += 1
                self._pairs.update(f"{one}-{two}" for one, two in pairwise(parts))
            broken = ends_broken
        total = sum(self._words.values())
        stops = sum(self._words[word] for word in ("the", "of", "and", "to", "in"))
        self._english = stops >= ENGLISH * total

    def join(self, texts: Sequence[str]) -> str:
        """Lines as one running text."""
        joined = [texts[0]]
        for before, text in pairwise(texts):
            between = self._between(before, text)
            if between is None:
                joined[-1] = joined[-1][:-1]
            joined.append((between or "") + text)
        return "".join(joined)

    def _between(self, before: str, text: str) -> str | None:
        """What stands between two lines: a space, nothing, or None where the hyphen goes as well."""
        start = _BEGINNING.match(text)
        if start is None or not _HYPHENATED.search(before) or _SUSPENDED.match(text):
            return " "
        word = before[-80:].rsplit(maxsplit=1)[-1]
        first, second = re.split(r"[\W_]", word[:-1])[-1], start[1]
        with_hyphen = self._pairs[f"{first}-{second}".lower()]
        without = self._words[f"{first}{second}".lower()]
        if with_hyphen or without:
            return "" if with_hyphen >= without else None
        if before.isupper() and text.isupper():
            return None
        written_so = _PART_OF_ADDRESS.search(word) or not first.isalpha() or not second[0].islower()
        if written_so or len(first) == 1 or not first[1:].islower():
            return ""
        compound = "-" in word[:-1] or start[2] is not None
        return "" if self._keeps(first.lower(), second, compound=compound) else None

    def _keeps(self, first: str, second: str, *, compound: bool) -> bool:
        """Whether two parts are written with a hyphen; ``compound`` where the word has further ones."""
        if not self._english:
            return compound
        if _common(first + second):
            return False
        if first in _PREFIXES and not compound:
            return first[-1] == second[0] and first[-1] in "aeiou"
        return _is_part(first) and _is_part(second)


def _is_part(word: str) -> bool:
    """Whether a compound may have it as a part."""
    return word in _SHORT or (len(word) > 2 and word not in _SUFFIXES and _common(word))


def _common(word: str) -> bool:
    """Whether it is an English word, by the dictionary of pyspellchecker."""
    return _english_words().get(word, 0) >= COMMON


@cache
def _english_words() -> dict[str, int]:
    from spellchecker import SpellChecker

    counted: dict[str, int] = SpellChecker(language="en").word_frequency.dictionary
    return counted
