"""Links as YAML text in the style of a file kept by hand.

Text is left plain where every YAML reader takes it for the same text, and otherwise written as a
JSON string, which is valid YAML too. Keys with their default value are left out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence

from indexer.records import Expect, Follow, Link

HEADER = """\
# yaml-language-server: $schema=catalogue.schema.json
# `indexer catalogue schema > catalogue.schema.json` makes that file; editors then check and complete.
"""
WIDTH = 100
"""Columns up to which a small mapping or list is written on one line."""

_PLAIN = re.compile(r"(?:[^\W\d_]|/\w)[\w .()/'+&?!;%=/*-]*", re.ASCII)
_PLAIN_BLOCK = re.compile(r"[^\W\d_][\w .,()/'+&?!;%=*@\u2013\u2014\u2019\u2026-]*")
_PLAIN_URL = re.compile(r"https?://[!-~]*[!-9;-~]")
_WORDS_OF_YAML = frozenset(["true", "false", "yes", "no", "on", "off", "y", "n", "null"])


def text(value: str) -> str:
    """A scalar for block context, quoted where it must be."""
    plain = _PLAIN_URL.fullmatch(value) or (
        _PLAIN_BLOCK.fullmatch(value) and value.isprintable() and value == value.strip()
    )
    return value if plain and value.lower() not in _WORDS_OF_YAML else quoted(value)


def quoted(value: str) -> str:
    """A scalar for any context: mostly a JSON string, with escapes for what YAML would not take raw."""
    if '"' in value and "'" not in value and value.isprintable():
        return f"'{value}'"
    return _yaml_escaped(json.dumps(value, ensure_ascii=False))


def _yaml_escaped(json_text: str) -> str:
    """JSON with YAML's escapes for unprintable characters; YAML does not join JSON's surrogate pairs."""
    return "".join(c if c.isprintable() else f"\\U{ord(c):08x}" for c in json_text)


def flow_text(value: str) -> str:
    """A scalar for use between brackets, quoted where it must be."""
    plain = _PLAIN.fullmatch(value) and value == value.strip() and value.lower() not in _WORDS_OF_YAML
    return value if plain else quoted(value)


def entry(link: Link, *, bare: bool = False) -> list[str]:
    """The lines of one link as a list item, its dash at column 0; ``bare`` permits the URL alone."""
    lines = [f"url: {text(link.url)}"]
    lines += [f"{key}: {text(value)}" for key, value in (("title", link.title), ("note", link.note)) if value]
    if link.tags:
        lines += _field("tags", _flow_list(link.tags), [f"  - {text(tag)}" for tag in link.tags])
    lines += _follow(link.follow)
    lines += _expect(link.expect)
    if link.fallbacks:
        lines += ["fallbacks:"]
        for fallback in link.fallbacks:
            lines += [f"  - kind: {fallback.kind}", f"    url: {text(fallback.url)}"]
    if not link.archive:
        lines += ["archive: false"]
    if link.render:
        lines += [f"render: {link.render}"]
    if bare and len(lines) == 1:
        return [f"- {text(link.url)}"]
    return [f"{'  ' if number else '- '}{line}" for number, line in enumerate(lines)]


def flow_entry(link: Link) -> str:
    """One link as JSON, for a list that is written between brackets."""
    values: dict[str, object] = {"url": link.url, "title": link.title, "note": link.note, "tags": link.tags}
    follow, expect = link.follow, link.expect
    if follow != Follow():
        values["follow"] = {
            "mode": follow.mode,
            "depth": follow.depth,
            "allow": follow.allow,
            "deny": follow.deny,
            "max_pages": follow.max_pages,
        }
    if expect != Expect():
        values["expect"] = {"title_any": expect.title_any, "min_words": expect.min_words}
    values["fallbacks"] = [{"kind": fallback.kind, "url": fallback.url} for fallback in link.fallbacks]
    kept = {key: value for key, value in values.items() if value}
    if not link.archive:
        kept["archive"] = False
    if link.render:
        kept["render"] = link.render
    return _yaml_escaped(json.dumps(kept if len(kept) > 1 else link.url, ensure_ascii=False))


def catalogue_text(links: Iterable[Link]) -> str:
    """A whole new catalogue. Links of one category come together, in the order given."""
    categories: dict[str, list[Link]] = {}
    for link in links:
        categories.setdefault(link.category, []).append(link)
    lines = ["categories:"]
    for name, members in categories.items():
        lines += [f"  {key(name)}:"]
        bare = all(link == Link(link.url, name) for link in members)
        lines += [f"    {line}" for link in members for line in entry(link, bare=bare)]
        lines += [""]
    return HEADER + "\n".join(lines).rstrip("\n") + ("\n" if categories else " {}\n")


def key(name: str) -> str:
    """A category's name as a key."""
    return text(name)


def _follow(follow: Follow) -> list[str]:
    if follow == Follow():
        return []
    parts: list[tuple[str, str]] = [("mode", follow.mode)]
    if follow.depth != Follow().depth:
        parts += [("depth", str(follow.depth))]
    parts += [
        (name, _flow_list(paths)) for name, paths in (("allow", follow.allow), ("deny", follow.deny)) if paths
    ]
    if follow.max_pages != Follow().max_pages:
        parts += [("max_pages", str(follow.max_pages))]
    return _small_mapping("follow", parts)


def _expect(expect: Expect) -> list[str]:
    parts = []
    if expect.title_any:
        parts += [("title_any", _flow_list(expect.title_any))]
    if expect.min_words:
        parts += [("min_words", str(expect.min_words))]
    return _small_mapping("expect", parts) if parts else []


def _small_mapping(name: str, parts: Sequence[tuple[str, str]]) -> list[str]:
    inline = "{" + ", ".join(f"{part}: {value}" for part, value in parts) + "}"
    return _field(name, inline, [f"  {part}: {value}" for part, value in parts])


def _field(name: str, inline: str, block: list[str]) -> list[str]:
    line = f"{name}: {inline}"
    return [line] if len(line) <= WIDTH else [f"{name}:", *block]


def _flow_list(values: Sequence[str]) -> str:
    return "[" + ", ".join(flow_text(value) for value in values) + "]"
