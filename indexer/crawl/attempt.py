"""One attempt at one address: fetch, read, judge, and hand a good page over while it is in hand."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Set
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol
from urllib.parse import urlsplit

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.failure import NoPage
from indexer.crawl.fetch import Fetcher, Known, Visit
from indexer.crawl.frontier import SeenPages, believed_canonical
from indexer.crawl.parts import Parts
from indexer.crawl.verdict import judge, judge_status
from indexer.errors import NotRendered, Unreadable
from indexer.records import (
    Expect,
    Fetch,
    Judgement,
    Link,
    Outcome,
    Page,
    Reading,
    ReadPage,
    RenderPage,
    Source,
    Verdict,
)

Deliver = Callable[[Outcome], Awaitable[None]]
"""Hands an outcome over; returns when it was taken."""


class Memory(Protocol):
    """What the library knows. An outcome must be in it before the next one is asked for."""

    def last(self, url: str) -> Fetch | None:
        """The newest good fetch of an address in request form whose page is kept; None if there is none."""

    def page(self, fetch: Fetch) -> Page:
        """The raw page kept for a fetch that :meth:`last` returned."""

    def finished(self) -> Set[str]:
        """The ``page_url`` of every outcome that this run had before it was interrupted."""


@dataclass(slots=True)
class Job:
    """One page wanted for a link, and the attempts made so far."""

    link: Link
    page_url: str
    expect: Expect = field(default_factory=Expect)
    tried: list[Fetch] = field(default_factory=list)
    had: SeenPages = field(default_factory=SeenPages)
    """Pages that were delivered already: a page that calls itself by one of their addresses is a copy."""


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """What an attempt came to: the log entry, and what a good page says about others."""

    fetch: Fetch
    links: tuple[str, ...] = ()
    canonical: str = ""
    """The address that a good page gives itself."""


class Attempts:
    """Makes the attempts of one run."""

    def __init__(
        self,
        fetcher: Fetcher,
        memory: Memory,
        read: ReadPage,
        deliver: Deliver,
        config: CrawlConfig,
        *,
        force: bool,
        render: RenderPage | None = None,
    ) -> None:
        self._fetcher, self._memory, self._read, self.deliver = fetcher, memory, read, deliver
        self._config, self._force = config, force
        self._render, self._parts = render, Parts(fetcher, config)
        self._room = 2 * config.max_bytes
        """Bytes of bad pages that may still be kept for other links to judge."""

    async def attempt(self, job: Job, address: str, source: Source) -> AttemptResult:
        """Fetches and judges one address (in request form). A good page is delivered, a bad one is not."""
        last = self._memory.last(address)
        if last and source is Source.ARCHIVE and not self._force:
            return await self._stands(job, last, source, "the same capture as before, which never changes")
        try:
            async with self._fetcher.visit(address, None if self._force else last) as visit:
                if visit.known:
                    return await self._again(job, visit.page, visit.known, source)
                if visit.page.status == 304 and last and last.final_url == visit.page.final_url:
                    result = await self._stands(job, last, source, "not modified since the last good fetch")
                    visit.settle(result.fetch)
                    return result
                return await self._fresh(job, visit, source)
        except NoPage as failure:
            return self.failed(address, failure, source)

    async def remembered(self, address: str) -> AttemptResult:
        """A page that this run had before it was interrupted: only its links are wanted again."""
        last = self._memory.last(address)
        if last is None:
            return self.failed(address, NoPage(Verdict.GONE, "it had no good copy"), Source.LIVE)
        return AttemptResult(last, await self._links(last))

    def failed(self, address: str, failure: NoPage, source: Source) -> AttemptResult:
        """The log entry of an attempt that brought no page."""
        return AttemptResult(
            Fetch(
                url=address,
                final_url=failure.url or address,
                verdict=failure.judgement.verdict,
                reason=failure.judgement.reason,
                fetched_at=datetime.now(UTC),
                source=source,
                status=failure.status,
                seconds=round(failure.seconds, 3),
            )
        )

    # -------------------------------------------------------- kinds of answer

    async def _fresh(self, job: Job, visit: Visit, source: Source) -> AttemptResult:
        """A page that came now."""
        plain = visit.page
        judgement, reading = await self._judged(job, plain)
        kept = plain if reading is not None and not judgement.verdict.good else None
        if kept and len(kept.body) > self._room:
            kept = None
        self._room -= len(kept.body) if kept else 0
        # Other links get to know the plain page: a browser may show them another part of it.
        visit.settle(_fetch_of(plain, judgement, source, visit.seconds), kept)
        page, judgement, reading = await self._shown(job, plain, source, judgement, reading)
        fetch = _fetch_of(page, judgement, source, visit.seconds, rendered=page is not plain)
        if reading is None or not judgement.verdict.good:
            return AttemptResult(fetch)
        own = believed_canonical(reading.canonical, page.final_url)
        if own == page.final_url or own not in job.had:
            await self.deliver(Outcome(job.link, job.page_url, (*job.tried, fetch), page, reading.article))
        return AttemptResult(fetch, reading.links, own)

    async def _shown(
        self, job: Job, page: Page, source: Source, judgement: Judgement, reading: Reading | None
    ) -> tuple[Page, Judgement, Reading | None]:
        """What a browser makes of a page that only scripts fill, where its link wants that, judged anew.

        Not of an archive's capture: the data that its scripts ask for is not there.
        """
        wanted = (job.link.render or self._config.render) == "auto" and source is not Source.ARCHIVE
        if judgement.verdict is not Verdict.SCRIPT_ONLY or not wanted or self._render is None:
            return page, judgement, reading
        fragment = urlsplit(job.page_url).fragment  # routes of some applications stand there
        address = f"{page.final_url}#{fragment}" if fragment else page.final_url
        try:
            shown = await self._render(page, address, self._parts.get)
            shown = replace(shown, final_url=urls.request_form(shown.final_url))
        except (NotRendered, NoPage) as failure:
            reason = f"{judgement.reason}; not rendered: {failure}"
            return page, replace(judgement, reason=reason), reading
        return shown, *await self._judged(job, shown)

    async def _judged(self, job: Job, page: Page) -> tuple[Judgement, Reading | None]:
        judgement = judge_status(page)
        if judgement.verdict is not Verdict.OK:
            return judgement, None
        try:
            reading = await self._read(page)
        except Unreadable as error:
            return judge(page, error, expect=job.expect, config=self._config), None
        return judge(page, reading, expect=job.expect, config=self._config), reading

    async def _stands(self, job: Job, last: Fetch, source: Source, reason: str) -> AttemptResult:
        """The library's copy still stands; it is read again only where its links are followed."""
        fetch = replace(
            last,
            verdict=Verdict.NOT_MODIFIED,
            reason=reason,
            fetched_at=datetime.now(UTC),
            source=source,
            status=304,
            size=0,
        )
        links = await self._links(last) if job.link.follow.mode != "page" else ()
        await self.deliver(Outcome(job.link, job.page_url, (*job.tried, fetch)))
        return AttemptResult(fetch, links)

    async def _again(self, job: Job, asked: Page, known: Known, source: Source) -> AttemptResult:
        """A page that another link led to earlier in this run: judged anew, not fetched anew."""
        page = known.page
        if known.fetch.verdict.good and (last := self._memory.last(known.fetch.url)):
            page = self._memory.page(last)
        if page is None:
            judgement = Judgement(known.fetch.verdict, known.fetch.reason)
            if judgement.verdict.good:
                judgement = Judgement(
                    Verdict.UNREADABLE, "another link led to the same page, which was not kept"
                )
            return AttemptResult(_fetch_of(replace(asked, status=known.fetch.status), judgement, source, 0.0))
        page = replace(
            page, url=asked.url, final_url=asked.final_url, moved_permanently=asked.moved_permanently
        )
        plain = page
        judgement, reading = await self._judged(job, plain)
        page, judgement, reading = await self._shown(job, plain, source, judgement, reading)
        fetch = _fetch_of(page, judgement, source, 0.0, rendered=page is not plain)
        if reading is None or not judgement.verdict.good:
            return AttemptResult(fetch)
        await self.deliver(Outcome(job.link, job.page_url, (*job.tried, fetch), page, reading.article))
        return AttemptResult(fetch, reading.links, page.final_url)

    async def _links(self, last: Fetch) -> tuple[str, ...]:
        try:
            return (await self._read(self._memory.page(last))).links
        except Unreadable:
            return ()


def _fetch_of(
    page: Page, judgement: Judgement, source: Source, seconds: float, *, rendered: bool = False
) -> Fetch:
    return Fetch(
        url=page.url,
        final_url=page.final_url,
        verdict=judgement.verdict,
        reason=judgement.reason,
        fetched_at=page.fetched_at,
        source=source,
        status=page.status,
        etag=page.headers.get("etag", ""),
        last_modified=page.headers.get("last-modified", ""),
        size=len(page.body),
        seconds=round(seconds, 3),
        body_hash=hashlib.sha256(page.body).hexdigest() if page.body else "",
        rendered=rendered,
    )
