"""Which links of a list item, a line or a table row are its entries, and what is said of them.

An item's entries are its first link and those joined to it by punctuation alone ("[Paper](...) |
[Slides](...)"); what follows is the note. Links further on, inside the note, are only mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple, TypeAlias

from indexer.catalogue.importers.harvest import ImportedLink, clean

_WORD_CHARACTER = re.compile(r"\w")
_SEPARATOR = re.compile(r"^\s*(?:[-\u2013\u2014:|\u2022\u00b7,;>=\u2192]+(?=\s|$)\s*)+")
_SHORTCODES = re.compile(r"(?::[a-z0-9_+-]+:\s*)+")
_CHECKBOX = re.compile(r"^\s*\[[ xX]\]\s+")
_SAYS_NOTHING = frozenset(
    {"", "article", "blog", "demo", "docs", "documentation", "github", "here", "home", "homepage"}
    | {"link", "page", "read", "site", "source", "url", "web", "website"}
)
"""Link texts that say nothing of the page behind them."""
_DESCRIBES = re.compile(r"desc|about|note|summary|comment|what|purpose|detail", re.IGNORECASE)
"""Headers of a table's column that describes."""


class Anchor(NamedTuple):
    """A web link in running text."""

    url: str
    text: str
    tags: tuple[str, ...] = ()


TextRun: TypeAlias = "str | Anchor"
TableRow: TypeAlias = "Sequence[Sequence[TextRun]]"
"""The cells of a row, each as its text in order."""


def plain_words(runs: Sequence[TextRun]) -> str:
    """All the text, on one line."""
    return clean(_SHORTCODES.sub(" ", "".join(run if isinstance(run, str) else run.text for run in runs)))


def item_links(runs: Sequence[TextRun]) -> list[ImportedLink]:
    """The entries of one list item; a further line of it that begins with a link is an entry again."""
    groups: list[list[TextRun]] = [[]]
    for line in _text_lines(runs):
        begins = isinstance(
            next((run for run in line if not isinstance(run, str) or run.strip()), ""), Anchor
        )
        if begins and any(isinstance(run, Anchor) for run in groups[-1]):
            groups.append([])
        groups[-1] += [*line, "\n"]
    return [entry for group in groups for entry in _entries(group)]


def _entries(runs: Sequence[TextRun]) -> list[ImportedLink]:
    """The entries of a run of text that begins one, and their note."""
    places = [place for place, run in enumerate(runs) if isinstance(run, Anchor)]
    if not places:
        return []
    before = _trim_end(_CHECKBOX.sub("", _joined_runs(runs[: places[0]])))
    last = places[0]
    for place in places[1:]:
        if _WORD_CHARACTER.search(_joined_runs(runs[last + 1 : place])):
            break
        last = place
    note = _note(_joined_runs(runs[last + 1 :]))
    before = before if _WORD_CHARACTER.search(before) else ""
    entries = []
    for run in runs[: last + 1]:
        if isinstance(run, Anchor):
            title = _title(run)
            if before and title.casefold() in _SAYS_NOTHING:
                title = ""
            said = note or (before if title else "")
            entries.append(ImportedLink(run.url, title or before, said, run.tags))
    return entries


def line_links(runs: Sequence[TextRun]) -> tuple[list[ImportedLink], list[ImportedLink]]:
    """The entries of text outside lists, line by line, and the links that are only mentioned.

    A line is an entry if it begins with its link and nothing but a separated note follows; a line
    without links right below is that entry's note.
    """
    entries: list[ImportedLink] = []
    mentioned: list[ImportedLink] = []
    open_entry = False
    for line in _text_lines(runs):
        anchors = [run for run in line if isinstance(run, Anchor)]
        if not anchors:
            text = clean(_joined_runs(line))
            if open_entry and text and not entries[-1].note:
                entries[-1] = replace(entries[-1], note=text)
            open_entry = open_entry and not text
            continue
        first = line.index(anchors[0])
        of_line = item_links(line)
        behind = _joined_runs(line[line.index(anchors[len(of_line) - 1]) + 1 :])
        own_line = not _WORD_CHARACTER.search(_joined_runs(line[:first]))
        if own_line and (
            not _WORD_CHARACTER.search(behind) or _SEPARATOR.match(behind) or not _title(anchors[0])
        ):
            entries += of_line
            mentioned += [ImportedLink(anchor.url, _title(anchor)) for anchor in anchors[len(of_line) :]]
            open_entry = True
        else:
            alone = len(anchors) == 1 and not _WORD_CHARACTER.search(behind)
            named = [ImportedLink(anchor.url, _title(anchor)) for anchor in anchors]
            mentioned += of_line if alone else named
            open_entry = False
    return entries, mentioned


