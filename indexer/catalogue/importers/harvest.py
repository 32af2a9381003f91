"""What every importer finds, and how it becomes links: categories named, repeats joined, counts kept."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final, TypeAlias

from indexer.catalogue.model import check_url
from indexer.credentials import without_credentials
from indexer.records import Link

FolderPath: TypeAlias = tuple[str, ...]
"""The headings or folders a link stands under, the outermost first."""

MAX_LIST: Final = 10_000
"""Links, and folders, in one list. A catalogue of so many is read in three seconds, each time."""
MAX_CHARACTERS: Final = 2_000_000
"""Characters of addresses, titles, notes and tags in one list: 200 for each of so many links."""
MAX_TITLE: Final = 500
MAX_NOTE: Final = 5_000
"""Characters of a title and of a note; more is a page's text, and is cut."""
_MAX_TAGS = 100
_MAX_PATH = 8
"""Folders that tell a link's category, the nearest ones."""

LEFT_OUT: Final = {
    "no_web_address": "to what is no web page (javascript:, place:, mailto: and the like)",
    "no_address": "without an address",
    "malformed": "with a malformed address",
    "misfit": "in a row with more cells than the table has columns",
    "mentioned": "that running text only mentions",
    "repeated": "that stood there before",
}
"""Why a link of a list is not taken: the word for programs, and the words for people."""

_UNFIT = re.compile(r"[\s\x00-\x1f\x7f-\x9f\ud800-\udfff]+")


class NotAList(Exception):
    """A file from which no links can be taken; says what it looks like, and the line if one is meant."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class Imported:
    """The links of a list, and the account of it.

    Of ``found`` links in the list, ``left_out`` counts those not taken by reason (the keys of ``LEFT_OUT``);
    the rest are ``links``. ``remarks`` tell all that a person should know of it, one line each.
    """

    format: str
    links: tuple[Link, ...]
    found: int = 0
    left_out: Mapping[str, int] = field(default_factory=dict)
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
    left_out: Counter[str] = field(default_factory=Counter)
    """How many links were not taken, by the keys of ``LEFT_OUT``."""
    remarks: list[str] = field(default_factory=list)
    paths: dict[FolderPath, None] = field(default_factory=dict)
    """Every path of headings or folders in the list, with links or without, for naming."""

    def take(self, link: ImportedLink) -> None:
        """Gather one link.

        Raises:
            NotAList: there are more than a catalogue is for.
        """
        if len(self.links) >= MAX_LIST:
            raise NotAList(f"more than {MAX_LIST:,} links; import it in parts")
        self.links.append(link)

    def enter(self, path: FolderPath) -> None:
        """Note a heading or folder.

        Raises:
            NotAList: there are more than a catalogue is for.
        """
        self.paths[path] = None
        if len(self.paths) > MAX_LIST:
            raise NotAList(f"more than {MAX_LIST:,} folders; import it in parts")


def clean(text: str) -> str:
    """Text on one line, without control characters and doubled blanks."""
    return _UNFIT.sub(" ", text).strip()


def is_web(url: str) -> bool:
    """Whether an address is of the web, rather than an anchor, a relative path or a script."""
    return url[:8].lower().startswith(("http://", "https://"))


def below(path: FolderPath, name: str) -> FolderPath:
    """The path of a folder within another."""
    name = _shortened(clean(name), MAX_TITLE)
    return (*path, name)[-_MAX_PATH:] if name else path


def finish(harvest: Harvest, *, default: str, into: str | None) -> Imported:
    """Name the categories, check the URLs, join what occurs again.

    A link that stands in the list more than once is the first of them, in the first folder that it has, with
    the title and note that come first, and all tags.

    Raises:
        NotAList: there is more text than a catalogue is for.
    """
    names = category_names([*harvest.paths, *(item.path for item in harvest.links)])
    found = len(harvest.links) + harvest.left_out.total()
    items: dict[str, ImportedLink] = {}
    left_out, malformed, secrets = Counter(harvest.left_out), "", 0
    for given in harvest.links:
        item = replace(given, url=without_credentials(given.url))
        secrets += item.url != given.url
        try:
            check_url(item.url)
        except ValueError as error:
            malformed = malformed or str(error)
            left_out["malformed"] += 1
            continue
        left_out["repeated"] += item.url in items
        items[item.url] = _merged(items[item.url], item) if item.url in items else item
    links = [
        Link(
            url=item.url,
            category=into or names.get(item.path, "") or default,
            title=_shortened(without_credentials(clean(item.title)), MAX_TITLE),
            note=_shortened(without_credentials(clean(item.note)), MAX_NOTE),
            tags=_tags(item.tags),
        )
        for item in items.values()
    ]
    if sum(len(link.url) + len(link.title) + len(link.note) + sum(map(len, link.tags)) for link in links) > (
        MAX_CHARACTERS
    ):
        raise NotAList(f"more than {MAX_CHARACTERS:,} characters of titles and notes; import it in parts")
    remarks = [*harvest.remarks, *_told(+left_out, malformed)]
    if secrets:
        remarks.append(f"addresses with a user name or password, which were not taken: {secrets}")
    return Imported(harvest.format, _by_category(links), found, dict(+left_out), tuple(remarks))


def _told(left_out: Mapping[str, int], malformed: str) -> list[str]:
    """What was left out, one line for each reason."""
    why = LEFT_OUT | ({"malformed": f"{LEFT_OUT['malformed']}, such as: {malformed}"} if malformed else {})
    return [
        f"left out: {left_out[reason]} link{'s' * (left_out[reason] != 1)} {words}"
        for reason, words in why.items()
        if left_out.get(reason)
    ]


def _merged(first: ImportedLink, again: ImportedLink) -> ImportedLink:
    return ImportedLink(
        first.url,
        first.title or again.title,
        first.note or again.note,
        (*first.tags, *again.tags)[:_MAX_TAGS],
        first.path or again.path,
    )


def _tags(tags: Iterable[str]) -> tuple[str, ...]:
    cleaned = (_shortened(clean(tag), MAX_TITLE) for tag in tags)
    return tuple(dict.fromkeys(filter(None, cleaned)))[:_MAX_TAGS]


def _shortened(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "\u2026"


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
