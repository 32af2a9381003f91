"""What is shown of a ranking: so many of each article, and no passage twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.arrays import Vectors
    from indexer.search.retrieve import Candidate


def select(candidates: Iterable[Candidate], *, k: int, per_article: int, same: float) -> list[Candidate]:
    """The candidates to show, best first; no more are read than needed.

    Left out are passages beyond ``per_article`` of their article, and repetitions of a passage already
    shown: in the same article one with a cosine of at least ``same``; in another article only a mirror's,
    which has the same title and word for word the same text. Passages that two articles have nearly in
    common both stay, for each article is an answer of its own.

    Args:
        candidates: in the order of their rank.
        k: how many to show.
        per_article: the most of one article.
        same: the cosine from which two passages of one article say the same.
    """
    shown: list[Candidate] = []
    vectors_of: dict[int, list[Vectors]] = {}
    texts: set[tuple[str, str]] = set()
    if k < 1:
        return shown
    for candidate in candidates:
        row = candidate.row
        siblings = vectors_of.setdefault(row.article_id, [])
        text = (row.title, " ".join(row.passage.text.split()))
        if (
            len(siblings) >= per_article
            or text in texts
            or any(float(sibling @ candidate.vector) >= same for sibling in siblings)
        ):
            continue
        shown.append(candidate)
        siblings.append(candidate.vector)
        texts.add(text)
        if len(shown) == k:
            break
    return shown
