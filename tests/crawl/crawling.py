"""What the crawl's tests share: a memory without a database, a reader in this process, a way to collect."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from indexer.config import CrawlConfig
from indexer.crawl import crawl
from indexer.extract import read as read_page
from indexer.records import Fetch, Link, Outcome, Page, Reading

QUICK = CrawlConfig(
    delay=0.0, backoff=0.01, longest_wait=2.0, longest_crawl_delay=0.05, silence_seconds=1.0, page_seconds=3.0
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


async def outcomes(
    links: Sequence[Link], memory: InMemory | None = None, config: CrawlConfig = QUICK, **options: Any
) -> list[Outcome]:
    memory = memory or InMemory()
    found = []
    async for outcome in crawl(
        links, config=config, memory=memory, read=options.pop("read", read), **options
    ):
        memory.record(outcome)
        found.append(outcome)
    return found


def crawled(links: Sequence[Link], memory: InMemory | None = None, **options: Any) -> dict[str, Outcome]:
    """The outcomes of a crawl by page URL."""
    found = asyncio.run(outcomes(links, memory, **options))
    by_url = {outcome.page_url: outcome for outcome in found}
    assert len(by_url) == len(found), "a page has two outcomes"
    return by_url


def plain(url: str, **fields: Any) -> Link:
    """A link that is wanted alone: no archive."""
    return Link(url, "Category", archive=fields.pop("archive", False), **fields)


def without_pauses(config: CrawlConfig = QUICK, **fields: Any) -> CrawlConfig:
    return replace(config, **fields)
