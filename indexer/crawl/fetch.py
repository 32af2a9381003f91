"""From an address to a page: guard, robots, pace, redirects by hand, repetition, each address once.

Every hop of a redirect, or of a page that only leads on, is treated as a request of its own: checked,
allowed by its host's robots.txt, paced, and remembered, so that no address is asked for twice in a run.
"""

from __future__ import annotations

import asyncio
import random
import re
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.failure import LostRequest, NoPage
from indexer.crawl.guard import Guard
from indexer.crawl.pace import Pace
from indexer.crawl.refresh import leads_to
from indexer.crawl.robots import Robots
from indexer.crawl.wire import HttpAnswer, Sender
from indexer.records import Fetch, Page, Traffic, Verdict

_BUSY = frozenset({429, 502, 503, 504})
"""Answers after which the same request may succeed a little later (RFC 6585; RFC 9110, section 15.6)."""

_SENDABLE = re.compile(r"[\x20-\x7e]{1,1000}")
"""What is sent back of what a host said of its page: of other characters nobody knows which bytes they were,
and common servers refuse longer headers (nginx and Apache take 8 KB of one)."""


@dataclass(frozen=True, slots=True)
class Redirect:
    """An address that only leads on to another."""

    to: str
    permanent: bool
    cookies: bool
    """Whether its host set a cookie, which it may want to see before it gives anything else."""


@dataclass(frozen=True, slots=True)
class Known:
    """An address whose page was fetched and judged earlier in this run.

    ``page`` is kept for readable pages of bad verdict only: another link may expect just this page.
    A good page is in the library by then.
    """

    fetch: Fetch
    page: Page | None = None


class Visit:
    """One page while it is in hand. ``known`` is set instead of a fresh page on a second visit."""

    def __init__(self, page: Page, *, seconds: float = 0.0, known: Known | None = None) -> None:
        self.page, self.seconds, self.known = page, seconds, known
        self.finding: Known | NoPage = NoPage(
            Verdict.UNREADABLE, "the page could not be judged", url=page.url
        )

    def settle(self, fetch: Fetch, page: Page | None = None) -> None:
        """Says what became of the page; ``page`` is given to be kept for another link's visit."""
        self.finding = Known(fetch, page)


