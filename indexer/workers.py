"""Reading and cutting pages in worker processes: on all cores, each within bounds of time and memory.

A page that takes too long, too much memory or even the whole process costs just itself: it becomes
:class:`~indexer.errors.Unreadable`, and the next page gets a fresh worker.

A worker is this module run as a program. It takes pickled tasks from stdin and gives answers to stdout, each
behind its length. Answers are JSON, checked against the records they are to be: a page that takes over a
parser can give wrong text of its own, and no more. The encoder stays here; a worker that cuts has its texts
counted by it. Where the system can, a worker is confined, see :mod:`indexer.confinement`.

Unlike the pools of the standard library and of anyio it does not import the caller's main module, so a script
needs no ``if __name__ == "__main__"`` to call :func:`indexer.crawl_links`.
"""

from __future__ import annotations

import asyncio
import json
import os
import pickle
import sys
import threading
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import asdict, dataclass
from functools import cache
from queue import SimpleQueue
from typing import TYPE_CHECKING, Any, BinaryIO

from indexer.config import PassageConfig
from indexer.confinement import confine
from indexer.errors import Unreadable
from indexer.extract.spans import COUNTED_AT_ONCE, LONGEST_TOKEN, CountTokens
from indexer.records import Article, Page, Passage, Reading, ReadPage

try:
    import resource
except ImportError:  # only Unix has it
    MEMORY_LIMITED = False
else:
    MEMORY_LIMITED = True
"""Whether this system can bound a worker's memory. Where it cannot, a page is bounded by time alone."""

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from indexer.config import ExtractConfig

_LENGTH = 8
"""Bytes of the number before each task and answer."""
MOST_ANSWERED = 256 << 20
"""Bytes of one answer. Twenty-five times the largest page allowed: each block repeats its headings."""
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


@dataclass(frozen=True, slots=True)
class Cutting:
    """An article to be cut, and how, see :func:`indexer.extract.passages`."""

    article: Article
    max_tokens: int
    config: PassageConfig


@dataclass(frozen=True, slots=True)
class Said:
    """What a worker says; one of these."""

    reading: Reading | None = None
    passages: tuple[Passage, ...] | None = None
    count: tuple[str, ...] | None = None
    """Texts whose tokens it wants to know before it goes on."""
    unreadable: str | None = None
    missing: str | None = None
    """A module that is not installed."""


class BoundedWorker:
    """One worker for whoever waits for each answer: reads and cuts one after the other."""

    def __init__(self, config: ExtractConfig, run: Callable[[Coroutine[Any, Any, Any]], Any]) -> None:
        self._worker = _Worker(config)
        self._run = run

    def read(self, page: Page) -> Reading:
        """Read a page.

        Raises:
            Unreadable: it cannot be read within the bounds.
        """
        answer: Reading = self._run(self._worker.read(page))
        return answer

    def cut(self, cutting: Cutting, count_tokens: CountTokens) -> Sequence[Passage]:
        """The passages of an article.

        Raises:
            Unreadable: it cannot be cut within the bounds.
        """
        answer: Sequence[Passage] = self._run(self._worker.cut(cutting, count_tokens))
        return answer

    def end(self) -> None:
        """End its process, if there is one."""
        self._run(self._worker.end())

    def kill(self) -> None:
        """Break off what it does."""
        self._worker.kill()


@contextmanager
def bounded_worker(config: ExtractConfig) -> Iterator[BoundedWorker]:
    """A worker for a caller without an event loop, or beside one (a notebook's), started when needed."""
    with ThreadPoolExecutor(1) as thread:
        runner = asyncio.Runner()
        worker = BoundedWorker(config, lambda work: thread.submit(runner.run, work).result())
        try:
            yield worker
        except BaseException:
            worker.kill()
            raise
        finally:
            worker.end()
            thread.submit(runner.close).result()


