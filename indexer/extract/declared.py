"""What a page declares about itself in the words of schema.org and Open Graph."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_THREAD = re.compile(r"\b(?:QAPage|DiscussionForumPosting)\b")
_ARTICLE = re.compile(r"(?:^|/)(?:\w{0,40}Article|BlogPosting|LiveBlogPosting|Report)$")
DEPTH = 6
"""Levels of JSON-LD looked into: a graph's node's part is the fourth."""


def declares_thread(tree: HtmlElement) -> bool:
    """Whether the page says that it is a thread or a question with answers."""
    root = tree.getroottree().getroot()
    kinds = (element.get("itemtype", "") for element in root.iter("html", "body", "main", "div", "article"))
    return any(map(_THREAD.search, kinds)) or any(_THREAD.search(text) for text in _json_texts(root))


def declares_article(tree: HtmlElement) -> bool:
    """Whether the page says that it is one article."""
    for meta in tree.iter("meta"):
        if meta.get("property") == "og:type" and meta.get("content", "").lower() == "article":
            return True
    if any(
        _ARTICLE.search(element.get("itemtype", ""))
        for element in tree.iter("body", "main", "div", "article")
    ):
        return True
    return any(_is_article(thing) for thing in things(tree))


def article_body(tree: HtmlElement) -> str:
    """The longest ``articleBody`` of the page's JSON-LD, ``""`` if there is none."""
    bodies = [thing["articleBody"] for thing in things(tree) if isinstance(thing.get("articleBody"), str)]
    return max(bodies, key=len, default="")


def _is_article(thing: dict[str, Any]) -> bool:
    kinds = thing.get("@type")
    return any(
        isinstance(kind, str) and _ARTICLE.search(kind)
        for kind in (kinds if isinstance(kinds, list) else [kinds])
    )


def things(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """All objects of the page's JSON-LD, down to :data:`DEPTH`; what is no JSON is left out."""
    for text in _json_texts(tree):
        try:
            level = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        for _ in range(DEPTH):
            below: list[Any] = []
            for value in level:
                if isinstance(value, dict):
                    yield value
                    below.extend(value.values())
                elif isinstance(value, list):
                    below.extend(value)
            level = below


def _json_texts(tree: HtmlElement) -> Iterator[str]:
    for script in tree.iter("script"):
        if script.get("type", "").strip().lower() == "application/ld+json" and script.text:
            yield script.text
