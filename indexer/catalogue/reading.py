"""From the text of catalogue.yaml to links, every mistake told with file and line.

1. The bytes become text (UTF-8, with or without a byte order mark).
2. ruamel.yaml composes nodes, which know where they stand; they become plain values, and the line
   of every value is kept under its path.
3. The models of ``model`` judge the values; what they find wrong is told in one line.
4. A URL that occurs twice is refused, because the URL is the link's identity.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from indexer.catalogue.mistakes import NodePath, first_mistake, line_of
from indexer.catalogue.model import CatalogueFile
from indexer.errors import CatalogueError
from indexer.records import Link

LARGEST_CATALOGUE = 16 << 20
"""Bytes of a catalogue: six times one of 10,000 links with notes. A device's file never ends."""
MAX_DEPTH = 12
"""Levels of nesting read; the deepest valid value, an ``allow`` prefix, is at 6."""
MAX_REPEATS = 100_000
"""Values that aliases may repeat in one file, which bounds what an alias bomb can cost (about 0.5 s)."""

_YAML = "tag:yaml.org,2002:"


@dataclass(slots=True)
class CatalogueDocument:
    """A catalogue's text together with what was understood of it."""

    path: Path
    text: str
    root: Node | None = None
    nodes: dict[NodePath, Node] = field(default_factory=dict)
    lines: dict[NodePath, int] = field(default_factory=dict)
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)
    watch: tuple[str, ...] = ()

    def error(self, path: NodePath, message: str) -> CatalogueError:
        """The mistake at a path, with file and line."""
        return CatalogueError(f"{self.path}:{self.line(path)}: {message}")

    def line(self, path: NodePath) -> int:
        """The 1-based line of a value, or of the nearest value around it."""
        return line_of(path, self.lines)

    def positions(self) -> Iterator[tuple[Link, NodePath]]:
        """Every link with its path, in the file's order."""
        for category, links in self.links.items():
            for index, link in enumerate(links):
                yield link, ("categories", category, index)


def read_document(path: Path) -> CatalogueDocument:
    """Read and judge a catalogue.

    Raises:
        CatalogueError: what is wrong, by file and line.
    """
    return parse_catalogue(read_text(path), path)


def read_text(path: Path) -> str:
    """A catalogue's text.

    Raises:
        CatalogueError: it cannot be read, or is not UTF-8.
    """
    try:
        with path.open("rb") as opened:
            raw = opened.read(LARGEST_CATALOGUE + 1)
    except FileNotFoundError:
        raise CatalogueError(
            f"no catalogue at {path}: `indexer catalogue import FILE` makes one from a list of links"
        ) from None
    except OSError as error:
        raise CatalogueError(f"cannot read the catalogue {path}: {error.strerror}") from None
    if len(raw) > LARGEST_CATALOGUE:
        raise CatalogueError(
            f"{path}: has more than {LARGEST_CATALOGUE >> 20} MiB, which is too large for a catalogue"
        )
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        message = f"not UTF-8 text (byte 0x{raw[error.start]:02x}); save the file as UTF-8"
        raise CatalogueError(f"{path}:{line}: {message}") from None


def parse_catalogue(text: str, path: Path) -> CatalogueDocument:
    """Judge a catalogue's text; ``path`` is only named in messages."""
    document, values = compose_document(text, path)
    try:
        file = CatalogueFile.model_validate(values)
    except ValidationError as error:
        line, message = first_mistake(error, document.lines)
        raise CatalogueError(f"{path}:{line}: {message}") from None
    document.links, document.watch = file.links(), tuple(dict.fromkeys(file.watch))
    _refuse_duplicates(document)
    return document


def compose_document(text: str, path: Path) -> tuple[CatalogueDocument, dict[str, Any]]:
    """A catalogue's text with its nodes and plain values, which nobody judged yet.

    Raises:
        CatalogueError: it is no YAML, or no mapping.
    """
    document = CatalogueDocument(path, text)
    document.root = _compose(document)
    values = _Values(document).of(document.root, ()) if document.root is not None else {}
    if values is None:
        values = {}
    if not isinstance(values, dict):
        raise document.error((), "the file must be a mapping that starts with 'categories:'")
    return document, values


def _compose(document: CatalogueDocument) -> Node | None:
    """The tree of nodes, or CatalogueError where the text is not YAML."""
    try:
        node: Node | None = YAML(typ="safe", pure=True).compose(document.text)
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        problem = " ".join(str(part) for part in (error.context, error.problem) if part)
        raise CatalogueError(
            f"{document.path}:{mark.line + 1 if mark else 1}: broken YAML: {' '.join(problem.split())}"
        ) from None
    except ReaderError as error:
        line = document.text.count("\n", 0, error.position) + 1
        message = f"broken YAML: the character {chr(error.character)!r} is not allowed"
        raise CatalogueError(f"{document.path}:{line}: {message}") from None
    except (YAMLError, RecursionError, ValueError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise CatalogueError(f"{document.path}:1: broken YAML: {reason}") from None
    return node


class _Values:
    """Makes plain values from nodes and notes where each one stands."""

    def __init__(self, document: CatalogueDocument) -> None:
        self.document = document
        self.seen: set[int] = set()
        self.repeats = 0

    def of(self, node: Node, path: NodePath) -> Any:
        self.repeats += id(node) in self.seen
        self.seen.add(id(node))
        self.document.nodes[path] = node
        self.document.lines.setdefault(path, node.start_mark.line + 1)
        if len(path) > MAX_DEPTH or self.repeats > MAX_REPEATS:
            raise self.document.error(path, "nested too deeply, or aliases that repeat too much")
        if isinstance(node, MappingNode) and node.tag == _YAML + "map":
            return self._mapping(node, path)
        if isinstance(node, SequenceNode) and node.tag == _YAML + "seq":
            return [self.of(item, (*path, index)) for index, item in enumerate(node.value)]
        if isinstance(node, ScalarNode):
            return self._scalar(node, path)
        raise self.document.error(path, f"the YAML tag {node.tag!r} is not understood here")

    def _mapping(self, node: MappingNode, path: NodePath) -> dict[str, Any]:
        values: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, ScalarNode):
                raise self.document.error(path, f"line {line} has a key that is not plain text")
            name = str(key.value)
            below = (*path, name)
            if name in values:
                first = self.document.line(below)
                raise CatalogueError(
                    f"{self.document.path}:{line}: the key {name!r} is already at line {first}; join the two"
                )
            self.document.lines[below] = line
            values[name] = self.of(value, below)
        return values

    def _scalar(self, node: ScalarNode, path: NodePath) -> str | int | float | bool | None:
        text = str(node.value)
        match str(node.tag).removeprefix(_YAML):
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int" if re.fullmatch(r"[-+]?\d{1,18}", text):
                return int(text)
            case "int" | "float":
                return float("nan")  # a number that no field takes
            case "str" | "timestamp" | "value" | "merge":
                return text
            case tag:
                raise self.document.error(path, f"the YAML tag {tag!r} is not understood here")


def _refuse_duplicates(document: CatalogueDocument) -> None:
    seen: dict[str, int] = {}
    for link, path in document.positions():
        if link.url in seen:
            raise document.error(
                path, f"duplicate URL {link.url} is already at line {seen[link.url]}; remove one"
            )
        seen[link.url] = document.line(path)