class Fetcher:
    """All fetching of one run."""

    def __init__(
        self, sender: Sender, config: CrawlConfig, guard: Guard, traffic: Traffic | None = None
    ) -> None:
        self._sender, self._config, self.guard = sender, config, guard
        self._pace = Pace(config, traffic)
        self._robots = Robots(self._get_robots, self._pace.crawl_delay, config, guard)
        self._in_flight = asyncio.Semaphore(config.max_in_flight)
        self._asides = asyncio.Semaphore(config.max_in_flight)  # a page in hand may need them: not its hands
        self._findings: dict[str, asyncio.Future[Redirect | Known | NoPage]] = {}

    async def close(self) -> None:
        """Ends what is under way."""
        await self._robots.close()

    @asynccontextmanager
    async def visit(self, url: str, last: Fetch | None = None) -> AsyncIterator[Visit]:
        """Fetches an address in request form, and holds its page until the block is left.

        With ``last``, the last good fetch of this address, the request is conditional, and the page may
        have status 304 and no body. Inside the block, :meth:`Visit.settle` says what became of the page;
        no other visit may be started there, since the block holds one of the run's few hands.

        Raises:
            NoPage: for whatever keeps a page from coming.
        """
        at, chain, permanent, cookies = url, [url], True, False
        while isinstance(
            finding := await self._find(at, last if last and last.final_url == at else None), Redirect
        ):
            at, permanent = finding.to, permanent and finding.permanent
            cookies = cookies or finding.cookies
            if at in chain or len(chain) > self._config.redirects:
                how = "in a circle" if at in chain else f"more than {self._config.redirects} times"
                why = ": the host wants cookies" if cookies else ""
                raise NoPage(Verdict.REDIRECT_LOOP, f"redirected {how}{why}", url=at)
            chain.append(at)
        moved = permanent and len(chain) > 1
        if isinstance(finding, Known):
            yield Visit(Page(url, at, 0, {}, b"", datetime.now(UTC), moved), known=finding)
            return
        page = Page(url, at, finding.status, finding.headers, finding.body, datetime.now(UTC), moved)
        visit = Visit(page, seconds=finding.seconds)
        try:
            yield visit
        finally:
            self._in_flight.release()
            self._findings[at].set_result(visit.finding)

    async def ask(self, url: str, *, most: int, accept: str = "") -> HttpAnswer:
        """The answer of a service at an address, whatever its type, cut after ``most`` bytes.

        May be called while a visit goes on.

        Raises:
            NoPage: for whatever keeps the answer from coming.
        """
        self.guard.check(url)
        await self._robots.check(url)
        headers = {"Accept": accept} if accept else {}
        answer = await self._polite(url, headers, self._asides, attempts=self._config.attempts, most=most)
        self._asides.release()
        return answer

    async def _find(self, url: str, last: Fetch | None) -> Redirect | Known | HttpAnswer:
        """What stands at an address. An HttpAnswer comes with a hand held and its finding still open."""
        if (earlier := self._findings.get(url)) is not None:
            finding = await asyncio.shield(earlier)
        else:
            claim = self._findings[url] = asyncio.get_running_loop().create_future()
            try:
                answer = await self._first(url, last)
                onward = answer.location or leads_to(answer, self._config)
                if not onward:
                    return answer
                self._in_flight.release()
                permanent = answer.status in (301, 308)
                finding = Redirect(urls.resolve(url, onward), permanent, "set-cookie" in answer.headers)
            except NoPage as failure:
                finding = failure
            except BaseException:
                claim.set_result(NoPage(Verdict.UNREADABLE, "its fetch was broken off", url=url))
                raise
            claim.set_result(finding)
        if isinstance(finding, NoPage):
            raise finding.again(url)
        return finding

    async def _first(self, url: str, last: Fetch | None) -> HttpAnswer:
        self.guard.check(url)
        await self._robots.check(url)
        return await self._polite(url, _conditions(last), self._in_flight, attempts=self._config.attempts)

    async def _get_robots(self, url: str) -> HttpAnswer:
        answer = await self._polite(url, {}, self._asides, attempts=1, most=self._config.robots_bytes)
        self._asides.release()
        return answer

    async def _polite(
        self,
        url: str,
        headers: Mapping[str, str],
        hands: asyncio.Semaphore,
        *,
        attempts: int,
        most: int = 0,
    ) -> HttpAnswer:
        """One answer, asked for again where that may help. Returns with one of the hands held.

        All waiting is the host's: its other addresses wait too, other hosts do not.
        """
        host = urls.host_of(url)
        asked = broken = 0
        while True:
            async with self._pace.turn(host), AsyncExitStack() as hand:
                await hand.enter_async_context(hands)
                try:
                    answer = await self._sender.get(url, headers, most=most)
                except LostRequest:
                    continue
                except NoPage as failure:
                    if not failure.transient or broken >= self._config.reconnections:
                        raise
                    broken += 1
                    self._pace.hold(host, self._backoff(broken))
                    continue
                asked += 1
                if answer.status == 429:
                    self._pace.slow_down(host)
                elif answer.status < 400:
                    self._pace.speed_up(host)
                wait = _retry_after(answer, self._backoff(asked)) if answer.status in _BUSY else float("inf")
                if asked >= attempts or wait > self._config.longest_wait:
                    hand.pop_all()  # the caller gives it back
                    return answer
                self._pace.hold(host, wait)

    def _backoff(self, times: int) -> float:
        """Seconds before the n-th repetition: exponential, with full jitter on top."""
        return self._config.backoff * 2.0 ** (times - 1) * random.uniform(1, 2)  # noqa: S311 - no secret


def _conditions(last: Fetch | None) -> dict[str, str]:
    """The headers that ask for a page only if it changed (RFC 9110, section 13.1)."""
    headers = {}
    if last and _SENDABLE.fullmatch(last.etag):
        headers["If-None-Match"] = last.etag
    # Some hosts find that nothing was changed since a date to come, and would do so until then.
    if last and (since := _http_date(last.last_modified)) and since <= datetime.now(UTC):
        headers["If-Modified-Since"] = last.last_modified
    return headers


def _retry_after(answer: HttpAnswer, otherwise: float) -> float:
    """Seconds that the host asks to wait, as a number or as a date (RFC 9110, section 10.2.3)."""
    asked = answer.headers.get("retry-after", "").strip()
    if asked.isascii() and asked.isdecimal():
        return float(asked)
    if (until := _http_date(asked)) is None:
        return otherwise
    # By the host's own clock where it tells the time: one of the two clocks may be wrong.
    now = _http_date(answer.headers.get("date", "")) or datetime.now(UTC)
    return max(0.0, (until - now).total_seconds())


def _http_date(text: str) -> datetime | None:
    """A moment as headers have it (RFC 9110, section 5.6.7); None for what is none."""
    try:
        moment = parsedate_to_datetime(text) if _SENDABLE.fullmatch(text) else None
    except (ValueError, TypeError, IndexError, OverflowError):  # years and zones beyond the calendar
        return None
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment  # "-0000" has none
