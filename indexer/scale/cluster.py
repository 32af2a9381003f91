"""The cluster: one that is joined, or started on this machine for the time of a run; whether its nodes fit.

A cluster started here listens on loopback, asks for a token, tells nobody that it is used, and ends with the
process that started it.
"""

from __future__ import annotations

import importlib.util
import logging
import os
import platform
import secrets
import signal
import socket
import sys
import tempfile
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from indexer.config import Config
from indexer.embed.models import find_model
from indexer.encoding import chosen_model, exports_folder
from indexer.engine import Crawling, Publishing
from indexer.errors import ClusterError, MissingExtra, UsageError
from indexer.hashes import CHECKED
from indexer.records import Encoder, Traffic
from indexer.scale.connection import Connection
from indexer.scale.nodes import NodeModel, check_nodes
from indexer.scale.sending import Senders
from indexer.scale.texts import Texts
from indexer.scale.vectors import SpreadEncoder

logger = logging.getLogger(__name__)

SOON = 10.0
"""Seconds in which a cluster's head answers the door."""

_OF_OWN_CLUSTER = {
    "RAY_AUTH_MODE": "token",
    "RAY_USAGE_STATS_ENABLED": "0",
    "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",  # the one way to make it listen on loopback alone
    "RAY_enable_metrics_collection": "0",
}
"""Set before Ray is imported, as it reads them then."""


@contextmanager
def on_ray(config: Config, *, address: str = "") -> Iterator[RayEngine]:
    """An engine on the Ray cluster at an address, by default that of ``RAY_ADDRESS``, else one started here.

    Raises:
        MissingExtra: Ray is not installed. UsageError: the address is none of a head.
        ClusterError: there is no such cluster, or a node of it does not fit.
        ModelError: the model cannot be had here.
    """
    if importlib.util.find_spec("ray") is None:
        raise MissingExtra("--engine ray needs Ray", "scale")
    address = address or os.environ.get("RAY_ADDRESS", "")
    with ExitStack() as ending:
        options = {} if address else _own_cluster(ending)
        connection = Connection(_ray_at(address, options))
        ending.callback(connection.end)
        model = _node_model(config, own=not address)
        check_nodes(connection, model)
        yield RayEngine(connection, model)


class RayEngine:
    """The engine that a cluster is."""

    def __init__(self, connection: Connection, model: NodeModel) -> None:
        self._connection, self._model = connection, model

    @asynccontextmanager
    async def crawling(self, config: Config, traffic: Traffic) -> AsyncIterator[Crawling]:
        """Requests are sent by the nodes, pages read on all their processors."""
        senders = Senders(self._connection, config.crawl, traffic)
        texts = Texts(self._connection, config, self._model)
        try:
            yield Crawling(texts.read_soon, config.crawl.max_in_flight * len(senders), senders)
        finally:
            senders.end()

    @contextmanager
    def publishing(self, config: Config, encoder: Encoder) -> Iterator[Publishing]:
        """Articles are cut on the nodes, passages embedded by all of them."""
        texts = Texts(self._connection, config, self._model)
        spread = SpreadEncoder(self._connection, encoder, self._model)
        try:
            yield Publishing(texts.read, texts.cut, spread)
        finally:
            spread.end()


def _node_model(config: Config, *, own: bool) -> NodeModel:
    name, exports = chosen_model(config), exports_folder(config)
    found = find_model(name, memory=exports / CHECKED)
    return NodeModel(name, found.fingerprint, str(exports) if own else "")


def _own_cluster(ending: ExitStack) -> dict[str, Any]:
    """Prepares the start of a cluster on this machine; Ray's options for it."""
    folder = ending.enter_context(
        tempfile.TemporaryDirectory(prefix="indexer-ray-", ignore_cleanup_errors=True)
    )
    token = Path(folder) / "token"
    token.touch(mode=0o600)
    token.write_text(_own_token())
    before = {name: os.environ.get(name) for name in (*_OF_OWN_CLUSTER, "RAY_AUTH_TOKEN_PATH")}
    os.environ.update(_OF_OWN_CLUSTER, RAY_AUTH_TOKEN_PATH=str(token))
    ending.callback(_restore_environment, before)
    return {"_temp_dir": folder, "_node_ip_address": "127.0.0.1", "include_dashboard": False}


@cache
def _own_token() -> str:
    """The same for all clusters that this process starts, as Ray reads it but once."""
    return secrets.token_hex(32)


def _restore_environment(before: dict[str, str | None]) -> None:
    for name, value in before.items():
        if value is None:
            os.environ.pop(name, None)
        else:
            os.environ[name] = value


def _ray_at(address: str, options: dict[str, Any]) -> Any:
    """Ray, connected.

    Raises:
        ClusterError: there is no such cluster, or it does not let this process in.
    """
    os.environ.setdefault("RAY_BACKEND_LOG_LEVEL", "fatal")
    import ray

    where = f"the Ray cluster at {address}" if address else "a Ray cluster on this machine"
    _knock(address, where)
    terminated = signal.getsignal(signal.SIGTERM)
    try:
        with _core_silenced():
            ray.init(
                address=address or "local",
                log_to_driver=False,
                configure_logging=False,
                logging_level=logging.ERROR,
                **options,
            )
    except Exception as error:
        does = "cannot be joined" if address else "cannot be started"
        raise ClusterError(f"{where} {does}: {_why_not(error)}") from error
    # What happens to nodes Ray prints to stdout, among what `--json` prints, and has no option for it.
    ray._private.worker.print_to_stdstream = _log_of_nodes  # noqa: SLF001
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, terminated)  # Ray takes it, and would end with another code
    if address and os.environ.get("RAY_AUTH_MODE") != "token":
        logger.warning("%s asks for no token: whoever reaches it can run programs on it and here", where)
    return ray


def _log_of_nodes(told: dict[str, Any], **_: Any) -> None:
    """Take what Ray would print."""
    logger.info("Ray: %s", " ".join(" ".join(told["lines"]).split()))


@contextmanager
def _core_silenced() -> Iterator[None]:
    """Without what Ray's core writes to stderr, past Python; what matters of it comes as an error."""
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    os.close(nowhere)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)


def _knock(address: str, where: str) -> None:
    """Whether somebody listens at an address; Ray would try for minutes.

    Raises:
        ClusterError: nobody does. UsageError: it is an address of another kind.
    """
    if "://" in address:
        raise UsageError(f"{address}: --address takes HOST:PORT of the head, on a machine that is a node too")
    host, _, port = address.rpartition(":")
    if host and port.isdecimal():
        try:
            socket.create_connection((host.strip("[]"), int(port)), SOON).close()
        except OSError as error:
            raise ClusterError(f"{where} cannot be joined: {error.strerror or error}") from error


def _why_not(error: Exception) -> str:
    """A connection's failure in one line."""
    text = " ".join(str(error).split())
    if "ersion mismatch" in text:
        return f"its versions differ from those here, Python {platform.python_version()}: {text[:300]}"
    return text[:300] or type(error).__name__
