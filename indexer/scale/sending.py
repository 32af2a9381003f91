"""Requests, sent by actors: each host is owned by one of them, which alone asks it for anything.

When a host may be asked is decided where the crawl runs, so its pauses outlast whoever sends the requests. A
request that was lost with its actor is sent again in the host's next turn, by the actor that Ray started
instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from zlib import crc32

from indexer.config import CrawlConfig
from indexer.crawl.failure import LostRequest, NoPage
from indexer.crawl.transport import Environment
from indexer.crawl.urls import host_of
from indexer.crawl.wire import HttpAnswer, Wire
from indexer.records import Traffic
from indexer.scale.connection import Connection, lost_cluster
from indexer.scale.nodes import nodes_of, on_node

READERS_FED = 4
"""Processors of a node for each of its senders: reading a page takes four times the processor of fetching it
(BENCHMARKS.md, "crawl")."""


class Senders:
    """crawl.wire.Sender that has the owner of each host send its requests."""

    def __init__(self, connection: Connection, config: CrawlConfig, traffic: Traffic) -> None:
        self._connection, self._traffic = connection, traffic
        options = {"num_cpus": 0, "max_restarts": -1, "max_concurrency": 1000}
        make = connection.ray.remote(SendingActor)
        self._actors = [
            make.options(scheduling_strategy=on_node(node.number), **options).remote(config)
            for node in nodes_of(connection.ray)
            for _ in range(max(1, node.processors // READERS_FED))
        ]

    def __len__(self) -> int:
        return len(self._actors)

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = 0) -> HttpAnswer:
        """As crawl.wire.Sender's."""
        host, size = host_of(url), 0
        answer: HttpAnswer | NoPage
        owner = self._actors[crc32(host.encode()) % len(self._actors)]
        self._traffic.asked(host)
        try:
            answer, size = await self._connection.soon(owner.get.remote(url, dict(headers), most))
        except self._connection.ray.exceptions.RayTaskError:  # a fault of the program
            raise
        except self._connection.ray.exceptions.RayError as error:
            await self._back(owner)
            raise LostRequest from error
        finally:
            self._traffic.answered(host, size)
        if isinstance(answer, NoPage):
            raise answer
        return answer

    async def _back(self, owner: Any) -> None:
        """Wait until an actor that was lost is there again."""
        try:
            await self._connection.soon(owner.ready.options(max_task_retries=-1).remote())
        except self._connection.ray.exceptions.RayError as error:
            raise lost_cluster() from error

    def end(self) -> None:
        """End the actors."""
        self._connection.kill(self._actors)


class SendingActor:
    """The actor: sends the requests to the hosts that it owns, and keeps its connections to them."""

    def __init__(self, config: CrawlConfig) -> None:
        self._config = config
        self._transport: Environment | None = None

    async def ready(self) -> None:
        """Nothing; but whoever waits for it knows that the actor is there."""

    async def get(self, url: str, headers: Mapping[str, str], most: int) -> tuple[HttpAnswer | NoPage, int]:
        """The answer, or why there is none, and the bytes it took on the wire."""
        if self._transport is None:  # here, where the event loop is
            self._transport = Environment(self._config)
        taken = Taken()
        try:
            answer = await Wire(self._transport, self._config, taken).get(url, headers, most=most)
        except NoPage as failure:
            return failure, taken.size
        return answer, taken.size


class Taken:
    """records.Traffic of one request."""

    size = 0
    """Bytes on the wire."""

    def asked(self, host: str) -> None:
        """Look away."""

    def answered(self, host: str, size: int) -> None:  # noqa: ARG002 - there is one host
        """The request has ended."""
        self.size = size

    def pausing(self, host: str, seconds: float) -> None:
        """Look away."""
