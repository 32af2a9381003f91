"""Columns of a page that was drawn row by row, put back one after the other.

Many programs draw a page line by line from the left edge to the right, so that the columns' lines come
mixed. Where rows that follow one another leave the same gap free, and what stands left and right of it reads
on as prose, each column is read to its end. The rows of a table stay rows: its cells do not fill their column
and do not read on from line to line. Where they do, but rules or gaps part the rows, each row is read cell by
cell. A page that was drawn column by column has no such rows, and keeps its order.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import mean

from indexer.extract.pdf_lines import WIDE, Piece, TypeLine

Rules = Callable[[], list[tuple[float, float, float]]]
LEAST_ROWS = 3
"""Rows that share a gap from which on it may part columns; two lines side by side are chance."""
LEAST_WORDS = 2.0
"""Words a line of a column has on average; cells of numbers have fewer, the narrowest columns three."""
LETTERS_A_WORD = 12
"""Characters that count as a word where a script sets no spaces between words."""
FLOWS = 0.55
"""The share of lines that are full, so that the next line's first word had no place on them: 0.7 and more in
prose (all but the last lines of paragraphs), 0.5 in cells of two lines, near none in cells of one."""
CONTINUES = 0.3
"""The share of lines that begin with a small letter: half and more in prose, few or all in tables."""
MARKS = 1 / 6
"""Commas, full stops and the like for each line: narrow prose has one in two lines, cells hardly any."""
_MARK = re.compile(r"[.,;:!?](?=\s|$)|[\u3001\u3002\uff0c]")
_FIRST_WORD = re.compile(r"[^\s-]*")
CELL_LINES = 3.5
"""Lines of a table's cell, on average, up to which gaps at equal heights part its rows where all its cells
have as many; gaps below cells of unequal length always do."""
FURTHER = 1.25
"""A distance to the line above this much larger than the usual one is a gap."""
MOST_PIECES = 4_000
"""Pieces of a page from which on no columns are sought: a full page of a newspaper has 2,000."""
MOST_GAPS = 12
"""Gaps that are followed at one time, for bounded time on any page."""


@dataclass(slots=True)
class _Row:
    """What stands side by side: lines of the page that follow one another, and their pieces from the left."""

    lines: list[TypeLine]
    pieces: list[Piece]
    taken: list[tuple[float, float]]

    @property
    def top(self) -> float:
        return max(line.top for line in self.lines)

    @property
    def size(self) -> float:
        return max(line.size for line in self.lines)

    def gaps(self) -> list[tuple[float, float]]:
        """The free stretches between pieces, and those beside them."""
        ends = [float("-inf"), *(end for stretch in self.taken for end in stretch), float("inf")]
        return list(zip(ends[::2], ends[1::2], strict=True))


@dataclass(slots=True)
class _Gap:
    """A free stretch that rows have in common, from the first to the last of them."""

    left: float
    right: float
    first: int
    last: int
    sided: int = 1
    """Rows with text on both sides of it."""


def in_reading_order(lines: Sequence[TypeLine], rules: Rules) -> list[TypeLine]:
    """The lines of one page with columns that were drawn row by row read column by column.

    ``rules`` gives the lines drawn on the page; it is asked for only where there may be columns.
    """
    if sum(len(line.pieces) for line in lines) > MOST_PIECES:
        return list(lines)
    rows = list(_rows(lines))
    ordered: list[TypeLine] = []
    reached = 0
    for first, last, gaps in _bands(rows):
        columns = _columns(rows[first : last + 1], gaps)
        if _are_prose(columns):
            ordered += [line for row in rows[reached:first] for line in row.lines]
            ordered += _one_after_the_other(columns, _ends_of_rows(columns, gaps, rules))
            reached = last + 1
    return ordered + [line for row in rows[reached:] for line in row.lines]


def _rows(lines: Sequence[TypeLine]) -> Iterator[_Row]:
    """Lines that stand side by side and follow one another, as rows."""
    row: list[TypeLine] = []
    for line in lines:
        if row and not _stand_beside(row, line):
            yield _row(row)
            row = []
        row.append(line)
    if row:
        yield _row(row)


def _row(lines: list[TypeLine]) -> _Row:
    """A row of lines; pieces that overlap, as letters of a formula do, take the room of one."""
    pieces = sorted((piece for line in lines for piece in line.pieces), key=lambda piece: piece.left)
    taken: list[tuple[float, float]] = []
    for piece in pieces:
        if taken and piece.left <= taken[-1][1]:
            taken[-1] = (taken[-1][0], max(taken[-1][1], piece.right))
        else:
            taken.append((piece.left, piece.right))
    return _Row(lines, pieces, taken)


def _stand_beside(row: list[TypeLine], line: TypeLine) -> bool:
    """Whether a line stands to the right of a row, at its height or up to a line off, behind a wide gap."""
    last = row[-1]
    overlap = min(last.top, line.top) - max(last.bottom, line.bottom)
    return overlap > 0 and line.left - last.right > WIDE * min(last.size, line.size)


# -------------------------------------------------------------------------- bands


def _bands(rows: Sequence[_Row]) -> list[tuple[int, int, list[_Gap]]]:
    """Rows that share gaps, from the first to the last row of each band, without overlap and in order."""
    found = sorted(_shared_gaps(rows), key=lambda gap: (-gap.sided, gap.first))
    bands: list[tuple[int, int, list[_Gap]]] = []
    for gap in found:
        if any(gap.first <= last and gap.last >= first for first, last, _ in bands):
            continue
        others = [
            other
            for other in found
            if min(other.last, gap.last) - max(other.first, gap.first) >= 0.6 * (gap.last - gap.first)
            and (other.right <= gap.left or other.left >= gap.right)
        ]
        beside: list[_Gap] = [gap]
        for other in others:
            if all(other.right <= known.left or other.left >= known.right for known in beside):
                beside.append(other)
        first, last = max(known.first for known in beside), min(known.last for known in beside)
        last = _without_what_follows(rows, first, last, min(known.left for known in beside))
        bands.append((first, last, sorted(beside, key=lambda known: known.left)))
    return sorted(bands, key=lambda band: band[0])


def _without_what_follows(rows: Sequence[_Row], first: int, last: int, gap: float) -> int:
    """The last row of a band without a line or two, such as a heading, further down at the left."""
    distances = sorted(rows[at].top - rows[at + 1].top for at in range(first, last))
    if not distances:
        return last
    far = FURTHER * distances[len(distances) // 4]
    for at in range(last, max(first, last - 2), -1):
        if rows[at].pieces[-1].right > gap:
            break
        if rows[at - 1].top - rows[at].top > far:
            return at - 1
    return last


def _shared_gaps(rows: Sequence[_Row]) -> list[_Gap]:
    """The gaps that enough rows, one below the other, leave free; bounded by :data:`MOST_GAPS` at a time."""
    ended: list[_Gap] = []
    active: list[_Gap] = []
    for at, row in enumerate(rows):
        if at and row.top >= rows[at - 1].top:  # not below: another column, or the next part of the page
            ended, active = [*ended, *active], []
        free = row.gaps()
        going: list[_Gap] = []
        for gap in active:
            left, right = max(
                ((max(gap.left, one), min(gap.right, other)) for one, other in free),
                key=lambda stretch: stretch[1] - stretch[0],
            )
            if right - left < WIDE * row.size:
                ended.append(gap)
                continue
            gap.left, gap.right, gap.last = left, right, at
            gap.sided += row.pieces[0].left < left and row.pieces[-1].right > right
            going.append(gap)
        for left, right in sorted(free[1:-1], key=lambda stretch: stretch[0] - stretch[1]):
            if len(going) < MOST_GAPS and not any(gap.left < right and gap.right > left for gap in going):
                going.append(_Gap(left, right, at, at))
        active = going
    return [gap for gap in [*ended, *active] if gap.sided >= LEAST_ROWS]


def _columns(rows: Sequence[_Row], gaps: Sequence[_Gap]) -> list[list[TypeLine]]:
    """The lines of each column between the gaps."""
    columns: list[list[TypeLine]] = [[] for _ in range(len(gaps) + 1)]
    for row in rows:
        shares: list[list[Piece]] = [[] for _ in columns]
        for piece in row.pieces:
            shares[sum(gap.right <= piece.left + 0.1 for gap in gaps)].append(piece)
        for column, pieces in zip(columns, shares, strict=True):
            if pieces:
                column.append(TypeLine(row.lines[0].page, tuple(pieces)))
    return columns


# ----------------------------------------------------------------- prose or cells


def _are_prose(columns: Sequence[Sequence[TypeLine]]) -> bool:
    """Whether every column reads on from line to line."""
    return all(len(column) >= LEAST_ROWS and _reads_on(column) for column in columns)


def _reads_on(column: Sequence[TypeLine]) -> bool:
    """Whether most lines are full and go on below, headings and the ends of paragraphs aside."""
    style = Counter(line.style for line in column).most_common(1)[0][0]
    near = FURTHER * _usual_distance(column)
    pairs = [
        (last, line)
        for last, line in pairwise(column)
        if last.style == line.style == style and last.top - line.top <= near
    ]
    if not pairs:
        return False
    words = mean(max(len(line.text.split()), len(line.text) / LETTERS_A_WORD) for _, line in pairs)
    full = max(_share_of_full(column, pairs, width) for width in (_in_points, _in_characters))
    begins = [line.text[0] for _, line in pairs]
    cased = [letter for letter in begins if letter.isupper() or letter.islower()]
    small = sum(letter.islower() for letter in cased) >= CONTINUES * len(cased)
    marks = sum(len(_MARK.findall(line.text)) for line in column)
    return words >= LEAST_WORDS and full >= FLOWS and small and marks >= MARKS * len(column)


def _share_of_full(
    column: Sequence[TypeLine], pairs: Sequence[tuple[TypeLine, TypeLine]], width: Callable[[TypeLine], float]
) -> float:
    """The share of lines on which the first word of the next one had no place."""
    widest = max(map(width, column))

    def first_word(line: TypeLine) -> float:
        return (len(_FIRST_WORD.findall(line.text)[0]) + 1) * width(line) / len(line.text)

    return mean(width(last) + first_word(line) >= widest for last, line in pairs)


def _in_points(line: TypeLine) -> float:
    return line.right - line.left


def _in_characters(line: TypeLine) -> float:
    """The width in characters, by which programs without the widths of letters break lines."""
    return len(line.text)


def _one_after_the_other(columns: Sequence[Sequence[TypeLine]], heights: Sequence[float]) -> list[TypeLine]:
    """The columns from the left, down to each of the heights: those at which a row of a table ends."""
    parts: list[list[list[TypeLine]]] = [[[] for _ in columns] for _ in range(len(heights) + 1)]
    for at, column in enumerate(columns):
        for line in column:
            middle = (line.top + line.bottom) / 2
            parts[sum(middle < height for height in heights)][at].append(line)
    return [line for part in parts for column in part for line in column]


def _ends_of_rows(columns: Sequence[Sequence[TypeLine]], gaps: Sequence[_Gap], rules: Rules) -> list[float]:
    """The heights that part the rows of a table, none where these are columns.

    They are those of rules across the gap, or of gaps at equal heights in all columns.
    """
    top = max(column[0].top for column in columns)
    bottom = min(column[-1].bottom for column in columns)
    middle = (gaps[0].left + gaps[0].right) / 2
    across = {
        round(height)
        for left, right, height in rules()
        if left < middle < right and bottom < height < top - columns[0][0].size
    }
    if len(across) >= 2:
        return sorted(across)
    breaks = [_breaks(column) for column in columns]
    common = set.intersection(*(set(found) for found in breaks))
    if len(common) < 2 or len(common) < 0.8 * len(set().union(*breaks)):
        return []
    uneven = any(len({found[at] for found in breaks}) > 1 for at in common)
    few = max(map(len, columns)) <= CELL_LINES * (len(common) + 1)
    return sorted(common) if uneven or few else []


def _breaks(column: Sequence[TypeLine]) -> dict[int, int]:
    """Where a line begins below a gap, and where the line above it is; heights in points."""
    far = FURTHER * _usual_distance(column)
    return {round(line.top): round(last.top) for last, line in pairwise(column) if last.top - line.top > far}


def _usual_distance(column: Sequence[TypeLine]) -> float:
    """The distance from line to line within a paragraph: that of the nearest quarter."""
    distances = sorted(last.top - line.top for last, line in pairwise(column))
    return distances[len(distances) // 4]
