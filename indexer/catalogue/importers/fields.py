"""The usual names of what a record says of a link: keys of JSON objects, columns of CSV.

One table serves browsers, Pocket, Raindrop, Instapaper, Pinboard, Karakeep, Linkwarden and the like, as they
differ in names only. Names are compared without case and punctuation: ``given_url`` is ``Given URL``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from indexer.catalogue.importers.harvest import FolderPath, ImportedLink, below, clean, is_web

ADDRESS: Final = ("givenurl", "uri", "href", "htmlurl", "url", "link", "resolvedurl", "address", "pageurl",
                  "bookmarkurl", "webaddress", "bookmark", "linkurl", "titleurl", "permalink")  # fmt: skip
TITLE: Final = ("customtitle", "title", "name", "giventitle", "resolvedtitle", "pagetitle", "text", "label")
NOTE: Final = ("note", "notes", "customdescription", "extended", "comment", "comments", "annotation",
               "selection", "description", "excerpt", "summary")  # fmt: skip
TAGS: Final = ("tags", "tag", "documenttags", "labels", "tagnames", "keywords", "topics")
FOLDER: Final = ("folder", "folders", "folderpath", "collection", "category", "list", "lists", "group",
                 "folderid", "collectionid")  # fmt: skip
TIME: Final = ("timeadded", "dateadded", "adddate", "added", "addedat", "created", "createdat", "time",
               "timestamp", "savedat", "lastvisited", "visited")  # fmt: skip
NO_LINKS: Final = re.compile(
    r".*(?:icon|image|img|picture|photo|thumb|thumbnail|avatar|logo|screenshot|banner|cover)s?(?:ur[li]|src)?"
    r"|(?:api|archive|feed|rss|snapshot|preview).*(?:ur[li]|image|subscriptions)|feeds?|rss|previews?"
    r"|media|assets?|attachments?|highlights?|bugs|dist|funding|servers?|mirrors?|next|previous|self"
    r"|(?:author|contributor|creator|licen[cs]e|maintainer|owner|publisher|sponsor|user)s?"
    r"|sources?|repository|repositories"
)
"""Names whose addresses are no links of the user's: pictures, people, and the machinery around a page."""

_TAG_SEPARATORS = re.compile(r"[|,;]")


def normal_name(name: str) -> str:
    """A key or a column's header as names are compared."""
    return "".join(character for character in name.casefold() if character.isalnum())


def address_name(names: Iterable[str]) -> str:
    """Which of these (normal) names holds the address, ``""`` for none."""
    present = set(names)
    return next((name for name in ADDRESS if name in present), "")


def says_of_link(names: Iterable[str]) -> bool:
    """Whether a record has any of the names that only a list of links has beside the address."""
    return not {*TITLE, *TAGS, *FOLDER, *TIME, *NOTE}.isdisjoint(names)


def link_of(record: Mapping[str, Any], path: FolderPath, folders: Mapping[str, str]) -> ImportedLink:
    """The link that a record of normal names tells; ``url`` is ``""`` where it holds no address.

    ``folders`` has the names of folders that records refer to by a number.
    """
    address = address_name(record)
    url = record.get(address)
    # Pinboard, after Delicious: the title is the description, and what describes is `extended`.
    titles = (*TITLE, "description") if address == "href" else TITLE
    title_name = next((name for name in titles if _clean_text(record.get(name))), "")
    title = _clean_text(record.get(title_name))
    note = next((text for name in NOTE if name != title_name and (text := _clean_text(record.get(name)))), "")
    url = url.strip() if isinstance(url, str) else ""
    tags = next(
        (found for name in TAGS if (found := _tag_names(record.get(name), blanks=address == "href"))), ()
    )
    for folder in _folder_names(record, folders):
        path = below(path, folder)
    return ImportedLink(url, "" if title == url else title, note, tags, path)


def is_link(link: ImportedLink) -> bool:
    """Whether its address is of the web."""
    return is_web(link.url)


def _clean_text(value: Any) -> str:
    return clean(value) if isinstance(value, str) else ""


def _tag_names(value: Any, *, blanks: bool) -> tuple[str, ...]:
    """Tags, whether they are a list, a list of objects with names, an object by names, or text."""
    if isinstance(value, Mapping):
        return tuple(map(str, value))
    if isinstance(value, list):
        names = (_name_of(item) if isinstance(item, Mapping) else item for item in value)
        return tuple(name for name in names if isinstance(name, str))
    if not isinstance(value, str):
        return ()
    if value.startswith("["):  # Instapaper writes JSON into a cell, Readwise a list of Python
        try:
            return _tag_names(json.loads(value.replace("'", '"')), blanks=False)
        except (ValueError, RecursionError):
            pass
    if _TAG_SEPARATORS.search(value):
        return tuple(_TAG_SEPARATORS.split(value))
    return tuple(value.split()) if blanks else (value,)


def _folder_names(record: Mapping[str, Any], folders: Mapping[str, str]) -> list[str]:
    """The folders that a record names, the outermost first."""
    for name in FOLDER:
        value = record.get(name)
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, Mapping):
            value = _name_of(value)
        if isinstance(value, str | int) and str(value) in folders:
            value = folders[str(value)]
        elif name.endswith("id") or not isinstance(value, str):
            continue
        if _clean_text(value):
            return value.split(" / ")
    return []


def _name_of(record: Mapping[Any, Any]) -> Any:
    return next((record[name] for name in ("name", "title", "tag", "label") if record.get(name)), None)
