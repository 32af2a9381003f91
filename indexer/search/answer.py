"""The answer to a question, and its forms: JSON, a pandas table, HTML in a notebook."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from html import escape
from typing import TYPE_CHECKING, Any

from indexer.tables import table

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

    from indexer.config import SearchConfig
    from indexer.records import Hit, Mode

TABLE_COLUMNS = (
    "rank", "score", "title", "heading", "text", "category", "site", "note", "source", "fetched_at",
    "link", "url", "passage_id", "tags",
)  # fmt: skip
"""Those of :meth:`Answer.to_pandas`."""


class State(StrEnum):
    """Whether the library answers, in words that a person is told."""

    ANSWERS = "answers"
    MAY_ANSWER = "may answer"
    NOTHING_ANSWERS = "nothing answers"


def state_of(confidence: float, config: SearchConfig) -> State:
    """What a confidence, 0 to 1, means to a person; the bounds are the configuration's."""
    if confidence < config.answered:
        return State.NOTHING_ANSWERS
    return State.ANSWERS if confidence >= config.sure else State.MAY_ANSWER


_HEADLINES = {
    State.ANSWERS: "The library answers:",
    State.MAY_ANSWER: "The library may answer:",
    State.NOTHING_ANSWERS: "Nothing answers. The closest:",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """The passages that answer a question, best first.

    Where its ``state`` is that nothing answers, ``hits`` are merely the closest.
    """

    question: str
    mode: Mode
    state: State
    took_ms: float
    generation: int
    model: str
    hits: tuple[Hit, ...]
    confidence: float = 0.0
    """How likely the best hit answers, 0 to 1, as calibrated on questions with and without an answer."""
    notices: tuple[str, ...] = ()
    """What a person should know: a word that was corrected, a reranker that could not be had."""
    filtered_out: bool = False
    """Whether the filters let no text through, so that nothing was searched; a notice names them."""
    words: Mapping[str, float] = field(default_factory=dict)
    """The words that were searched and how rare each is, for :class:`indexer.search.marks.Marker`."""

    @property
    def answered(self) -> bool:
        """Whether anything in the library answers, or may."""
        return self.state != State.NOTHING_ANSWERS

    @property
    def headline(self) -> str:
        """The state as a line above the passages."""
        if self.filtered_out:
            return "No text passes the filters."
        return _HEADLINES[self.state] if self.hits else "Nothing answers."

    def to_json(self, *, explain: bool = False) -> dict[str, Any]:
        """Plain values for ``ask --json``; with ``explain``, how each retriever saw each hit."""
        return {
            "question": self.question,
            "mode": self.mode,
            "state": self.state.value,
            "answered": self.answered,
            "confidence": round(self.confidence, 3),
            "took_ms": round(self.took_ms, 2),
            "generation": self.generation,
            "model": self.model,
            "notices": list(self.notices),
            "results": [_result(hit, explain=explain) for hit in self.hits],
        }

    def to_pandas(self) -> pd.DataFrame:
        """One row a hit, with :data:`TABLE_COLUMNS`.

        Raises:
            MissingExtra: pandas is not installed.
        """
        rows = ({**_result(hit, explain=False), "heading": _heading_path(hit)} for hit in self.hits)
        return table(rows, TABLE_COLUMNS)

    def _repr_html_(self) -> str:
        """A table for notebooks; everything from the web is escaped."""
        rows = "".join(
            f"<tr><td>{hit.rank}</td>"
            f'<td style="text-align:left"><a href="{escape(hit.link)}"><b>{escape(hit.title)}</b></a>'
            f"<br><i>{escape(_heading_path(hit))}</i><br>{escape(hit.passage.text)}</td>"
            f"<td>{escape(hit.category)}</td></tr>"
            for hit in self.hits
        )
        head = "<tr><th>#</th><th>passage</th><th>category</th></tr>"
        return f"<p><b>{escape(self.question)}</b></p><p>{self.headline}</p><table>{head}{rows}</table>"


def _heading_path(hit: Hit) -> str:
    return " › ".join(hit.passage.headings)


def _result(hit: Hit, *, explain: bool) -> dict[str, Any]:
    result: dict[str, Any] = {
        "rank": hit.rank,
        "score": round(hit.score, 4),
        "text": hit.passage.text,
        "heading": list(hit.passage.headings),
        "title": hit.title,
        "url": hit.url,
        "page_url": hit.page_url,
        "link": hit.link,
        "category": hit.category,
        "site": hit.site,
        "note": hit.note,
        "tags": list(hit.tags),
        "source": hit.source.value,
        "fetched_at": hit.fetched_at.isoformat(),
        "passage_id": hit.passage_id,
    }
    if hit.before or hit.after:
        result["before"] = [passage.text for passage in hit.before]
        result["after"] = [passage.text for passage in hit.after]
    if explain:
        result["explain"] = {
            name: {"rank": share.rank, "score": round(share.score, 4), "share": round(share.share, 4)}
            for name, share in hit.shares.items()
        }
    return result
