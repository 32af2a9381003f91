"""What else speaks of the same: passages of other articles, by their vectors alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from indexer.errors import UnknownName
from indexer.records import Hit, Share
from indexer.search.answer import Related
from indexer.search.links import deep_link
from indexer.search.retrieve import ROWS_AT_ONCE, Candidate
from indexer.search.select import select

if TYPE_CHECKING:
    from indexer.passage_index import ScoredIds
    from indexer.store.snapshot import Snapshot

OF_PASSAGE = "SELECT article FROM passages WHERE id = ?"

ADDRESS_COLUMNS = ("page_url", "final_url", "link_url")
"""What an address may be, the nearest to one article first."""


def similar(snapshot: Snapshot, to: str | int, *, k: int, same: float) -> Related:
    """The ``k`` articles with the passages nearest to an article or a passage, one passage of each.

    An article's vector is the mean of its passages'.

    Args:
        snapshot: where to look.
        to: the address of an article or of a link, or a passage's id.
        k: how many.
        same: see :func:`indexer.search.select.select`.

    Raises:
        UnknownName: there is no such passage, or no article is held under this address.
    """
    articles, ids = _starting_from(snapshot, to)
    mean = snapshot.vectors(ids).mean(axis=0)
    vector = np.asarray(mean / max(float(np.linalg.norm(mean)), 1e-6), np.float32)
    # Until there are enough of others: the nearest may all be its own, or of one long article.
    limit = len(ids) + 10 * k
    while True:
        nearest = snapshot.dense(vector, limit=limit)
        others = (one for one in _neighbours(snapshot, nearest) if one.row.article_id not in articles)
        shown = select(others, k=k, per_article=1, same=same)
        if len(shown) == k or len(nearest) < limit:
            break
        limit *= 4
    hits = tuple(
        Hit(rank=rank, score=one.score, row=one.row, link=deep_link(one.row), shares=one.shares)
        for rank, one in enumerate(shown, start=1)
    )
    return Related(snapshot.rows(ids[:1])[0].title, hits)


def _starting_from(snapshot: Snapshot, to: str | int) -> tuple[set[int], list[int]]:
    """The articles that are meant, and the ids of their passages or of the one that is."""
    if isinstance(to, int):
        rows = snapshot.query(OF_PASSAGE, (to,))
        if not rows:
            raise UnknownName("passage", str(to), ())
        return {row["article"] for row in rows}, [to]
    for address in ADDRESS_COLUMNS:
        pages = [page for page in snapshot.pages if page[address] == to and page["passages"]]
        if pages:
            return {page["article"] for page in pages}, snapshot.passages_of(pages).tolist()
    known = [page[name] for page in snapshot.pages for name in ("page_url", "link_url")]
    raise UnknownName("article at", to, known)


def _neighbours(snapshot: Snapshot, nearest: ScoredIds) -> Iterator[Candidate]:
    """The passages in their order, read as far as they are asked for."""
    for start in range(0, len(nearest), ROWS_AT_ONCE):
        some = nearest[start : start + ROWS_AT_ONCE]
        ids = [number for number, _ in some]
        rows, vectors = snapshot.rows(ids), snapshot.vectors(ids)
        for at, (row, vector, (_, cosine)) in enumerate(zip(rows, vectors, some, strict=True), start + 1):
            yield Candidate(row, vector, cosine, {"dense": Share(at, cosine, cosine)})
