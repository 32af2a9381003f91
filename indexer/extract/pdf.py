"""PDF to an article: lines with their place and type size, put together to paragraphs under headings.

1. pdfium gives the characters in reading order, line by line.
2. Lines that stand at the top or foot of many pages (running heads, page numbers) are dropped.
3. Larger or bolder lines than the body's are headings, their level by size.
4. The rest is joined to paragraphs: by the gaps between lines, across page breaks, without hyphenation.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any

from indexer.errors import Unreadable
from indexer.extract.blocks import MAX_HEADING, ArticleBuilder
from indexer.extract.clean import one_line, printable
from indexer.records import BlockKind, Page, Reading

LARGER = 1.12
"""Type this much larger than the body's is a heading's: the step from 11 to 12.5 points."""
GAP = 1.25
"""A distance between lines this much above the usual one parts two paragraphs (leading varies by a tenth)."""
INDENT = 5.0
"""Points by which the first line of a paragraph stands further in, where no gap parts it from the last."""
BOLD = 600
"""Font weight from which on type counts as bold (OpenType: semi-bold)."""
_PAGE_NUMBER = re.compile(
    r"\W*(?:page|seite)?\W*(?:\d{1,4}|[ivxlc]{1,7})(?:\s*(?:/|of|von)\s*\d{1,4})?\W*$", re.IGNORECASE
)
_PDF_BULLET = re.compile(r"(?:[\u2022\u25aa\u25cf\u2013*-]|\(?\d{1,2}[.)])\s+(?=\S)")
_LINE_FEED, _RETURN = 10, 13
_HYPHENS = (2, 0xFFFE)  # pdfium's signs for a hyphen that ends a line; it gives no line break after it
_CLOSED_LINE = re.compile(r"[.:;!?\"')\]]$")
_NO_TITLE = re.compile(r"untitled|microsoft word|\.(?:docx?|pdf|tex|indd)$|^\W*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of type; ``top`` and ``left`` in points from the page's lower left corner."""

    text: str
    page: int
    size: float
    bold: bool
    top: float
    left: float


def read_pdf(page: Page) -> Reading:
    """The article of a PDF, every block with the page it begins on.

    Raises:
        Unreadable: the file is locked, broken, or has no text (scanned pages).
    """
    import pypdfium2

    try:
        document = pypdfium2.PdfDocument(page.body)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Unreadable("the PDF is locked with a password" if locked else "the PDF is broken") from error
    try:
        metadata = document.get_metadata_dict()
        lines = [line for number in range(len(document)) for line in _page_lines(document, number)]
    except pypdfium2.PdfiumError as error:
        raise Unreadable("the PDF is broken") from error
    finally:
        document.close()
    if not lines:
        raise Unreadable("the PDF has no text, only pictures of pages")
    words = sum(len(line.text.split()) for line in lines)
    lines = _without_running(lines)
    levels, body = _levels(lines)
    title = one_line(metadata.get("Title", ""))
    if _NO_TITLE.search(title):
        title = _largest(lines, levels)
    writer = ArticleBuilder(title)
    _write_lines(lines, levels, body, writer)
    published = re.sub(r"^D:(\d{4})(\d\d)(\d\d).*", r"\1-\2-\3", metadata.get("CreationDate", ""))
    article = writer.article(
        author=metadata.get("Author", ""), published=published if len(published) == 10 else ""
    )
    return Reading(article, text_on_page=words)


# -------------------------------------------------------------------- lines


def _page_lines(document: Any, number: int) -> Iterator[_Line]:
    """The lines of one page that are not blank, in the order pdfium gives."""
    from pypdfium2 import raw

    sheet = document[number]
    text_page = sheet.get_textpage()
    characters: list[str] = []
    first = 0
    count = text_page.count_chars()
    for at in range(count + 1):
        code = raw.FPDFText_GetUnicode(text_page, at) if at < count else _LINE_FEED
        if code not in (_LINE_FEED, _RETURN, *_HYPHENS):
            first = first if characters else at
            characters.append(chr(code))
            continue
        text = printable("".join(characters)).strip() + ("-" if code in _HYPHENS else "")
        if text:
            left, _, _, top = text_page.get_charbox(first, loose=True)
            yield _Line(text, number + 1, _size(text_page, first), _bold(text_page, first), top, left)
        characters = []
    text_page.close()
    sheet.close()


def _size(text_page: Any, at: int) -> float:
    """The height of a character's type in points, scaling included."""
    _, bottom, _, top = text_page.get_charbox(at, loose=True)
    return float(round((top - bottom) * 2) / 2)


def _bold(text_page: Any, at: int) -> bool:
    from ctypes import byref, c_int, create_string_buffer

    from pypdfium2 import raw

    name, flags = create_string_buffer(128), c_int()
    raw.FPDFText_GetFontInfo(text_page, at, name, 128, byref(flags))
    return b"bold" in name.value.lower() or raw.FPDFText_GetFontWeight(text_page, at) >= BOLD


