"""One Milvus: connected, its version, and its errors in our words."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from indexer.errors import IndexServerError, MissingExtra
from indexer.milvus.address import IndexAddress

MILVUS_SECONDS = 30.0
"""Seconds that a question may take, with all repetitions of pymilvus's own; usual are milliseconds."""
CONNECT_SECONDS = 10.0
"""Seconds to wait for a connection."""
WORK_SECONDS = 3600.0
"""Seconds that one step of filling may take: a million vectors' graph is built in minutes."""

FIRST_WITH_BM25 = (2, 5)
"""The version of Milvus from which on it has full-text search."""

QUIET_WHILE_IDLE = {"grpc.keepalive_permit_without_calls": 0}
"""pymilvus pings every ten seconds, also where nothing is asked. gRPC's own servers, as that of Lite, take it
for an attack and end the connection, together with the call that comes just then."""

REFUSALS = ("auth", "permission", "privilege", "credential")
"""What Milvus says of whom it does not let in; the codes differ by its version."""
SILENCES = ("connect", "deadline", "unavailable", "retry", "timeout")
"""What pymilvus and gRPC say where nothing answers."""


class Server:
    """A connection to one Milvus."""

    def __init__(self, address: IndexAddress) -> None:
        """Connect.

        Raises:
            MissingExtra: pymilvus is not installed.
            IndexServerError: nothing answers there, or it does not let us in.
        """
        try:
            from pymilvus import MilvusClient
        except ModuleNotFoundError as error:
            raise MissingExtra("an index in Milvus needs pymilvus", "scale") from error
        # Its own log has a traceback of each error, which is told here in one line.
        logging.getLogger("pymilvus").setLevel(logging.CRITICAL)
        self.address = address
        with self.told("connect"):
            self.client = MilvusClient(
                uri=address.uri,
                token=address.token,
                db_name=address.database,
                timeout=CONNECT_SECONDS,
                dedicated=True,
                grpc_options=QUIET_WHILE_IDLE,
            )
            self.version = str(self.client.get_server_version(timeout=MILVUS_SECONDS))

    def close(self) -> None:
        """Let go of the connection."""
        self.client.close()

    @property
    def is_lite(self) -> bool:
        """Whether it is Milvus Lite, which stands in for Milvus in tests and small uses."""
        return self.version.startswith("milvus_lite")

    @property
    def has_bm25(self) -> bool:
        """Whether it can search words."""
        number = re.match(r"v?(\d+)\.(\d+)", self.version)
        return self.is_lite or number is None or (int(number[1]), int(number[2])) >= FIRST_WITH_BM25

    @property
    def tokenizer(self) -> str:
        """What parts a text of stems at its blanks, and nowhere else as far as there is such a thing."""
        return "standard" if self.is_lite else "whitespace"

    @contextmanager
    def told(self, what: str) -> Iterator[None]:
        """Tell errors of Milvus in the block as ours.

        Raises:
            IndexServerError: there was one.
        """
        import grpc
        from pymilvus.exceptions import MilvusException

        try:
            yield
        except (MilvusException, grpc.RpcError) as error:
            raise self._told(what, error) from error

    def _told(self, what: str, error: Any) -> IndexServerError:
        """What happened. That the server refuses stands below what pymilvus says of it."""
        messages = [_message_of(one) for one in _chain(error)]
        said = _head_of(messages[0])
        lowered = " ".join(messages).lower()
        if any(word in lowered for word in REFUSALS):
            return IndexServerError(
                f"{self.address}: it does not let us in ({said}); set INDEXER_INDEX_TOKEN to user:password"
            )
        if any(word in lowered for word in SILENCES):
            return IndexServerError(
                f"{self.address}: no answer ({said}); start it, or name another with --index"
            )
        return IndexServerError(f"{self.address}: cannot {what} ({said})")

    def has(self, collection: str) -> bool:
        """Whether it has a collection."""
        with self.told("look for collections"):
            return bool(self.client.has_collection(collection, timeout=MILVUS_SECONDS))

    def rows(self, collection: str, ids: list[Any], fields: list[str]) -> list[dict[str, Any]]:
        """The rows with these keys, those that there are, in any order."""
        found: list[dict[str, Any]] = []
        for start in range(0, len(ids), READ_AT_ONCE):
            with self.told("read"):
                found += self.client.query(
                    collection,
                    ids=ids[start : start + READ_AT_ONCE],
                    output_fields=fields,
                    timeout=MILVUS_SECONDS,
                )
        return found


READ_AT_ONCE = 2_000
"""Rows that are asked for by one call: 10 MB with vectors and stems, where 64 MB are allowed."""


def _chain(error: BaseException) -> list[BaseException]:
    """An error and what led to it, the nearest first. pymilvus raises some from themselves."""
    chain = [error]
    while (below := chain[-1].__cause__ or chain[-1].__context__) and below not in chain:
        chain.append(below)
    return chain


def _message_of(error: Any) -> str:
    details = getattr(error, "details", None)
    said = details() if callable(details) else getattr(error, "message", "")
    return " ".join(str(said or error).split())


def _head_of(message: str) -> str:
    return message if len(message) <= 200 else f"{message[:200]}…"
