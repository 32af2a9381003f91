"""Notices that stand in an article's place: out of order, moved, gone, not for you.

A notice is known as a kind, not by a list of texts: a short text whose title, heading or first sentence is
made of hardly anything but the words of notices, and no other content. The less of this is certain, the more
of what notices say besides must be in the text: an apology, advice, a promise. Whether a page is short enough
is decided in :mod:`indexer.crawl.verdict`; the words are in :mod:`indexer.crawl.notice_words`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from indexer.counting import count_words
from indexer.crawl import markers, notice_words
from indexer.records import Article, Judgement, Verdict

_SEARCHED = 10_000
"""Characters of a text that are searched; notices have a tenth of that."""
_LONGEST_HEAD = 200
"""Characters of a title or sentence that may be the head of a notice."""
_STRANGE = 3
"""Words of a head that are no words of notices, such as the name of the site, up to half of all."""
_CLEAR = 4
"""Words of a head that leaves no doubt, if all are words of notices."""
_FEW = 40
"""Words below which a text with such a head has no place for anything else, and one without a head may be a
notice all the same."""
_PLENTY = 3
"""Kinds of evidence that need no head. Beginnings of articles of 40 to 80 words came to as many by chance: 25
of the 1,200 pages that ``tests/whole/test_large.py`` serves, before their length counted."""
_STRUCTURE = 2
"""Headings, tables and pieces of code; a text with more of them has a content."""
_TITLE_BAR = re.compile(r"\s[|\u00b7\u2022\u00bb\u00ab\u2013\u2014-]+\s|[|\u00bb]")
_HEAD_END = re.compile(r"[.!?\n](?:\s|$)|[\u3002\uff01]")
_UNNAMED = notice_words.Kind(re.compile(""), Verdict.SOFT_404, "only a notice")
_ADDRESS = re.compile(r"(?<!\S)\S+\.[a-z]{2,}\b")


def notice(article: Article, body: bytes, *, alone: bool) -> Judgement | None:
    """What a notice says, and what that makes of its page; None for any other page.

    Args:
        article: what was read of the page, short enough for a notice.
        body: the page; its own headings count as well.
        alone: whether the page shows hardly anything else.
    """
    text = (_shortest(article.text, body) if alone else article.text)[:_SEARCHED]
    sections = sum(block.kind in ("heading", "code", "table") for block in article.blocks)
    if sections > _STRUCTURE or notice_words.DEFINES.search(text):
        return None
    for head in _heads(article, text, body):
        kind = next((kind for kind in notice_words.KINDS if kind.pattern.search(head)), None)
        if kind and _is_enough(head, article.site, text.replace(head, ""), alone=alone):
            return _judged(kind, head, text)
    own = alone and article.text.startswith(text)  # banners and footers speak like notices
    if own and count_words(text) < _FEW and _evidence(text) >= _PLENTY:
        return _judged(_UNNAMED, text, text)
    return None


def _shortest(text: str, body: bytes) -> str:
    """The text of the article, or what the page shows outside links where the article has menus in it."""
    beside_links = markers.text_beside_links(body)
    if "\ufffd" in beside_links:  # the article was decoded with more care
        return text
    return beside_links if not text or 0 < count_words(beside_links) < count_words(text) else text


def _judged(kind: notice_words.Kind, head: str, text: str) -> Judgement:
    """The judgement on a notice of some kind; one that speaks of cookies wants them, whatever its head."""
    if notice_words.COOKIES.pattern.search(text):
        kind = notice_words.COOKIES
    return Judgement(kind.verdict, f"no article, {kind.reason}: {head[:80]!r}")


def _is_enough(head: str, site: str, text: str, *, alone: bool) -> bool:
    """Whether the head of a notice and the text below it are one."""
    words = re.findall(r"[^\W\d_]+", _ADDRESS.sub(" ", head.casefold()))
    known = notice_words.WORDS | set(re.findall(r"[^\W\d_]+", site.casefold()))
    strange = sum(word.isascii() and word not in known for word in words)
    if strange > min(_STRANGE, len(words) / 2):
        return False
    evidence = _evidence(text)
    if strange or not alone:
        return evidence >= (3 if strange and not alone else 2)
    certain = len(words) >= _CLEAR or count_words(text) < _FEW
    return certain or evidence > 0 or notice_words.ADDRESSES.search(text) is not None


def _evidence(text: str) -> int:
    """How many kinds of things a text says that notices say."""
    return sum(pattern.search(text) is not None for pattern in notice_words.EVIDENCE)


def _heads(article: Article, text: str, body: bytes) -> Iterator[str]:
    """What may be the head of a notice: the title and its parts, headings, the first two sentences."""
    blocks = (article.text[block.start : block.end] for block in article.blocks if block.kind == "heading")
    candidates = [article.title, *_TITLE_BAR.split(article.title[:_LONGEST_HEAD]), *blocks]
    candidates += [*_page_headings(body), *_HEAD_END.split(text[: 2 * _LONGEST_HEAD])[:2]]
    for candidate in dict.fromkeys(candidates):
        head = " ".join(candidate[: _LONGEST_HEAD + 1].replace("\u2019", "'").split()).strip(" .!?")
        if head and len(head) <= _LONGEST_HEAD:
            yield head


def _page_headings(body: bytes) -> list[str]:
    """The texts of the first headings on the page itself."""
    headings: list[str] = []
    for element in markers.elements(body):
        if element.name in ("h1", "h2"):
            if len(headings) > _STRUCTURE:
                break
            headings.append("")
        if headings and element.inside & {"h1", "h2"}:
            headings[-1] += f" {element.text}"
    return headings
