"""A question in words, taken apart for the lexical index.

BM25 rewards a passage for each of the words, and for the rare ones most. Stop words are dropped,
unless nothing else is left ("to be or not to be"). Lexical nDCG@10 with and without them dropped,
passages cut at 254 tokens: CACM 0.452 and 0.427, Cranfield 0.367 and 0.361, SciFact 0.686 and 0.687.
Some are names too, and written as such then: NOR, IT, the WHO.

Names are asked for by their forms too (:mod:`indexer.index.words`), and a short question as if it were one.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from indexer.errors import EmptyQuestion
from indexer.index.words import is_paired, words, words_and_forms, written_as_one

MOST_TERMS = 64
"""Terms that are searched; who pastes a page is served by its first words and by the dense list."""

LONGEST_JOINED = 5
"""Words of a question that may as a whole be one name, such as ``to string``, whatever words they are."""

_FUNCTION_WORDS = """
a about above after again against all also although am an and any are as at be because been before being
below between both but by can cannot could did do does doing done down during each either else etc ever
every few for from further get got had has have having he her here hers herself him himself his how however
i if in into is it its itself just let like may me might more most much must my myself neither no nor not of
off on once one only or other others ought our ours ourselves out over own per please rather same shall she
should since so some such than that the their theirs them themselves then there these they this those though
through thus to too under until up upon us use used using very via was we well were what when where whether
which while who whom whose why will with within without would yet you your yours yourself yourselves ain
aren couldn didn doesn don hadn hasn haven isn mustn needn shan shouldn wasn weren won wouldn s t d m ll re
ve
"""
STOP_WORDS = frozenset(_FUNCTION_WORDS.split())
"""English function words and the remains of their contractions."""

_CAPITALS = re.compile(r"\b[A-Z]{2,}\b")


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart. ``terms`` are single words, folded, in order, without repetition."""

    text: str
    terms: tuple[str, ...]
    forms: tuple[str, ...] = ()
    """What names in it are also found under."""
    parts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """By each term that is a name written as one (``kip500``), what it is made of."""
    runs: Mapping[str, Sequence[tuple[str, ...]]] = field(default_factory=dict)
    """By each term, the two or three neighbours that it is one of, which may be one name: ``dot net``."""
    names: frozenset[str] = frozenset()
    """The terms that are written as names: with capitals within a sentence, or with digits; those that are
    stop words otherwise, in capitals alone."""

    @property
    def words(self) -> tuple[str, ...]:
        """What the lexical index is asked."""
        return tuple(dict.fromkeys([*self.terms, *self.forms]))

    @property
    def asks(self) -> bool:
        """Whether it has more than stop words and bare numbers, which stand in any text."""
        return any(_tells(term, self.names) and not term.isdecimal() for term in self.terms)


def analyse(question: str) -> Query:
    """Take a question apart.

    Raises:
        EmptyQuestion: what was asked has neither letters nor digits.
    """
    # A lone surrogate (from a broken terminal) can be neither searched nor embedded.
    text = " ".join(question.encode("utf-8", "replace").decode().replace("\0", " ").split())
    asked_words, forms = words_and_forms(text)
    if not asked_words:
        raise EmptyQuestion('nothing was asked; say what you look for, such as "retry a failed payment"')
    asked = dict.fromkeys(asked_words)
    names = frozenset(_names_in(text))
    terms = tuple(word for word in asked if _tells(word, names))[:MOST_TERMS] or tuple(asked)[:MOST_TERMS]
    # Single characters of a run stand in texts for who asks for one of them; the run has its pairs.
    found_under = [form for form in forms if form not in STOP_WORDS and not is_paired(form)]
    if 1 < len(asked_words) <= LONGEST_JOINED and not any(map(is_paired, asked_words)):
        found_under.append("".join(asked_words))
    return Query(
        text,
        terms,
        tuple(dict.fromkeys(found_under))[:MOST_TERMS],
        written_as_one(text),
        _neighbours_of(asked_words[:MOST_TERMS], terms),
        names,
    )


def _tells(word: str, names: Collection[str]) -> bool:
    """Whether a word of a question says what it is about."""
    return word not in STOP_WORDS or word in names


def _names_in(text: str) -> Iterator[str]:
    """The words written as names. A capital that begins a sentence, or all of a text, says nothing."""
    shouted = text.isupper()
    begins = True
    for chunk in text.split():
        capitals = any(map(str.isupper, chunk if not begins else chunk.lstrip("\"'(")[1:]))
        if (capitals and not shouted) or any(map(str.isdigit, chunk)):
            in_capitals = set(map(str.lower, _CAPITALS.findall(chunk)))
            yield from (word for word in words(chunk) if word not in STOP_WORDS or word in in_capitals)
        begins = chunk.rstrip("\"')")[-1:] in tuple(".?!:;")


def _neighbours_of(words: Sequence[str], terms: Sequence[str]) -> dict[str, list[tuple[str, ...]]]:
    """By each term, the runs of two or three terms that it is one of; the longest first."""
    runs: dict[str, list[tuple[str, ...]]] = {term: [] for term in terms}
    for count in (3, 2):
        for run in zip(*(words[start:] for start in range(count)), strict=False):
            if runs.keys() >= set(run) and not any(map(is_paired, run)):
                for word in run:
                    runs[word].append(run)
    return runs
