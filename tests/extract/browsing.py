"""Text directives read and matched as browsers do it, over an article's text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from indexer.extract.wording import browser_folded

GAP = re.compile(r"(?:\s|\|(?=\s))*")
"""What stands between a text and its context: white space, and what parts the cells of a row."""


@dataclass(frozen=True)
class Directive:
    """``prefix-,start,end,-suffix``, as written, ``""`` for what is not there."""

    start: str
    end: str = ""
    prefix: str = ""
    suffix: str = ""


def directives_of(fragment: str) -> list[Directive]:
    """The text directives of a fragment, in order."""
    _, _, directive = fragment.partition(":~:")
    values = [value for value in directive.split("&") if value]
    assert all(value.startswith("text=") for value in values)
    return [parsed(value.removeprefix("text=")) for value in values]


def parsed(value: str) -> Directive:
    """One directive. Signs that mean something stand only where they mean it."""
    assert re.fullmatch(r"(?:[^-,&]+-,)?[^-,&]+(?:,[^-,&]+)?(?:,-[^-,&]+)?", value)
    parts = value.split(",")
    prefix = parts.pop(0).removesuffix("-") if parts[0].endswith("-") else ""
    suffix = parts.pop().removeprefix("-") if parts[-1].startswith("-") else ""
    start, end = (unquote(part) for part in (*parts, "")[:2])
    return Directive(start, end, unquote(prefix), unquote(suffix))


def found_at(text: str, directive: Directive) -> int:
    """Where a browser that shows this text goes, -1 where it finds nothing."""
    folded = browser_folded(text)
    start, end, prefix, suffix = (
        browser_folded(part) for part in (directive.start, directive.end, directive.prefix, directive.suffix)
    )
    for low, high in occurrences(folded, start):
        before = [until for _, until in occurrences(folded[:low], prefix)] if prefix else [low]
        after = GAP.match(folded, high)
        assert after
        if (
            any(GAP.fullmatch(folded, until, low) for until in before)
            and (not end or next(occurrences(folded, end, high), None))
            and (not suffix or (after.end(), after.end() + len(suffix)) in occurrences(folded, suffix, high))
        ):
            return low
    return -1


def occurrences(folded: str, phrase: str, after: int = 0) -> Iterator[tuple[int, int]]:
    """Every place where a phrase stands as whole words."""
    at = folded.find(phrase, after)
    while at >= 0:
        until = at + len(phrase)
        if not any(goes_on(folded, place) for place in (at, until)):
            yield at, until
        at = folded.find(phrase, at + 1)


def goes_on(text: str, at: int) -> bool:
    """Whether a word goes on over this place."""
    return 0 < at < len(text) and text[at - 1].isalnum() and text[at].isalnum()
