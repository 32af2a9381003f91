"""Edits catalogue.yaml in place: only the lines of the links concerned change.

ruamel.yaml says where every value stands; the edit is a splice of the text at those places, so that
comments, order, quoting, indentation and line ends stay as the user wrote them, byte for byte. Before
anything is written the new text is read again and must hold exactly the links intended; then it
replaces the file in one step. A file that does not read without error is never overwritten.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from indexer.catalogue import emitting
from indexer.catalogue.mistakes import NodePath
from indexer.catalogue.reading import CatalogueDocument, parse_catalogue, read_document
from indexer.credentials import without_credentials
from indexer.errors import CatalogueError, NoRoom, UnknownName
from indexer.files import FULL, replace_file
from indexer.records import Link

Splice = tuple[int, int, str]
"""Characters ``[start, end)`` of the old text, and what comes in their place."""


def dump(links: Iterable[Link]) -> str:
    """The text of a new catalogue. Links of one category come together, in the order given.

    Raises:
        CatalogueError: the links cannot stand in a catalogue (a URL twice, a malformed one).
    """
    text = emitting.catalogue_text(links)
    parse_catalogue(text, Path("catalogue.yaml"))
    return text


def add(path: Path, link: Link) -> None:
    """Append a link to its category, which is made at the end of the file if it is new.

    So is the file, if there is none. A user name and password in the address are left out.

    Raises:
        CatalogueError: the file is wrong, the URL is malformed or already there.
    """
    link = replace(link, url=without_credentials(link.url))
    if not path.exists():
        write_catalogue(path, dump([link]))
        return
    document = read_document(path)
    for present, where in document.positions():
        if present.url == link.url:
            raise document.error(where, f"{link.url} is already there, in category {present.category!r}")
    _insert(document, [link])


def merge(path: Path, links: Iterable[Link]) -> tuple[Link, ...]:
    """Add the links whose URL the catalogue does not hold yet; return those, in order.

    The file is made if there is none.

    Raises:
        CatalogueError: it cannot be read or written.
    """
    if not path.exists():
        new = _not_present(links, set())
        write_catalogue(path, dump(new))
        return new
    document = read_document(path)
    new = _not_present(links, {link.url for link, _ in document.positions()})
    if new:
        _insert(document, new)
    return new


def remove(path: Path, url: str) -> Link:
    """Take a link out of the file and return it. Its category stays, even if it is empty then.

    Raises:
        UnknownName: the catalogue does not hold it; offers the nearest URLs.
    """
    document, url = read_document(path), without_credentials(url)
    places = {link.url: (link, where) for link, where in document.positions()}
    if url not in places:
        raise UnknownName("link", url, places)
    link, where = places[url]
    splice = removal(document, where)
    wanted = dict(document.links)
    wanted[link.category] = tuple(other for other in wanted[link.category] if other.url != url)
    _apply(document, [splice], wanted)
    return link


def _not_present(links: Iterable[Link], present: set[str]) -> tuple[Link, ...]:
    new: dict[str, Link] = {}
    for link in links:
        if link.url not in present:
            new.setdefault(link.url, link)
    return tuple(new.values())


# ------------------------------------------------------------------- insertion


def _insert(document: CatalogueDocument, links: Sequence[Link]) -> None:
    by_category: dict[str, list[Link]] = {}
    for link in links:
        by_category.setdefault(link.category, []).append(link)
    known = {name: members for name, members in by_category.items() if name in document.links}
    fresh = {name: members for name, members in by_category.items() if name not in document.links}
    splices = [_into_category(document, name, members) for name, members in known.items()]
    if fresh:
        splices.append(_new_categories(document, fresh))
    wanted = {name: (*members, *known.get(name, ())) for name, members in document.links.items()}
    _apply(document, splices, wanted | {name: tuple(members) for name, members in fresh.items()})


def _into_category(document: CatalogueDocument, name: str, links: Sequence[Link]) -> Splice:
    """Append links to a list that is there: in block style, between brackets, or not yet begun."""
    path = ("categories", name)
    node = document.nodes[path]
    if isinstance(node, SequenceNode) and not node.flow_style:
        last = document.nodes[(*path, len(node.value) - 1)]
        bare = isinstance(last, ScalarNode)
        lines = [line for link in links for line in emitting.entry(link, bare=bare)]
        return _lines_at(document, _content_end(document, node), lines, node.start_mark.column)
    if _in_flow(document, path):
        items = ", ".join(emitting.flow_entry(link) for link in links)
        return _between_brackets(document, node, items, "[]")
    lines = [line for link in links for line in emitting.entry(link, bare=True)]
    indent = _key_column(document, path) + 2
    return _below_key(document, node, lines, indent)


def _new_categories(document: CatalogueDocument, fresh: Mapping[str, Sequence[Link]]) -> Splice:
    """Append categories to the mapping that is there, or begin it."""
    node = document.nodes.get(("categories",))
    if node is None:
        lines = _category_lines(fresh, spaced=True)
        indented = [f"  {line}" if line else "" for line in lines]
        return _lines_at(document, len(document.text.rstrip()), ["categories:", *indented], 0)
    if not isinstance(node, MappingNode) or not node.value:
        return _below_key(document, node, _category_lines(fresh, spaced=True), 2)
    if node.flow_style:
        items = ", ".join(_flow_category(name, links) for name, links in fresh.items())
        return _between_brackets(document, node, items, "{}")
    spaced = _blank_between(document, node)
    lines = [*([""] if spaced else []), *_category_lines(fresh, spaced=spaced)]
    return _lines_at(document, _content_end(document, node), lines, node.start_mark.column)


def _category_lines(categories: Mapping[str, Sequence[Link]], *, spaced: bool) -> list[str]:
    """Categories in block style, with a blank line between them where ``spaced``."""
    lines: list[str] = []
    for name, links in categories.items():
        bare = all(link == Link(link.url, name) for link in links)
        lines += [""] if spaced and lines else []
        lines += [f"{emitting.key(name)}:"]
        lines += [f"  {line}" for link in links for line in emitting.entry(link, bare=bare)]
    return lines


def _flow_category(name: str, links: Sequence[Link]) -> str:
    return f"{emitting.quoted(name)}: [{', '.join(map(emitting.flow_entry, links))}]"


def _below_key(document: CatalogueDocument, node: Node, lines: Sequence[str], indent: int) -> Splice:
    """Put lines below a key whose value is empty (nothing, ``null``, ``[]`` or ``{}``)."""
    start, end = node.start_mark.index, node.end_mark.index
    if start == end:  # nothing was written: the mark stands somewhere behind the key
        end = start = document.text.rindex(":", 0, start) + 1
    line_end = _line_end(document.text, end)
    kept = document.text[end:line_end].rstrip("\r")
    newline = _newline(document.text)
    before = document.text[:start].rstrip(" ")
    body = newline.join(" " * indent + line if line else "" for line in lines)
    return len(before), end + len(kept), kept + newline + body


def _between_brackets(document: CatalogueDocument, node: Node, items: str, brackets: str) -> Splice:
    """Append items before the closing bracket; an empty value becomes a bracketed one."""
    start, end = node.start_mark.index, node.end_mark.index
    if not isinstance(node, SequenceNode | MappingNode):
        return start, end, f" {brackets[0]}{items}{brackets[1]}"
    before = document.text[: end - 1].rstrip()
    comma = ", " if node.value and not before.endswith(",") else " " if node.value else ""
    return len(before), len(before), comma + items


def _blank_between(document: CatalogueDocument, node: MappingNode) -> bool:
    """Whether the user keeps a blank line between categories; one category alone counts as yes."""
    starts = [key.start_mark.index for key, _ in node.value[1:]]
    return not starts or any("\n\n" in document.text[:at].replace("\r", "")[-200:] for at in starts)


def _in_flow(document: CatalogueDocument, path: NodePath) -> bool:
    """Whether a value stands between brackets, its own or those of a mapping around it."""
    node = document.nodes[path]
    if isinstance(node, SequenceNode) and node.flow_style and node.value:
        return True
    around = (document.nodes[path[:depth]] for depth in range(len(path)))
    return any(isinstance(outer, MappingNode) and bool(outer.flow_style) for outer in around)


# --------------------------------------------------------------------- removal


def removal(document: CatalogueDocument, where: NodePath) -> Splice:
    """Take out one item of a list: its lines, or its text and one comma between brackets."""
    text, node, parent = document.text, document.nodes[where], document.nodes[where[:-1]]
    start, end = node.start_mark.index, node.end_mark.index
    if isinstance(parent, SequenceNode) and parent.flow_style:
        behind = len(text[end:]) - len(text[end:].lstrip())
        if text[end + behind] == ",":
            return start, end + behind + 1 + (text[end + behind + 1] == " "), ""
        before = text[:start].rstrip()
        return len(before.removesuffix(",")) if len(parent.value) > 1 else start, end, ""
    dash = text.rindex("-", 0, start)
    begin = text.rfind("\n", 0, dash) + 1
    finish = _content_end(document, node, dash - begin)
    after = min(_line_end(text, finish) + 1, len(text))
    if after == len(text) and not text.endswith("\n"):  # the last line had no newline, and keeps none
        return len(text[:begin].rstrip("\r\n")), after, ""
    return begin, after, ""


# ----------------------------------------------------------------------- text


def _content_end(document: CatalogueDocument, node: Node, column: int | None = None) -> int:
    """Where the last line with content of a block ends; comments at its margin are not its own.

    A block's end mark stands at the next token, behind blank lines and comments. Those indented deeper
    than ``column`` (the block's own) belong to it: they may be lines of a literal text.
    """
    text = document.text
    margin = node.start_mark.column if column is None else column
    end = node.end_mark.index
    if isinstance(node, ScalarNode) and node.style not in ("|", ">"):
        return _line_end(text, end)
    lines = text[:end].split("\n")
    while len(lines) > 1:
        content = lines[-1].lstrip()
        indent = len(lines[-1]) - len(content)
        if content.strip() and not (content.startswith("#") and indent <= margin):
            break
        lines.pop()
    return _line_end(text, len("\n".join(lines)))


def _line_end(text: str, index: int) -> int:
    """The index of the line feed that ends the line, or the text's length."""
    end = text.find("\n", index)
    return len(text) if end < 0 else end


def _lines_at(document: CatalogueDocument, end: int, lines: Sequence[str], indent: int) -> Splice:
    """Put lines behind the line that ends at ``end``."""
    text, newline = document.text, _newline(document.text)
    at = end - 1 if text[:end].endswith("\r") else end
    body = newline.join(" " * indent + line if line else "" for line in lines)
    return at, at, (newline if text[:at].strip("\ufeff") else "") + body


def _newline(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _key_column(document: CatalogueDocument, path: NodePath) -> int:
    parent = document.nodes[path[:-1]]
    return int(parent.start_mark.column)


def spliced(text: str, splices: Sequence[Splice]) -> str:
    """The text with the edits made."""
    # From the end backward; of two at one place the last given goes in first, and so comes out behind.
    for _, (start, end, replacement) in sorted(
        enumerate(splices), key=lambda at: (at[1][0], at[0]), reverse=True
    ):
        text = text[:start] + replacement + text[end:]
    return text


def _apply(
    document: CatalogueDocument, splices: Sequence[Splice], wanted: Mapping[str, tuple[Link, ...]]
) -> None:
    """Make the edits, prove that they gave what was wanted, and only then write."""
    text = spliced(document.text, splices)
    try:
        edited = dict(parse_catalogue(text, document.path).links)
    except CatalogueError as error:
        raise CatalogueError(
            f"the catalogue was left as it is, for it would then be wrong: {error}"
        ) from None
    if edited != dict(wanted):
        raise CatalogueError(
            f"{document.path} cannot be edited here, so it was left as it is; edit it by hand"
        )
    write_catalogue(document.path, text)


def write_catalogue(path: Path, text: str) -> None:
    """Replace the catalogue, or make it with its folder; a link to a file elsewhere stays one.

    Raises:
        NoRoom: the disk is full. CatalogueError: it cannot be written otherwise.
    """
    try:
        path.resolve().parent.mkdir(parents=True, exist_ok=True)
        replace_file(path.resolve(), text.encode("utf-8"))
    except OSError as error:
        if error.errno in FULL:
            raise NoRoom(
                f"{path}: the disk is full ({error.strerror}); make room and start again: it is as it was"
            ) from error
        raise CatalogueError(f"cannot write the catalogue {path}: {error.strerror}") from None
