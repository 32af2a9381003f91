"""The crawl loop: every link, its copies if need be, its subpages; outcomes as they come.

1. Every link is a task of its own; :class:`~indexer.crawl.fetch.Fetcher` makes it wait its host's turn.
2. A page that came is read and judged at once, and handed over while it is still in hand: whoever takes
   outcomes slowly slows the fetching down, and memory stays bounded.
3. A bad verdict sends a link to its copies (:mod:`indexer.crawl.archive`), if the library has nothing.
4. A good page of a link that follows is searched for subpages (:mod:`indexer.crawl.frontier`).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Awaitable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import httpx

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.archive import newest_capture
from indexer.crawl.attempt import AttemptResult, Attempts, Job, Memory
from indexer.crawl.failure import NoPage
from indexer.crawl.fetch import Fetcher
from indexer.crawl.frontier import Frontier, SeenPages
from indexer.crawl.guard import Guard
from indexer.crawl.transport import Environment
from indexer.crawl.wire import Sender, Wire
from indexer.errors import ClusterError
from indexer.records import Fetch, Link, Outcome, ReadPage, RenderPage, Source, Traffic, Verdict

logger = logging.getLogger(__name__)


async def crawl_pages(
    links: Sequence[Link],
    *,
    config: CrawlConfig,
    memory: Memory,
    read: ReadPage,
    source: Source = Source.LIVE,
    transport: httpx.AsyncBaseTransport | None = None,
    sender: Sender | None = None,
    force: bool = False,
    render: RenderPage | None = None,
    traffic: Traffic | None = None,
) -> AsyncGenerator[Outcome, None]:
    """Fetches, reads and judges every link, and yields one outcome per page as they come.

    A link with ``follow`` yields one outcome for itself and one for each subpage. An outcome is taken as
    done with when the next one is asked for. Closing the iterator ends all requests.

    Where no copy is good either, the attempts end with the original's, so that its verdict decides.

    Args:
        links: the catalogue's entries; each is fetched once, whatever leads to it.
        config: how hosts are treated.
        memory: what is known from earlier nights.
        read: makes a page a reading.
        source: what live pages are marked as; other than ``live`` it marks the copies too.
        transport: answers in place of the network; by default the proxies of the environment, or direct
            connections to public addresses. It is not closed.
        sender: sends the requests in place of this process, which then needs no ``transport``.
        force: asks for every page in full, whether it changed or not.
        render: shows a page in a browser, for links that want it; None where there is none.
        traffic: is told of every request that this process sends, and of every pause.

    Raises:
        ClusterError: whoever reads or sends elsewhere is lost for good.
    """
    closing = AsyncExitStack()
    if sender is None:
        if transport is None:
            transport = Environment(config)
            closing.push_async_callback(transport.aclose)
        sender = Wire(transport, config, traffic)
    fetcher = Fetcher(sender, config, Guard(links), traffic)
    outcomes: asyncio.Queue[_Handed | None] = asyncio.Queue()

    async def deliver(outcome: Outcome) -> None:
        handed = _Handed(outcome)
        outcomes.put_nowait(handed)
        await handed.taken.wait()

    attempts = Attempts(fetcher, memory, read, deliver, config, force=force, render=render)
    run = _Run(links, attempts, fetcher, memory, source)
    tasks = [asyncio.create_task(run.link(link)) for link in links]
    ended = asyncio.gather(*tasks)  # at once if one fails: that must not pass for a finished crawl
    ended.add_done_callback(lambda _: outcomes.put_nowait(None))
    try:
        while (handed := await outcomes.get()) is not None and not ended.done():
            yield handed.outcome
            handed.taken.set()
        await ended
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, ended, return_exceptions=True)
        await fetcher.close()
        await closing.aclose()


@dataclass(slots=True)
class _Handed:
    """An outcome on its way to whoever iterates, and the sign that it was taken."""

    outcome: Outcome
    taken: asyncio.Event = field(default_factory=asyncio.Event)


class _Run:
    def __init__(
        self, links: Sequence[Link], attempts: Attempts, fetcher: Fetcher, memory: Memory, source: Source
    ) -> None:
        self._attempts, self._fetcher, self._memory, self._source = attempts, fetcher, memory, source
        self._finished = memory.finished()
        self._seen = SeenPages(link.url for link in links)

    async def link(self, link: Link) -> None:
        """Everything about one link."""
        job = Job(link, link.url, link.expect)
        result = await self._safely(job, self._own_page(job))
        if link.follow.mode != "page" and result.fetch.verdict.good:
            await self._subpages(link, result)

    async def _safely(self, job: Job, page: Awaitable[AttemptResult]) -> AttemptResult:
        """Whatever goes wrong with one page becomes its outcome, and is logged for whoever fixes it."""
        try:
            return await page
        except ClusterError:
            raise
        except Exception as fault:
            logger.exception("the crawl of %s met a fault of the program", job.page_url)
            reason = f"a fault of the program, see the log: {fault!r}"
            return await self._give_up(job, NoPage(Verdict.UNREADABLE, reason, url=job.page_url))

    async def _own_page(self, job: Job) -> AttemptResult:
        try:
            address = urls.request_form(job.page_url)
        except NoPage as failure:
            return await self._give_up(job, failure)
        if job.page_url in self._finished:
            return await self._attempts.remembered(address)
        result = await self._attempts.attempt(job, address, self._source)
        if not result.fetch.verdict.good:
            await self._copies(job, address, result.fetch)
        return result

    async def _give_up(self, job: Job, failure: NoPage) -> AttemptResult:
        result = self._attempts.failed(job.page_url, failure, self._source)
        await self._attempts.deliver(Outcome(job.link, job.page_url, (result.fetch,)))
        return result

    # ------------------------------------------------------------- subpages

    async def _subpages(self, link: Link, own: AttemptResult) -> None:
        frontier = Frontier(link, own.fetch.final_url, self._seen, self._fetcher.guard)
        frontier.add_links(own.links, depth=0)
        had = SeenPages([own.fetch.final_url, own.canonical])
        for address, depth in frontier:
            job = Job(link, address, had=had)
            result = await self._safely(job, self._subpage(job))
            for known in (result.fetch.final_url, result.canonical):
                self._seen.add(known)
                had.add(known)
            frontier.add_links(result.links, depth=depth)

    async def _subpage(self, job: Job) -> AttemptResult:
        if job.page_url in self._finished:
            return await self._attempts.remembered(job.page_url)
        result = await self._attempts.attempt(job, job.page_url, self._source)
        if not result.fetch.verdict.good:
            await self._attempts.deliver(Outcome(job.link, job.page_url, (result.fetch,)))
        return result

    # --------------------------------------------------------------- copies

    async def _copies(self, job: Job, address: str, original: Fetch) -> None:
        """Looks for a stand-in, unless the library holds the original or its address was refused."""
        notes: list[str] = []
        if original.verdict is not Verdict.REFUSED and self._memory.last(address) is None:
            job.tried.append(original)
            for fallback in job.link.fallbacks:
                related = fallback.kind.startswith("related")  # about the article, not the article
                if not related and await self._stands_in(job, fallback.url, Source.FALLBACK, notes):
                    return
            # What a host keeps from robots is not fetched from elsewhere behind its back.
            if job.link.archive and original.verdict is not Verdict.ROBOTS:
                try:
                    capture = await newest_capture(self._fetcher, address)
                except NoPage as failure:
                    notes.append(f"web archive: {failure}")
                else:
                    if await self._stands_in(job, capture, Source.ARCHIVE, notes):
                        return
            job.tried.remove(original)
        decided = replace(original, reason="; ".join([original.reason, *notes]))
        await self._attempts.deliver(Outcome(job.link, job.page_url, (*job.tried, decided)))

    async def _stands_in(self, job: Job, url: str, source: Source, notes: list[str]) -> bool:
        """Whether the copy at an address is good; then it has been delivered."""
        try:
            address = urls.request_form(url)
        except NoPage as failure:
            notes.append(f"{source}: {failure}")
            return False
        marked = source if self._source is Source.LIVE else self._source
        result = await self._attempts.attempt(job, address, marked)
        if not result.fetch.verdict.good:
            job.tried.append(result.fetch)
            notes.append(f"{urls.host_of(address)}: {result.fetch.reason}")
        return result.fetch.verdict.good
