"""What every importer finds, and how it becomes links: categories named, duplicates collapsed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from indexer.catalogue.model import check_url
from indexer.records import Link

FolderPath: TypeAlias = tuple[str, ...]
"""The headings or folders a link stands under, the outermost first."""

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


@dataclass(frozen=True, slots=True)
class Imported:
    """The links of a list, and what was left out of it.

    ``remarks`` are for the user, one line each. ``duplicates`` are the URLs that occurred again; the
    first occurrence was kept.
    """

    format: str
    links: tuple[Link, ...]
    duplicates: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ImportedLink:
    """One link as it stands in a list."""

    url: str
    title: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    path: FolderPath = ()


@dataclass(slots=True)
class Harvest:
    """What an importer gathered from one list."""

    format: str
    links: list[ImportedLink] = field(default_factory=list)
    paths: list[FolderPath] = field(default_factory=list)
    """Every path of headings or folders in the list, with links or without, for naming."""
    remarks: list[str] = field(default_factory=list)


def clean(text: str) -> str:
    """Text on one line, without control characters and doubled blanks."""
    return _UNFIT.sub(" ", text).strip()


def is_web(url: str) -> bool:
    """Whether an address is of the web, rather than an anchor, a relative path or a script."""
    return url.lower().startswith(("http://", "https://"))


def finish(harvest: Harvest, *, default: str, into: str | None) -> Imported:
    """Name the categories, check the URLs, drop what occurs again."""
    names = category_names([*harvest.paths, *(item.path for item in harvest.links)])
    links: dict[str, Link] = {}
    again: list[str] = []
    malformed: list[str] = []
    for item in harvest.links:
        try:
            check_url(item.url)
        except ValueError as error:
            malformed.append(str(error))
            continue
        if item.url in links:
            again.append(item.url)
            continue
        links[item.url] = Link(
            url=item.url,
            category=into or names.get(item.path, "") or default,
            title=clean(item.title),
            note=clean(item.note),
            tags=tuple(dict.fromkeys(filter(None, map(clean, item.tags)))),
        )
    remarks = [*harvest.remarks, *(f"left out: {problem}" for problem in malformed)]
    if again:
        remarks.append(
            f"left out: {len(again)} repeated link{'s' * (len(again) != 1)}; the first of each was kept"
        )
    return Imported(harvest.format, _by_category(links.values()), tuple(again), tuple(remarks))


def _by_category(links: Iterable[Link]) -> tuple[Link, ...]:
    """The links as the catalogue will hold them: categories in order of first appearance."""
    categories: dict[str, list[Link]] = {}
    for link in links:
        categories.setdefault(link.category, []).append(link)
    return tuple(link for members in categories.values() for link in members)


def category_names(paths: Sequence[FolderPath]) -> dict[FolderPath, str]:
    """A name for each path: its last part, with as many parts before it as tell it from the others.

    >>> names = category_names([("Tools", "Security"), ("Standards", "Security"), ("Theory", "Papers")])
    >>> list(names.values())
    ['Tools: Security', 'Standards: Security', 'Papers']
    """
    distinct = [path for path in dict.fromkeys(paths) if path]
    endings: dict[FolderPath, int] = {}
    for path in distinct:
        for start in range(len(path)):
            ending = tuple(part.casefold() for part in path[start:])
            endings[ending] = endings.get(ending, 0) + 1
    names: dict[FolderPath, str] = {}
    for path in distinct:
        short = next(
            (
                path[start:]
                for start in range(len(path) - 1, -1, -1)
                if endings[tuple(part.casefold() for part in path[start:])] == 1
            ),
            path,
        )
        names[path] = ": ".join(short)
    return names
