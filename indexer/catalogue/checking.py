"""What in a catalogue will fail or repeat, and the file mended accordingly.

A remark tells what looks unintended, and often what to do: then ``tidy`` can do it. A link is only taken out
where nothing is lost with it: where the crawl would refuse its address, or where another link has the same
page or text and this one says nothing of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import ValidationError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode

from indexer.catalogue.mistakes import NodePath, all_mistakes, misspelt_keys
from indexer.catalogue.model import CatalogueFile
from indexer.catalogue.reading import CatalogueDocument, compose_document, parse_catalogue, read_text
from indexer.catalogue.writing import Splice, removal, spliced, write_catalogue
from indexer.credentials import without_credentials
from indexer.errors import CatalogueError
from indexer.records import Link

Proposal = Literal["", "remove", "without credentials"]


@dataclass(frozen=True, slots=True)
class Remark:
    """What looks unintended about one link.

    ``proposal`` is what ``tidy`` would do, ``""`` where only the user can tell.
    """

    line: int
    text: str
    proposal: Proposal = ""
    where: NodePath = ()


def check(path: str | Path, texts: Mapping[str, str] | None = None) -> tuple[str, ...]:
    """What :func:`remarks` tells, one line each with file and line number."""
    return tuple(f"{path}:{remark.line}: {remark.text}" for remark in remarks(path, texts))


def remarks(path: str | Path, texts: Mapping[str, str] | None = None) -> tuple[Remark, ...]:
    """Read the file as ``load`` does, and tell what is valid but looks unintended, in the file's order.

    That is: addresses that the crawl refuses, of links and of fallbacks, the same page under several
    addresses, the same text under several, plain http where the catalogue has the host under https,
    credentials in an address, a fallback that is the link itself, follow rules that have no effect.
    ``texts`` has the hash of the text that a library holds for a link, by its URL.

    Raises:
        CatalogueError: the file is wrong; names file and line.
    """
    path = Path(path)
    return _remarks_on(parse_catalogue(read_text(path), path), texts or {})


def wrong_places(path: str | Path) -> tuple[str, ...]:
    """All that makes the file wrong, one line each with file and line; empty for a file that is right.

    Raises:
        CatalogueError: it is no YAML, or cannot be read.
    """
    path = Path(path)
    document, values = compose_document(read_text(path), path)
    try:
        CatalogueFile.model_validate(values)
    except ValidationError as error:
        return tuple(f"{path}:{line}: {message}" for line, message in all_mistakes(error, document.lines))
    return ()


def tidied(path: str | Path, texts: Mapping[str, str] | None = None) -> tuple[str, str]:
    """The file's text as it is, and as :func:`check` proposes it: all else stays, comments too.

    Misspelt keys are renamed first, as a file with such a key is wrong.

    Raises:
        CatalogueError: the file is wrong in another way, or cannot be edited so.
    """
    path = Path(path)
    before = read_text(path)
    text = _with_keys_renamed(before, path)
    # Each pass makes edits that do not touch; what is left is proposed again by the next one.
    while True:
        document = parse_catalogue(text, path)
        proposed = [remark for remark in _remarks_on(document, texts or {}) if remark.proposal]
        after = spliced(text, list(_splices(document, proposed)))
        if after == text:
            return before, text
        _prove(document, proposed, after)
        text = after


def tidy(path: str | Path, text: str) -> None:
    """Write what :func:`tidied` gave."""
    write_catalogue(Path(path), text)


def _remarks_on(document: CatalogueDocument, texts: Mapping[str, str]) -> tuple[Remark, ...]:
    from indexer.crawl.urls import page_key

    secure = {urlsplit(link.url).netloc for link, _ in document.positions() if link.url.startswith("https")}
    pages: dict[str, tuple[int, Link]] = {}
    same_text: dict[str, tuple[int, Link]] = {}
    told: list[Remark] = []
    for link, where in document.positions():
        line, key, text = document.line(where), page_key(link.url), texts.get(link.url, "")
        for place in _carrying(document, where):
            what = f"{link.url}: an address carries a user name or password, which are not used"
            told.append(Remark(document.line(place), what, "without credentials", place))
        if reason := _refused(link.url, link):
            told.append(Remark(line, f"{link.url} is never fetched: {reason}", "remove", where))
        elif key in pages:
            told.append(_repeat(pages[key], link, line, where, "looks like the page"))
        elif text and text in same_text:
            told.append(_repeat(same_text[text], link, line, where, "has the same text as the page"))
        else:
            pages[key] = (line, link)
            same_text.setdefault(text, (line, link))
            if link.url.startswith("http:") and urlsplit(link.url).netloc in secure:
                host = urlsplit(link.url).netloc
                told.append(Remark(line, f"{link.url} is plain http, though other links to {host} are https"))
        told += [Remark(line, text) for text in _oddities(link)]
    return tuple(sorted(told, key=lambda remark: remark.line))


def _repeat(first: tuple[int, Link], link: Link, line: int, where: NodePath, how: str) -> Remark:
    """The remark on a link that repeats an earlier one; taken out only if that one says as much."""
    at, kept = first
    own = Link(link.url, link.category, note=kept.note, tags=kept.tags)
    says_more = (
        link.note not in ("", kept.note)
        or not set(link.tags) <= set(kept.tags)
        or (link.follow, link.expect, link.fallbacks, link.archive, link.render)
        != (own.follow, own.expect, own.fallbacks, own.archive, own.render)
    )
    spelling = " under another spelling" if how.startswith("looks") else ""
    text = f"{link.url} {how} at line {at}{spelling}"
    if says_more:
        return Remark(line, f"{text}; join the two by hand, as this one has settings or words of its own")
    return Remark(line, text, "remove", where)


def _refused(url: str, link: Link) -> str:
    """Why the crawl would not ask for an address of a link, ``""`` where it would. No name is looked up."""
    from indexer.crawl.failure import NoPage
    from indexer.crawl.guard import Guard
    from indexer.crawl.urls import request_form

    try:
        Guard([link]).check(request_form(url))
    except NoPage as error:
        return error.judgement.reason
    return ""


def _oddities(link: Link) -> Iterator[str]:
    """What looks unintended about one link by itself."""
    for fallback in link.fallbacks:
        if reason := _refused(fallback.url, link):
            yield f"{link.url}: its fallback {fallback.url} is never fetched: {reason}"
    if any(fallback.url == link.url for fallback in link.fallbacks):
        yield f"{link.url} is its own fallback"
    if link.follow.mode == "page" and (link.follow.allow or link.follow.deny):
        yield f"{link.url}: 'allow' and 'deny' have no effect with mode 'page'"


def _carrying(document: CatalogueDocument, where: NodePath) -> Iterator[NodePath]:
    """The addresses of a link, its own and its fallbacks', that carry credentials in the file."""
    stack: list[tuple[Node, NodePath]] = [(document.nodes[where], where)]
    while stack:
        node, path = stack.pop()
        if isinstance(node, MappingNode):
            stack += [(value, (*path, str(key.value))) for key, value in node.value]
        elif isinstance(node, SequenceNode):
            stack += [(item, (*path, index)) for index, item in enumerate(node.value)]
        elif (path == where or path[-1] == "url" or "fallbacks" in path) and (
            without_credentials(str(node.value)) != str(node.value)
        ):
            yield path


