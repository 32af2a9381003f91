"""What the tools answer, as values and as text.

The values have no slots: the SDK would take those for defaults when it makes a schema of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from indexer.assistant.citing import Found
from indexer.assistant.quoting import QUOTED_IS_DATA, quotation


@dataclass(frozen=True)
class Reply:
    """The passages that answer a question, best first.

    ``state`` is "answers", "may answer" or "nothing answers"; with the last one the passages are merely the
    closest. ``confidence`` is from 0 to 1; ``generation`` numbers the published state that was asked.
    """

    state: str
    confidence: float
    generation: int
    notices: list[str]
    passages: list[Found]

    def as_text(self) -> str:
        """The reply for a model to read."""
        means = {
            "answers": "The passages speak of what was asked; read them before you rely on them.",
            "may answer": "See whether the passages answer.",
            "nothing answers": "Say that the library does not answer; what follows is merely the closest.",
        }
        meaning = means[self.state] if self.passages else "There are no passages: say so."
        told = [f"State: {self.state}. {meaning}", *(f"Notice: {one}" for one in self.notices)]
        return "\n\n".join([*told, *_numbered(self.passages)])


@dataclass(frozen=True)
class Neighbours:
    """Passages of other articles that speak of the same as ``to``, a title; the nearest first."""

    to: str
    passages: list[Found]

    def as_text(self) -> str:
        """The passages for a model to read."""
        told = "Other articles that speak of the same:" if self.passages else "There is no other article."
        return "\n\n".join([told, *_numbered(self.passages)])


@dataclass(frozen=True)
class OutlineEntry:
    """A heading of an article: its level, from 1 on, and the part in which it stands."""

    title: str
    level: int
    part: int


@dataclass(frozen=True)
class ArticlePart:
    """One of the ``parts`` of an article, numbered from 1 on; ``next_part`` is null after the last.

    ``outline``, with the first part only, are the headings of the whole article.
    """

    title: str
    link: str
    url: str
    category: str
    source: str
    fetched_at: str
    words: int
    part: int
    parts: int
    next_part: int | None
    outline: list[OutlineEntry]
    quoted: str

    def as_text(self) -> str:
        """The part for a model to read."""
        more = f"; read part {self.next_part} for more" if self.next_part else ""
        held = f"an article of {self.words:,} words, fetched {self.fetched_at[:10]} ({self.source})"
        told = [
            f"Part {self.part} of {self.parts} of {held}{more}.\ncite as: {self.link}",
            QUOTED_IS_DATA,
        ]
        if self.outline:
            lines = (f"{'  ' * (one.level - 1)}{one.title} (part {one.part})" for one in self.outline)
            told += ["Outline:", quotation("\n".join(lines))]
        return "\n\n".join([*told, self.quoted])


@dataclass(frozen=True)
class Listed:
    """A link of the user's list, and what is held for it.

    ``verdict`` is what the last fetch came to ("" where there was none): "ok", "moved" and "not_modified" are
    good, of others ``reason`` says why. ``words`` is 0 where no text is held.
    """

    url: str
    title: str
    category: str
    tags: list[str]
    note: str
    verdict: str
    reason: str
    words: int
    fetched_at: str


@dataclass(frozen=True)
class Listing:
    """A page of the links, in the list's order; ``next_offset`` is null on the last page."""

    total: int
    offset: int
    next_offset: int | None
    links: list[Listed]

    def as_text(self) -> str:
        """The page for a model to read."""
        lines = []
        for one in self.links:
            tags = f" · tags {', '.join(one.tags)}" if one.tags else ""
            note = f" · note: {one.note}" if one.note else ""
            state = f"{one.verdict or 'not fetched'}{f' ({one.reason})' if one.reason else ''}"
            held = f"{one.words:,} words" if one.words else "no text held"
            lines += [
                one.url,
                f"  {one.title or '(no title)'} · {one.category}{tags} · {state} · {held}{note}",
            ]
        return _page_told(
            "link", self.total, self.offset, self.next_offset, quotation("\n".join(lines)) if lines else ""
        )


@dataclass(frozen=True)
class Change:
    """What became of a page or a link.

    ``change`` is "new" or "changed" of a text; "moved", "broken" or "recovered" of a link, with the
    ``reason``. ``quoted`` are the first lines of the difference, each after "-" or "+".
    """

    at: str
    change: str
    url: str
    page_url: str
    title: str
    category: str
    reason: str
    quoted: str


@dataclass(frozen=True)
class ChangeList:
    """A page of what changed since a moment; ``next_offset`` is null on the last page."""

    since: str
    total: int
    offset: int
    next_offset: int | None
    changes: list[Change]

    def as_text(self) -> str:
        """The page for a model to read."""
        told = []
        for one in self.changes:
            about = quotation("\n".join(part for part in (one.title, one.category, one.reason) if part))
            told.append(
                "\n".join(filter(None, [f"{one.change} · {one.at} · {one.page_url}", about, one.quoted]))
            )
        return _page_told("change", self.total, self.offset, self.next_offset, "\n\n".join(told))


def _numbered(passages: Sequence[Found]) -> Iterator[str]:
    if passages:
        yield QUOTED_IS_DATA
    for number, passage in enumerate(passages, start=1):
        yield passage.as_text(f"[{number}] id {passage.id}")


def _page_told(noun: str, total: int, offset: int, following: int | None, items: str) -> str:
    """A page of a list for a model to read."""
    told = f"{total:,} {noun if total == 1 else noun + 's'}"
    if following is not None:
        told += f"; here are {offset + 1:,} to {following:,}, and offset {following} gives the next ones"
    elif offset:
        told += (
            f"; here are the last ones, from {offset + 1:,} on" if offset < total else "; there are no more"
        )
    return "\n\n".join([f"{told}.", *([QUOTED_IS_DATA, items] if items else [])])
