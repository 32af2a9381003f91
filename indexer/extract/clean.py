"""Characters that must not reach a text: escapes, control characters, direction overrides."""

from __future__ import annotations

import re
import unicodedata

# ECMA-48: CSI (parameters, intermediates, final byte), OSC ended by BEL or ST, two-byte escapes.
_TERMINAL = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b\]|\x9d)[^\x07\x1b\x9c\n]{0,300}(?:\x07|\x1b\\|\x9c)"
    r"|\x1b[ -/]*[0-~]"
)
# C0 and C1 but tab and newline; soft hyphen, zero-width space, joiner, BOM; the direction marks and
# overrides of UAX #9; line and paragraph separators are handled as newlines before; surrogates.
_FORBIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffc\ud800-\udfff\ue000-\uf8ff\U000f0000-\U0010ffff]"
)
_NEWLINES = re.compile("\r\n?|[\u0085\u2028\u2029\x0b\x0c]")
_SPACES = re.compile(r"[^\S\n]+")
_BLANK_LINES = re.compile(r" ?\n\s*")


PAGE_BREAK = "\u2029"
_NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")


def _without_escapes(text: str) -> str:
    """Looked for at all only where one begins: a tenth of the time for nearly every text."""
    return _TERMINAL.sub("", text) if any(start in text for start in "\x1b\x9b\x9d") else text


def parseable(text: str) -> str:
    """The source of a page without terminal escapes and characters that no XML tree may hold.

    A form feed becomes :data:`PAGE_BREAK`, which a tree may hold and which is white space as well.
    """
    return _NOT_XML.sub("", _without_escapes(text).replace("\f", PAGE_BREAK))


def printable(text: str) -> str:
    """The text in NFC with plain newlines and without anything that steers a terminal or a line."""
    text = _without_escapes(_NEWLINES.sub("\n", text))
    return unicodedata.normalize("NFC", _FORBIDDEN.sub("", text))


def prose(text: str) -> str:
    """Printable text with single spaces; its line breaks stay, blank lines go."""
    return _BLANK_LINES.sub("\n", _SPACES.sub(" ", printable(text))).strip()


def one_line(text: str) -> str:
    """Printable text on one line, for titles, headings and names."""
    return " ".join(printable(text).split())


def verbatim(text: str) -> str:
    """Printable text with its indentation and inner spaces kept, for code; outer blank lines go."""
    lines = [line.rstrip() for line in printable(text).expandtabs(4).split("\n")]
    while lines and not lines[0]:
        lines.pop(0)
    while lines and not lines[-1]:
        lines.pop()
    return "\n".join(lines)
