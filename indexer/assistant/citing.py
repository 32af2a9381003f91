"""A passage for a model to read, with what it is to cite."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from indexer.assistant.quoting import as_one_line, bounded, quotation

if TYPE_CHECKING:
    from indexer.records import Hit

LONGEST_PASSAGE = 2_000
"""Characters of a passage: twice what the window of the default model holds of prose."""
LONGEST_ADDRESS = 2_000
"""Characters of an address: browsers and proxies take no longer ones for sure."""


@dataclass(frozen=True)
class Found:
    """A passage with what to cite: its title and its link, which opens the page at the passage.

    ``id`` is what ``read`` and ``similar`` take; ``url`` is the link in the user's list; ``quoted`` is the
    stranger's text between its two marks.
    """

    id: str
    title: str
    link: str
    url: str
    category: str
    source: str
    fetched_at: str
    quoted: str

    def as_text(self, label: str) -> str:
        """The passage below a label and what there is to know of it."""
        taken = f"fetched {self.fetched_at[:10]} ({self.source})"
        return f"{label} · {taken}\ncite as: {self.link}\n{self.quoted}"


def found(hit: Hit) -> Found:
    """A hit for a model: what was taken from strangers is quoted, what is long is cut."""
    about = {
        "title": as_one_line(hit.title),
        "section": as_one_line(" › ".join(hit.passage.headings)),
        "category": as_one_line(hit.category),
        "the user's note": as_one_line(hit.note),
    }
    told = [f"{name}: {value}" for name, value in about.items() if value]
    text = bounded(hit.passage.text, LONGEST_PASSAGE)
    return Found(
        id=f"p{hit.passage_id}",
        title=about["title"],
        link=cited_address(hit.link),
        url=cited_address(hit.url),
        category=about["category"],
        source=hit.source.value,
        fetched_at=hit.fetched_at.isoformat(timespec="seconds"),
        quoted=quotation("\n".join([*told, "", text])),
    )


def cited_address(url: str) -> str:
    """An address as a model may cite it."""
    return as_one_line(url, LONGEST_ADDRESS)
