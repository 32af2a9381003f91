"""Reading pages in worker processes: on all cores, each page within bounds of time and memory.

A page that takes too long, too much memory or even the whole process costs just itself: it becomes
:class:`~indexer.errors.Unreadable`, and the next page gets a fresh worker.
"""

from __future__ import annotations

import os
import resource
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from indexer.errors import Unreadable
from indexer.records import Page, Reading

if TYPE_CHECKING:
    from indexer.config import ExtractConfig

Read = Callable[[Page], Awaitable[Reading]]


@asynccontextmanager
async def reading_workers(config: ExtractConfig) -> AsyncIterator[Read]:
    """A function that reads pages in up to as many processes as there are cores.

    The function raises :class:`Unreadable` for a page that cannot be read within the bounds.
    """
    import anyio
    from anyio import to_process

    limiter = anyio.CapacityLimiter(os.cpu_count() or 1)

    async def read(page: Page) -> Reading:
        async with limiter:  # the clock starts when a worker is free
            try:
                with anyio.fail_after(config.seconds):
                    return await to_process.run_sync(_read, page, config.memory, cancellable=True)
            except TimeoutError:
                raise Unreadable(f"reading took longer than {config.seconds:g} s") from None
            except anyio.BrokenWorkerProcess:
                raise Unreadable("the reader crashed on this page") from None

    yield read


def _read(page: Page, memory: int) -> Reading:
    """In the worker: read one page under a limit of the address space."""
    from indexer import extract

    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, hard))
    try:
        return extract.read(page)
    except MemoryError:
        raise Unreadable(f"reading took more than {memory >> 20} MiB of memory") from None
    except RecursionError:
        raise Unreadable("the page is nested too deeply") from None
