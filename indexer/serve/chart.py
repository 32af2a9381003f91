"""The map of the library as a drawing: places on a sheet, and a colour and a shape for each category."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.escaping import safe

if TYPE_CHECKING:
    from indexer.search.plane import Placed

SHEET_WIDTH, SHEET_HEIGHT = 800, 560
"""Of the sheet, in its own units."""
MARGIN = 24
LOOKS = 8
"""Colours and shapes that can be told apart; categories with fewer articles share the last one."""
LARGEST_MARK = 1.6
"""Times that the mark of a long article is as large as that of a short one, each way."""
LONGEST_LABEL = 80
"""Characters of a title on the map."""


@dataclass(frozen=True, slots=True)
class Dot:
    """An article on the sheet. ``look`` is the number of its colour and shape; ``faint`` is not asked for."""

    page_url: str
    title: str
    category: str
    x: int
    y: int
    scale: float
    look: int
    faint: bool


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
            _short(one.title or one.page_url),
            one.category,
            round(MARGIN + one.x * (SHEET_WIDTH - 2 * MARGIN)),
            round(MARGIN + (1 - one.y) * (SHEET_HEIGHT - 2 * MARGIN)),
            round(1 + (LARGEST_MARK - 1) * (one.passages / longest) ** 0.5, 2),
            looks[one.category],
            bool(category) and one.category != category,
        )
        for one in placed
    ]
    return sorted(drawn, key=lambda dot: not dot.faint)


def _short(title: str) -> str:
    line = " ".join(safe(title).split())
    return line if len(line) <= LONGEST_LABEL else f"{line[: LONGEST_LABEL - 1]}…"