def _without_running(lines: list[_Line]) -> list[_Line]:
    """The lines without those that open or close page after page, digits aside, and page numbers."""
    by_page: dict[int, list[_Line]] = {}
    for line in lines:
        by_page.setdefault(line.page, []).append(line)
    edges = {page: {id(line) for line in [*found[:2], *found[-2:]]} for page, found in by_page.items()}
    seen = Counter(
        text
        for page, found in by_page.items()
        for text in {_pattern(line) for line in found if id(line) in edges[page]}
    )
    often = max(2, len(by_page) // 3)

    def running(line: _Line) -> bool:
        if id(line) not in edges[line.page] or len(by_page) < 2:
            return False
        return seen[_pattern(line)] >= often or _PAGE_NUMBER.match(line.text) is not None

    return [line for line in lines if not running(line)] or lines


def _pattern(line: _Line) -> str:
    return re.sub(r"\d+", "0", line.text)


# ----------------------------------------------------------------- headings


def _levels(lines: list[_Line]) -> tuple[dict[tuple[float, bool], int], float]:
    """The heading level of each style of type larger or bolder than the body's, and the body's size."""
    weight: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        weight[line.size, line.bold] += len(line.text)
    body, body_bold = weight.most_common(1)[0][0]
    styles = [
        (size, bold)
        for size, bold in weight
        if size >= body * LARGER or (bold and not body_bold and size >= body)
    ]
    return {style: min(6, level) for level, style in enumerate(sorted(styles, reverse=True), start=1)}, body


def _largest(lines: list[_Line], levels: dict[tuple[float, bool], int]) -> str:
    """The text in the largest type of the first page, ``""`` if nothing stands out."""
    styles = {(line.size, line.bold) for line in lines if line.page == lines[0].page} & levels.keys()
    best = min(styles, key=lambda style: levels[style], default=None)
    found = [line.text for line in lines if line.page == lines[0].page and (line.size, line.bold) == best]
    return one_line(" ".join(found[:3]))[:MAX_HEADING]


# --------------------------------------------------------------- paragraphs


def _write_lines(
    lines: list[_Line], levels: dict[tuple[float, bool], int], body: float, writer: ArticleBuilder
) -> None:
    """Headings as they come, all else in paragraphs; items one after the other are one list."""
    pitch = _pitch(lines, body)
    compounds = {word for line in lines for word in re.findall(r"\w+(?:-\w+)+", line.text)}
    runs: list[list[_Line]] = []
    for line in lines:
        if not runs or not _continues(runs[-1][-1], line, levels, pitch):
            runs.append([])
        runs[-1].append(line)
    blocks = [(run[0], _joined_lines([line.text for line in run], compounds)) for run in runs]

    for kind, group in groupby(blocks, key=lambda block: _block_kind(block[0], block[1], levels)):
        entries = list(group)
        if kind == "list":
            writer.add(kind, "\n".join(text for _, text in entries), page=entries[0][0].page)
            continue
        for first, text in entries:
            if kind == "heading":
                writer.heading(text, levels[first.size, first.bold], page=first.page)
            else:
                writer.add(kind, text, page=first.page)


def _block_kind(first: _Line, text: str, levels: dict[tuple[float, bool], int]) -> BlockKind:
    """A block's kind by its first sign, its type and its shape: a sentence in large type is no heading."""
    if _PDF_BULLET.match(text) and not (_styled(first, levels) and text[0].isdigit()):
        return "list"
    sentence = (
        len(text) > MAX_HEADING or text.endswith((".", ";", ",")) or re.search(r"[a-z]{2}\. [A-Z]", text)
    )
    return "heading" if _styled(first, levels) and not sentence and re.search(r"\w", text) else "paragraph"


def _styled(line: _Line, levels: dict[tuple[float, bool], int]) -> bool:
    return (line.size, line.bold) in levels


def _pitch(lines: list[_Line], body: float) -> float:
    """The usual distance from one line of the body to the next, in points."""
    gaps = Counter(
        round(one.top - two.top, 1)
        for one, two in pairwise(lines)
        if one.page == two.page and one.size == two.size == body and 0 < one.top - two.top < 1.8 * body
    )
    return gaps.most_common(1)[0][0] if gaps else body * 1.2


def _continues(last: _Line, line: _Line, levels: dict[tuple[float, bool], int], pitch: float) -> bool:
    """Whether a line goes on with the paragraph or heading of the line before it."""
    if levels.get((last.size, last.bold)) != levels.get((line.size, line.bold)) or _PDF_BULLET.match(
        line.text
    ):
        return False
    if last.page != line.page or line.top >= last.top:  # the next page or column
        return not _styled(last, levels) and not _CLOSED_LINE.search(last.text)
    if line.left > last.left + INDENT and _CLOSED_LINE.search(last.text):
        return False
    return last.top - line.top <= max(pitch, line.size * 1.1) * GAP


def _joined_lines(texts: list[str], compounds: set[str]) -> str:
    """Lines as running text; a hyphen at the end goes unless the word is written with it elsewhere."""
    joined = texts[0]
    for text in texts[1:]:
        before, after = re.search(r"(\w+)-$", joined), re.match(r"\w+", text)
        if before and after and after[0][0].islower():
            keeps = f"{before[1]}-{after[0]}" in compounds
            joined = (joined if keeps else joined[:-1]) + text
        else:
            joined = f"{joined} {text}"
    return joined