def row_links(rows: Sequence[TableRow], header: TableRow) -> tuple[list[ImportedLink], list[ImportedLink]]:
    """The entries of a table: one column has the links, another describes them; and links mentioned only."""
    links = _linked_column(rows)
    if links is None:
        return [], []
    describing = _describing_column(rows, header, links)
    entries: list[ImportedLink] = []
    mentioned: list[ImportedLink] = []
    for row in rows:
        note = plain_words(_cell(row, describing))
        name = plain_words(_cell(row, 0)) if links else ""
        of_row = [_described(entry, name, note) for entry in item_links(_cell(row, links))]
        entries += of_row
        shown = {entry.url for entry in of_row}
        others = [anchor for anchor in _anchors(row) if anchor.url not in shown]
        mentioned += [ImportedLink(anchor.url, _title(anchor)) for anchor in others]
    return entries, mentioned


def _linked_column(rows: Sequence[TableRow]) -> int | None:
    """The column with a link in the most rows; None where no cell has one."""
    width = max(map(len, rows), default=0)
    counts = [sum(bool(_anchors([_cell(row, column)])) for row in rows) for column in range(width)]
    return counts.index(max(counts)) if any(counts) else None


def _cell(row: TableRow, column: int | None) -> Sequence[TextRun]:
    """A cell, empty where the row is too short or no column is meant."""
    return row[column] if column is not None and column < len(row) else ()


def _anchors(cells: TableRow) -> list[Anchor]:
    return [run for cell in cells for run in cell if isinstance(run, Anchor)]


def _described(entry: ImportedLink, name: str, note: str) -> ImportedLink:
    """An entry with the words of its row: its name, if its own title says nothing, and what describes it."""
    title = name if name and entry.title.casefold() in _SAYS_NOTHING else entry.title
    return replace(entry, title=title, note=note or entry.note)


def _describing_column(rows: Sequence[TableRow], header: TableRow, links: int) -> int | None:
    """The column beside the links whose header says that it describes, else the one with the most text."""
    columns = [column for column in range(max(map(len, rows))) if column != links]
    for column in columns:
        if _DESCRIBES.search(plain_words(_cell(header, column))):
            return column
    lengths = {column: sum(len(plain_words(_cell(row, column))) for row in rows) for column in columns}
    longest = max(lengths, key=lambda column: lengths[column], default=None)
    return longest if longest is not None and lengths[longest] else None


def _text_lines(runs: Sequence[TextRun]) -> list[list[TextRun]]:
    lines: list[list[TextRun]] = [[]]
    for run in runs:
        if isinstance(run, Anchor):
            lines[-1].append(run)
            continue
        first, *others = run.split("\n")
        lines[-1].append(first)
        lines.extend([other] for other in others)
    return lines


def _joined_runs(runs: Sequence[TextRun]) -> str:
    return "".join(run if isinstance(run, str) else run.text for run in runs)


def _title(anchor: Anchor) -> str:
    """The link's text, unless it is the address itself."""
    text, address = anchor.text.rstrip("/"), anchor.url.rstrip("/")
    is_address = address in (text, f"http://{text}", f"https://{text}")
    return "" if is_address else anchor.text


def _note(text: str) -> str:
    """What follows a link, without the dash or colon before it and marks such as ``:star:``."""
    text = _SHORTCODES.sub("", clean(text)) if text.lstrip().startswith(":") else clean(text)
    note = clean(_SEPARATOR.sub("", text))
    return note if _WORD_CHARACTER.search(note) else ""


def _trim_end(text: str) -> str:
    return clean(text).rstrip("-\u2013\u2014:|\u2022\u00b7,;>=\u2192").rstrip()
