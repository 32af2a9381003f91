"""Pages read and articles cut, in tasks; each by a bounded worker of its node, as on one machine.

A task's worker, and the encoder that counts tokens for it, stay for the next task of the same process.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import cache
from typing import Any, TypeVar

from indexer.config import Config, ExtractConfig, PassageConfig
from indexer.embed import load_encoder
from indexer.errors import Unreadable
from indexer.records import Article, Encoder, Page, Passage, Reading
from indexer.scale.connection import Connection, lost_cluster
from indexer.scale.nodes import NodeModel
from indexer.workers import BoundedWorker, Cutting, bounded_worker

Given = TypeVar("Given")

_OPENED = ExitStack()
"""What a node's process has opened; it ends with it."""
RETRIES = 10
"""Times that a task is done again whose process or node was lost. Its page is bounded by a process of its
own, so it is hardly the page; if it is, it costs itself."""


class Texts:
    """Has texts worked on by the cluster."""

    def __init__(self, connection: Connection, config: Config, model: NodeModel) -> None:
        self._connection, self._config, self._model = connection, config, model
        ray = connection.ray
        self._reading = ray.remote(read_in_task).options(num_cpus=1, max_retries=RETRIES)
        self._cutting = ray.remote(cut_in_task).options(num_cpus=1, max_retries=RETRIES)

    async def read_soon(self, page: Page) -> Reading:
        """records.ReadPage."""
        asked = self._reading.remote(page, self._config.extract)
        try:
            reading: Reading | Unreadable = await self._connection.soon(asked)
        except self._connection.ray.exceptions.RayError as error:
            raise self._meaning(error) from error
        return _given(reading)

    def read(self, page: Page) -> Reading:
        """Read a page, and wait for it."""
        reading: Reading | Unreadable = self._get(self._reading.remote(page, self._config.extract))
        return _given(reading)

    def cut(self, article: Article) -> Sequence[Passage]:
        """The passages of an article."""
        found: Sequence[Passage] | Unreadable = self._get(
            self._cutting.remote(article, self._config.extract, self._config.passages, self._model)
        )
        return _given(found)

    def _get(self, answer: Any) -> Any:
        try:
            return self._connection.get(answer)
        except self._connection.ray.exceptions.RayError as error:
            raise self._meaning(error) from error

    def _meaning(self, error: Exception) -> Exception:
        """What it means to the run that a task was lost."""
        kinds = self._connection.ray.exceptions
        meaning: Exception = error  # where nothing was lost, it is a fault of the program
        if isinstance(error, kinds.RayTaskError):
            return meaning
        if isinstance(error, kinds.WorkerCrashedError | kinds.OutOfMemoryError):
            return Unreadable("the reader crashed on this page, again and again")
        return lost_cluster()


def _given(answer: Given | Unreadable) -> Given:
    if isinstance(answer, Unreadable):
        raise answer
    return answer


# ------------------------------------------------------------------------ on a node


def read_in_task(page: Page, config: ExtractConfig) -> Reading | Unreadable:
    """The reading of a page, or why there is none."""
    try:
        return _worker(config).read(page)
    except Unreadable as error:
        return error


def cut_in_task(
    article: Article, config: ExtractConfig, passages: PassageConfig, model: NodeModel
) -> Sequence[Passage] | Unreadable:
    """The passages of an article, or why there are none."""
    encoder = node_encoder(model)
    try:
        return _worker(config).cut(Cutting(article, encoder.max_tokens, passages), encoder.count_tokens)
    except Unreadable as error:
        return error


@cache
def _worker(config: ExtractConfig) -> BoundedWorker:
    """The worker of this process; it ends when its stdin does."""
    return _OPENED.enter_context(bounded_worker(config))


@cache
def node_encoder(model: NodeModel) -> Encoder:
    """The encoder of this process."""
    return load_encoder(model.name, exports=model.exports_here())
