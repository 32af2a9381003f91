"""What is shown of a ranking: so many of each article, and no passage twice."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.arrays import Vectors
    from indexer.records import PassageRow


def select(
    rows: Iterable[tuple[PassageRow, Vectors]], *, k: int, per_article: int, same: float
) -> list[tuple[int, PassageRow]]:
    """The rows to show with their places in the ranking, best first; no more rows are read than needed.

    Left out are passages beyond ``per_article`` of their article, and repetitions of a passage already
    shown: in the same article one with a cosine of at least ``same``; in another article only a mirror's,
    which has the same title and word for word the same text. Passages that two articles have nearly in
    common both stay, for each article is an answer of its own.

    Args:
        rows: the candidates in the order of their rank, with their vectors (dimension,).
        k: how many to show.
        per_article: the most of one article.
        same: the cosine from which two passages of one article say the same.
    """
    shown: list[tuple[int, PassageRow]] = []
    said: dict[int, list[Vectors]] = {}
    seen: set[tuple[str, str]] = set()
    if k < 1:
        return shown
    for place, (row, vector) in enumerate(rows):
        siblings = said.setdefault(row.article_id, [])
        words = (row.title, " ".join(row.passage.text.split()))
        if (
            len(siblings) >= per_article
            or words in seen
            or any(float(sibling @ vector) >= same for sibling in siblings)
        ):
            continue
        shown.append((place, row))
        siblings.append(vector)
        seen.add(words)
        if len(shown) == k:
            break
    return shown
