"""Pages for the tests of extraction: the replayed web's without its sockets, and pages made by hand."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache

from indexer.records import Article, Page
from tests.replay.declared_web import Web


def page(
    body: bytes | str, *, url: str = "https://example.org/page", kind: str = "text/html; charset=utf-8"
) -> Page:
    """A page as the crawler hands it over."""
    data = body.encode() if isinstance(body, str) else body
    return Page(url, url, 200, {"content-type": kind} if kind else {}, data, datetime(2026, 1, 5, tzinfo=UTC))


def document(body: str, *, head: str = "<title>A page</title>") -> Page:
    """An HTML page of a body."""
    return page(f"<!doctype html><html lang='en'><head>{head}</head><body>{body}</body></html>")


@cache
def web() -> Web:
    """The declared web of the replay: its rules, articles and templates."""
    return Web()


def replayed(url: str, *, template: str = "") -> Page:
    """The page that the replay serves at a URL, in its own charset and called what the replay calls it."""
    rule = web().rules[url]
    rule = replace(rule, template=template or rule.template)
    declared = rule.charset if rule.declared is None else rule.declared
    kind = "text/html" + (f"; charset={declared}" if declared else "")
    return page(web().page(rule).encode(rule.charset, "xmlcharrefreplace"), url=url, kind=kind)


def texts(article: Article, kind: str) -> list[str]:
    """The texts of all blocks of a kind."""
    return [article.text[block.start : block.end] for block in article.blocks if block.kind == kind]


def clean(article: Article) -> bool:
    """Whether an article holds no control, surrogate or private character and no direction mark."""
    paths = {text for block in article.blocks for text in (*block.headings, block.anchor)}
    shown = "".join([article.title, article.text, article.author, article.site, *paths]).replace("\n", "")
    return STEERING.isdisjoint(shown) and not any(
        unicodedata.category(char) in ("Cc", "Cs", "Co") for char in shown
    )


def count_words(counted: Sequence[str]) -> list[int]:
    """A tokenizer that takes each word for a token and adds two special ones."""
    return [len(text.split()) + 2 for text in counted]


FILLER = (
    "It carries no meaning of its own, only enough words to pass for a paragraph: a server answers, a client "
    "asks again, a queue holds what cannot be done at once, and somebody writes down why."
)

STEERING = {
    *"\u061c\u200b\u200e\u200f\ufeff\xad",
    *map(chr, range(0x202A, 0x202F)),
    *map(chr, range(0x2060, 0x206A)),
}
"""What steers the direction of a text, or is not seen."""
