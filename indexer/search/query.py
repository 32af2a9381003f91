"""A question in words, taken apart for the lexical index.

BM25 rewards a passage for each of the words, and for the rare ones most. Stop words are dropped,
unless nothing else is left ("to be or not to be"). Lexical nDCG@10 with and without them dropped,
passages cut at 254 tokens: CACM 0.452 and 0.427, Cranfield 0.367 and 0.361, SciFact 0.686 and 0.687.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from indexer.errors import EmptyQuestion
from indexer.index.words import fold, is_name, pairs

MOST_TERMS = 64
"""Terms that are searched; who pastes a page is served by its first words and by the dense list."""

_QUERY_WORD = re.compile(r"[^\W_]+(?:['\u2019\-_./+:@][^\W_]+)*")
_PART = re.compile(r"[^\W_]+")

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


@dataclass(frozen=True, slots=True)
class Query:
    """A question taken apart. ``terms`` are single words in lower case, in order, without repetition."""

    text: str
    terms: tuple[str, ...]
    compounds: tuple[str, ...] = ()
    """Names of several parts ("kip-500", "node.js"), whose parts are searched as neighbours too."""

    @property
    def words(self) -> tuple[str, ...]:
        """What the lexical index is asked: the terms, and the pairs of parts of the names."""
        return (*self.terms, *(pair for name in self.compounds for pair in pairs(name)))


def analyse(question: str) -> Query:
    """Take a question apart.

    Raises:
        EmptyQuestion: what was asked has neither letters nor digits.
    """
    # A lone surrogate (from a broken terminal) can be neither searched nor embedded.
    text = " ".join(question.encode("utf-8", "replace").decode().replace("\0", " ").split())
    words = [match[0] for match in _QUERY_WORD.finditer(fold(text))]
    if not words:
        raise EmptyQuestion('nothing was asked; say what you look for, such as "retry a failed payment"')
    parts = dict.fromkeys(part for word in words for part in _PART.findall(word))
    terms = [part for part in parts if part not in STOP_WORDS] or list(parts)
    compounds = dict.fromkeys(word for word in words if _is_name(word))
    return Query(text, tuple(terms[:MOST_TERMS]), tuple(compounds)[:MOST_TERMS])


def _is_name(word: str) -> bool:
    """Whether a word is a name of several parts, none of which is a mere function word."""
    parts = _PART.findall(word)
    if len(parts) < 2 or any(part in STOP_WORDS for part in parts):
        return False
    return is_name(word)
