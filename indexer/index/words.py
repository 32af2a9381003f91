"""Texts to the words that are indexed and searched: the same on both sides.

1. A text is folded: lower case, without diacritics, wide and narrow forms and ligatures as plain letters.
2. A *word* is a run of letters and digits. It is brought to its stem (M. F. Porter, An algorithm for suffix
   stripping, Program 14 (1980), as Snowball ships it).
3. Scripts without blanks (Han, kana, Thai, Lao, Khmer, Burmese), and Hangul, where particles hang on to
   words, have the overlapping pairs of a run's characters as words; a character alone is one. A run ends
   where the script does: in the midst of Chinese ``redis`` is a word. A mark that sits on a character is
   part of it.
4. A letter with its sign is one word, said as people say it: ``C++`` is ``cpp``, ``C#`` is ``csharp``,
   ``.NET`` is ``dotnet``. So neither of the first two is ``C``.

Beside its words a text has *forms*, under which it is found as well, and which are no part of its length:

5. A *name* of several parts, such as ``kip-500``, ``node.js`` or ``stream_version``, has its parts as words.
   Its forms are the neighbouring parts joined, and all of them: ``kip500``, ``nodejs``, ``streamversion``.
   So it is told from texts that merely hold the parts, and found whatever is put between them.
6. A name that is written as one, ``maxOpenHandles`` or ``kip500``, is a word. Its forms are the parts, and
   the neighbouring ones joined. Where capitals part it, it must be code (:func:`parts_of`): in prose they
   are names of things and molecules, ``GitHub`` and ``mRNA``, whose parts say something else.
7. Each character of a run of rule 3, and ``net`` of ``.NET``.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache, lru_cache
from itertools import pairwise

from indexer.counting import UNSPACED

PAIRED = f"{UNSPACED}\u1100-\u11ff\uac00-\ud7af"
"""The characters of rule 3, as ranges of a character class."""
SHORTEST_STEMMED = 3
"""Letters from which a word has a stem; shorter ones are kept as they are."""
MOST_PARTS = 6
"""Parts of a name that are joined to one form; longer ones are paths, which are found by their pairs."""

# A breve makes another letter of the Cyrillic i. Vowel points (Hebrew, Arabic) are mostly left out in texts.
_DIACRITICS = re.compile(
    "(?<![\u0418\u0438])\u0306|[\u0300-\u0305\u0307-\u036f\u0591-\u05bd\u0640\u064b-\u0655\u0670]+"
)
_TRADE_MARKS = str.maketrans("\u2120\u2122", "  ")

_PART = re.compile(r"[^\W_]+")
_OTHER_SCRIPTS = re.compile("[\u0483-\u0487\u0590-\u1dff\u2e80-\uffff\U00010000-\U0003ffff]")
_RUN = re.compile(f"[{PAIRED}]+")

_DOT = r"\.(?<![\w.)\]\"'].)(?=[A-Za-z])"
"""The dot that begins a name, as in ``.NET``; no sentence ends with it, and nothing stands before it."""
_SIGN = re.compile(rf"\+\+(?<=[A-Za-z0-9]\+\+)(?!\+)|#(?<=[A-Za-z]#)(?<![^\W_][A-Za-z]#)(?![^\W\d]|#)|{_DOT}")
_SPOKEN = {"++": "pp ", "#": "sharp ", ".": "dot"}
_DOTTED = re.compile(rf"{_DOT}([^\W_]+)")

_ANY_NAME = re.compile(r"[^\W_]+(?:(?:::|->|['\u2019\-_./+:@])[^\W_]+)*")
_WITH_NUMBER = re.compile(r"([^\W\d_]{2,})(\d+)")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_CODE_SIGN = re.compile(r"_|::|->")


def words_and_forms(text: str) -> tuple[list[str], list[str]]:
    """The words of a text, and its forms; both folded, in order, with repetition."""
    words: list[str] = []
    forms: list[str] = []
    for chunk in text.split():  # no word or name has a blank in it
        own, more = _remembered(chunk) if len(chunk) < _LONG else read_chunk(chunk)
        words += own
        if more:
            forms += more
    return words, forms


def read_chunk(chunk: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The words and forms of what stands between two blanks."""
    word = chunk.rstrip(",.;:)")
    if word.isascii() and word.isalpha() and word[1:].islower():  # nearly all of a text
        return (word.lower(),), ()
    plain = _plain_letters(chunk)
    folded = _SIGN.sub(lambda sign: _SPOKEN[sign[0]], plain).casefold()
    if folded.isascii() or not _OTHER_SCRIPTS.search(folded):
        return tuple(_PART.findall(folded)), tuple(_name_forms(plain))
    found: list[str] = []
    characters: list[str] = []
    any_word, character = of_other_scripts()
    for word in any_word.findall(folded):
        if is_paired(word):
            units = character.findall(word)
            found += [one + other for one, other in pairwise(units)] or [word]
            characters += units if len(units) > 1 else []
        else:
            found.append(word)
    return tuple(found), (*_name_forms(_RUN.sub(" ", plain)), *characters)


