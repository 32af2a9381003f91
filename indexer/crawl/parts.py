"""What a page in a browser asks for besides itself, fetched by the same rules as pages.

Guard, robots, pace and bounds are the fetcher's, redirects are followed by hand, and what several pages
share is asked for once.
"""

from __future__ import annotations

import asyncio
import logging
from collections import defaultdict
from dataclasses import replace
from datetime import UTC, datetime

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.failure import NoPage
from indexer.crawl.fetch import Fetcher
from indexer.credentials import without_credentials
from indexer.records import Page, Verdict

logger = logging.getLogger(__name__)

_KEPT = 64 * 1024 * 1024
"""Bytes of answers that are kept for other pages: the scripts of several applications."""


class Parts:
    """The scripts and data of the pages of one run."""

    def __init__(self, fetcher: Fetcher, config: CrawlConfig) -> None:
        self._fetcher, self._config = fetcher, config
        self._turns: defaultdict[tuple[str, str], asyncio.Lock] = defaultdict(asyncio.Lock)
        self._answers: dict[tuple[str, str], Page | None] = {}
        self._left = _KEPT

    async def get(self, url: str, accept: str) -> Page | None:
        """The answer to one GET request; None where it may not be sent, or nothing whole comes back."""
        asked = url.partition("#")[0], accept
        async with self._turns[asked]:
            if asked in self._answers:
                return self._answers[asked]
            try:
                answer = await self._follow(*asked)
            except NoPage as failure:
                shown = without_credentials(asked[0])
                logger.info("%s, wanted by a page, is not fetched: %s", shown, failure)
                answer = None
            size = len(answer.body) if answer else 0
            if size <= self._left:
                self._left -= size
                self._answers[asked] = answer
                if answer:  # asked for under its final address it is the same
                    self._answers[answer.final_url, accept] = replace(answer, url=answer.final_url)
            return answer

    async def _follow(self, url: str, accept: str) -> Page:
        at, most = urls.request_form(url), self._config.max_bytes
        for _ in range(self._config.redirects + 1):
            answer = await self._fetcher.ask(at, most=most, accept=accept)
            if len(answer.body) >= most:
                raise NoPage(Verdict.TOO_LARGE, f"larger than {most / 2**20:g} MB", url=at)
            if not answer.location:
                return Page(url, at, answer.status, answer.headers, answer.body, datetime.now(UTC))
            at = urls.resolve(at, answer.location)
        raise NoPage(Verdict.REDIRECT_LOOP, "redirected too often", url=at)
