"""Runs in processes of their own, what they leave in their libraries, and a cluster on this machine."""

from __future__ import annotations

import importlib.util
import json
import os
import secrets
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest

needs_ray = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason="Ray is not installed; `make test-scale` does it"
)
PATIENCE = 600
"""Seconds after which what should have come to pass is given up."""


class RunOnce:
    """One run of :mod:`tests.scale.run_once`, under way."""

    def __init__(self, catalogue: Path, data: Path, environment: Mapping[str, str], *options: str) -> None:
        surroundings = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        self.data = data
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.scale.run_once", str(catalogue), str(data), *options],
            env={**surroundings, **environment}, cwd=Path(__file__).parents[2],
            stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        )  # fmt: skip

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something is so, however fast the machine is."""
        given_up = time.monotonic() + PATIENCE
        while not condition():
            assert self._process.poll() is None, self._process.communicate()
            assert time.monotonic() < given_up
            time.sleep(0.02)

    def ended(self) -> tuple[int, str, str]:
        """Exit code, stdout and stderr, once it has ended."""
        out, err = self._process.communicate(timeout=PATIENCE)
        return self._process.returncode, out, err

    def summary(self) -> dict[str, Any]:
        """Of a run that ended well."""
        code, out, err = self.ended()
        assert code == 0, err
        told: dict[str, Any] = json.loads(out)
        return told

    @property
    def pages(self) -> int:
        """That are kept so far."""
        if not (self.data / "library.db").exists():
            return 0
        try:
            return len(stored_rows(self.data, "SELECT id FROM fetches WHERE decisive"))
        except sqlite3.OperationalError:  # its tables are just being made
            return 0


def stored_rows(data: Path, sql: str) -> list[tuple[Any, ...]]:
    """What a library has."""
    with closing(sqlite3.connect(data / "library.db")) as library:
        return library.execute(sql).fetchall()


def fetched(data: Path) -> list[tuple[Any, ...]]:
    """What became of each page, without times and without the order of arrival."""
    return stored_rows(
        data,
        "SELECT link_url, page_url, decisive, url, final_url, verdict, reason, status, source, etag, size, "
        "body_hash FROM fetches ORDER BY 1, 2, 3, 4, 5, 6, 7",
    )


def published_passages(data: Path) -> list[tuple[Any, ...]]:
    """All that a search can see, to the byte of every text, without the ids, and each text's vector."""
    return stored_rows(
        data,
        "SELECT a.link_url, a.page_url, a.final_url, a.title, a.hash, p.position, p.start, p.end, p.text, "
        "p.context, p.headings, p.anchor, p.page, p.fragment, p.about, e.vector "
        "FROM passages p JOIN articles a ON a.id = p.article JOIN embeddings e ON e.hash = p.embedding "
        "ORDER BY 1, 2, 6",
    )


@dataclass
class TwoNodes:
    """A Ray cluster of two nodes on this machine's loopback."""

    address: str
    environment: dict[str, str]
    second: psutil.Process
    """The raylet of the node that may be lost."""
    processes: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def lose_process(self, name: str) -> bool:
        """End a process that does what Ray names it by; whether there was one."""
        nodes = [psutil.Process(process.pid) for process in self.processes]
        for process in (each for node in nodes for each in node.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                if any(name in part for part in (process.name(), *process.cmdline())):
                    process.kill()
                    return True
        return False

    def lose_node(self) -> None:
        """End the second node, with all that runs on it."""
        for process in (self.second, *self.second.children(recursive=True)):
            with suppress(psutil.NoSuchProcess):
                process.kill()

    def lose_all(self) -> None:
        """End every process of the cluster."""
        for process in self.processes:
            for each in psutil.Process(process.pid).children(recursive=True):
                with suppress(psutil.NoSuchProcess):
                    each.kill()


@contextmanager
def two_nodes(folder: Path, environment: Mapping[str, str]) -> Iterator[TwoNodes]:
    """A cluster that ends with the block; what its nodes run has the environment given."""
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"127.0.0.1:{free.getsockname()[1]}"
    token = folder / "ray-token"
    token.write_text(secrets.token_hex(32))
    token.chmod(0o600)
    root = str(Path(__file__).parents[2])
    here = {
        **{name: value for name, value in os.environ.items() if "proxy" not in name.lower()},
        **environment,
        "PYTHONPATH": os.pathsep.join(filter(None, (root, os.environ.get("PYTHONPATH")))),
        "RAY_AUTH_MODE": "token", "RAY_AUTH_TOKEN_PATH": str(token), "RAY_USAGE_STATS_ENABLED": "0",
    }  # fmt: skip
    started: list[subprocess.Popen[bytes]] = []

    def start(*options: str) -> psutil.Process:
        """A node's raylet, once it is up. Ray gives its parts 30 seconds, too few for a busy machine."""
        for _ in range(3):
            if raylet := try_to_start(*options):
                return raylet
        raise AssertionError((folder / f"ray-{len(started)}.log").read_text())

    def try_to_start(*options: str) -> psutil.Process | None:
        command = [sys.executable, "-m", "tests.scale.loopback_node", *options, "--num-cpus=1", "--block"]
        told = folder / f"ray-{len(started)}.log"
        with told.open("wb") as log:
            node = subprocess.Popen(command, env=here, stdout=log, stderr=log)
        family: set[psutil.Process] = set()
        while node.poll() is None:
            family |= set(psutil.Process(node.pid).children(recursive=True))
            if "will now block forever" in told.read_text():
                started.append(node)
                return next(process for process in family if process.name() == "raylet")
            time.sleep(0.1)
        for process in family:
            with suppress(psutil.NoSuchProcess):
                process.kill()
        return None

    temporary = Path("/tmp") / f"indexer-ray-{secrets.token_hex(4)}"  # a socket's path is short
    port = address.partition(":")[2]
    try:
        start("--head", f"--port={port}", "--include-dashboard=false", f"--temp-dir={temporary}")
        second = start(f"--address={address}")
        # Who joins must not take loopback for the machine's address either.
        yield TwoNodes(address, {**here, "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0"}, second, started)
    finally:
        for process in started:
            family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
            process.send_signal(signal.SIGTERM)
            with suppress(subprocess.TimeoutExpired):
                process.wait(10)
            for each in (process, *family):
                with suppress(psutil.NoSuchProcess):
                    each.kill()
            process.wait()
        shutil.rmtree(temporary, ignore_errors=True)
