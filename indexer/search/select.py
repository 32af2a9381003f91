"""What is shown of a ranking: so many of each article, and no passage twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.records import PassageRow, Vectors


def select(
    rows: Sequence[PassageRow], vectors: Vectors, *, k: int, per_article: int, same: float
) -> list[int]:
    """The places of the rows to show, best first.

    Left out are passages beyond ``per_article`` of their article, and repetitions of a passage already
    shown: in the same article one with a cosine of at least ``same``; in another article only a mirror's,
    which has the same title and word for word the same text. Passages that two articles have nearly in
    common both stay, for each article is an answer of its own.

    Args:
        rows: the candidates in the order of their rank.
        vectors: their vectors, (rows, dimension).
        k: how many to show.
        per_article: the most of one article.
        same: the cosine from which two passages of one article say the same.
    """
    shown: list[int] = []
    count: Counter[int] = Counter()
    mirrored: set[tuple[str, str]] = set()
    for place, row in enumerate(rows):
        if len(shown) == k:
            break
        words = (row.title, " ".join(row.passage.text.split()))
        siblings = [other for other in shown if rows[other].article_id == row.article_id]
        if (
            count[row.article_id] >= per_article
            or words in mirrored
            or (siblings and float((vectors[siblings] @ vectors[place]).max()) >= same)
        ):
            continue
        shown.append(place)
        count[row.article_id] += 1
        mirrored.add(words)
    return shown
