"""The ids that a page's headings can be reached by, and which of them an extracted heading is.

A heading is reached by its own id, the one its permalink names, one inside it, that of an element it opens
(``section``, ``div``, ``li``), or that of an empty ``a`` or ``span`` just before it or ``a`` after it. An
element that goes on to a heading of the same rank, or holds the whole post, is not the heading's. Where ids
repeat a browser opens the first, so the others are of no use.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from itertools import takewhile
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import unquote

from indexer.extract.blocks import comparable
from indexer.extract.clean import one_line
from indexer.extract.dom import HEADINGS, UNSEEN, text_of

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

WHOLE_POST = 0.5
"""The share of the page's text above which an element holds the post rather than a section of it."""
FOLLOWING = 400
"""Characters of the page after a heading among which the beginning of its section is looked for: dates,
bylines and captions that the article leaves out may come first."""
BEGINNING = 30
"""Letters of a section that tell its heading from others with the same words."""
MAX_EQUAL = 50
"""Headings with the same words that are looked through for one that fits."""


class Place(NamedTuple):
    """Where a heading is: the id it can be reached by, ``""`` if none, and the letters after it."""

    anchor: str
    following: str


class Anchors:
    """Gives extracted headings the ids that the page's own headings can be reached by, in order."""

    def __init__(self, tree: HtmlElement, places: Mapping[_Element, Place]) -> None:
        """``tree`` has its headings freed of permalinks; ``places`` were taken before."""
        self._places: dict[str, list[tuple[int, Place]]] = defaultdict(list)
        for number, element in enumerate(tree.iter(*HEADINGS)):
            if next(element.iterdescendants(*HEADINGS), None) is None:
                place = places.get(element) or Place(element.get("id", ""), "")
                self._places[comparable(text_of(element))].append((number, place))
        self._reached = -1

    def of(self, heading: str, following: str) -> str:
        """The anchor of the next heading with this text, ``""`` where the page has none.

        ``following`` is the text after it, which tells headings with the same text apart. Where it fits
        none of several, there is no telling which is meant.
        """
        places = self._places.get(comparable(heading), [])
        if len(places) == 1:
            return places[0][1].anchor
        beginning = comparable(following)[:BEGINNING]
        ahead = bisect_right(places, self._reached, key=lambda place: place[0])
        for number, place in places[ahead : ahead + MAX_EQUAL]:
            if beginning in place.following:
                self._reached = number
                return place.anchor
        return ""


def heading_places(tree: HtmlElement) -> dict[_Element, Place]:
    """Where every heading of the page is that has text.

    To be asked while the headings still have their permalinks, which say what id is meant. The time is
    linear in the length of the page.
    """
    names = _reachable(tree)
    spans, text = _laid_out(tree, names)
    opened: dict[int, list[_Element]] = defaultdict(list)
    for element in spans:
        opened[spans[element].start].append(element)
    headings = [element for element in spans if element.tag in HEADINGS and spans[element].length]
    sections = _section_ends(headings, spans)
    titles = Counter(element.tag for element in headings)["h1"]

    def opens(heading: _Element, element: _Element) -> bool:
        """Whether the element, which begins with the heading, is its section."""
        if heading.tag == "h1" and titles == 1:
            return False
        span = spans[element]
        return 0 < span.length <= WHOLE_POST * len(text) and span.end <= sections.get(heading, len(text))

    def anchor(heading: _Element) -> str:
        first = takewhile(lambda element: element is not heading, opened[spans[heading].start])
        before = [element for element in first if element in names][::-1]
        inside = [element for element in heading.iterdescendants() if element in names]
        after = [element for element in _empty_link_after(heading) if element in names]
        own = [heading] if heading in names else []
        linked = {unquote(link.get("href", "")) for link in heading.iter("a")}
        meant = [element for element in (*own, *before, *inside, *after) if f"#{names[element]}" in linked]
        around = [element for element in before if opens(heading, element)]
        marks = [element for element in before if element.tag in ("a", "span") and not spans[element].length]
        return next((names[element] for element in (*own, *meant, *inside, *around, *marks, *after)), "")

    return {
        heading: Place(anchor(heading), comparable(text[spans[heading].end : spans[heading].end + FOLLOWING]))
        for heading in headings
    }


class _Span(NamedTuple):
    """Where the text of an element is, in characters of the page's text."""

    start: int
    end: int

    @property
    def length(self) -> int:
        return self.end - self.start


def _reachable(tree: HtmlElement) -> dict[_Element, str]:
    """The elements that a browser opens for an id, or for the name of a link where no element has the id."""
    elements: dict[str, _Element] = {}
    for attribute, tag in (("id", "*"), ("name", "a")):
        for element in tree.iter(tag):
            name = element.get(attribute, "")
            if name and one_line(name) == name and element.tag not in ("html", "body", "main"):
                elements.setdefault(name, element)
    return {element: name for name, element in reversed(elements.items())}


def _laid_out(tree: HtmlElement, names: Mapping[_Element, str]) -> tuple[dict[_Element, _Span], str]:
    """Where the headings and all elements with a name are, in document order, and the page's visible text.

    Text without a letter or digit (permalink signs, bullets) is left out.
    """
    from lxml import etree

    spans: dict[_Element, _Span] = {}
    parts: list[str] = []
    length = skipped = 0
    for event, element in etree.iterwalk(tree, events=("start", "end")):
        unseen, wanted = element.tag in UNSEEN, element.tag in HEADINGS or element in names
        if event == "start":
            skipped += unseen
            text = element.text
            if wanted and not skipped:
                spans[element] = _Span(length, length)
        else:
            if wanted and element in spans:
                spans[element] = _Span(spans[element].start, length)
            skipped -= unseen
            text = element.tail
        if text and not skipped and any(map(str.isalnum, text)):
            parts.append(text)
            length += len(text)
    return spans, "".join(parts)


def _section_ends(headings: list[_Element], spans: Mapping[_Element, _Span]) -> dict[_Element, int]:
    """For each heading where the next one of its rank or a higher one begins, if there is one."""
    ends: dict[_Element, int] = {}
    open_headings: list[_Element] = []
    for heading in headings:
        while open_headings and _rank(open_headings[-1]) >= _rank(heading):
            ends[open_headings.pop()] = spans[heading].start
        open_headings.append(heading)
    return ends


def _rank(heading: _Element) -> int:
    """1 to 6 as in HTML; the summary of a fold-out is the lowest."""
    return 7 if heading.tag == "summary" else int(str(heading.tag)[1])


def _empty_link_after(heading: _Element) -> Iterator[_Element]:
    """The link without text just after a heading, if there is one."""
    link = heading.getnext()
    if link is not None and link.tag == "a" and not comparable((heading.tail or "") + text_of(link)):
        yield link
