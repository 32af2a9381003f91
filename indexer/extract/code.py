"""Code in a page: what highlighters make of it becomes plain lines again."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.extract.dom import text_of, words_of_class

if TYPE_CHECKING:
    from lxml.html import HtmlElement

_LINES = {"div", "p", "li", "tr"}
_DISPLAYED_AS_LINE = re.compile(r"display\s*:\s*(?:block|flex|grid|table-row)")
_NUMBERS = {"gutter", "lineno", "linenos", "linenumber", "linenumbers", "number", "numbers", "ln", "num"}


def keep_code(tree: HtmlElement) -> None:
    """Makes every ``pre`` one plain ``code``, so that highlighters' markup does not break it into words."""
    for pre in list(tree.iter("pre")):
        if pre.getparent() is None:  # its table went with an earlier one
            continue
        text, tail = code_text(pre), pre.tail
        pre.clear()
        pre.tail = tail
        code = pre.makeelement("code")
        code.text = text
        pre.append(code)
        table = next(pre.iterancestors("table"), None)
        if table is not None:
            _unwrap(table, pre)


def code_text(pre: HtmlElement) -> str:
    """The text as a browser shows it: an element that is a line begins and ends one.

    Line numbers and buttons are left out.
    """
    from lxml import etree

    parts: list[str] = []
    ended = False  # whether a line has ended whose line feed is still to come

    def write(text: str | None) -> None:
        nonlocal ended
        if text:
            if ended and not text.startswith("\n"):
                parts.append("\n")
            ended = False
            parts.append(text)

    walk = etree.iterwalk(pre, events=("start", "end"))
    for event, element in walk:
        unseen = element is not pre and (element.tag == "button" or _is_line_number(element))
        if element is not pre and _is_line(element):
            ended = ended or (bool(parts) and not parts[-1].endswith("\n"))
        if event == "start" and unseen:
            walk.skip_subtree()
        elif event == "start":
            write("\n" if element.tag == "br" else element.text)
        elif element is not pre:
            write(element.tail)
    return "".join(parts)


def _is_line(element: HtmlElement) -> bool:
    """Whether it stands on a line of its own: by its kind, its style, or what its class calls it."""
    if element.tag in _LINES or _DISPLAYED_AS_LINE.search(element.get("style", "")):
        return True
    if element.tag == "code":
        return element.getparent().tag == "pre" and len(element.getparent()) > 1
    return element.tag == "span" and "line" in words_of_class(element)


def _is_line_number(element: HtmlElement) -> bool:
    """Whether it is a number in the margin, or its empty place."""
    text = text_of(element).strip()
    return (text.isdecimal() or not text) and not _NUMBERS.isdisjoint(words_of_class(element))


def _unwrap(table: HtmlElement, pre: HtmlElement) -> None:
    """Puts the code in the table's place, when the table holds the code and line numbers only."""
    others = [cell for cell in table.iter("td", "th") if next(cell.iter("pre"), None) is not pre]
    if len(others) <= 1 and all(word.isdigit() for cell in others for word in text_of(cell).split()):
        pre.tail, table.tail = table.tail, None
        parent = table.getparent()
        if parent is not None:
            parent.replace(table, pre)