# -------------------------------------------------------------------------- mending


def _splices(document: CatalogueDocument, proposed: list[Remark]) -> Iterator[Splice]:
    """The edits of one pass: removals, one only between the same brackets, and addresses elsewhere."""
    removed = {remark.where for remark in proposed if remark.proposal == "remove"}
    edited: set[NodePath] = set()
    for where in removed:
        parent = document.nodes[where[:-1]]
        between_brackets = isinstance(parent, SequenceNode) and bool(parent.flow_style)
        if not between_brackets or where[:-1] not in edited:
            edited.add(where[:-1])
            yield removal(document, where)
    for remark in proposed:
        if remark.proposal == "without credentials" and remark.where[:3] not in removed:
            if remark.where[:2] in edited and _in_brackets(document, remark.where):
                continue
            node = document.nodes[remark.where]
            start, end = node.start_mark.index, node.end_mark.index
            yield start, end, without_credentials(document.text[start:end])


def _in_brackets(document: CatalogueDocument, where: NodePath) -> bool:
    return bool(getattr(document.nodes[where[:2]], "flow_style", False))


def _prove(document: CatalogueDocument, proposed: list[Remark], text: str) -> None:
    """That an edit changed what it was to change, and nothing else.

    Raises:
        CatalogueError: it did not; the file is as it was.
    """
    unwanted = {remark.where for remark in proposed if remark.proposal == "remove"}
    may_go = {link for link, where in document.positions() if where in unwanted}
    try:
        left = {link for link, _ in parse_catalogue(text, document.path).positions()}
    except CatalogueError:
        left = set()
    had = {link for link, _ in document.positions()}
    if not had - may_go <= left or not left <= had:
        raise CatalogueError(
            f"{document.path} cannot be edited here, so it was left as it is; edit it by hand"
        )


def _with_keys_renamed(text: str, path: Path) -> str:
    """The text with misspelt keys as they are meant."""
    document, values = compose_document(text, path)
    try:
        CatalogueFile.model_validate(values)
    except ValidationError as error:
        splices = []
        for where, meant in misspelt_keys(error, document.lines).items():
            parent = document.nodes[where[:-1]]
            keys = [key for key, _ in parent.value if str(key.value) == where[-1]]
            there = {str(key.value) for key, _ in parent.value}
            if meant not in there and isinstance(keys[0], ScalarNode):
                splices.append((keys[0].start_mark.index, keys[0].end_mark.index, meant))
        # Below a key that was not known stand others that could not be judged yet.
        return _with_keys_renamed(spliced(text, splices), path) if splices else text
    return text
