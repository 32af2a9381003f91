"""Several ``article`` elements on one page: parts of one text, or other stories below the link's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.counting import count_words
from indexer.extract.dom import text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

SMALLEST_PART = 0.05
"""The least share of its siblings' words that makes an ``article`` more than a teaser."""


def choose_articles(tree: HtmlElement) -> None:
    """Leaves one ``article`` where several stand side by side.

    If each of them has a title of its own (``h1``), the first is the link's and the others go, however long
    they are. If they have lower headings, or none, they are parts of what is around them (the releases of a
    changelog, the posts of a day), which becomes the ``article``.
    """
    for parent in {article.getparent(): None for article in tree.iter("article")}:
        if parent is None or next(parent.iterancestors("article"), None) is not None:
            continue
        articles = [child for child in parent if child.tag == "article"]
        if len(articles) < 2:
            continue
        if all(next(article.iter("h1"), None) is not None for article in articles):
            for other in articles[1:]:
                other.drop_tree()
        elif _are_parts(articles):
            for article in articles:
                article.tag = "section"
            if parent.tag != "body":
                parent.tag = "article"


def _are_parts(articles: list[HtmlElement]) -> bool:
    """Whether no article is much larger than all others, as one with teasers beside it is."""
    sizes = [count_words(text_of(article)) for article in articles]
    return max(sizes) < 0.8 * sum(sizes) and min(sizes) > SMALLEST_PART * max(sizes)
