"""The driver's connection to its cluster: values awaited from it, and whether it is still there.

Ray itself waits a minute for a head that is gone, writes of it all the while, and then ends the process.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import socket
import sys
import threading
import time
from typing import Any

from indexer.errors import ClusterError, IndexerError

LOOK = 1.0
"""Seconds between two looks at whether the cluster is still there."""
GONE = 15.0
"""Seconds without a head after which the cluster counts as lost: less than Ray's minute, and more than a busy
head takes to answer the door."""


class Connection:
    """A cluster that was joined."""

    def __init__(self, ray: Any) -> None:
        self.ray = ray
        self.is_lost = False
        self._ended = threading.Event()
        host, _, port = ray.get_runtime_context().gcs_address.rpartition(":")
        self._head = host.strip("[]"), int(port)
        threading.Thread(target=self._watch, daemon=True).start()

    def end(self) -> None:
        """Leave the cluster."""
        self._ended.set()
        if self.is_lost:
            atexit.register(_end_without_ray)
        else:
            self.ray.shutdown()

    def kill(self, actors: list[Any]) -> None:
        """End actors."""
        for actor in actors if not self.is_lost else ():
            self.ray.kill(actor)

    def get(self, answer: Any) -> Any:
        """The value of an answer.

        Raises:
            ClusterError: the cluster was lost. IndexerError: what it raised there.
            RayError: whoever was to answer was lost.
        """
        while not self.ray.wait([answer], timeout=LOOK)[0]:
            self._check()
        try:
            return self.ray.get(answer)
        except self.ray.exceptions.RayTaskError as error:
            raise _cause(error) from None

    async def soon(self, answer: Any) -> Any:
        """The same for whoever has other things to do meanwhile."""
        future = asyncio.wrap_future(answer.future())
        while not (await asyncio.wait({future}, timeout=LOOK))[0]:
            self._check()
        try:
            return future.result()
        except self.ray.exceptions.RayTaskError as error:
            raise _cause(error) from None

    def _check(self) -> None:
        if self.is_lost:
            raise lost_cluster()

    def _watch(self) -> None:
        """See whether the head answers the door, until it has not for long."""
        seen = time.monotonic()
        while not self._ended.wait(LOOK):
            try:
                socket.create_connection(self._head, LOOK).close()
            except OSError:
                if time.monotonic() - seen > GONE:
                    self.is_lost = True
                    return
            else:
                seen = time.monotonic()


def _end_without_ray() -> None:
    """End the process before Ray's own way to end, which waits for the head for a minute, or crashes."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(ClusterError.exit_code)


def lost_cluster() -> ClusterError:
    """The error for a cluster that is no more."""
    return ClusterError("the Ray cluster was lost; what was kept until then stands, and the next run goes on")


def _cause(error: Any) -> Exception:
    """What a task or an actor raised; a fault of the program comes with its traceback there."""
    found: Exception = error.cause if isinstance(error.cause, IndexerError) else error
    return found
