"""The map of the library as a drawing: places on a sheet, and a colour and a shape for each category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from unicodedata import east_asian_width

from indexer.wording import brief

if TYPE_CHECKING:
    from indexer.search.plane import Placed

SHEET_WIDTH, SHEET_HEIGHT = 800, 560
"""Of the sheet, in its own units."""
MARGIN = 24
LOOKS = 8
"""Colours and shapes that can be told apart; categories with fewer articles share the last one."""
LARGEST_MARK = 1.6
"""Times that the mark of a long article is as large as that of a short one, each way."""
LONGEST_TITLE_TOLD = 80
"""Characters of a title that a browser tells of a mark."""
LONGEST_LABEL = 26
"""Characters of a title that is written beside a mark."""
LETTER, LINE = 6.6, 13
"""Width of a letter of a wide typeface and height of a line of labels, which are 11 units high."""
BESIDE = 11
"""Between the middle of a mark and its label."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An article on the sheet, as one of many looks (a colour and a shape); one not asked for is ``faint``.

    ``label`` is what is written beside it, ``""`` where there is no room: to the left of it if ``leftwards``.
    """

    page_url: str
    title: str
    category: str
    x: int
    y: int
    scale: float
    look: int
    faint: bool
    label: str = ""
    leftwards: bool = False


@dataclass(frozen=True, slots=True)
class LegendEntry:
    """A line of the legend."""

    category: str
    articles: int
    look: int


def legend(placed: Sequence[Placed]) -> list[LegendEntry]:
    """The categories, those with most articles first."""
    counted = Counter(one.category for one in placed)
    return [
        LegendEntry(category, articles, min(number, LOOKS))
        for number, (category, articles) in enumerate(counted.most_common())
    ]


def dots(placed: Sequence[Placed], entries: Sequence[LegendEntry], category: str) -> list[Dot]:
    """The articles on the sheet; with a ``category`` those of the others are faint, and lie beneath."""
    looks = {entry.category: entry.look for entry in entries}
    longest = max((one.passages for one in placed), default=1)
    drawn = [
        Dot(
            one.page_url,
            brief(one.title or one.page_url, LONGEST_TITLE_TOLD),
            one.category,
            round(MARGIN + one.x * (SHEET_WIDTH - 2 * MARGIN)),
            round(MARGIN + (1 - one.y) * (SHEET_HEIGHT - 2 * MARGIN)),
            round(1 + (LARGEST_MARK - 1) * (one.passages / longest) ** 0.5, 2),
            looks[one.category],
            bool(category) and one.category != category,
        )
        for one in placed
    ]
    drawn.sort(key=lambda dot: not dot.faint)
    return _labelled(drawn)


def _labelled(drawn: Sequence[Dot]) -> list[Dot]:
    """The marks with labels where there is room: to the right of a mark or else to its left."""
    taken = [(dot.x - 7, dot.y - 7, dot.x + 7, dot.y + 7) for dot in drawn]
    labelled = []
    for dot in drawn:
        label = "" if dot.faint else brief(dot.title, LONGEST_LABEL)
        wide = round(LETTER * sum(1 + (east_asian_width(letter) in "WF") for letter in label))
        top, bottom = dot.y - LINE // 2, dot.y + LINE // 2
        for leftwards in (False, True):
            left = dot.x - BESIDE - wide if leftwards else dot.x + BESIDE
            box = (left, top, left + wide, bottom)
            if (
                label
                and left >= 0
                and left + wide <= SHEET_WIDTH
                and not any(_meet(box, one) for one in taken)
            ):
                taken.append(box)
                labelled.append(replace(dot, label=label, leftwards=leftwards))
                break
        else:
            labelled.append(dot)
    return labelled


Box = tuple[int, int, int, int]


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
