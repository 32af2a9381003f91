"""Formulas: each once, as the TeX the page carries for it, else as its signs in a line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from indexer.extract.clean import one_line
from indexer.extract.dom import replace_by_text, text_of

if TYPE_CHECKING:
    from lxml.html import HtmlElement

# What KaTeX, MathJax 2 and 3 and MediaWiki wrap around one formula in all its forms.
_WRAPPERS = (
    "descendant-or-self::*[contains(concat(' ', normalize-space(@class), ' '), ' katex ')"
    " or contains(concat(' ', normalize-space(@class), ' '), ' mwe-math-element ')"
    " or contains(concat(' ', normalize-space(@class), ' '), ' MathJax ')"
    " or self::mjx-container or self::math]"
)
_PICTURES = "descendant-or-self::img[@alt != '' and (contains(@class, 'tex') or contains(@class, 'math'))]"
_TYPESET = "descendant-or-self::*[starts-with(@class, 'MathJax')]"
_STYLE = re.compile(
    r"^\{\s*\\(?:displaystyle|textstyle)\s+(.*)\}$|^\\(?:displaystyle|textstyle)\s+", re.DOTALL
)
_BETWEEN = {"msub": "_", "msup": "^", "mfrac": "/", "munder": "_", "mover": "^"}


def write_formulas(tree: HtmlElement) -> None:
    """Puts text in the place of every formula."""
    sources = [one for one in tree.iter("script") if one.get("type", "").startswith("math/tex")]
    for script in sources:
        replace_by_text(script, _plain_tex(script.text or ""))
    for drawn in tree.xpath(_TYPESET) if sources else ():
        if drawn.getparent() is not None:
            replace_by_text(drawn, "")
    for wrapper in tree.xpath(_WRAPPERS):
        if wrapper.getparent() is not None:
            replace_by_text(wrapper, _formula(wrapper))
    for picture in tree.xpath(_PICTURES):
        replace_by_text(picture, _plain_tex(picture.get("alt")))


def _formula(wrapper: HtmlElement) -> str:
    """The TeX in an annotation, an ``alttext`` or a picture's ``alt``; else the signs of the MathML."""
    for note in wrapper.iter("annotation"):
        if "tex" in note.get("encoding", "").lower() and (tex := _plain_tex(text_of(note))):
            return tex
    for element in wrapper.iter("math", "img"):
        if tex := _plain_tex(element.get("alttext") or element.get("alt") or ""):
            return tex
    math = next(wrapper.iter("math"), None)
    return one_line(_signs(math)) if math is not None else one_line(text_of(wrapper))


def _plain_tex(tex: str) -> str:
    tex = one_line(tex)
    match = _STYLE.match(tex)
    return (match[1] or tex[match.end() :]).strip() if match else tex


def _signs(element: HtmlElement) -> str:
    """MathML in a line: "x^2 / 2". Recursion is bounded by the depth of the parsed tree (256 elements)."""
    if element.tag in ("annotation", "annotation-xml"):
        return ""
    if not len(element):
        return one_line(element.text or "")
    parts = [sign for sign in map(_signs, element) if sign]
    if element.tag in _BETWEEN and len(parts) == 2:
        one, two = (f"({part})" if " " in part else part for part in parts)
        return f"{one}{_BETWEEN[element.tag]}{two}"
    if element.tag in ("msubsup", "munderover") and len(parts) == 3:
        return f"{parts[0]}_{parts[1]}^{parts[2]}"
    if element.tag in ("msqrt", "mroot"):
        return f"\u221a({' '.join(parts)})"
    return " ".join(parts)