class _Worker:
    """The place of one process, which is started when it is needed and again after it was lost."""

    def __init__(self, config: ExtractConfig) -> None:
        self._config = config
        self._process: Process | None = None

    async def read(self, page: Page) -> Reading:
        answer = await self._ask(page, "reading")
        if answer.reading is None:
            await self.end()
            raise Unreadable("the reader gave no reading of this page")
        return answer.reading

    async def cut(self, cutting: Cutting, count_tokens: CountTokens) -> Sequence[Passage]:
        answer = await self._ask(cutting, "cutting", count_tokens)
        if answer.passages is None:
            await self.end()
            raise Unreadable("the reader gave no passages of this page")
        return answer.passages

    async def _ask(self, task: Page | Cutting, doing: str, count_tokens: CountTokens | None = None) -> Said:
        try:
            async with asyncio.timeout(self._config.seconds):
                answer = await self._exchange((task, self._config.memory))
                while answer.count is not None and isinstance(task, Cutting) and count_tokens:
                    most = COUNTED_AT_ONCE + 2 * LONGEST_TOKEN * task.max_tokens
                    answer = await self._exchange(count_tokens(_at_most(most, answer.count)))
        except TimeoutError:
            await self.end()
            raise Unreadable(f"{doing} took longer than {self._config.seconds:g} s") from None
        except (asyncio.IncompleteReadError, ConnectionError):
            await self.end(crashed=True)
            raise Unreadable("the reader crashed on this page") from None
        except BaseException:  # broken off: its answer would be taken for that of the next page
            await self.end()
            raise
        if answer.unreadable is not None:
            raise Unreadable(answer.unreadable)
        if answer.missing is not None:
            raise ModuleNotFoundError(f"No module named {answer.missing!r}", name=answer.missing)
        return answer

    async def _exchange(self, request: object) -> Said:
        if self._process is None or self._process.returncode is not None:
            self._process = await _start()
        to, back = self._process.stdin, self._process.stdout
        assert to is not None  # noqa: S101 - both are pipes
        assert back is not None  # noqa: S101
        to.write(_framed(pickle.dumps(request)))
        await to.drain()
        size = int.from_bytes(await back.readexactly(_LENGTH))
        if size > MOST_ANSWERED:
            raise Unreadable(f"the reader's answer has more than {MOST_ANSWERED >> 20} MiB")
        return _said_of(await back.readexactly(size))

    def kill(self) -> None:
        """End the process from another thread; whoever waits for it learns that it crashed."""
        if self._process is not None and self._process.returncode is None:
            os.kill(self._process.pid, 9)

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


def _framed(content: bytes) -> bytes:
    return len(content).to_bytes(_LENGTH) + content


def _at_most(characters: int, texts: Sequence[str]) -> Sequence[str]:
    """The texts that a worker wants to have counted, if they are no more than it may ask for at a time."""
    if sum(map(len, texts)) > characters:
        raise Unreadable("the reader asked for more than it may")
    return texts


def _said_of(content: bytes) -> Said:
    """The answer that a worker gave.

    Raises:
        Unreadable: it is none.
    """
    try:
        answer: Said = _as_said().validate_json(content)
    except ValueError:
        raise Unreadable("the reader gave no answer that can be read") from None
    return answer


@cache
def _as_said() -> TypeAdapter[Said]:
    from pydantic import TypeAdapter

    return TypeAdapter(Said)


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

    def say(**answer: Any) -> None:
        # What is no character (half a surrogate pair) becomes a question mark.
        text = json.dumps(answer, ensure_ascii=False, separators=(",", ":"))
        answers.write(_framed(text.encode(errors="replace")))
        answers.flush()

    def counted(texts: Sequence[str]) -> list[int]:
        say(count=list(texts))
        counts: list[int] = pickle.loads(waiting.get())  # noqa: S301 - our own
        return counts

    while True:
        task, memory = pickle.loads(waiting.get())  # noqa: S301 - our own
        doing = "reading" if isinstance(task, Page) else "cutting"
        try:
            _limit(memory)
            say(**_done(task, counted))
        except Unreadable as error:
            say(unreadable=str(error))
        except ModuleNotFoundError as error:
            say(missing=error.name or str(error))
        except (MemoryError, ImportError):  # a library that has no place in memory cannot be loaded
            say(unreadable=f"{doing} took more than {memory >> 20} MiB of memory")
        except RecursionError:
            say(unreadable="the page is nested too deeply")
        except Exception as error:  # noqa: BLE001 - one page that trips a parser costs itself
            say(unreadable=f"the reader failed on this page ({type(error).__name__}: {error})"[:300])


def _done(task: Page | Cutting, count_tokens: CountTokens) -> dict[str, Any]:
    """A task's answer, as plain values."""
    from indexer import extract

    if isinstance(task, Page):
        return {"reading": asdict(extract.read(task))}
    found = extract.passages(
        task.article, count_tokens=count_tokens, max_tokens=task.max_tokens, config=task.config
    )
    return {"passages": [asdict(passage) for passage in found]}


def _take(requests: BinaryIO, waiting: SimpleQueue[bytes]) -> None:
    """Take requests until the other side has ended, however it did: then nobody wants what is being read."""
    try:
        while head := requests.read(_LENGTH):
            waiting.put(requests.read(int.from_bytes(head)))
    finally:
        os._exit(0)


def _limit(memory: int) -> None:
    """Limit the address space, where the system can."""
    if MEMORY_LIMITED:
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (memory, hard))


if __name__ == "__main__":
    real_stdout = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a parser prints must not get among the answers
    confine()
    _serve(sys.stdin.buffer, real_stdout)
