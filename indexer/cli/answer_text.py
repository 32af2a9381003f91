"""An answer to be read: each passage under its place, with what of it answers, and its link on a line alone.

On a terminal, lines are as wide as it is, the sentence that answers is bold and the question's words are
underlined. Elsewhere each line of a text stays one, and there is nothing but text: no padding, no colour.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from rich.cells import cell_len
from rich.style import Style
from rich.text import Text

from indexer.cli.output import print_lines, safe, stdout
from indexer.records import Source
from indexer.search.marks import Marker, Stretch
from indexer.sentences import by_word, sentences
from indexer.wording import age

if TYPE_CHECKING:
    from rich.console import Console

    from indexer.records import Hit
    from indexer.search.answer import Answer, Related

BESIDE_RANK = 5
"""Columns before a text, in which its rank stands."""
NARROWEST = 20
"""Columns that a text takes, however narrow the terminal is."""
EXCERPT = 480
"""Columns of a passage that are shown around the sentence that answers: six lines of eighty."""
NOT_WORTH_CUTTING = 120
"""A passage longer than that by no more is shown whole: what hides it would take as much room."""

TITLE_STYLE, HEADING_STYLE, FACTS_STYLE = Style(bold=True), Style(bold=False, color="cyan"), Style(dim=True)
SENTENCE_STYLE, WORD_STYLE = Style(bold=True), Style(underline=True)


def print_answer(
    answer: Answer | Related, *, full: bool = False, explain: bool = False, pager: bool = False
) -> None:
    """The answer for a person, on stdout: its state, then each passage; ``full`` ones are not cut."""
    print_lines(list(answer_lines(answer, stdout(), full=full, explain=explain)), pager=pager)


def answer_lines(
    answer: Answer | Related, console: Console, *, full: bool = False, explain: bool = False
) -> Iterator[Text]:
    """The lines of an answer, none wider than the console where that is a terminal, links apart."""
    yield Text(safe(answer.headline))
    marker, now = Marker(answer.words), datetime.now(UTC)
    for hit in answer.hits:
        yield Text()
        before = Text(f"{hit.rank:>3}".ljust(BESIDE_RANK), TITLE_STYLE)
        for part in _told_of(hit, marker, now, full=full, explain=explain):
            for line in _broken(part, console):
                yield Text.assemble(before, line) if line else line
                before = Text(" " * BESIDE_RANK)
        link = safe(hit.link)
        yield Text.assemble(before, (link, Style(color="blue", link=link)))


def _told_of(hit: Hit, marker: Marker, now: datetime, *, full: bool, explain: bool) -> Iterator[Text]:
    """What is told of a passage, from top to bottom; its link comes after."""
    where = Text(safe(hit.title), TITLE_STYLE)
    for heading in hit.passage.headings:
        if heading != hit.title:
            where.append(f" › {safe(heading)}", HEADING_STYLE)
    yield where
    source = [] if hit.source == Source.LIVE else [hit.source.value]
    yield Text(
        safe(" · ".join([hit.category, hit.site, f"fetched {age(hit.fetched_at, now)}", *source])),
        FACTS_STYLE,
    )
    if hit.note:
        yield Text(f"note: {safe(hit.note)}", FACTS_STYLE)
    if hit.tags:
        yield Text(f"tags: {safe(', '.join(hit.tags))}", FACTS_STYLE)
    yield from (Text(safe(before.text), FACTS_STYLE) for before in hit.before)
    yield marked(safe(hit.passage.text), marker, full=full)
    yield from (Text(safe(after.text), FACTS_STYLE) for after in hit.after)
    if explain:
        yield Text(_explained(hit), FACTS_STYLE)


def _broken(text: Text, console: Console) -> Iterator[Text]:
    """A text in lines without blanks at their ends; as wide as the console where that is a terminal."""
    if console.is_terminal:
        lines: Iterable[Text] = text.wrap(
            console, max(NARROWEST, console.width - BESIDE_RANK), overflow="fold"
        )
    else:
        lines = text.split(allow_blank=True)
    for line in lines:
        line.rstrip()
        yield line


def _explained(hit: Hit) -> str:
    # Of the digits that JSON has, so that the answer of a server reads as one of this machine.
    lists = (
        f"  {name:<8} rank {share.rank or '-':>4}  score {round(share.score, 4):8.3f}"
        f"  share {round(share.share, 4):+.3f}"
        for name, share in hit.shares.items()
    )
    return "\n".join([f"  score {round(hit.score, 4):.3f}", *lists])


# ------------------------------------------------------------------------ passages


def marked(text: str, marker: Marker, *, full: bool = False) -> Text:
    """A passage with its marks; if it is long and not to be shown in ``full``, the part around them."""
    marks = marker.mark(text)
    shown = Text(text)
    if marks.sentence:
        shown.stylize(SENTENCE_STYLE, *marks.sentence)
    for word in marks.words:
        shown.stylize(WORD_STYLE, *word)
    if full or cell_len(text) <= EXCERPT + NOT_WORTH_CUTTING:
        return shown
    start, end = _excerpt(text, marks.sentence or (0, 0), marks.rarest)
    part = shown[start:end]
    if start:
        part = Text("…\n" if text[start - 1] == "\n" else "… ").append(part)
    if end < len(text):
        part.append("\n…" if text[end] == "\n" else " …")
    return part


def _excerpt(text: str, sentence: Stretch, rarest: int) -> Stretch:
    """The part of a long text around a sentence; of one that is too long itself, around its rarest word."""
    start, end = _around(_ends_of(sentences(text)), sentence[0], text)
    if cell_len(text[start:end]) > EXCERPT:
        start, end = _around(_ends_of(by_word(text)), rarest, text)
        if cell_len(text[start:end]) > EXCERPT:  # no blanks in it
            start, end = _around(list(range(1, len(text) + 1)), rarest, text)
    blank = len(text[start:end]) - len(text[start:end].lstrip("\n "))
    return start + blank, start + len(text[start:end].rstrip())


def _ends_of(pieces: Iterable[str]) -> list[int]:
    ends, end = [], 0
    for piece in pieces:
        end += len(piece)
        ends.append(end)
    return ends


def _around(ends: Sequence[int], at: int, text: str) -> Stretch:
    """The pieces around the one at a place, as many as fit: the next one and the one before, in turn."""
    starts = [0, *ends[:-1]]
    first = last = next(number for number, end in enumerate(ends) if end > at)
    room = EXCERPT - cell_len(text[starts[first] : ends[last]])
    grown = True
    while grown:
        grown = False
        for step in (1, -1):
            other = last + 1 if step > 0 else first - 1
            if not 0 <= other < len(ends):
                continue
            width = cell_len(text[starts[other] : ends[other]])
            if width <= room:
                first, last, room, grown = min(first, other), max(last, other), room - width, True
    return starts[first], ends[last]
