"""How the tests of searching ask for a small library: ``make([(link, title, [paragraph, ...]), ...])``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from indexer.config import SearchConfig
from indexer.records import Encoder, Link, Reranker
from indexer.search.searcher import Searcher

Written = tuple[Link, str, list[str]]
"""An article as a test writes it: its link, its title and its paragraphs."""


class Make(Protocol):
    """A searcher of these articles."""

    def __call__(
        self,
        articles: Sequence[Written],
        *,
        encoder: Encoder | None = None,
        made_with: Encoder | None = None,
        config: SearchConfig | None = None,
        reranker: Callable[[], Reranker] | None = None,
    ) -> Searcher: ...
