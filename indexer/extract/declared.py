"""What a page declares about itself in the words of schema.org and Open Graph."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_THREAD = re.compile(r"\b(?:QAPage|DiscussionForumPosting)\b")
_DECLARED_KINDS = {
    "article": re.compile(r"(?:^|/)(?:\w{0,40}Article|BlogPosting|LiveBlogPosting|Report)$"),
    "product": re.compile(r"(?:^|/)Product(?:Group)?$"),
}
MAX_DEPTH_OF_DATA = 6
"""Levels of JSON-LD looked into: a graph's node's part is the fourth."""


def declares_thread(tree: HtmlElement) -> bool:
    """Whether the page says that it is a thread or a question with answers."""
    root = tree.getroottree().getroot()
    kinds = (element.get("itemtype", "") for element in root.iter("html", "body", "main", "div", "article"))
    return any(map(_THREAD.search, kinds)) or any(_THREAD.search(text) for text in _json_texts(root))


def declares(tree: HtmlElement, kind: str) -> bool:
    """Whether the page says that it is an ``article`` or a ``product``."""
    for meta in tree.iter("meta"):
        if meta.get("property") == "og:type" and meta.get("content", "").lower().startswith(kind):
            return True
    schema = _DECLARED_KINDS[kind]
    if any(schema.search(part.get("itemtype", "")) for part in tree.iter("body", "main", "div", "article")):
        return True
    return any(schema.search(name) for thing in things(tree) for name in _types(thing))


def article_body(tree: HtmlElement) -> str:
    """The longest ``articleBody`` of the page's JSON-LD, ``""`` if there is none."""
    bodies = [thing["articleBody"] for thing in things(tree) if isinstance(thing.get("articleBody"), str)]
    return max(bodies, key=len, default="")


def _types(thing: dict[str, Any]) -> list[str]:
    types = thing.get("@type")
    return [name for name in (types if isinstance(types, list) else [types]) if isinstance(name, str)]


def things(tree: HtmlElement) -> Iterator[dict[str, Any]]:
    """All objects of the page's JSON-LD, down to :data:`MAX_DEPTH_OF_DATA`; what is no JSON is left out."""
    for text in _json_texts(tree):
        try:
            level = [json.loads(text, strict=False)]
        except (ValueError, RecursionError):
            continue
        for _ in range(MAX_DEPTH_OF_DATA):
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
