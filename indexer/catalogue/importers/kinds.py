"""Texts that are something else than a list, although they may hold addresses: programs, settings, mail."""

from __future__ import annotations

import re
from typing import Final

_SAMPLE_LINES: Final = 400
"""Lines that decide what a text is."""
_FENCE = re.compile(r"\s*(?:```|~~~)")
_BEGINNINGS: Final = {
    "#!": "a program",
    "<?php": "a program (PHP)",
    "-----BEGIN ": "a key or certificate",
    "BEGIN:VC": "a calendar or address book",
    "%YAML": "YAML",
    "diff --git ": "a list of changes (diff)",
    "From: ": "a mail or saved web page",
    "MIME-Version:": "a mail or saved web page",
    "Return-Path:": "a mail or saved web page",
    "Metadata-Version:": "what a package says of itself",
    "[InternetShortcut]": "a shortcut",
}
_CODE = re.compile(
    r"\s*(?:"
    r"(?:import|from|package|using|use|return|const|let|var|local|public|private|protected|static|final)\s\S"
    r"|(?:async\s+)?(?:def|class|function|func|fn|struct|enum|interface|impl|trait|module)\s+\w"
    r"|(?:if|for|while|switch|elif|else|try|catch|except|with|case)\b[^.]{0,200}[:{]\s*$"
    r"|#\s*(?:include|define|ifn?def|endif|pragma)\b|@\w+\s*(?:\(|$)|//|/\*|\*/|\*\s|<\?|<%"
    r"|(?:SELECT|INSERT|CREATE|UPDATE|DELETE|DROP|ALTER)\s|(?:FROM|RUN|COPY|ENV|CMD|ENTRYPOINT)\s\S"
    r"|--?[a-z][\w-]*[ =]\S|[\w.\[\]-]{1,80}\s*(?:[=<>~!]=|@\s)"
    r"|\\[a-zA-Z]+\*?\s*[{\[]|--\s|\w+\s*::\s"
    r"|(?:fi|done|end|esac|pause)\s*$|[\])}]+[;,)]*\s*$|(?:@?echo|export|set|cd|curl|sudo|apt-get|pip|npm|git)\s\S"
    r"|[\w.$\[\]\"'-]{1,80}\s*(?:=|:=|\+=|=>)\s*\S|[\w.]{1,80}\([^()]{0,200}\)\s*$|[\"'].{0,300}[\"'],?\s*$"
    r"|\[[\w. \"-]{1,80}\]\s*$|[.#@]?[\w-]{1,60}[^{}]{0,100}\{\s*$|.{0,2000}[;{]\s*$"
    r")"
)
"""How lines of programs, queries, stylesheets and settings look, and lines of a list do not."""
_LOGGED = re.compile(
    r"\s*[\[(]?(?:\d{1,3}(?:\.\d{1,3}){3}\s.{0,200}\["
    r"|\d{4}[-/]\d\d[-/]\d\d[T ]\d\d:\d\d|[A-Z][a-z]{2} +\d+ \d\d:\d\d:)"
)
_KEY = re.compile(r"\s*(?:-\s+)?[a-z_][\w.-]*:(?:\s|$)")
_BARE_KEY = re.compile(r"\s*[a-z_][\w.-]*:(?:\s+(?!https?://)|$)")


def foreign_kind(text: str) -> str:
    """What a text looks like that is no list of links; ``""`` where it may be one."""
    start = text.lstrip()
    for beginning, kind in _BEGINNINGS.items():
        if start.startswith(beginning):
            return kind
    lines = _plain_lines(start)
    code = sum(_CODE.match(line) is not None and not _is_entry(line) for line in lines)
    remarks = sum(line.startswith("#") for line in lines)
    if code * 10 > len(lines) * 4 or (remarks > 4 and (code + remarks) * 10 > len(lines) * 7):
        return "a program or settings"
    if sum(_LOGGED.match(line) is not None for line in lines) * 2 > len(lines):
        return "a log"
    keys, bare = (sum(key.match(line) is not None for line in lines) for key in (_KEY, _BARE_KEY))
    if bare >= 2 and keys * 2 > len(lines):
        return "YAML"
    return ""


def _plain_lines(text: str) -> list[str]:
    """The first lines with content, but for those between the fences of Markdown."""
    lines: list[str] = []
    fenced = False
    for line in text[: 1 << 17].split("\n", _SAMPLE_LINES)[:_SAMPLE_LINES]:
        if _FENCE.match(line):
            fenced = not fenced
        elif line.strip() and not fenced:
            lines.append(line[:2_000])
    return lines


def _is_entry(line: str) -> bool:
    """Whether a line begins as an entry or a heading of a list does."""
    return re.match(r"\s*(?:[-*+>|]\s|#{1,6}\s|\d+[.)]\s|https?://|\[[^\]]{1,300}\]\()", line) is not None
