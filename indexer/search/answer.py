"""The answer to a question, and its forms: JSON, a pandas table, HTML in a notebook."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Self, SupportsIndex, overload

from indexer.records import Hit, Mode, Passage, PassageRow, Share, Source
from indexer.search.as_html import hits_html
from indexer.search.marks import Marker
from indexer.tables import table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import pandas as pd

    from indexer.config import SearchConfig

TABLE_COLUMNS = (
    "rank", "score", "title", "heading", "text", "category", "site", "note", "source", "fetched_at",
    "link", "url", "passage_id", "tags",
)  # fmt: skip
"""Those of :meth:`Answer.to_pandas`."""
MOMENTS = ("fetched_at",)
"""Those of them that are moments."""


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
class Result:
    """A hit as it is told in JSON. What is None was not asked for, and is left out."""

    rank: int
    score: float
    text: str
    heading: list[str]
    title: str
    url: str
    page_url: str
    link: str
    category: str
    site: str
    note: str
    tags: list[str]
    source: Source
    fetched_at: str
    passage_id: int
    before: list[str] | None = None
    after: list[str] | None = None
    explain: dict[str, Share] | None = None


@dataclass(frozen=True, slots=True)
class AnswerTold:
    """An answer as it is told in JSON."""

    question: str
    mode: Mode
    state: State
    answered: bool
    confidence: float
    took_ms: float
    generation: int
    model: str
    notices: list[str]
    filtered_out: bool
    words: dict[str, float]
    results: list[Result]


@dataclass(frozen=True, slots=True)
class RelatedTold:
    """Related passages as they are told in JSON."""

    to: str
    results: list[Result]


class _Hits:
    """Passages that can be counted, gone through, taken by their place, and put into a table."""

    __slots__ = ()

    if TYPE_CHECKING:

        @property
        def hits(self) -> tuple[Hit, ...]: ...

    def __len__(self) -> int:
        return len(self.hits)

    def __iter__(self) -> Iterator[Hit]:
        return iter(self.hits)

    @overload
    def __getitem__(self, place: SupportsIndex) -> Hit: ...
    @overload
    def __getitem__(self, place: slice) -> tuple[Hit, ...]: ...
    def __getitem__(self, place: SupportsIndex | slice) -> Hit | tuple[Hit, ...]:
        return self.hits[place]

    def to_pandas(self) -> pd.DataFrame:
        """One row a hit, with :data:`TABLE_COLUMNS`; ``heading`` and ``tags`` are lists.

        Raises:
            MissingExtra: pandas is not installed.
        """
        return table((_plain(_result(hit, explain=False)) for hit in self.hits), TABLE_COLUMNS, MOMENTS)


@dataclass(frozen=True, slots=True, repr=False)
class Answer(_Hits):
    """The passages that answer a question, best first: ``len(answer)``, ``answer[0]``, ``for hit in answer``.

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

    def __repr__(self) -> str:
        return f"<Answer to {_brief(self.question)!r}: {self.state.value}, {_counted_hits(self.hits)}>"

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
        return _plain(
            AnswerTold(
                question=self.question,
                mode=self.mode,
                state=self.state,
                answered=self.answered,
                confidence=round(self.confidence, 3),
                took_ms=round(self.took_ms, 2),
                generation=self.generation,
                model=self.model,
                notices=list(self.notices),
                filtered_out=self.filtered_out,
                words=dict(self.words),
                results=[_result(hit, explain=explain) for hit in self.hits],
            )
        )

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Self:
        """The answer of which :meth:`to_json` told, as far as that goes: numbers are rounded.

        Raises:
            KeyError, TypeError, ValueError: these are no values of an answer.
        """
        return cls(
            question=str(told["question"]),
            mode=told["mode"],
            state=State(told["state"]),
            took_ms=float(told["took_ms"]),
            generation=int(told["generation"]),
            model=str(told["model"]),
            hits=tuple(map(_hit_told, told["results"])),
            confidence=float(told["confidence"]),
            notices=tuple(map(str, told["notices"])),
            filtered_out=bool(told["filtered_out"]),
            words={str(word): float(rarity) for word, rarity in told["words"].items()},
        )

    def _repr_html_(self) -> str:
        """For notebooks and pages, see :mod:`indexer.search.as_html`."""
        return hits_html(self.question, self.headline, self.notices, self.hits, Marker(self.words))


