"""Which links of a list item, a line or a table row are its entries, and what is said of them.

An item's entries are its first link and those joined to it by punctuation alone ("[Paper](...) |
[Slides](...)"); what follows is the note. Links further on, inside the note, are only mentioned.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
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


TextRun: TypeAlias = "str | Anchor"


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
    return [found for group in groups for found in _entries(group)]


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
    found = []
    for run in runs[: last + 1]:
        if isinstance(run, Anchor):
            title = _title(run)
            if before and title.casefold() in _SAYS_NOTHING:
                title = ""
            found.append(ImportedLink(run.url, title or before, note or (before if title else "")))
    return found


def line_links(runs: Sequence[TextRun]) -> tuple[list[ImportedLink], list[ImportedLink]]:
    """The entries of text outside lists, line by line, and the links that are only mentioned.

    A line is an entry if it begins with its link and nothing but a separated note follows; a line
    without links right below is that entry's note.
    """
    found: list[ImportedLink] = []
    mentioned: list[ImportedLink] = []
    open_entry = False
    for line in _text_lines(runs):
        anchors = [run for run in line if isinstance(run, Anchor)]
        if not anchors:
            text = clean(_joined_runs(line))
            if open_entry and text and not found[-1].note:
                found[-1] = ImportedLink(found[-1].url, found[-1].title, text)
            open_entry = open_entry and not text
            continue
        first = line.index(anchors[0])
        entries = item_links(line)
        behind = _joined_runs(line[line.index(anchors[len(entries) - 1]) + 1 :])
        own_line = not _WORD_CHARACTER.search(_joined_runs(line[:first]))
        if own_line and (
            not _WORD_CHARACTER.search(behind) or _SEPARATOR.match(behind) or not _title(anchors[0])
        ):
            found += entries
            mentioned += [ImportedLink(anchor.url, _title(anchor)) for anchor in anchors[len(entries) :]]
            open_entry = True
        else:
            mentioned += [ImportedLink(anchor.url, _title(anchor)) for anchor in anchors]
            open_entry = False
    return found, mentioned


def row_links(
    rows: Sequence[Sequence[Sequence[TextRun]]], header: Sequence[Sequence[TextRun]]
) -> tuple[list[ImportedLink], list[ImportedLink]]:
    """The entries of a table: one column has the links, another describes them."""
    width = max((len(row) for row in rows), default=0)
    linked = [
        sum(len(row) > column and any(isinstance(run, Anchor) for run in row[column]) for row in rows)
        for column in range(width)
    ]
    if not any(linked):
        return [], []
    links = linked.index(max(linked))
    describing = _describing_column(rows, header, [c for c in range(width) if c != links])
    found: list[ImportedLink] = []
    mentioned: list[ImportedLink] = []
    for row in rows:
        entries = item_links(row[links]) if links < len(row) else []
        note = plain_words(row[describing]) if describing is not None and describing < len(row) else ""
        name = "" if links == 0 else plain_words(row[0])
        found += [
            ImportedLink(
                entry.url,
                name if name and entry.title.casefold() in _SAYS_NOTHING else entry.title,
                note or entry.note,
            )
            for entry in entries
        ]
        shown = {entry.url for entry in entries}
        mentioned += [
            ImportedLink(run.url, _title(run))
            for cell in row
            for run in cell
            if isinstance(run, Anchor) and run.url not in shown
        ]
    return found, mentioned


def _describing_column(
    rows: Sequence[Sequence[Sequence[TextRun]]], header: Sequence[Sequence[TextRun]], columns: Sequence[int]
) -> int | None:
    """The column whose header says that it describes, else the one with the most text."""
    named = [c for c in columns if c < len(header) and _DESCRIBES.search(plain_words(header[c]))]
    if named:
        return named[0]
    lengths = {c: sum(len(plain_words(row[c])) for row in rows if c < len(row)) for c in columns}
    longest = max(lengths, key=lambda c: lengths[c], default=None)
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
    return re.sub(r"\s*[-\u2013\u2014:|\u2022\u00b7,;>=\u2192]+$", "", clean(text))
