"""Plain text to an article: paragraphs re-flowed, lists and drawings told apart, RFC pages put together."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterator, Mapping
from itertools import groupby, pairwise
from typing import NamedTuple

from indexer.charset import decode
from indexer.counting import count_words
from indexer.extract.blocks import ArticleBuilder
from indexer.extract.clean import one_line, printable
from indexer.extract.markdown import looks_like_markdown, markdown_article
from indexer.records import Article, BlockKind, Page, Reading

_PAGE_FOOT = re.compile(r"\[Page (\d+|[ivxl]+)\]\s*$", re.IGNORECASE)
_NUMBERED = re.compile(
    r"(?P<number>\d{1,3}(?:\.\d{1,3})*|[A-Z]\.(?:\d{1,3}(?:\.\d{1,3})*)?|Appendix [A-Z])\.?:?"
    r"\s+(?P<title>\S.*)$"
)
_CONTENTS = re.compile(r"(?:table of )?contents$", re.IGNORECASE)
_CONTENTS_LINE = re.compile(r"(?:\.\s?){3,}\s*\d+\s*$")
_BULLET = re.compile(r"(\s*)(?:[o*+•-]|\(?\d{1,2}[.)]|\(?[a-z][.)])\s+(?=\S)")
_DRAWN = re.compile(r"[-+=|]{4,}|[<>{}\\]|\S {3,}\S|^\s*[|+].*[|+]\s*$|;\s*$|/\*")
_END = re.compile(r"[.:;!?\"')\]]$")


_RFC_NUMBER = re.compile(r"(?:Request for Comments:|\bRFC)\s*(\d+)")


def read_plain(page: Page) -> Reading:
    """The article of a text body: Markdown by its signs, else plain text."""
    text = decode(page.body, page.headers.get("content-type", ""))
    words = count_words(text)
    if (
        "markdown" in page.media_type
        or page.final_url.endswith((".md", ".markdown"))
        or looks_like_markdown(text)
    ):
        return Reading(markdown_article(printable(text)), text_on_page=words)
    return Reading(plain_article(text), text_on_page=words)


def plain_article(
    text: str, *, title: str = "", anchors: Container[str] = (), metadata: Mapping[str, str] | None = None
) -> Article:
    """The article of a plain text.

    Args:
        text: form feeds part its pages, if it has any.
        title: of the page it stands in; else an RFC's centred title, or the first line if that is short.
        anchors: ids on that page; a heading numbered 4.2 gets ``section-4.2``, else ``page-N``, if there.
        metadata: what else is known for the article.
    """
    groups = list(_groups(text))
    numbered = sum(1 for group, _ in groups if (heading := _heading(group)) and heading.number) > 1
    if numbered:
        start = next(at for at, (group, _) in enumerate(groups) if _heading(group))
        title = title or _rfc_title(groups[:start])
    else:
        start = int(bool(groups) and not title and len(groups[0][0]) == 1)
        title = title or one_line(" ".join(groups[0][0]) if start else "")
    writer = ArticleBuilder(title)
    if numbered:
        _write_sections(groups[start:], writer, anchors)
    else:
        _write_blocks([group for group, _ in groups[start:]], writer)
    return writer.article(**(metadata or {}))


def _write_sections(
    groups: list[tuple[list[str], int]], writer: ArticleBuilder, anchors: Container[str]
) -> None:
    """Headings and what stands under them; the table of contents is left out."""
    section: list[list[str]] = []
    in_contents = False
    for group, page in groups:
        heading = _heading(group)
        if heading is None:
            section.append(group)
            continue
        _write_blocks([] if in_contents else section, writer)
        section = []
        in_contents = _CONTENTS.match(heading.text) is not None
        if not in_contents:
            writer.heading(heading.text, heading.level, anchor=_section_anchor(heading, page, anchors))
    _write_blocks([] if in_contents else section, writer)


def _write_blocks(groups: list[list[str]], writer: ArticleBuilder) -> None:
    """One block for each group of lines; lists one after the other are one."""
    for kind, run in groupby(map(_block, groups), key=lambda block: block[0]):
        texts = [text for _, text in run]
        for text in ["\n".join(texts)] if kind == "list" else texts:
            writer.add(kind, text)


# ------------------------------------------------------------------ pages


def _groups(text: str) -> Iterator[tuple[list[str], int]]:
    """Runs of lines between blank lines, each with its page; runs cut by a page break are joined."""
    pages = [_without_furniture(page) for page in _pages(text)]
    open_run: list[str] = []
    for number, lines in enumerate(pages, start=1):
        runs = _line_runs(lines)
        if open_run and runs and _goes_on(open_run, runs[0]):
            runs[0] = open_run + runs[0]
        elif open_run:
            yield open_run, number - 1
        for run in runs[:-1]:
            yield run, number
        open_run = runs[-1] if runs else []
    if open_run:
        yield open_run, len(pages)


def _pages(text: str) -> list[list[str]]:
    """The lines of each page, running heads (lines that begin many pages but for their digits) removed."""
    text = re.sub("\r\n?", "\n", text).replace("\f\n", "\f")
    pages = [
        [printable(line).expandtabs(8).rstrip() for line in page.split("\n")] for page in text.split("\f")
    ]
    firsts = Counter(re.sub(r"\d+", "0", line) for page in pages[1:] for line in _first(page))
    for page in pages[1:]:
        for line in _first(page):
            if firsts[re.sub(r"\d+", "0", line)] > 1 or (len(pages) == 2 and re.search(r"\S {3,}\S", line)):
                page.remove(line)
    return pages


def _first(page: list[str]) -> list[str]:
    """The first line of a page that is not blank, if there is one."""
    return next(([line] for line in page if line), [])


def _without_furniture(lines: list[str]) -> list[str]:
    return [line for line in lines if not _PAGE_FOOT.search(line)]


def _line_runs(lines: list[str]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for line in lines:
        if line:
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    return [run for run in runs if run]


def _goes_on(before: list[str], after: list[str]) -> bool:
    """Whether a run continues over the page break: the sentence was open, the margin is the same."""
    if _heading(before) or _heading(after) or _BULLET.match(after[0]):
        return False
    return not _END.search(before[-1]) and _margin(before[-1]) == _margin(after[0])


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


# ----------------------------------------------------------------- blocks


class _Heading(NamedTuple):
    """A heading as it stands, its level, and its number ("4.2", "A") if it has one."""

    text: str
    level: int
    number: str


def _heading(group: list[str]) -> _Heading | None:
    """The heading that a group of lines is, None if it is none.

    A heading stands at the margin: "4.2.  Title", or a few words alone as "Abstract" in an RFC.
    """
    line = " ".join(part.strip() for part in group)
    if _margin(group[0]) or len(group) > 2 or len(line) > 120 or _CONTENTS_LINE.search(line):
        return None
    if match := _NUMBERED.match(line):
        number = match["number"].removeprefix("Appendix ").rstrip(".")
        return _Heading(line, number.count(".") + 2, number)
    alone = len(group) == 1 and len(line.split()) <= 6 and line[0].isupper()
    return _Heading(line, 2, "") if alone and not re.search(r"[.,;]$|\S {2,}\S", line) else None


def _section_anchor(heading: _Heading, page: int, anchors: Container[str]) -> str:
    name = heading.number or heading.text.lower()
    candidates = (f"section-{name}", f"appendix-{name}", f"page-{page}")
    return next((anchor for anchor in candidates if anchor in anchors), "")


def _block(group: list[str]) -> tuple[BlockKind, str]:
    """Running text and lists on re-flowed lines, drawings and code as they stand."""
    items = [at for at, line in enumerate(group) if _BULLET.match(line)]
    drawn = sum(1 for line in group if _DRAWN.search(line.strip()))
    if drawn * 2 > len(group) or (drawn and _ragged(group)):
        margin = min(map(_margin, group))
        return "code", "\n".join(line[margin:] for line in group)
    if items and items[0] == 0:
        bounds = [*items, len(group)]
        entries = [_flowed(group[low:high]) for low, high in pairwise(bounds)]
        return "list", "\n".join(
            _BULLET.sub("", entry, count=1) if entry[0] in "o*+•-" else entry for entry in entries
        )
    return "paragraph", _flowed(group)


def _ragged(group: list[str]) -> bool:
    """Whether the lines' margins differ beyond a hanging indent."""
    return len({_margin(line) for line in group[1:]}) > 1


def _flowed(lines: list[str]) -> str:
    """One line of text; a word parted by a hyphen in lower case keeps the hyphen and loses the gap."""
    text = ""
    for line in lines:
        part = one_line(line)
        joint = "" if not text or re.search(r"[a-z]-$", text[-2:]) else " "
        text += joint + part
    return text


def _rfc_title(groups: list[tuple[list[str], int]]) -> str:
    """The title before an RFC's first section, as it is cited: its number, and the first centred lines."""
    number = _RFC_NUMBER.search("\n".join(line for group, _ in groups[:2] for line in group))
    for group, _ in groups:
        if all(_margin(line) > 4 for line in group):
            title = " ".join(one_line(line) for line in group if not line.strip().startswith("("))
            return f"RFC {number[1]}: {title}" if number else title
    return ""
