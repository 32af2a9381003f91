"""Passages, embedded by actors that hold the model: one for each graphics processor, else one for each node.

An actor that is lost is started again, and what it was asked is asked again: the same texts give the same
vectors. It goes the same way as a run on one machine (:func:`indexer.embed.for_bulk`), batch by batch.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any

from indexer.embed import for_bulk, load_encoder
from indexer.errors import ClusterError
from indexer.records import Encoder
from indexer.scale.connection import Connection, lost_cluster
from indexer.scale.nodes import NodeModel, nodes_of, on_node

if TYPE_CHECKING:
    from indexer.arrays import Vectors

AHEAD = 2
"""Batches given to each actor: one that it embeds, and one that waits, so that it never does."""
LOOK_ROUND = 10.0
"""Seconds after which it is asked whether there still is a node that could embed."""


class SpreadEncoder:
    """records.Encoder that has passages embedded by the cluster; the rest is done by one of this process."""

    def __init__(self, connection: Connection, encoder: Encoder, model: NodeModel) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.max_tokens = encoder.dimension, encoder.max_tokens
        self.encode_query, self.count_tokens = encoder.encode_query, encoder.count_tokens
        self.knows = encoder.knows
        self._connection, self._model, self._passages = connection, model, 0
        self._actors: list[Any] = []
        self._free: SimpleQueue[Any] = SimpleQueue()
        """Each actor as often as it may be given a batch."""
        self._on_graphics = False

    @property
    def at_once(self) -> int:
        """So many batches keep every actor busy."""
        return AHEAD * len(self._actors)

    def in_bulk(self, passages: int) -> SpreadEncoder:
        """The same encoder, whose actors are told that there are so many passages."""
        self._passages = passages
        if passages and not self._actors:
            self._start()
        return self

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of the texts, all by one actor."""
        if not self._actors:
            self._start()
        actor = self._free.get()
        try:
            vectors: Vectors = self._answer(actor.encode.remote(list(texts), self._passages or len(texts)))
        finally:
            self._free.put(actor)
        return vectors

    def _start(self) -> None:
        nodes = nodes_of(self._connection.ray)
        self._on_graphics = any(node.graphics for node in nodes)
        options = {"num_cpus": 0, "num_gpus": int(self._on_graphics)}
        options |= {"max_restarts": -1, "max_task_retries": -1}
        make = self._connection.ray.remote(EmbeddingActor)
        self._actors = [
            make.options(scheduling_strategy=on_node(node.number), **options).remote(self._model)
            for node in nodes
            for _ in range(node.graphics if self._on_graphics else 1)
        ]
        for actor in self._actors * AHEAD:
            self._free.put(actor)

    def _answer(self, asked: Any) -> Any:
        ray = self._connection.ray
        try:
            while self._on_graphics and not ray.wait([asked], timeout=LOOK_ROUND)[0]:
                if not any(node.graphics for node in nodes_of(ray)):
                    raise ClusterError("the Ray cluster has lost its last node with a graphics processor")
            return self._connection.get(asked)
        except ray.exceptions.RayTaskError:  # a fault of the program
            raise
        except ray.exceptions.RayError as error:
            raise lost_cluster() from error

    def end(self) -> None:
        """End the actors."""
        self._connection.kill(self._actors)


class EmbeddingActor:
    """The actor: holds the model, in its fastest form once there are enough passages for it."""

    def __init__(self, model: NodeModel) -> None:
        self._encoder = load_encoder(model.name, exports=model.exports_here())
        self._ways: dict[int, Encoder] = {}
        """By the number of passages there are."""
        self._stack = ExitStack()

    def encode(self, texts: Sequence[str], passages: int) -> Vectors:
        """The vectors of some of so many passages."""
        if passages not in self._ways:
            self._stack.close()
            self._ways = {passages: self._stack.enter_context(for_bulk(self._encoder, passages))}
        return self._ways[passages].encode_passages(texts)
