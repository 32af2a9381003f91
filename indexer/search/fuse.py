"""Two retrievers, one ranking: pure functions over arrays.

Both give exact scores for the union of both lists; these are brought to the same scale by their mean
and deviation over that union (Wu et al., Score standardization for inter-collection comparison, SIGIR
2006, applied to a list) and added up. Nothing depends on the order in which candidates are given.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from indexer.arrays import Doubles, Ids, Vectors
    from indexer.config import SearchConfig


def standardise(scores: Doubles) -> Doubles:
    """Scores (n,) in deviations from their mean; zeros where they are all the same."""
    # Summed in sorted order: floating point addition must not see the order of the candidates.
    ordered = np.sort(scores)
    deviation = ordered.std() if len(ordered) else 0.0
    if deviation < 1e-9:
        return np.zeros_like(scores)
    return np.asarray((scores - ordered.mean()) / deviation, dtype=np.float64)


def sides(dense: Doubles, lexical: Doubles, weight: float, most: float) -> tuple[Doubles, Doubles]:
    """What cosines and BM25 each give to the merged scores of candidates, (n,) both; their sum is the score.

    ``weight`` in [0, 1] goes to the lexical side, whose deviations count up to ``most``: where few candidates
    have a word, they stand far out, also where the word is rare by chance.
    """
    return (1.0 - weight) * standardise(dense), weight * np.minimum(standardise(lexical), most)


def order(ids: Ids, scores: Doubles) -> npt.NDArray[np.intp]:
    """The places (n,) of candidates, best first; the smaller id first where scores tie."""
    return np.lexsort((ids, -scores))


def specificity(counts: Doubles, passages: int) -> float:
    """How rare the words of a query are in the library: 0 (everywhere, or nowhere) to 1 (in one passage).

    The inverse document frequencies of the words that occur, on a scale where 1 is a word of a single
    passage, averaged with themselves as weights so that one name outweighs the words around it; times the
    share of words that occur at all: where the library has few of them, a rare one is rare by chance.

    Args:
        counts: in how many passages each word occurs, (words,).
        passages: how many there are.
    """
    found = np.sort(counts[counts > 0])
    if not len(found):
        return 0.0
    rarity = np.log1p((passages - found + 0.5) / (found + 0.5)) / np.log(passages + 1.0)
    return float(min(1.0, (rarity**2).sum() / rarity.sum()) * len(found) / len(counts))


def cohesion(vectors: Vectors) -> float:
    """How much passages speak of the same: the mean cosine of all pairs of ``vectors`` (n, dimension)."""
    return float((vectors @ vectors.T).mean()) if len(vectors) else 0.0


def lexical_weight(
    specific: float, cohesion_gap: float, left_to_vector: float, config: SearchConfig
) -> float:
    """The lexical share of the mixture for one question.

    Rare words, names and identifiers: the encoder has never seen them, the words must tell. Else the best
    weight is flat. That all words are common says nothing: in a library on one topic they always are. But of
    words that the library does not have and the encoder knows, BM25 sees nothing, and what it says of the
    others is said of less than was asked.

    Args:
        specific: :func:`specificity` of the query.
        cohesion_gap: cohesion of the lexical list's best passages minus that of the dense list's: the list
            whose best passages agree among themselves is more often right.
        left_to_vector: the share of the question's words that only its vector speaks for.
        config: the constants.
    """
    weight = config.lexical_weight + config.cohesion_slope * cohesion_gap
    weight += config.rarity_slope * max(0.0, specific - config.rare)
    return float(np.clip(weight, 0.0, config.most_lexical)) * (1.0 - left_to_vector)


def rocchio(
    question: Vectors, best: Vectors, scores: Doubles, term_count: int, config: SearchConfig
) -> Vectors:
    """The question's vector (dimension,) moved towards the best passages (n, dimension), unit length.

    Rocchio's pseudo-relevance feedback (The SMART retrieval system, 1971, chapter 14) on dense vectors. The
    better their ``scores`` (n,), best first, the more passages count. The more words the
    question has (``term_count``), the further it moves: short ones find less that way (``BENCHMARKS.md``).
    """
    if not len(best):
        return question
    shares = np.exp(config.feedback_slope * (scores - scores[0]))
    shares *= min(1.0, config.feedback_per_word * term_count) / shares.sum()
    moved = question + shares.astype(np.float32) @ best
    length = np.linalg.norm(moved)
    return np.asarray(moved / length, dtype=np.float32) if length > 1e-6 else question