@dataclass(frozen=True, slots=True, repr=False)
class Related(_Hits):
    """Passages of other articles that are near to an article or a passage, the nearest first.

    ``to`` is the title of that article; a hit's score is its cosine.
    """

    to: str
    hits: tuple[Hit, ...]

    def __repr__(self) -> str:
        return f"<Related to {_brief(self.to)!r}: {_counted_hits(self.hits)}>"

    @property
    def headline(self) -> str:
        """A line above the passages."""
        return f"Speaking of the same as {self.to}:" if self.hits else "There is no other article."

    @property
    def words(self) -> Mapping[str, float]:
        """None, for no words were searched: there is nothing to mark."""
        return {}

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``similar --json``."""
        return _plain(RelatedTold(self.to, [_result(hit, explain=False) for hit in self.hits]))

    def _repr_html_(self) -> str:
        """For notebooks and pages, see :mod:`indexer.search.as_html`."""
        headline = "Speaking of the same:" if self.hits else self.headline
        return hits_html(self.to, headline, (), self.hits)


def _counted_hits(hits: tuple[Hit, ...]) -> str:
    """How many passages there are, and the first."""
    if not hits:
        return "no passages"
    count = "1 passage" if len(hits) == 1 else f"{len(hits)} passages"
    return f"{count}, first {_brief(hits[0].title)!r}"


def _brief(text: str) -> str:
    return text if len(text) <= 60 else f"{text[:59]}…"


def _result(hit: Hit, *, explain: bool) -> Result:
    beside = bool(hit.before or hit.after)
    return Result(
        rank=hit.rank,
        score=round(hit.score, 4),
        text=hit.passage.text,
        heading=list(hit.passage.headings),
        title=hit.title,
        url=hit.url,
        page_url=hit.page_url,
        link=hit.link,
        category=hit.category,
        site=hit.site,
        note=hit.note,
        tags=list(hit.tags),
        source=hit.source,
        fetched_at=hit.fetched_at.isoformat(),
        passage_id=hit.passage_id,
        before=[passage.text for passage in hit.before] if beside else None,
        after=[passage.text for passage in hit.after] if beside else None,
        explain={
            name: Share(share.rank, round(share.score, 4), round(share.share, 4))
            for name, share in hit.shares.items()
        }
        if explain
        else None,
    )


def _plain(told: AnswerTold | RelatedTold | Result) -> dict[str, Any]:
    """The values without those that were not asked for."""
    return asdict(
        told, dict_factory=lambda pairs: {name: value for name, value in pairs if value is not None}
    )


def _hit_told(told: Mapping[str, Any]) -> Hit:
    """The hit that a result tells of; what it does not tell is empty."""
    row = PassageRow(
        passage_id=int(told["passage_id"]),
        article_id=0,
        position=0,
        passage=Passage(str(told["text"]), 0, 0, tuple(map(str, told["heading"]))),
        title=str(told["title"]),
        url=str(told["url"]),
        page_url=str(told["page_url"]),
        final_url="",
        category=str(told["category"]),
        site=str(told["site"]),
        note=str(told["note"]),
        tags=tuple(map(str, told["tags"])),
        about="",
        source=Source(told["source"]),
        fetched_at=datetime.fromisoformat(told["fetched_at"]),
    )
    return Hit(
        rank=int(told["rank"]),
        score=float(told["score"]),
        row=row,
        link=str(told["link"]),
        before=tuple(Passage(str(text), 0, 0) for text in told.get("before", ())),
        after=tuple(Passage(str(text), 0, 0) for text in told.get("after", ())),
        shares={
            str(name): Share(int(share["rank"]), float(share["score"]), float(share["share"]))
            for name, share in told.get("explain", {}).items()
        },
    )
