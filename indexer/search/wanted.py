"""Which of a question's words a text holds, and what they weigh."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from indexer.index.words import is_paired, words_and_forms

if TYPE_CHECKING:
    from indexer.search.spelling import Meant
    from indexer.store.snapshot import Snapshot

SPANNING = 0.5
"""What a pair of characters weighs that the library does not have: about half of a text's span two words."""


class Wanted:
    """The words of one question, rare ones weighing more.

    A word that the library does not know weighs as much as the rarest that it knows. So does one that was
    corrected; a text has it as far as the correction is to be trusted.
    """

    def __init__(self, snapshot: Snapshot, meant: Meant) -> None:
        counts = np.where(meant.trust < 1.0, 0.0, meant.counts)
        passages = snapshot.generation.passages
        self._rarity = np.log1p((passages - counts + 0.5) / (counts + 0.5))
        self._rarity *= [
            SPANNING if not count and is_paired(term) else 1.0
            for term, count in zip(meant.query.terms, counts, strict=True)
        ]
        self._trust = meant.trust
        self._stem = snapshot.stem
        self._stems = [snapshot.stem(term) for term in meant.query.terms]
        self.rarities = dict(zip(meant.query.terms, self._rarity.tolist(), strict=True))
        """By each word, in its order, what it weighs."""
        self._names = np.array([term in meant.query.names for term in meant.query.terms], np.bool_)
        self._known: dict[str, npt.NDArray[np.bool_]] = {}

    def held(self, text: str) -> npt.NDArray[np.bool_]:
        """Which of the words the text holds (words,).

        Remembered: all passages of an article have the same words of the user.
        """
        if text not in self._known:
            own = {self._stem(word) for some in words_and_forms(text) for word in some}
            self._known[text] = np.array([stem in own for stem in self._stems], np.bool_)
        return self._known[text]

    def share(self, text: str) -> float:
        """The share of the words that the text holds, 0 to 1."""
        whole = self._rarity.sum()
        return float((self._rarity * self._trust)[self.held(text)].sum() / whole) if whole else 0.0

    def lacks_name(self, *texts: str) -> bool:
        """Whether a name was asked for that none of the texts holds."""
        held = np.zeros(len(self._stems), np.bool_)
        for text in texts:
            held |= self.held(text)
        return bool((self._names & ~held).any())
