"""What the crawl's tests share: a memory without a database, a reader in this process, a way to collect."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypedDict, TypeVar, Unpack

import httpx

from indexer.config import CrawlConfig, ExtractConfig
from indexer.crawl import crawl_pages
from indexer.crawl.wire import Sender
from indexer.extract import read as read_page
from indexer.records import (
    Article,
    Expect,
    Fallback,
    Fetch,
    Follow,
    Link,
    Outcome,
    Page,
    Reading,
    ReadPage,
    RenderPage,
    Source,
    Traffic,
)
from indexer.workers import reading_workers

QUICK = CrawlConfig(
    delay=0.0, backoff=0.01, longest_wait=2.0, longest_crawl_delay=0.05, silence_seconds=2.5, page_seconds=4.0
)
"""No pauses, short patience: for tests that are not about time."""


@dataclass
class InMemory:
    """A library's memory in two dictionaries."""

    fetches: dict[str, Fetch] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)

    def last(self, url: str) -> Fetch | None:
        return self.fetches.get(url)

    def page(self, fetch: Fetch) -> Page:
        return self.pages[fetch.body_hash]

    def finished(self) -> set[str]:
        return self.done

    def record(self, outcome: Outcome) -> None:
        fetch = outcome.fetch
        if fetch.verdict.good and fetch.body_hash:
            self.fetches[fetch.url] = fetch
            if outcome.page:
                self.pages[fetch.body_hash] = outcome.page


async def read(page: Page) -> Reading:
    return await asyncio.to_thread(read_page, page)


class Options(TypedDict, total=False):
    """What a test may say of a crawl."""

    config: CrawlConfig
    read: ReadPage
    source: Source
    transport: httpx.AsyncBaseTransport
    sender: Sender
    force: bool
    render: RenderPage
    traffic: Traffic


async def outcomes(
    links: Sequence[Link], memory: InMemory | None = None, **options: Unpack[Options]
) -> list[Outcome]:
    memory = memory or InMemory()
    asked: Options = {"config": QUICK, "read": read, **options}
    found = []
    async for outcome in crawl_pages(links, memory=memory, **asked):
        memory.record(outcome)
        found.append(outcome)
    return found


def crawled(
    links: Sequence[Link], memory: InMemory | None = None, **options: Unpack[Options]
) -> dict[str, Outcome]:
    """The outcomes of a crawl by page URL."""
    return _by_url(asyncio.run(outcomes(links, memory, **options)))


def crawled_with_workers(links: Sequence[Link], *, config: CrawlConfig) -> dict[str, Outcome]:
    """The same with pages read in processes: a heavy one cannot make a quick host look silent."""

    async def crawling() -> list[Outcome]:
        async with reading_workers(ExtractConfig()) as read:
            return await outcomes(links, config=config, read=read)

    return _by_url(asyncio.run(crawling()))


def _by_url(found: Sequence[Outcome]) -> dict[str, Outcome]:
    by_url = {outcome.page_url: outcome for outcome in found}
    assert len(by_url) == len(found), "a page has two outcomes"
    return by_url


def article(outcome: Outcome) -> Article:
    """What was read of a page of which something was read."""
    assert outcome.article is not None
    return outcome.article


def plain(
    url: str,
    *,
    follow: Follow | None = None,
    expect: Expect | None = None,
    fallbacks: tuple[Fallback, ...] = (),
    archive: bool = False,
) -> Link:
    """A link that is wanted alone: no archive."""
    return Link(
        url,
        "Category",
        follow=follow or Follow(),
        expect=expect or Expect(),
        fallbacks=fallbacks,
        archive=archive,
    )


Result = TypeVar("Result")

# ------------------------------------------------- a scripted web, without network and without waiting


class _Skipping(selectors.DefaultSelector):
    """Instead of waiting for a timer, lets the clock jump to it."""

    skipped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout:
            self.skipped += timeout
        return ready


class _SkippingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._skipping = _Skipping()
        super().__init__(self._skipping)

    def time(self) -> float:
        return self._skipping.skipped


def run_without_waiting(coroutine: Coroutine[Any, Any, Result]) -> Result:
    """Runs what uses no network and no threads; a minute's sleep in it takes no time."""
    with asyncio.Runner(loop_factory=_SkippingLoop) as runner:
        return runner.run(coroutine)


Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]
Answers = Mapping[str, Answer | list[Answer]]
"""By address; the last one of a list is given again and again."""
PROSE = "Queues hold what cannot be done at once, and somebody writes down why it was done so. " * 12


def html(title: str, body: str = "", **headers: str) -> httpx.Response:
    """A page with enough prose to be an article."""
    text = f"<html><head><title>{title}</title></head><body><article><h1>{title}</h1><p>{PROSE}</p>{body}"
    return httpx.Response(
        200, headers={"content-type": "text/html", **headers}, text=f"{text}</article></body></html>"
    )


class ScriptedWeb(httpx.AsyncBaseTransport):
    """Answers from a dictionary and remembers who asked when; a list is answered one by one."""

    def __init__(self, answers: Answers) -> None:
        self.answers = answers
        self.requests: list[tuple[float, httpx.Request]] = []
        self.seconds = 0.0
        """How long each answer takes."""
        self.under_way: dict[str, int] = {}

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url, host = str(request.url), request.url.host
        self.requests.append((asyncio.get_running_loop().time(), request))
        self.under_way[host] = self.under_way.get(host, 0) + 1
        assert self.under_way[host] == 1, f"two requests at a time to {host}"
        try:
            await asyncio.sleep(self.seconds)
        finally:
            self.under_way[host] -= 1
        answer = self.answers.get(url) or httpx.Response(404, text="nothing here")
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        if isinstance(answer, Exception):
            raise answer
        if callable(answer):
            answer = answer(request)
        return httpx.Response(
            answer.status_code, headers=answer.headers, stream=httpx.ByteStream(answer.content)
        )

    @property
    def asked(self) -> list[str]:
        """The addresses asked for, in order, robots.txt left out."""
        return [str(request.url) for _, request in self.requests if request.url.path != "/robots.txt"]

    def times(self, host: str) -> list[float]:
        """When the host was asked, in seconds since the first request to it."""
        times = [time for time, request in self.requests if request.url.host == host]
        return [time - times[0] for time in times]


async def read_here(page: Page) -> Reading:
    return read_page(page)


def scripted(
    links: Sequence[Link] | Sequence[str],
    answers: Answers | ScriptedWeb,
    memory: InMemory | None = None,
    **options: Unpack[Options],
) -> tuple[dict[str, Outcome], ScriptedWeb]:
    """Crawls a scripted web with the default pauses, in no time."""
    web = answers if isinstance(answers, ScriptedWeb) else ScriptedWeb(answers)
    wanted = [link if isinstance(link, Link) else plain(link) for link in links]
    asked: Options = {"config": CrawlConfig(), "read": read_here, "transport": web, **options}
    found = run_without_waiting(outcomes(wanted, memory, **asked))
    by_url = {outcome.page_url: outcome for outcome in found}
    assert len(by_url) == len(found), "a page has two outcomes"
    return by_url, web
