"""A small library with all that an export has to carry, and the command line called in this process."""

from __future__ import annotations

import pytest

from indexer.extract.blocks import ArticleBuilder
from indexer.records import Article, Follow, Link
from tests.store.shelving import Shelf, article, outcome
from tests.whole.conftest import run

__all__ = ["run"]

HOSTILE = "--- <script>alert(1)</script> ]] %%x%% ==y== [a](javascript:b) &amp; \"'|`# é 中"
FIRST = Link(
    "https://a.example.org/one?x=1#part",
    "Patterns",
    "Mine",
    f"note {HOSTILE}\n---\nb: 1",
    ("x", "no"),
    Follow("site"),
)
SECOND = Link("https://b.example.org/two", "Tools & <i>", tags=("x", "C++ / C"))
BARE = Link("https://c.example.org/nothing-held", "Patterns", note="not fetched yet")
LINKS = (FIRST, BARE, SECOND)


def rich_article() -> Article:
    """An article with a block of each kind, each with what has a meaning in Markdown."""
    builder = ArticleBuilder(HOSTILE)
    builder.add("paragraph", f"{HOSTILE}\n    indented, and\n# no heading\n1. no list\n===")
    builder.heading("A heading # with marks #", 2)
    builder.add("list", f"first\n- second\n{HOSTILE}")
    builder.heading("Deeper", 3)
    builder.add("code", "if a:\n    print('```')\n````\nend")
    builder.add("table", "head | other\nx | y | z\n---\n| |")
    builder.add("quote", "said\n> twice\n\nagain")
    return builder.article(author="An author", published="2026-01-01", language="en", site="a.example.org")


@pytest.fixture
def library(shelf: Shelf) -> Shelf:
    """Two links with articles, one of them with a second page, and one link without."""
    log = shelf.log()
    log.record(outcome(FIRST, rich_article(), body=b"<html>one</html>"))
    log.record(
        outcome(FIRST, article("A page below."), page_url="https://a.example.org/below", body=b"below")
    )
    log.record(outcome(SECOND, article("Two.", "More of two.", title="no"), body=b"<html>two</html>"))
    shelf.publish(*LINKS)
    return shelf
