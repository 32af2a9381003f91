"""How much of one text another holds, by runs of three words: linear in both, blind to markup and order."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import TYPE_CHECKING

from indexer.extract.dom import text_of
from indexer.records import Article, Loss

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_RUN_WORD = re.compile(r"\w+")
RUN_LENGTH = 3
"""Words compared at once: single words stand everywhere, sentences are cut at other places."""

HELD_FROM = 0.5
"""The share of an element's runs from which on the article holds it."""
_KIND_OF_PIECE = {
    **dict.fromkeys(("h1", "h2", "h3", "h4", "h5", "h6"), "headings"),
    **dict.fromkeys(("ul", "ol", "dl"), "lists"),
    "pre": "code",
    "table": "tables",
}


def runs(texts: Iterable[str]) -> list[int]:
    """The hashes of all runs of :data:`RUN_LENGTH` words, within a text; a shorter text is one run."""
    hashes: list[int] = []
    for text in texts:
        words = _RUN_WORD.findall(text.lower())
        hashes.extend(
            hash(tuple(words[at : at + RUN_LENGTH]))
            for at in range(max(1, len(words) - RUN_LENGTH + 1))
            if words
        )
    return hashes


def held(part: Iterable[str], whole: Iterable[str]) -> float:
    """The share of the runs of ``part`` that are in ``whole``, 0 to 1; 1 for a part without words."""
    wanted, there = runs(part), set(runs(whole))
    return sum(run in there for run in wanted) / len(wanted) if wanted else 1.0


def pieces_of(frame: HtmlElement) -> list[tuple[str, str]]:
    """The text of a frame, then its headings, code, lists and tables by the names of :class:`Loss`.

    A list or table inside another is a part of it.
    """
    pieces = [("", " ".join(map(str, frame.itertext())))]
    inside: set[HtmlElement] = set()
    for element in frame.iter():
        kind = _KIND_OF_PIECE.get(str(element.tag))
        nested = element.getparent() in inside
        if nested or kind in ("lists", "tables"):
            inside.add(element)
        if kind and not (nested and kind in ("lists", "tables")):
            pieces.append((kind, text_of(element)))
    return pieces


def loss(pieces: list[tuple[str, str]], article: Article) -> Loss:
    """What of a frame's pieces the article does not hold."""
    short = [line for line in article.text.split("\n") if len(line.split()) < RUN_LENGTH]
    there = set(runs([article.title, article.text, *short]))
    counts: Counter[str] = Counter()
    share = 0.0
    for kind, text in pieces:
        wanted = runs([text])
        kept = sum(run in there for run in wanted) / len(wanted) if wanted else 1.0
        if not kind:
            share = round(1 - kept, 3)
        elif kept < HELD_FROM:
            counts[kind] += 1
    return Loss(share, **counts)
