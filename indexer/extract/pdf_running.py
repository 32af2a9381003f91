"""Running heads, feet and page numbers: what stands at the edges of page after page and is no text.

A row at the top or foot of a page is running where other pages have the same one there, numbers that count
the pages aside, or where it stands in the same place as such rows do: heads that alternate, or change with
the chapter.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from indexer.extract.pdf_lines import TypeLine

EDGE = 3
"""Rows at the top and at the foot of a page that may be running: a title, a chapter, a page number."""
NEARLY_COUNTED = 3.0
"""Points within which rows of two pages stand in the same place."""
APART = 1.25
"""A distance to the next row this much larger than the page's usual one sets a row off from the text."""
MOSTLY_COUNTED = 0.6
"""The share of pages whose numbers must go up with the pages; plates and blank pages break the count."""
_PAGE_NUMBER = re.compile(
    r"\W*(?P<word>page|seite|p\.|s\.)?\W*(?:(?P<digits>\d{1,4})|[ivxlc]{1,7})(?:\s*(?:/|of|von)\s*\d{1,4})?\W*$",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\d+")


@dataclass(frozen=True, slots=True)
class _EdgeRow:
    """What stands side by side near an edge of a page.

    ``depth`` counts from the edge; ``apart`` tells whether the next row has other type or is far from it.
    """

    lines: tuple[TypeLine, ...]
    page: int
    foot: bool
    depth: int
    apart: bool

    @property
    def text(self) -> str:
        return " ".join(line.text for line in sorted(self.lines, key=lambda line: line.left))

    @property
    def pattern(self) -> tuple[bool, str]:
        return self.foot, _NUMBER.sub("0", self.text)

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    @property
    def place(self) -> tuple[bool, float, int]:
        """Edge, size of type, and height on the page: equal where rows stand in for one another."""
        return self.foot, self.size, round(max(line.top for line in self.lines) / NEARLY_COUNTED)


def without_running(lines: Sequence[TypeLine], *, larger: float) -> list[TypeLine]:
    """The lines without running heads, feet and page numbers.

    ``larger`` is the height of type from which on it is a heading's.
    """
    by_page: defaultdict[int, list[TypeLine]] = defaultdict(list)
    for line in lines:
        by_page[line.page].append(line)
    if len(by_page) < 2:
        return list(lines)
    rows = [row for page, found in by_page.items() for row in _edge_rows(page, found)]
    running = _repeated(rows, len(by_page), larger) | _page_numbers(rows)
    running |= _in_the_same_place(rows, running, len(by_page), larger)
    dropped = {id(line) for at in _set_off(rows, running) for line in rows[at].lines}
    return [line for line in lines if id(line) not in dropped] or list(lines)


def _edge_rows(page: int, lines: Iterable[TypeLine]) -> list[_EdgeRow]:
    """The outermost rows of a page, from the top and from the foot."""
    rows: list[list[TypeLine]] = []
    for line in sorted(lines, key=lambda line: -line.top):
        last = rows[-1][0] if rows else None
        if last is None or (line.top + line.bottom) / 2 < last.bottom:
            rows.append([])
        rows[-1].append(line)
    distances = [one[0].top - two[0].top for one, two in pairwise(rows)]
    usual = sorted(distances)[len(distances) // 4] if distances else 0.0

    def apart(one: int, two: int) -> bool:
        styles = {line.style for line in rows[one]}, {line.style for line in rows[two]}
        return styles[0].isdisjoint(styles[1]) or abs(rows[one][0].top - rows[two][0].top) > APART * usual

    top = min(EDGE, len(rows) // 2)
    foot = min(EDGE, len(rows) - top - 1)
    return [
        _EdgeRow(tuple(rows[at]), page, foot=False, depth=at, apart=apart(at, at + 1)) for at in range(top)
    ] + [
        _EdgeRow(tuple(rows[-1 - at]), page, foot=True, depth=at, apart=apart(-1 - at, -2 - at))
        for at in range(foot)
    ]


def _repeated(rows: Sequence[_EdgeRow], pages: int, larger: float) -> set[int]:
    """Rows that many pages have, or a few that follow one another, in the same place."""
    groups: defaultdict[tuple[bool, str], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        groups[row.pattern].append(at)
    running: set[int] = set()
    for places in groups.values():
        found = [rows[at] for at in places]
        same = len({row.text for row in found}) == 1
        if not same and (found[0].size >= larger or not _counts(found)):
            continue
        if len({row.page for row in found}) >= max(2, pages // 3):
            running |= set(places)
            continue
        for number, (at, row) in enumerate(zip(places, found, strict=True)):
            around = found[max(0, number - 2) : number + 3]
            near = [one for one in around if abs(one.page - row.page) <= 4 and one.place == row.place]
            if len(near) >= 3:
                running.add(at)
    return running


def _counts(rows: Sequence[_EdgeRow]) -> bool:
    """Whether every number in the rows counts the pages, or stays the same for some pages."""
    numbers = [[int(number[:9]) for number in _NUMBER.findall(row.text)] for row in rows]
    for values in zip(*numbers, strict=True):
        steps = Counter(value - row.page for value, row in zip(values, rows, strict=True))
        counted = steps.most_common(1)[0][1] >= MOSTLY_COUNTED * len(rows)
        if not counted and len(set(values)) > len(rows) / 2:
            return False
    return True


def _page_numbers(rows: Sequence[_EdgeRow]) -> set[int]:
    """Rows that are a page number and nothing else: called so, roman, or in step with other pages."""
    found = {at: match for at, row in enumerate(rows) if (match := _PAGE_NUMBER.match(row.text))}
    steps = Counter(
        int(match["digits"]) - rows[at].page for at, match in found.items() if match["digits"] is not None
    )
    roman = sum(match["digits"] is None for match in found.values())

    def is_number(at: int, match: re.Match[str]) -> bool:
        if match["digits"] is None:
            return roman >= 2
        step = int(match["digits"]) - rows[at].page
        return match["word"] is not None or step == 0 or steps[step] >= 2

    return {at for at, match in found.items() if is_number(at, match)}


def _in_the_same_place(rows: Sequence[_EdgeRow], running: set[int], pages: int, larger: float) -> set[int]:
    """Rows where running ones stand on other pages, and rows of one place that hold the pages' numbers."""
    places: defaultdict[tuple[bool, float, int], list[int]] = defaultdict(list)
    for at, row in enumerate(rows):
        if row.size < larger:
            places[row.place].append(at)
    found: set[int] = set()
    for same in places.values():
        steps = Counter(step for at in same for step in _outer_steps(rows[at]))
        step, often = steps.most_common(1)[0] if steps else (0, 0)
        numbered = often >= max(2, MOSTLY_COUNTED * pages)
        known = sum(at in running for at in same)
        found |= {at for at in same if known >= 2 or (numbered and step in _outer_steps(rows[at]))}
    return found


def _outer_steps(row: _EdgeRow) -> set[int]:
    """The first and last number of a row, each less the page's own."""
    words = row.text.split()
    return {int(word) - row.page for word in (words[0], words[-1]) if word.isdecimal() and len(word) <= 4}


def _set_off(rows: Sequence[_EdgeRow], running: set[int]) -> set[int]:
    """Running rows from the edge to the last that stands apart from the text.

    So a table's head below the page's is text, and so are first lines of pages that are alike.
    """
    edges: defaultdict[tuple[int, bool], list[int]] = defaultdict(list)
    for at in sorted(range(len(rows)), key=lambda at: rows[at].depth):
        edge = edges[rows[at].page, rows[at].foot]
        if at in running and len(edge) == rows[at].depth:
            edge.append(at)
    for edge in edges.values():
        while edge and not rows[edge[-1]].apart:
            edge.pop()
    return {at for edge in edges.values() for at in edge}
