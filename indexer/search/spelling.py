"""What the words of a question must have meant that occur nowhere in the library.

1. A name written as one (``kip500``) is its parts, where texts write it apart.
2. Neighbouring words (``dot net``) are one, where texts write them as one.
3. A mistyped word is the nearest of the library's vocabulary. Words are compared, and where none is near,
   stems: of ``distrbution`` and ``distributed`` only these are.
4. A word that the encoder knows (``steak``) is none of these: it is only foreign to the library, and left to
   the vector. Where words alone are searched there is nothing else to go by, and it is taken for mistyped.

A correction is a guess. How far it is to be trusted follows from how many words are as near by chance, and
so far it counts where the answer is judged. What is embedded is the question as it was asked, unless nothing
of it occurs. With a word of each sample question mistyped the corrected text finds as much, 0.90 of the
pages first.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from indexer.index.words import fold, is_paired

if TYPE_CHECKING:
    from indexer.arrays import Doubles
    from indexer.records import Encoder
    from indexer.search.query import Query
    from indexer.store.snapshot import Snapshot

SHORTEST_CORRECTED = 5
"""Letters of a word that may be a mistyped one; shorter ones have too many neighbours."""
SHORTEST_ALONE = 3
"""The same where nothing that was asked for occurs, so that nothing can be made worse."""
LONG_WORD = 9
"""Letters from which a word may have two mistakes instead of one."""
MISTAKE = 18.0
"""How fast trust in a correction falls with the share of a word's letters that were wrong, squared. Of
English words of five letters that the SciFact abstracts do not hold, 0.74 are one mistake away from one that
they do, 0.51 of those of six letters, 0.34 of seven, 0.27 of eight, 0.12 of nine; the trust that is left is
0.28, 0.50, 0.63, 0.72, 0.78."""


@dataclass(frozen=True, slots=True)
class Meant:
    """A question's words as they are searched.

    The text of ``query`` is what is to be embedded. ``counts`` (terms,) says in how many passages each is,
    ``trust`` (terms,) how far it is what was asked: 1 but for words that were corrected. ``left_to_vector``
    is the share of the words asked for that occur nowhere, were taken for no others, and that the encoder
    knows.
    """

    query: Query
    counts: Doubles
    trust: Doubles
    left_to_vector: float
    notices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Found:
    """Words of the library in place of some that were asked for, and how far to trust that they are meant."""

    words: tuple[str, ...]
    instead_of: tuple[str, ...]
    trust: float = 1.0


def understood(snapshot: Snapshot, query: Query, encoder: Encoder | None) -> Meant:
    """What the question means in this library: words that occur nowhere are taken for what does.

    ``encoder`` is what embeds it; None where words alone are searched.
    """
    counts = snapshot.occurrences(query.terms)
    alone = not any(counts)
    found: dict[str, _Found] = {term: _Found((term,), (term,)) for term in query.terms}
    missing = [term for term, count in zip(query.terms, counts, strict=True) if not count]
    # Not numbers: encoders have many as tokens, and say little of them.
    known = {term for term in missing if encoder and term.isalpha() and encoder.knows(term)}
    notices = []
    for term in missing:
        # Of short words encoders know many that nobody means: lok.
        may_be_mistyped = term not in known if len(term) >= SHORTEST_CORRECTED else alone
        if meant := _meant(snapshot, query, term, may_be_mistyped=may_be_mistyped):
            known -= set(meant.instead_of)
            found |= dict.fromkeys(meant.instead_of, meant)
            if meant.words != tuple(query.parts.get(term, ())):
                notices.append(f"nothing has {term!r}; searched for {meant.words[0]!r}")
    trust: dict[str, float] = {}
    for one in found.values():
        trust |= {word: max(one.trust, trust.get(word, 0.0)) for word in one.words}
    text = " ".join(trust) if alone and notices else query.text
    searched = replace(query, text=text, terms=tuple(trust))
    occurrences = np.array(snapshot.occurrences(searched.terms), np.float64)
    left = len(known) / len(query.terms)
    return Meant(searched, occurrences, np.array(list(trust.values())), left, tuple(notices))


def _meant(snapshot: Snapshot, query: Query, term: str, *, may_be_mistyped: bool) -> _Found | None:
    """What a word that occurs nowhere is: its parts, one with its neighbours, a mistake, or none of these."""
    if any(snapshot.occurrences(parts := query.parts.get(term, ()))):
        return _Found(tuple(parts), (term,))
    for run in query.runs.get(term, ()):
        if any(snapshot.occurrences(["".join(run)])):
            return _Found(("".join(run),), run)
    as_typed = term in fold(query.text)  # and not C++, said as it is read
    return corrected(snapshot, term) if may_be_mistyped and as_typed else None


def corrected(snapshot: Snapshot, term: str) -> _Found | None:
    """The word of the library that ``term``, which occurs nowhere, was most likely meant to be.

    One mistake (a letter too many, too few, wrong, or two swapped), two from nine letters on; the first
    letter is taken to be right. Of several the nearest, of these the more frequent.
    """
    if len(term) < SHORTEST_ALONE or not term.isalpha() or is_paired(term):
        return None
    # Here, not above: most questions have no unknown word, and it takes 30 ms to import.
    from rapidfuzz.distance import OSA
    from rapidfuzz.process import extract

    vocabulary = snapshot.vocabulary(term[0])
    words = list(vocabulary.values())
    most = 1 if len(term) < LONG_WORD else 2
    # Words first: a stem is shorter, and so has more neighbours (clash: crash, but also class).
    for asked, known in ((term, words), (snapshot.stem(term), list(vocabulary))):
        near = extract(asked, known, scorer=OSA.distance, score_cutoff=most, limit=None)
        if best := _most_frequent(snapshot, ((words[at], edits) for _, edits, at in near)):
            word, edits = best
            return _Found((word,), (term,), max(0.0, 1.0 - MISTAKE * (edits / len(asked)) ** 2))
    return None


def _most_frequent(snapshot: Snapshot, near: Iterable[tuple[str, int]]) -> tuple[str, int] | None:
    """Of words and their mistakes the one with the fewest, of these the most frequent; it must occur."""
    edits = dict(near)
    often = dict(zip(edits, snapshot.frequencies(list(edits)), strict=True))
    held = [word for word in edits if often[word]]
    best = min(held, key=lambda word: (edits[word], -often[word]), default=None)
    return (best, edits[best]) if best else None
