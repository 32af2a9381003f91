"""PDF to an article: lines with their place and type size, put together to paragraphs under headings.

1. pdfium gives the characters in reading order, line by line (:mod:`indexer.extract.pdf_lines`).
2. Lines that stand at the top or foot of many pages (running heads, page numbers) are dropped
   (:mod:`indexer.extract.pdf_running`), columns that were drawn row by row put back one after the other
   (:mod:`indexer.extract.pdf_columns`).
3. Larger or bolder lines than the body's are headings, their level by size.
4. The rest is joined to paragraphs: by the gaps between lines, across page breaks, without hyphenation
   (:mod:`indexer.extract.hyphens`). Notes at the foot of a page follow the paragraph that they would cut.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from itertools import groupby, pairwise
from typing import Any

from indexer.counting import count_words
from indexer.errors import Unreadable
from indexer.extract.blocks import MAX_HEADING, ArticleBuilder
from indexer.extract.clean import one_line
from indexer.extract.hyphens import Joiner
from indexer.extract.pdf_columns import in_reading_order
from indexer.extract.pdf_lines import TypeLine, drawn_rules, page_lines
from indexer.extract.pdf_running import without_running
from indexer.records import BlockKind, Page, Reading

LARGER = 1.12
"""Type this much larger than the body's is a heading's: the step from 11 to 12.5 points."""
GAP = 1.25
"""A distance between lines this much above the usual one parts two paragraphs (leading varies by a tenth)."""
INDENT = 5.0
"""Points by which the first line of a paragraph stands further in, where no gap parts it from the last."""
SMALLER = 0.92
"""Type this much smaller than the body's, at the foot of a page, is a note's: 9 points below 10."""
MAX_PAGES = 20_000
"""Pages of a document: the longest standards in print have 6,000."""
_NOTE_MARK = re.compile(
    r"\(?\d{1,3}[.)]?(?!\d)|\[\d{1,3}\]|[*\u2020\u2021\u00a7\u00b6\u2016]|[\u00b9\u00b2\u00b3\u2070-\u2079]"
)
_PDF_BULLET = re.compile(r"(?:[\u2022\u25aa\u25cf\u2013*-]|\(?\d{1,2}[.)])\s+(?=\S)")
_CLOSED_LINE = re.compile(r"[.:;!?\"')\]]$")
_NO_TITLE = re.compile(r"untitled|microsoft word|\.(?:docx?|pdf|tex|indd)$|^\W*$", re.IGNORECASE)


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
        if len(document) > MAX_PAGES:
            raise Unreadable(f"the PDF has {len(document):,} pages, more than any book")
        metadata = document.get_metadata_dict()
        lines = [line for number in range(len(document)) for line in page_lines(document, number)]
        words = sum(count_words(line.text) for line in lines)
        if lines:
            lines = _text_in_order(document, lines)
    except pypdfium2.PdfiumError as error:
        raise Unreadable("the PDF is broken") from error
    finally:
        document.close()
    if not lines:
        raise Unreadable("the PDF has no text, only pictures of pages")
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


def _text_in_order(document: Any, lines: list[TypeLine]) -> list[TypeLine]:
    """The lines that are text, columns one after the other, notes marked."""
    body = _levels(lines)[1]
    kept = without_running(lines, larger=body * LARGER)
    body = _levels(kept)[1]
    ordered: list[TypeLine] = []
    for page, on_page in groupby(kept, key=lambda line: line.page):
        columns = in_reading_order(list(on_page), partial(drawn_rules, document, page - 1))
        ordered += _with_notes(columns, body)
    return ordered


def _with_notes(lines: Sequence[TypeLine], body: float) -> list[TypeLine]:
    """The lines of one page, those marked that make the notes at its foot, or at that of a column."""
    marked = list(lines)
    at = len(marked) - 1
    while at >= 0:
        end = at
        while (
            at >= 0
            and marked[at].size <= SMALLER * body
            and (at == end or marked[at].top > marked[at + 1].top)
        ):
            at -= 1
        if end > at >= 0 and _NOTE_MARK.match(marked[at + 1].text) and marked[at].size > SMALLER * body:
            for number in range(at + 1, end + 1):
                marked[number] = replace(marked[number], note=True)
        while at > 0 and marked[at - 1].top > marked[at].top:  # up to the head of the column
            at -= 1
        at -= 1
    return marked


# ----------------------------------------------------------------- headings


def _levels(lines: Sequence[TypeLine]) -> tuple[dict[tuple[float, bool], int], float]:
    """The heading level of each style of type larger or bolder than the body's, and the body's size."""
    weight: Counter[tuple[float, bool]] = Counter()
    for line in lines:
        weight[line.style] += len(line.text)
    body, body_bold = weight.most_common(1)[0][0]
    styles = [
        (size, bold)
        for size, bold in weight
        if size >= body * LARGER or (bold and not body_bold and size >= body)
    ]
    return {style: min(6, level) for level, style in enumerate(sorted(styles, reverse=True), start=1)}, body


def _largest(lines: Sequence[TypeLine], levels: dict[tuple[float, bool], int]) -> str:
    """The text in the largest type of the first page, ``""`` if nothing stands out."""
    styles = {line.style for line in lines if line.page == lines[0].page} & levels.keys()
    best = min(styles, key=lambda style: levels[style], default=None)
    found = [line.text for line in lines if line.page == lines[0].page and line.style == best]
    return one_line(" ".join(found[:3]))[:MAX_HEADING]


# --------------------------------------------------------------- paragraphs


def _write_lines(
    lines: Sequence[TypeLine], levels: dict[tuple[float, bool], int], body: float, writer: ArticleBuilder
) -> None:
    """Headings as they come, all else in paragraphs; items one after the other are one list."""
    pitch = _pitch(lines, body)
    joiner = Joiner(line.text for line in lines)
    runs = _runs_of_lines(lines, levels, pitch)
    blocks = [(run[0], joiner.join([line.text for line in run])) for run in runs]

    for kind, group in groupby(blocks, key=lambda block: _block_kind(block[0], block[1], levels)):
        entries = list(group)
        if kind == "list":
            writer.add(kind, "\n".join(text for _, text in entries), page=entries[0][0].page)
            continue
        for first, text in entries:
            if kind == "heading":
                writer.heading(text, levels[first.style], page=first.page)
            else:
                writer.add(kind, text, page=first.page)


def _runs_of_lines(
    lines: Sequence[TypeLine], levels: dict[tuple[float, bool], int], pitch: float
) -> list[list[TypeLine]]:
    """The lines of each heading and paragraph. A note comes behind the paragraph that it stands in."""
    runs: list[list[TypeLine]] = []
    notes: list[list[TypeLine]] = []
    for line in lines:
        if line.note:
            if not notes or _NOTE_MARK.match(line.text) or not _continues(notes[-1][-1], line, levels, pitch):
                notes.append([])
            notes[-1].append(line)
        elif runs and _continues(runs[-1][-1], line, levels, pitch):
            runs[-1].append(line)
        else:
            runs += [*notes, [line]]
            notes = []
    return runs + notes


def _block_kind(first: TypeLine, text: str, levels: dict[tuple[float, bool], int]) -> BlockKind:
    """A block's kind by its first sign, its type and its shape: a sentence in large type is no heading."""
    if _PDF_BULLET.match(text) and not (_styled(first, levels) and text[0].isdigit()):
        return "list"
    sentence = (
        len(text) > MAX_HEADING or text.endswith((".", ";", ",")) or re.search(r"[a-z]{2}\. [A-Z]", text)
    )
    return "heading" if _styled(first, levels) and not sentence and re.search(r"\w", text) else "paragraph"


def _styled(line: TypeLine, levels: dict[tuple[float, bool], int]) -> bool:
    return line.style in levels


def _pitch(lines: Sequence[TypeLine], body: float) -> float:
    """The usual distance from one line of the body to the next, in points."""
    gaps = Counter(
        round(one.top - two.top, 1)
        for one, two in pairwise(lines)
        if one.page == two.page and one.size == two.size == body and 0 < one.top - two.top < 1.8 * body
    )
    return gaps.most_common(1)[0][0] if gaps else body * 1.2


def _continues(last: TypeLine, line: TypeLine, levels: dict[tuple[float, bool], int], pitch: float) -> bool:
    """Whether a line goes on with the paragraph or heading of the line before it."""
    if levels.get(last.style) != levels.get(line.style) or _PDF_BULLET.match(line.text):
        return False
    if last.page != line.page or line.top >= last.top:  # the next page or column
        return not _styled(last, levels) and not _CLOSED_LINE.search(last.text)
    if line.left > last.left + INDENT and _CLOSED_LINE.search(last.text):
        return False
    return last.top - line.top <= max(pitch, line.size * 1.1) * GAP
