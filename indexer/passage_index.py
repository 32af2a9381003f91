"""What an index of passages is: the seam between what asks and what finds.

Search asks a :class:`PassageIndex` and knows no more of it: the segments beside the library are one
(:mod:`indexer.index`), a Milvus server another (:mod:`indexer.milvus`). One that a server keeps is filled
through an :class:`IndexWriter`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Protocol

from indexer.records import Generation

if TYPE_CHECKING:
    from indexer.arrays import Ids, Vectors

ScoredIds = list[tuple[int, float]]
"""Passages by their ids, with what a retriever gives them, best first."""


@dataclass(frozen=True, slots=True)
class Filters:
    """What passages must have: one of each kind that is named, and texts fetched ``since`` then."""

    categories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    sites: tuple[str, ...] = ()
    """Hosts; their subdomains are meant, too."""
    since: datetime | None = None

    def __bool__(self) -> bool:
        """Whether anything is filtered at all."""
        return bool(self.categories or self.tags or self.sites or self.since)


@dataclass(frozen=True)
class Allowed:
    """The passages that may be found. An index takes either the filters that they pass, or their ids."""

    find: Callable[[], Ids]
    filters: Filters | None = None
    """None where the ids alone tell."""

    @cached_property
    def ids(self) -> Ids:
        """Their ids (n,), rising; looked up once, when they are first asked for."""
        return self.find()


class PassageIndex(Protocol):
    """What finds the passages of one generation, by their vectors and by their words.

    Passages are named by their ids, words are as :mod:`indexer.index.words` has them, in any form that has
    their stem. ``allowed`` leaves only some to be found; None allows all.
    """

    def nearest(self, vector: Vectors, limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids nearest to ``vector`` (dimension,) with their cosines, best first."""
        ...

    def vectors(self, ids: Ids, dimension: int) -> Vectors:
        """The vectors of ``ids`` (n,), in their order: float32 ``(n, dimension)``."""
        ...

    def matching(self, words: Sequence[str], limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids of passages that hold any of the words, with their BM25, best first."""
        ...

    def scores(self, words: Sequence[str], ids: Ids) -> dict[int, float]:
        """The BM25 of these passages; those without any of the words are absent."""
        ...

    def counts(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word occurs."""
        ...

    def frequencies(self, words: Sequence[str]) -> list[float]:
        """How often each word occurs in all."""
        ...

    def vocabulary(self, prefix: str) -> dict[str, str]:
        """By each stem that begins so, a word that it stands for; of some no passage may be left."""
        ...

    def close(self) -> None:
        """Let go of files and connections."""
        ...


OpenIndex = Callable[[Generation], PassageIndex]
"""Opens the index of a generation; raises NoIndex where it does not have that."""


@dataclass(frozen=True, slots=True)
class ServedPassage:
    """A passage as an index is filled with it: what is searched, and what is filtered by."""

    id: int
    columns: tuple[str, str, str]
    """Its text, its context and the user's own words about its link."""
    vector: bytes
    """float16, unit length."""
    category: str
    tags: tuple[str, ...]
    site: str
    language: str
    fetched_at: datetime


class IndexWriter(Protocol):
    """An index that a server keeps; it is filled with all of a generation before that is published."""

    def holds(self, generation: Generation) -> bool:
        """Whether it has all of this generation."""
        ...

    def fill(self, generation: Generation, passages: Iterable[ServedPassage]) -> None:
        """Make a generation searchable, whatever there was under its number."""
        ...

    def publish(self, generation: Generation) -> None:
        """Let other programs see this generation, and let go of those before the last two."""
        ...

    def close(self) -> None:
        """Let go of connections."""
        ...
