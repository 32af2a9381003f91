"""Lists as CSV: a table with a column of addresses, whoever wrote it.

The columns are known by their usual names (``fields``). Where no name tells, the one column that holds
addresses throughout is it. Commas, semicolons and tabs may part the cells.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from io import StringIO
from itertools import islice
from typing import Final, NamedTuple

from indexer.catalogue.importers.fields import (
    ADDRESS,
    NO_LINKS,
    address_name,
    link_of,
    normal_name,
)
from indexer.catalogue.importers.harvest import Harvest, NotAList, is_web

CsvRow = list[str]

_CELL_SEPARATORS: Final = (",", ";", "\t")
_LOOKED_AT_FOR_ROWS: Final = 1 << 16
"""Characters that are looked at to find out whether a text is a table."""
_MAX_CELLS: Final = 1_500_000
_SAMPLE_ROWS: Final = 50
"""Rows that decide whether a text is a table, and which column holds addresses."""
_MARKDOWN = re.compile(r"[-*+#>|<]|\d+[.)]\s|.*\]\(")
_LONGEST_HEADER: Final = 60
"""Characters of the longest header of a column."""


class _Table(NamedTuple):
    """How a text is a table."""

    separator: str
    names: tuple[str, ...]
    """The columns' normal names; the addresses' is one of ``ADDRESS``, or there is none."""
    headed: bool


def table_of(text: str) -> _Table | None:
    """How a text is a table, None where it is none."""
    start = text.lstrip("\r\n")
    first = start[: start.find("\n") + 1 or None]
    if _MARKDOWN.match(first) or len(first) > _SAMPLE_ROWS * _LONGEST_HEADER:
        return None
    samples = [(separator, _sample(start, separator)) for separator in _CELL_SEPARATORS]
    for separator, rows in samples:
        if table := _by_names(separator, rows):
            return table
    for separator, rows in samples:
        if len(rows) > 1 and len(rows[0]) > 1 and len(set(map(len, rows))) == 1:
            return _by_content(separator, rows)
    return None


def read_csv(text: str, table: _Table) -> Harvest:
    """The links of a table.

    Raises:
        NotAList: it is broken, or no column holds addresses.
    """
    if not address_name(table.names):
        shown = ", ".join(repr(name[:30]) for name in table.names[:4]) + ", ..." * (len(table.names) > 4)
        raise NotAList(f"a table (CSV) without a column of addresses (its columns: {shown})")
    if text.count(table.separator) > _MAX_CELLS:
        raise NotAList(f"a table (CSV) of more than {_MAX_CELLS:,} cells; import it in parts")
    harvest = Harvest("CSV list")
    named = address_name(table.names)
    for row in islice(_cells_by_row(text, table.separator), int(table.headed), None):
        if any(map(str.strip, row[len(table.names) :])):
            harvest.left_out["misfit"] += 1
            continue
        record = dict(zip(table.names, row, strict=False))
        address = record.get(named, "").strip()
        if is_web(address):  # before anything else is looked at: there may be half a million rows
            link = link_of(record, (), {})
            harvest.enter(link.path)
            harvest.take(link)
        else:
            harvest.left_out["no_web_address" if address else "no_address"] += 1
    if not harvest.links:
        raise NotAList("a table (CSV) whose column of addresses holds none of the web")
    return harvest


def _cells_by_row(text: str, separator: str) -> Iterator[CsvRow]:
    """All rows that are not empty."""
    csv.field_size_limit(max(csv.field_size_limit(), len(text)))  # of the whole process, so only ever raised
    reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        yield from (row for row in reader if any(map(str.strip, row)))
    except csv.Error as error:
        raise NotAList(f"broken CSV: {error}", reader.line_num) from None


def _sample(text: str, separator: str) -> list[CsvRow]:
    """The first rows, as far as they can be read."""
    whole_lines = (
        text if len(text) <= _LOOKED_AT_FOR_ROWS else text[: text.rfind("\n", 0, _LOOKED_AT_FOR_ROWS) + 1]
    )
    reader = csv.reader(StringIO(whole_lines, newline=""), delimiter=separator)
    rows: list[CsvRow] = []
    try:
        for row in islice(reader, _SAMPLE_ROWS):
            rows += [row] if any(map(str.strip, row)) else []
    except csv.Error:
        pass
    return rows


def _by_names(separator: str, rows: Sequence[CsvRow]) -> _Table | None:
    """The table whose header names the addresses, and more."""
    names = tuple(normal_name(cell) for cell in rows[0]) if rows else ()
    if not address_name(names) or any(is_web(cell.strip()) for cell in rows[0]):
        return None
    # One column needs no separator: what looks like one is part of the addresses.
    return (
        _Table(separator, _one_address(names, address_name(names)), headed=True) if len(names) > 1 else None
    )


def _by_content(separator: str, rows: Sequence[CsvRow]) -> _Table | None:
    """The table whose rows have equally many cells, and in one column an address each."""
    headed = not any(is_web(cell.strip()) for cell in rows[0])
    if headed and not all(0 < len(cell.strip()) <= _LONGEST_HEADER for cell in rows[0]):
        return None
    names = [normal_name(cell) for cell in rows[0]] if headed else [""] * len(rows[0])
    body = rows[headed:]
    full = [
        column
        for column, name in enumerate(names)
        if all(is_web(row[column].strip()) for row in body) and not NO_LINKS.fullmatch(name)
    ]
    if not headed and not _has_cells(separator, body, full):
        return None
    if len(full) == 1:
        others = [column for column in range(len(names)) if column != full[0]]
        if not address_name(names) and "title" not in names:
            names[others[0]] = "title"
        names[full[0]] = "url"
        return _Table(separator, _one_address(names, "url"), headed)
    return _Table(separator, tuple(rows[0]), headed)


def _has_cells(separator: str, rows: Sequence[CsvRow], full: Sequence[int]) -> bool:
    """Whether rows without header are rows, rather than addresses with commas in them, or prose."""
    if len(full) != 1:
        return False
    if separator == "\t" or full[0] > 0:
        return True
    return all(" " in row[1].strip() for row in rows)


def _one_address(names: Sequence[str], address: str) -> tuple[str, ...]:
    """The names with one address among them, so that no other column is taken for it."""
    return tuple("" if name in ADDRESS and name != address else name for name in names)
