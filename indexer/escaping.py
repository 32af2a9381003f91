"""Texts of strangers in what is written here: nothing in them drives a terminal, a page or a spreadsheet."""

from __future__ import annotations

import re
from html import escape

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls (terminal escapes begin with one) and bidirectional overrides."""

_MARKUP = re.compile(r"[\\`*_\[\]<>#|~&$@{}]|(?<=www)\.|:(?=//)", re.IGNORECASE)
"""What may mean something to CommonMark within a line, or to what is widely built on it: tables, formulas,
addresses that become links by themselves (GitHub Flavored Markdown, "Autolinks (extension)")."""
_LINE_BEGIN = re.compile(r"\d{1,9}(?=[.)](?:\s|$))|(?=[-+=:])")
"""What makes a line begin a list, be a rule, or make a heading or a table of the line before it."""
_ENTITY = re.compile(r"&(?=#?\w+;)")
_NO_DESTINATION = re.compile(r"[\s<>\\\"]")
_WEB = re.compile(r"https?://[^/?#]", re.IGNORECASE)
_FORMULA = re.compile(r"['\s=+\-@＝＋－＠]")  # noqa: RUF001 - full-width ones are run too
"""How a cell begins that spreadsheets run, blanks before it left out (OWASP, "CSV Injection")."""


def safe(text: str) -> str:
    """A text from the web or the catalogue without what could drive a terminal."""
    return CONTROL.sub("", text)


def web_address(address: str) -> str:
    """An address that may be made a link of; ``""`` for what leads elsewhere than to the web."""
    address = safe(address).strip()
    return address if _WEB.match(address) else ""


def html_text(text: str) -> str:
    """A text inside an element or an attribute of HTML."""
    return escape(safe(text))


def markdown_text(text: str) -> str:
    """A text on one line of CommonMark, which shows it as it is."""
    line = " ".join(safe(text).split())
    block = _LINE_BEGIN.match(line)
    begin = f"{block[0]}\\" if block else ""
    return begin + _MARKUP.sub(r"\\\g<0>", line[block.end() if block else 0 :])


def markdown_lines(text: str) -> str:
    """A text of several lines in CommonMark, which shows them as they are, blanks at their beginnings too."""
    shown = []
    for line in safe(text).split("\n"):
        indent = len(line) - len(line.lstrip())
        shown.append("&nbsp;" * indent * bool(line.strip()) + markdown_text(line))
    # Two blanks at its end keep a line from flowing into the next one.
    return "\n".join(
        f"{line}  " if line and after else line for line, after in zip(shown, [*shown[1:], ""], strict=True)
    )


def markdown_link(text: str, address: str) -> str:
    """A link of CommonMark to a page of the web; the text alone where the address is none.

    An address whose text is empty is its own text.
    """
    shown = markdown_text(text) or markdown_text(address)
    if not (to := web_address(address)):
        return shown
    to = _NO_DESTINATION.sub(lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), to)
    return f"[{shown}](<{_ENTITY.sub('&amp;', to)}>)"


def csv_cell(text: str) -> str:
    """A text for a cell, with ``'`` before it where a spreadsheet might take it for a formula.

    A text that begins with ``'`` gets one more, so ``cell.removeprefix("'")`` gives every text back.
    """
    clean = safe(text)
    return f"'{clean}" if _FORMULA.match(clean) else clean
