"""Passages as a piece of HTML, for a notebook or any other page.

Texts of the web are escaped, so none of them becomes markup; links lead to ``http`` and ``https`` only, and
nothing is loaded. The classes keep MathJax, which notebooks run over what they show, from reading formulas
into the texts. Letters have the page's own colour, and the page shows through what marks the sentence that
answers, so it is read on a light page and on a dark one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING

from indexer.escaping import html_text, web_address
from indexer.search.marks import UNMARKED, Marker, Marks

if TYPE_CHECKING:
    from indexer.records import Hit, Passage

FRAME = '<div class="tex2jax_ignore mathjax_ignore" style="max-width:60em;line-height:1.45;text-align:left">'
FAINT = "opacity:.7;font-size:.9em"
AS_IT_STANDS = (
    "white-space:pre-wrap;overflow-wrap:anywhere;margin:.4em 0;padding:0 0 0 .8em;"
    "border-left:2px solid rgba(128,128,128,.5);background:none;color:inherit"
)
FLOWING = "overflow-wrap:anywhere;margin:.4em 0"
HIGHLIGHT = "background:rgba(255,180,0,.25);color:inherit"

_PARAGRAPH = re.compile(r"[^\n]+(?:\n[^\n]+)*")


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A stretch of a passage. One ``as_it_stands`` is code, a table or a list; the others flow."""

    start: int
    end: int
    as_it_stands: bool


def paragraphs(text: str) -> Iterator[Paragraph]:
    """The paragraphs of a passage: one of several lines, or after blanks, keeps them."""
    for part in _PARAGRAPH.finditer(text):
        kept = "\n" in part[0] or part[0].startswith((" ", "\t"))
        yield Paragraph(part.start(), part.end(), kept)


def hits_html(
    title: str, headline: str, notices: Iterable[str], hits: Iterable[Hit], marker: Marker | None = None
) -> str:
    """A title, a line about all, what a person should know, and the passages with a question's marks."""
    told = "".join(f'<li dir="auto">{html_text(notice)}</li>' for notice in notices)
    return (
        f'{FRAME}<p dir="auto"><b>{html_text(title)}</b><br>{html_text(headline)}</p>'
        + (f'<ul style="{FAINT}">{told}</ul>' if told else "")
        + "".join(_hit_html(hit, marker.mark(hit.passage.text) if marker else UNMARKED) for hit in hits)
        + "</div>"
    )


def _hit_html(hit: Hit, marks: Marks) -> str:
    place = " › ".join(heading for heading in hit.passage.headings if heading != hit.title)
    facts = [hit.category, hit.site, hit.source.value, f"{hit.fetched_at:%Y-%m-%d}"]
    facts += [f"note: {hit.note}"] if hit.note else []
    facts += [f"tags: {', '.join(hit.tags)}"] if hit.tags else []
    return (
        f'<div style="margin:1em 0"><div dir="auto">{hit.rank}. {_link_html(hit.link, hit.title)}'
        + (f" › {html_text(place)}" if place else "")
        + f'</div><div dir="auto" style="{FAINT}">{html_text(" · ".join(facts))}</div>'
        + _context_html(hit.before)
        + _text_html(hit.passage.text, marks)
        + _context_html(hit.after)
        + "</div>"
    )


def _link_html(address: str, title: str) -> str:
    """A title that leads to its page; or just stands there, where the address is no web page's."""
    shown = f"<b>{html_text(title or address)}</b>"
    if not (to := web_address(address)):
        return shown
    return f'<a href="{html_text(to)}" target="_blank" rel="noopener noreferrer">{shown}</a>'


def _context_html(passages: Iterable[Passage]) -> str:
    inside = "".join(_text_html(passage.text, UNMARKED) for passage in passages)
    return f'<div style="{FAINT}">{inside}</div>' if inside else ""


def _text_html(text: str, marks: Marks) -> str:
    """A passage, each of its paragraphs by itself: lines and columns stand where they stood."""
    shown = []
    for part in paragraphs(text):
        inside = _marked_html(text, part.start, part.end, marks)
        if part.as_it_stands:
            shown.append(f'<pre dir="auto" style="{AS_IT_STANDS}">{inside}</pre>')
        else:
            shown.append(f'<p dir="auto" style="{FLOWING}">{inside}</p>')
    return "".join(shown)


def _marked_html(text: str, start: int, end: int, marks: Marks) -> str:
    """``text[start:end]``, escaped, with what of the sentence and of the words lies in it."""
    parts = []
    for answers, runs in groupby(marks.runs(text, start, end), lambda run: run.answers):
        shown = (html_text(run.text) if not run.word else f"<u>{html_text(run.text)}</u>" for run in runs)
        inside = "".join(shown)
        parts.append(f'<mark style="{HIGHLIGHT}">{inside}</mark>' if answers else inside)
    return "".join(parts)
