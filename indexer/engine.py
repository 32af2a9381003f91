"""Where the work of a run is done: in processes of this machine, or on a cluster (:mod:`indexer.scale`).

Whoever runs keeps the library, the turns of the hosts, and the judgement of pages; an engine sends requests,
reads pages, cuts articles and embeds passages. Each of these is a function of values, the same ones here and
there, so that a run's library does not tell where it was worked out.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AbstractContextManager,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from indexer.records import Article, Encoder, Page, Passage, Reading, ReadPage, Traffic
from indexer.workers import Cutting, bounded_worker, reading_workers

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.crawl.wire import Sender


@dataclass(frozen=True, slots=True)
class Crawling:
    """What a crawl is worked with."""

    read: ReadPage
    in_flight: int
    """As :attr:`~indexer.config.CrawlConfig.max_in_flight`, for so many machines."""
    sender: Sender | None = None
    """None where this process sends the requests itself."""


@dataclass(frozen=True, slots=True)
class Publishing:
    """What publishing is worked with. Both functions raise :class:`~indexer.errors.Unreadable`."""

    read: Callable[[Page], Reading]
    cut: Callable[[Article], Sequence[Passage]]
    encoder: Encoder


class Engine(Protocol):
    """Somewhere to work. What it gives may raise :class:`~indexer.errors.ClusterError` at any time."""

    def crawling(self, config: Config, traffic: Traffic) -> AbstractAsyncContextManager[Crawling]:
        """The means of one crawl; whoever sends requests in place of this process tells ``traffic``."""

    def publishing(self, config: Config, encoder: Encoder) -> AbstractContextManager[Publishing]:
        """The means of publishing with the vectors of an encoder."""


class Here:
    """The engine of one machine: worker processes, and this process's encoder."""

    @asynccontextmanager
    async def crawling(self, config: Config, traffic: Traffic) -> AsyncIterator[Crawling]:  # noqa: ARG002
        """Pages are read on all cores, requests sent by this process."""
        async with reading_workers(config.extract) as read:
            yield Crawling(read, config.crawl.max_in_flight)

    @contextmanager
    def publishing(self, config: Config, encoder: Encoder) -> Iterator[Publishing]:
        """One worker reads and cuts."""
        with bounded_worker(config.extract) as worker:

            def cut(article: Article) -> Sequence[Passage]:
                cutting = Cutting(article, encoder.max_tokens, config.passages)
                return worker.cut(cutting, encoder.count_tokens)

            yield Publishing(worker.read, cut, encoder)
