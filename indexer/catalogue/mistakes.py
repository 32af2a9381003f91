"""What the models find wrong, told in the user's words: where it is and what would be right."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ValidationError

from indexer.catalogue.model import CatalogueFile, Entry, ExpectRules, FallbackEntry, FollowRules
from indexer.errors import nearest

NodePath: TypeAlias = tuple[str | int, ...]
"""Where a value stands: keys and list positions from the root, as ``("categories", "Azure", 0)``."""

_WANTED = {
    "string_type": "text",
    "list_type": "a list",
    "int_type": "a whole number",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
}
"""pydantic's kinds of type error, and what the value must be."""


def first_mistake(error: ValidationError, lines: Mapping[NodePath, int]) -> tuple[int, str]:
    """The line and the words of the mistake that comes first in the file, and how many more follow."""
    told = all_mistakes(error, lines)
    line, message = told[0]
    return line, message + (f" (and {len(told) - 1} more)" if len(told) > 1 else "")


def all_mistakes(error: ValidationError, lines: Mapping[NodePath, int]) -> list[tuple[int, str]]:
    """The line and the words of each mistake, in the file's order."""
    told = []
    for detail in error.errors(include_url=False):
        path = _path_in_file(detail["loc"], lines)
        told.append((line_of(path, lines), _message(detail, path)))
    return sorted(told)


def misspelt_keys(error: ValidationError, lines: Mapping[NodePath, int]) -> dict[NodePath, str]:
    """The unknown keys that are nearly a known one, each with the spelling that is meant."""
    meant: dict[NodePath, str] = {}
    for detail in error.errors(include_url=False):
        path = _path_in_file(detail["loc"], lines)
        if detail["type"] == "extra_forbidden":
            near = nearest(str(path[-1]), _model_at(path[:-1]).model_fields, 1)
            meant |= {path: near[0]} if near else {}
    return meant


def line_of(path: NodePath, lines: Mapping[NodePath, int]) -> int:
    """The 1-based line of a value, or of the nearest value around it."""
    while path and path not in lines:
        path = path[:-1]
    return lines.get(path, 1)


def _path_in_file(location: tuple[str | int, ...], lines: Mapping[NodePath, int]) -> NodePath:
    """The path in the file of pydantic's location, which also names union branches."""
    path: NodePath = ()
    for step in location:
        if (*path, step) in lines:
            path = (*path, step)
    return path


def _message(detail: Mapping[str, Any], path: NodePath) -> str:
    where, given = _place(path), detail.get("input")
    match detail["type"]:
        case "value_error":
            return str(detail["ctx"]["error"])
        case "extra_forbidden":
            *above, key = path
            known = _model_at(tuple(above)).model_fields
            return f"unknown key {key!r} in {_place(tuple(above))}{_offer(str(key), known)}"
        case "missing":
            problem = f"has no {detail['loc'][-1]!r}"
        case "literal_error":
            valid = re.findall(r"'(\w+)'", detail["ctx"]["expected"])
            problem = f"cannot be {given!r}{_offer(str(given), valid)}"
        case "greater_than_equal":
            problem = f"must be at least {detail['ctx']['ge']}, not {given}"
        case "model_type" | "dict_type":
            problem = f"must be {_shape(path)}, not {_kind_of_value(given)}"
        case kind if wanted := _WANTED.get(kind):
            hint = "; put it in quotes" if wanted == "text" and isinstance(given, bool | int | float) else ""
            problem = f"must be {wanted}, not {_kind_of_value(given)}{hint}"
        case _:
            problem = f"is wrong: {detail['msg']}"
    return f"{where} {problem}"


def _offer(given: str, known: Iterable[str]) -> str:
    """The nearest valid spelling, or all that are valid."""
    known = list(known)
    near = nearest(given, known, 1)
    return f"; did you mean {near[0]!r}?" if near else f"; valid are {', '.join(known)}"


def _model_at(path: NodePath) -> type[BaseModel]:
    """Which mapping of the file stands at a path."""
    match path:
        case ():
            return CatalogueFile
        case (_, _, _, "follow"):
            return FollowRules
        case (_, _, _, "expect"):
            return ExpectRules
        case (_, _, _, "fallbacks", _):
            return FallbackEntry
    return Entry


def _place(path: NodePath) -> str:
    """How a person calls the place."""
    match path:
        case ():
            return "the file"
        case ("categories", category):
            return f"category {category!r}"
        case ("categories", category, int(index)):
            return f"link {index + 1} of {category!r}"
        case (*_, key, int(index)):
            return f"item {index + 1} of {key!r}"
    return repr(path[-1])


def _shape(path: NodePath) -> str:
    """Which mapping is wanted at a path."""
    match path:
        case ("categories",):
            return "a mapping of category names to lists of links"
        case (_, _, int()):
            return "a URL or a mapping with 'url:'"
        case (*_, "fallbacks", int()):
            return "a URL or a mapping of 'kind:' and 'url:'"
    return "a mapping"


def _kind_of_value(value: object) -> str:
    """What a value is, in words."""
    names = {bool: str(value).lower(), dict: "a mapping", list: "a list", int: f"the number {value}"}
    if value is None:
        return "nothing"
    return names.get(type(value), "a number" if isinstance(value, float) else f"the text {str(value)[:60]!r}")
