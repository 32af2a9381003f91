"""Filling and publishing a generation in Milvus: an :class:`indexer.passage_index.IndexWriter`.

What is written is written again where a call is repeated, by the passage's id. A generation counts as filled
by its last row (:meth:`.layout.Vocabulary.about`): what a killed run left is dropped by the next.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from indexer.errors import IndexServerError
from indexer.milvus.layout import (
    Vocabulary,
    collections_of,
    identity,
    passages_index,
    passages_schema,
    words_index,
    words_schema,
)
from indexer.milvus.reader import read_about
from indexer.milvus.server import MILVUS_SECONDS, WORK_SECONDS, Server

if TYPE_CHECKING:
    from indexer.milvus.address import IndexAddress
    from indexer.passage_index import ServedPassage
    from indexer.records import Generation

logger = logging.getLogger(__name__)

WRITTEN_AT_ONCE = 500
"""Passages of one call: 2 MB."""
STATES_KEPT = 2
"""The published generation and the one before, for whoever is just asking it."""


class MilvusWriter:
    """Writes generations under one name."""

    def __init__(self, address: IndexAddress) -> None:
        """Connect.

        Raises:
            MissingExtra: pymilvus is not installed. IndexServerError: the server cannot be had.
        """
        self._address = address
        self._server = Server(address)
        if not self._server.has_bm25:
            logger.warning(
                "Milvus %s cannot search words, which 2.5 and newer can; only --mode dense will answer",
                self._server.version,
            )

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

    def holds(self, generation: Generation) -> bool:
        """Whether all of this generation is there."""
        about = read_about(self._server, *collections_of(self._address, generation.number))
        return about is not None and about["generation"] == identity(generation)

    def fill(self, generation: Generation, passages: Iterable[ServedPassage]) -> None:
        """Make a generation searchable, whatever there was under its number.

        Raises:
            IndexServerError: it cannot be written, or is not all there afterwards.
        """
        passages_in, words_in = collections_of(self._address, generation.number)
        self._drop(words_in, passages_in)
        vocabulary, by_words = Vocabulary(), self._server.has_bm25
        schema = passages_schema(generation.dimension, by_words=by_words, tokenizer=self._server.tokenizer)
        self._write(
            passages_in,
            schema,
            (vocabulary.row(passage) for passage in passages),
            passages_index(generation.passages, by_words=by_words),
        )
        if (found := self._count(passages_in)) != generation.passages:
            raise IndexServerError(
                f"{self._address}: it has {found:,} passages of {generation.passages:,} that were written"
            )
        self._write(words_in, words_schema(), vocabulary.rows(), words_index())
        about = vocabulary.about(generation, by_words=by_words)
        with self._server.told("write"):
            self._server.client.upsert(words_in, [about], timeout=WORK_SECONDS)
            self._server.client.flush(words_in, timeout=WORK_SECONDS)

    def publish(self, generation: Generation) -> None:
        """Let the alias lead to this generation, and let go of those before the last two."""
        passages_in, _ = collections_of(self._address, generation.number)
        client = self._server.client
        with self._server.told("publish"):
            if self._alias():
                client.alter_alias(passages_in, self._address.name, timeout=MILVUS_SECONDS)
            else:
                client.create_alias(passages_in, self._address.name, timeout=MILVUS_SECONDS)
            names = client.list_collections(timeout=MILVUS_SECONDS)
        own = re.compile(rf"{re.escape(self._address.name)}_g(\d+)(?:_words)?")
        numbers = {name: int(match[1]) for name in names if (match := own.fullmatch(name))}
        kept = range(generation.number - STATES_KEPT + 1, generation.number + 1)
        self._drop(*(name for name, number in numbers.items() if number not in kept))

    def _alias(self) -> str:
        """The collection that the alias leads to; empty where there is no such alias."""
        from pymilvus.exceptions import MilvusException

        try:
            found = self._server.client.describe_alias(self._address.name, timeout=MILVUS_SECONDS)
        except MilvusException:
            return ""
        return str(found.get("collection_name", ""))

    def _drop(self, *collections: str) -> None:
        client = self._server.client
        for name in collections:
            if not self._server.has(name):
                continue
            with self._server.told("drop"):
                if self._alias() == name:  # Milvus keeps what an alias leads to
                    client.drop_alias(self._address.name, timeout=MILVUS_SECONDS)
                client.drop_collection(name, timeout=WORK_SECONDS)

    def _write(self, collection: str, schema: Any, rows: Iterable[dict[str, Any]], index: Any) -> None:
        """Make a collection of these rows, and make it ready to be asked."""
        client = self._server.client
        with self._server.told("write"):
            client.create_collection(collection, schema=schema, timeout=WORK_SECONDS)
        for some in _upserts(rows):
            with self._server.told("write"):
                client.upsert(collection, some, timeout=WORK_SECONDS)
        with self._server.told("write"):
            client.flush(collection, timeout=WORK_SECONDS)
            client.create_index(collection, index, timeout=WORK_SECONDS)
            client.load_collection(collection, timeout=WORK_SECONDS)

    def _count(self, collection: str) -> int:
        with self._server.told("count"):
            [row] = self._server.client.query(
                collection,
                filter="",
                output_fields=["count(*)"],
                consistency_level="Strong",
                timeout=WORK_SECONDS,
            )
        return int(row["count(*)"])


def _upserts(rows: Iterable[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    waiting = iter(rows)
    while batch := list(islice(waiting, WRITTEN_AT_ONCE)):
        yield batch
