"""Reading pages in worker processes: on all cores, each page within bounds of time and memory.

A page that takes too long, too much memory or even the whole process costs just itself: it becomes
:class:`~indexer.errors.Unreadable`, and the next page gets a fresh worker.

A worker is this module run as a program. It takes pickled pages from stdin and gives pickled readings to
stdout, each behind its length. Unlike the pools of the standard library and of anyio it does not import
the caller's main module, so a script needs no ``if __name__ == "__main__"`` to call
:func:`indexer.crawl_links`.
"""

from __future__ import annotations

import asyncio
import os
import pickle
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from queue import SimpleQueue
from typing import TYPE_CHECKING, BinaryIO

from indexer.errors import Unreadable
from indexer.records import Page, Reading, ReadPage

try:
    import resource
except ImportError:  # only Unix has it
    MEMORY_LIMITED = False
else:
    MEMORY_LIMITED = True
"""Whether this system can bound a worker's memory. Where it cannot, a page is bounded by time alone."""

if TYPE_CHECKING:
    from indexer.config import ExtractConfig

_LENGTH = 8
"""Bytes of the number before each pickle."""
LAST_BREATH = 5.0
"""Seconds that a process which crashed may take to end: some systems write its memory to a file first."""


@asynccontextmanager
async def reading_workers(config: ExtractConfig) -> AsyncIterator[ReadPage]:
    """A function that reads pages in up to as many processes as there are cores.

    The function raises :class:`Unreadable` for a page that cannot be read within the bounds.
    """
    places: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()  # the last one used is the one that runs
    workers = [_Worker(config) for _ in range(os.cpu_count() or 1)]
    for worker in workers:
        places.put_nowait(worker)

    async def read(page: Page) -> Reading:
        worker = await places.get()  # the clock starts when a worker is free
        try:
            return await worker.read(page)
        finally:
            places.put_nowait(worker)

    try:
        yield read
    finally:
        for worker in workers:
            await worker.end()


class _Worker:
    """The place of one process, which is started when it is needed and again after it was lost."""

    def __init__(self, config: ExtractConfig) -> None:
        self._config = config
        self._process: Process | None = None

    async def read(self, page: Page) -> Reading:
        try:
            async with asyncio.timeout(self._config.seconds):
                answer = await self._exchange(pickle.dumps((page, self._config.memory)))
        except TimeoutError:
            await self.end()
            raise Unreadable(f"reading took longer than {self._config.seconds:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.end(crashed=True)
            raise Unreadable("the reader crashed on this page") from None
        except BaseException:  # broken off: its answer would be taken for that of the next page
            await self.end()
            raise
        if isinstance(answer, BaseException):
            raise answer
        return answer

    async def _exchange(self, request: bytes) -> Reading | BaseException:
        if self._process is None or self._process.returncode is not None:
            self._process = await _start()
        to, back = self._process.stdin, self._process.stdout
        assert to is not None  # noqa: S101 - both are pipes
        assert back is not None  # noqa: S101
        to.write(len(request).to_bytes(_LENGTH) + request)
        await to.drain()
        size = int.from_bytes(await back.readexactly(_LENGTH))
        answer: Reading | BaseException = pickle.loads(await back.readexactly(size))  # noqa: S301 - our own
        return answer

    async def end(self, *, crashed: bool = False) -> None:
        """End the process, if there is one; where it ``crashed``, it is ending by itself."""
        process, self._process = self._process, None
        if process is not None:
            if (
                crashed
            ):  # to kill it at once would take its return code from asyncio, which complains on stderr
                with suppress(TimeoutError):
                    async with asyncio.timeout(LAST_BREATH):
                        await process.wait()
            if process.returncode is None:
                process.kill()
            await process.communicate()  # also closes the pipes


async def _start() -> Process:
    path = os.pathsep.join(folder for folder in sys.path if folder)
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", __name__, stdin=PIPE, stdout=PIPE, env={**os.environ, "PYTHONPATH": path},
        start_new_session=True,  # Ctrl-C is for the one who starts it
    )  # fmt: skip


# ------------------------------------------------------------------ in the worker


def _serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer requests for ever; the end comes by :func:`_take`."""
    waiting: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_take, args=(requests, waiting), daemon=True).start()
    while True:
        page, memory = pickle.loads(waiting.get())  # noqa: S301 - our own
        try:
            answer = pickle.dumps(_read(page, memory))
        except Exception as error:  # noqa: BLE001 - it is raised again on the other side
            answer = pickle.dumps(error)
        answers.write(len(answer).to_bytes(_LENGTH) + answer)
        answers.flush()


def _take(requests: BinaryIO, waiting: SimpleQueue[bytes]) -> None:
    """Take requests until the other side has ended, however it did: then nobody wants what is being read."""
    try:
        while head := requests.read(_LENGTH):
            waiting.put(requests.read(int.from_bytes(head)))
    finally:
        os._exit(0)


def _read(page: Page, memory: int) -> Reading:
    """Read one page under a limit of the address space, where the system has one."""
    from indexer import extract

    if MEMORY_LIMITED:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    try:
        return extract.read(page)
    except ModuleNotFoundError:
        raise
    except (MemoryError, ImportError):  # a library that has no place in memory cannot be loaded
        raise Unreadable(f"reading took more than {memory >> 20} MiB of memory") from None
    except RecursionError:
        raise Unreadable("the page is nested too deeply") from None


if __name__ == "__main__":
    real_stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a parser prints must not get among the answers
    _serve(sys.stdin.buffer, real_stdout)
