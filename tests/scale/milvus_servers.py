"""Milvus to try on: Lite's server, the real one of the package `milvus`, or one that is named."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path

import pytest

RELAY = Path(__file__).with_name("relay.py")
START_SECONDS = 120.0
"""Seconds in which a server must answer; the real one takes ten on an idle machine, thirty after a kill."""


class MilvusServer:
    """A server as a process group of its own, which can be killed and started again on the same data."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._port = _free_port()
        self._processes: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)

    credentials = ""

    def address(self, name: str, credentials: str | None = None) -> str:
        """What ``--index`` takes."""
        before = self.credentials if credentials is None else credentials
        return f"milvus://{before}127.0.0.1:{self._port}?name={name}"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        raise NotImplementedError

    def kill(self) -> None:
        """End it at once, as a power cut would."""
        for process in self._processes:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
        self._processes.clear()

    def _run(self, *command: object) -> None:
        log = (self._folder / "log").open("ab")
        with log:
            started = subprocess.Popen(
                [*map(str, command)], stdout=log, stderr=log, start_new_session=True, cwd=self._folder
            )
        self._processes.append(started)

    def _wait(self) -> None:
        from pymilvus import MilvusClient
        from pymilvus.exceptions import MilvusException

        token = self.credentials.removesuffix("@")
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                client = MilvusClient(uri=f"http://127.0.0.1:{self._port}", token=token, timeout=2)
                client.list_collections(timeout=5)
            except MilvusException:
                if time.monotonic() > end:
                    said = (self._folder / "log").read_text(errors="replace")[-2000:]
                    pytest.fail(f"the server does not answer; it said:\n{said}")
                time.sleep(0.5)
            else:
                client.close()
                return


class LiteServer(MilvusServer):
    """Milvus Lite."""

    def start(self) -> None:
        self._run(
            *(sys.executable, "-c", "import sys; from milvus_lite.cmdline import main; sys.exit(main())"),
            *("server", "--host", "127.0.0.1", "--port", self._port, "--data-dir", self._folder / "data"),
        )
        self._wait()


class StandaloneServer(MilvusServer):
    """Milvus 2.3.5, with passwords, in a network of its own: it listens on all interfaces there are."""

    credentials = "root:Milvus@"

    def __init__(self, folder: Path, program: str) -> None:
        super().__init__(folder)
        self._program = program
        # The path of a socket may have a hundred characters.
        self._sockets = tempfile.TemporaryDirectory(prefix="milvus-")

    def start(self) -> None:
        way = Path(self._sockets.name) / f"{time.monotonic_ns()}"
        within = (
            'ip link set lo up; "$0" "$1" "$2" 19530 & exec "$3" --data "$4" --proxy-port 19530 '
            "--authorization-enabled true"
        )
        namespace = ("unshare", "--map-root-user", "--net", "sh", "-euc")
        data = self._folder / "data"
        self._run(*namespace, within, sys.executable, RELAY, way, self._program, data)
        self._run(sys.executable, RELAY, self._port, way)
        self._wait()


@contextmanager
def _running(server: MilvusServer) -> Iterator[MilvusServer]:
    try:
        server.start()
        yield server
    finally:
        server.kill()


@contextmanager
def lite(folder: Path) -> Iterator[MilvusServer]:
    """Milvus Lite's server, or a skip that says what is missing."""
    if not (find_spec("pymilvus") and find_spec("milvus_lite")):
        pytest.skip("pymilvus with milvus-lite is not installed: make test-scale brings it")
    with _running(LiteServer(folder)) as server:
        yield server


@contextmanager
def standalone(folder: Path) -> Iterator[MilvusServer]:
    """The real server, or a skip that says what is missing."""
    if not find_spec("pymilvus"):
        pytest.skip("pymilvus is not installed: make test-scale brings it")
    program = os.environ.get("INDEXER_MILVUS_SERVER") or shutil.which("milvus-server")
    if not program:
        pytest.skip(
            "the standalone server is not installed; in an environment of its own: pip install milvus==2.3.5 "
            "'setuptools<81', and set INDEXER_MILVUS_SERVER to its milvus-server"
        )
    tried = subprocess.run(
        ["unshare", "--map-root-user", "--net", "ip", "link", "set", "lo", "up"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if tried.returncode:
        pytest.skip(f"no network of its own can be had here: {tried.stderr.strip()}")
    with _running(StandaloneServer(folder, program)) as server:
        yield server


class NamedServer:
    """The one that ``INDEXER_MILVUS_URI`` names, which others may use, too."""

    def __init__(self, uri: str) -> None:
        self._uri = uri.split("?", maxsplit=1)[0]

    def address(self, name: str) -> str:
        return f"{self._uri}?name={name}"


def named() -> NamedServer:
    """The server that the environment names, as ``--index`` takes it; or a skip."""
    if not (uri := os.environ.get("INDEXER_MILVUS_URI", "")):
        pytest.skip("INDEXER_MILVUS_URI names no Milvus to try on")
    if not find_spec("pymilvus"):
        pytest.skip("pymilvus is not installed: make test-scale brings it")
    return NamedServer(uri)


def forget(address: str) -> None:
    """Drop all that is there under a name."""
    from pymilvus.exceptions import MilvusException

    from indexer.errors import IndexServerError
    from indexer.milvus.address import index_address
    from indexer.milvus.server import Server

    where = index_address(address)
    try:
        server = Server(where)
    except IndexServerError:  # Lite's server drops an idle connection; the next is a new one
        server = Server(where)
    with suppress(MilvusException):
        server.client.drop_alias(where.name)
    for collection in server.client.list_collections():
        if collection.startswith(f"{where.name}_g"):
            server.client.drop_collection(collection)
    server.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
