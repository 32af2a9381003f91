"""robots.txt by RFC 9309: asked once per origin and run, before anything else of that origin.

A file that is not there (4xx) allows everything; one that cannot be had (5xx, no connection) refuses
everything. The file is parsed by Protego, which skips whatever is no rule: an HTML page has none.
"""

from __future__ import annotations

import asyncio
import codecs
import re
from collections.abc import Awaitable, Callable

from protego import Protego

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.failure import NoPage
from indexer.crawl.guard import Guard
from indexer.crawl.wire import HttpAnswer
from indexer.records import Verdict

Get = Callable[[str], Awaitable[HttpAnswer]]
"""Gets an address politely, no more than the bytes that count, redirects not followed."""

_USER_AGENT = re.compile(r"\s*user[- ]?agent\b\s*:?", re.IGNORECASE)


def _text(body: bytes) -> str:
    """A file's text: UTF-8 as RFC 9309 asks, or UTF-16 as some editors write it, with or without a BOM."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    if body[:2].count(0) == 1:  # every second byte of an English text in UTF-16
        return body.decode("utf-16-be" if body[0] == 0 else "utf-16-le", "replace")
    return body.decode("utf-8-sig", "replace")


class Robots:
    """What the hosts of a run allow."""

    def __init__(
        self, get: Get, slow_down_to: Callable[[str, float], None], config: CrawlConfig, guard: Guard
    ) -> None:
        """``slow_down_to`` is told each host's ``Crawl-delay`` in seconds."""
        self._get, self._slow_down_to, self._config, self._guard = get, slow_down_to, config, guard
        self._rules: dict[str, asyncio.Future[Protego]] = {}

    async def check(self, url: str) -> None:
        """Lets an address pass that its origin's robots.txt allows.

        Raises:
            NoPage: with the verdict ``robots`` where the file forbids it or could not be had because of
                the server; with that of the connection where there was none.
        """
        try:
            rules = await self._of(urls.origin_of(url))
        except NoPage as failure:  # of robots.txt itself; each page has its own
            raise NoPage(failure.judgement.verdict, failure.judgement.reason, url=url) from failure
        if not rules.can_fetch(url, self._config.robot_name):
            raise NoPage(
                Verdict.ROBOTS, f"the robots.txt of {urls.host_of(url)} forbids this address", url=url
            )

    async def _of(self, origin: str) -> Protego:
        if origin not in self._rules:
            self._rules[origin] = asyncio.ensure_future(self._fetch(origin))
        # Shielded: the others who wait for it must get it even if the first one is cancelled.
        return await asyncio.shield(self._rules[origin])

    async def _fetch(self, origin: str) -> Protego:
        url = f"{origin}/robots.txt"
        for _ in range(self._config.robots_redirects + 1):
            answer = await self._get(url)
            if not answer.location:
                return self._parse(origin, answer)
            url = urls.resolve(url, answer.location)
            self._guard.check(url)
        return Protego.parse("")  # RFC 9309, section 2.3.1.2: may be taken as not there

    def _parse(self, origin: str, answer: HttpAnswer) -> Protego:
        if answer.status >= 500:
            reason = f"robots.txt answers {answer.status}, so nothing may be fetched (RFC 9309)"
            raise NoPage(Verdict.ROBOTS, reason, url=answer.url, status=answer.status)
        text = _text(answer.body) if answer.status < 300 else ""
        if text.lstrip()[:1] == "<":
            text = ""
        rules = Protego.parse(self._with_product_tokens(text))
        if delay := rules.crawl_delay(self._config.robot_name):
            self._slow_down_to(urls.host_of(origin), float(delay))
        return rules

    def _with_product_tokens(self, text: str) -> str:
        """The text with this crawler's name alone where a group names it with a version or a comment.

        RFC 9309, section 2.2.1, asks for the name alone; files say ``indexer/1.0`` and mean it.
        """
        own = re.compile(rf"(?<![\w-]){re.escape(self._config.robot_name)}(?![\w-])", re.IGNORECASE)
        lines = text.splitlines()
        for at, line in enumerate(lines):
            match = _USER_AGENT.match(line)
            if match and own.search(line, match.end()):
                lines[at] = f"User-agent: {self._config.robot_name}"
        return "\n".join(lines)

    async def close(self) -> None:
        """Ends what is still under way, and takes note of failures nobody asked for any more."""
        for task in self._rules.values():
            task.cancel()
        await asyncio.gather(*self._rules.values(), return_exceptions=True)