@cache
def of_other_scripts() -> tuple[re.Pattern[str], re.Pattern[str]]:
    """A word of any script, and a character of rule 3, each with its marks.

    Marks are those that are no diacritics of Latin, Greek and Cyrillic letters. Made when they are needed:
    that takes 20 ms, and most questions are in Latin letters.
    """
    marks = "".join(char for char in map(chr, range(0x483, 0x2000)) if unicodedata.category(char)[0] == "M")
    return re.compile(f"[{PAIRED}]+|(?:[^\\W_{PAIRED}]|[{marks}])+"), re.compile(f"[{PAIRED}][{marks}]*")


_remembered = lru_cache(maxsize=1 << 16)(read_chunk)
"""The same, remembered: a text repeats its words."""
_LONG = 40
"""Characters from which a chunk is not remembered; it is a line of a script without blanks, or no text."""


def words(text: str) -> list[str]:
    """The words of a text, folded, in order."""
    return words_and_forms(text)[0]


def written_as_one(text: str) -> dict[str, list[str]]:
    """By each word of a text that is a name written as one, its parts; all folded.

    Whoever asks for it means it as a name, so all capitals part it.
    """
    pieces = _PART.findall(_RUN.sub(" ", _plain_letters(text)))
    parts = {piece.casefold(): parts_of(piece, is_code=True) for piece in pieces}
    return {word: [part.casefold() for part in some] for word, some in parts.items() if len(some) > 1}


def fold(text: str) -> str:
    """Lower case, without diacritics, each letter in its plain form."""
    return text.lower() if text.isascii() else _plain_letters(text).casefold()


def is_paired(word: str) -> bool:
    """Whether a word is of a script of rule 3."""
    return not word.isascii() and _RUN.match(word) is not None


def parts_of(word: str, *, is_code: bool = False) -> list[str]:
    """The parts of a name that is written as one, as they stand there; else the word alone.

    ``is_code`` says that it stands in code, where all capitals part it.
    """
    if numbered := _WITH_NUMBER.fullmatch(word):
        return list(numbered.groups())
    if word.isascii() and not word[1:].islower() and not word.isupper():
        humps: list[str] = _HUMP.findall(word)
        if _part_a_name(humps, is_code=is_code):
            return humps
    return [word]


def _part_a_name(humps: list[str], *, is_code: bool) -> bool:
    """Whether what capitals part is the parts of a name in code: of three parts, or beginning in lower case.

    Single letters are no parts: ``iPhone``, ``mRNA``, ``OAuth``. Parting all costs 0.001 nDCG@10 on SciFact.
    """
    if any(len(hump) < 2 for hump in humps if hump.isalpha()):
        return False
    return is_code or len(humps) > 2 or (humps[0].islower() and len(humps[0]) > 2)


def _plain_letters(text: str) -> str:
    """The text without diacritics, each letter in its plain form."""
    if text.isascii():
        return text
    decomposed = unicodedata.normalize("NFKD", text.translate(_TRADE_MARKS))
    return unicodedata.normalize("NFC", _DIACRITICS.sub("", decomposed))


def _name_forms(plain: str) -> list[str]:
    """The forms of the names in a text without scripts of rule 3, in order."""
    forms: list[str] = []
    for match in _ANY_NAME.finditer(plain):
        whole = match[0]
        if whole.islower() and whole.isalpha():
            continue
        pieces = _PART.findall(whole)
        is_code = _CODE_SIGN.search(whole) is not None or plain[match.end() : match.end() + 1] == "("
        for piece in pieces:
            if len(parts := parts_of(piece, is_code=is_code)) > 1:
                forms += [*parts, *_pairs(parts, least=3)]
        if len(pieces) > 1 and _is_name(whole):
            forms += _pairs(pieces, least=2)
            if 2 < len(pieces) <= MOST_PARTS:
                forms.append("".join(pieces))
    return [form.casefold() for form in [*forms, *_DOTTED.findall(plain)]]


def _pairs(parts: list[str], *, least: int) -> list[str]:
    """The neighbouring parts joined, where there are at least so many."""
    return [one + other for one, other in pairwise(parts)] if len(parts) >= least else []


def _is_name(word: str) -> bool:
    """Whether a word of several parts is a name: ``kip-500`` and ``node.js``, not ``and/or``, ``don't``.

    Plain hyphenated words are none: searched as one they cost 0.004 nDCG@10 on Cranfield.
    """
    return any(char.isdigit() for char in word) or not set(word).isdisjoint("._:@+>")


class Stems(dict[str, str]):
    """The stem of every word that was asked for."""

    def __init__(self) -> None:
        import Stemmer

        super().__init__()
        self._stem = Stemmer.Stemmer("porter").stemWord

    def __missing__(self, word: str) -> str:
        folded = fold(word)
        stem = self[word] = str(self._stem(folded)) if len(folded) >= SHORTEST_STEMMED else folded
        return stem
