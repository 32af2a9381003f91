"""What is stored comes back as it was, and what older versions stored can still be read."""

from __future__ import annotations

import json

from indexer.records import Article, Block
from indexer.store.codec import article_of, article_row, deflated, inflated

ARTICLE = Article(
    "A title",
    "A heading\n\nSome words that are shown.",
    (
        Block("heading", 0, 9, ("A heading",), "id"),
        Block("paragraph", 11, 37, ("A heading",), "id", shown=((11, 26), (16, 37))),
    ),
)


def test_an_article_comes_back_as_it_was() -> None:
    """With the stretches of its blocks that the page shows."""
    assert article_of(article_row(ARTICLE)) == ARTICLE


def test_blocks_of_older_versions_are_read() -> None:
    """They say nothing of what the page shows."""
    row = article_row(ARTICLE)
    blocks = [block[:6] for block in json.loads(inflated(row["blocks"]))]
    older = {**row, "blocks": deflated(json.dumps(blocks))}
    assert [block.shown for block in article_of(older).blocks] == [(), ()]
    assert [block.anchor for block in article_of(older).blocks] == ["id", "id"]
