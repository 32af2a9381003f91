"""Passages as a piece of HTML, for a notebook or any other page.

Texts of the web are escaped, so none of them becomes markup; links lead to ``http`` and ``https`` only, and
nothing is loaded. The classes keep MathJax, which notebooks run over what they show, from reading formulas
into the texts. There are no colours, so a light page and a dark one show it in their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.records import Hit, Passage

FRAME = '<div class="tex2jax_ignore mathjax_ignore" style="max-width:60em;line-height:1.45;text-align:left">'
FAINT = "opacity:.7;font-size:.9em"
AS_IT_STANDS = (
    "white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0;padding:0 0 0 .8em;"
    "border-left:2px solid rgba(128,128,128,.5);background:none;color:inherit"
)
FLOWING = "overflow-wrap:anywhere;margin:.4em 0"


def hits_html(title: str, headline: str, notices: Iterable[str], hits: Iterable[Hit]) -> str:
    """A title, a line about all, what a person should know, and the passages."""
    told = "".join(f'<li dir="auto">{escape(notice)}</li>' for notice in notices)
    return (
        f'{FRAME}<p dir="auto"><b>{escape(title)}</b><br>{escape(headline)}</p>'
        + (f'<ul style="{FAINT}">{told}</ul>' if told else "")
        + "".join(map(_hit_html, hits))
        + "</div>"
    )


def _hit_html(hit: Hit) -> str:
    place = " › ".join(heading for heading in hit.passage.headings if heading != hit.title)
    facts = [hit.category, hit.site, hit.source.value, f"{hit.fetched_at:%Y-%m-%d}"]
    facts += [f"note: {hit.note}"] if hit.note else []
    facts += [f"tags: {', '.join(hit.tags)}"] if hit.tags else []
    return (
        f'<div style="margin:1em 0"><div dir="auto">{hit.rank}. {_link_html(hit.link, hit.title)}'
        + (f" › {escape(place)}" if place else "")
        + f'</div><div dir="auto" style="{FAINT}">{escape(" · ".join(facts))}</div>'
        + _context_html(hit.before)
        + _text_html(hit.passage.text)
        + _context_html(hit.after)
        + "</div>"
    )


def _link_html(address: str, title: str) -> str:
    """A title that leads to its page; or just stands there, where the address is no web page's."""
    shown = f"<b>{escape(title or address)}</b>"
    if not re.match("https?://", address, re.IGNORECASE):
        return shown
    return f'<a href="{escape(address)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _context_html(passages: Iterable[Passage]) -> str:
    inside = "".join(_text_html(passage.text) for passage in passages)
    return f'<div style="{FAINT}">{inside}</div>' if inside else ""


def _text_html(text: str) -> str:
    """A passage, each of its paragraphs by itself: lines and columns stand where they stood.

    A paragraph of several lines is code, a table or a list, and one of a single line flows.
    """
    parts = re.split(r"\n{2,}", text.strip("\n"))
    return "".join(
        f'<pre dir="auto" style="{AS_IT_STANDS}">{escape(part)}</pre>'
        if "\n" in part or part.startswith((" ", "\t"))
        else f'<p dir="auto" style="{FLOWING}">{escape(part)}</p>'
        for part in parts
    )
