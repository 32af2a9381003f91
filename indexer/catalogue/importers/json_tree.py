"""Lists in JSON: a tree whose objects hold an address, whoever wrote it.

An object is a link where it stands in a list (or in an object of nothing but objects, as Pocket's answers
do), holds an address under a usual name, and says more of it (title, tags, folder, time) or nothing else.
Objects around it that have a name are its folders. JSON of which links are a small part is no list of links.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from indexer.catalogue.importers.fields import (
    ADDRESS,
    NO_LINKS,
    TITLE,
    address_name,
    is_link,
    link_of,
    normal_name,
    says_of_link,
)
from indexer.catalogue.importers.harvest import FolderPath, Harvest, ImportedLink, NotAList, below, is_web

MAX_VALUES: Final = 1_500_000
"""Values in one file, counted by the signs between them: about 150 MB once they are read."""
_STARTS = re.compile(r'\s*(?:\{\s*["}]|\[\s*(?:[\[{"\]\d]|null|true|false))')
_HOLDERS = frozenset(
    {"bookmarks", "children", "collections", "data", "entries", "folders", "items", "links", "list", "lists"}
    | {"roots", "results", "records", "sessions", "tabs", "cards", "windows", "urls", "pages", "articles"}
)
"""Keys that say that something is held, and name no folder."""


def looks_like_json(text: str) -> bool:
    """Whether a text begins as JSON of an object or a list does, and as hardly anything else."""
    return _STARTS.match(text[:4096]) is not None


def read_json(text: str) -> Harvest:
    """The links of a JSON tree.

    Raises:
        NotAList: it is broken, too large, or holds no list of links.
    """
    if sum(text.count(sign) for sign in "[{,:") > MAX_VALUES:
        raise NotAList(f"JSON of more than {MAX_VALUES:,} values; import it in parts")
    try:
        tree = json.loads(text)
    except json.JSONDecodeError as error:
        raise NotAList(f"broken JSON: {error.msg}", error.lineno) from None
    except (RecursionError, ValueError):  # a number of very many digits is a ValueError
        raise NotAList("JSON nested too deeply, or with numbers too large") from None
    harvest = Harvest("JSON list")
    if isinstance(tree, list) and tree and all(isinstance(item, str) and is_web(item) for item in tree):
        for url in tree:
            harvest.take(ImportedLink(url.strip()))
        return harvest
    others = _Walk(harvest, _named_folders(tree)).walk(tree)
    if len(harvest.links) + harvest.left_out.total() <= others or not harvest.links:
        raise NotAList(f"JSON that is no list of links ({_described_tree(tree)})")
    return harvest


class _Walk:
    """Goes through the tree in order. What waits is kept in a list, as trees may be deep."""

    def __init__(self, harvest: Harvest, folders: Mapping[str, str]) -> None:
        self.harvest = harvest
        self.folders = folders

    def walk(self, tree: Any) -> int:
        """Gather the links; how many objects in lists were none, and hold none."""
        others = 0
        stack: list[tuple[Any, FolderPath, bool]] = [(tree, (), False)]
        while stack:
            node, path, listed = stack.pop()
            if isinstance(node, list):
                below_it = [(item, path, True) for item in node]
            elif isinstance(node, dict):
                if listed and (record := _record(node)) is not None:
                    self._take(record, path)
                    if record.get("children"):  # a page that others are filed under
                        stack.append((record["children"], path, False))
                    continue
                below_it = list(self._members(node, path, root=node is tree, listed=listed))
                others += listed and not below_it
            else:
                continue
            stack.extend(reversed(below_it))
        return others

    def _take(self, record: Mapping[str, Any], path: FolderPath) -> None:
        link = link_of(record, path, self.folders)
        if is_link(link):
            self.harvest.enter(link.path)
            self.harvest.take(link)
        else:
            self.harvest.left_out["no_web_address" if link.url else "no_address"] += 1

    def _members(
        self, node: dict[str, Any], path: FolderPath, *, root: bool, listed: bool
    ) -> Iterator[tuple[Any, FolderPath, bool]]:
        """What an object holds that may hold links, under the folder that it is."""
        held = {key: value for key, value in node.items() if isinstance(value, dict | list)}
        name = next(
            (node[key] for key in node if normal_name(key) in TITLE and isinstance(node[key], str)), ""
        )
        if name and not root and any(isinstance(value, list) for value in held.values()):
            path = below(path, name)
            self.harvest.enter(path)
        objects = [value for value in node.values() if isinstance(value, dict)]
        only_objects = not listed and len(objects) == len(node) and any(map(_record, objects))
        for key, value in held.items():
            name = normal_name(key)
            if NO_LINKS.fullmatch(name):
                continue
            is_folder = isinstance(value, list) and name not in _HOLDERS
            yield value, below(path, key) if is_folder else path, only_objects


def _record(node: dict[str, Any]) -> dict[str, Any] | None:
    """An object by normal names if it is a link, with what its ``content`` says (Karakeep); else None."""
    record = {normal_name(key): value for key, value in node.items()}
    content = record.get("content")
    if isinstance(content, dict) and not address_name(record):
        inner = {normal_name(key): value for key, value in content.items()}
        if inner.get("type") in ("text", "asset") or address_name(inner):
            record = inner | {key: value for key, value in record.items() if value or key not in inner}
            record.setdefault("url", "")
    address = address_name(key for key in record if isinstance(record[key], str) and key in ADDRESS)
    if not address or "email" in record or (len(record) > 1 and not says_of_link(record)):
        return None
    return {key: value for key, value in record.items() if key not in ADDRESS or key == address}


def _named_folders(tree: Any) -> dict[str, str]:
    """The names of folders by their id, where a list of them stands beside the links."""
    lists = [value for value in tree.values() if isinstance(value, list)] if isinstance(tree, dict) else []
    return {
        str(item["id"]): item["name"]
        for items in lists
        for item in items
        if isinstance(item, dict)
        and isinstance(item.get("id"), str | int)
        and isinstance(item.get("name"), str)
    }


def _described_tree(tree: Any) -> str:
    """The shape of a tree in a few words."""
    if isinstance(tree, dict):
        keys = [repr(key[:30]) for key in list(tree)[:4]]
        return f"an object of {', '.join(keys)}{', ...' * (len(tree) > 4)}" if keys else "an empty object"
    return f"a list of {len(tree)} values"
