"""A crawl: which links, their pages fetched and kept as they come, and what is published of them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urlsplit

from indexer import extract
from indexer.config import Config
from indexer.encoding import is_prepared
from indexer.engine import Engine, Here
from indexer.errors import NothingReachable, UnknownName
from indexer.milvus import index_written
from indexer.pipeline.publishing import mend_published, publish_links, watched_encoder
from indexer.pipeline.watching import Nobody, Watcher
from indexer.records import Fetch, Link, Outcome, Source, Traffic, Verdict
from indexer.store import inspection, revisit
from indexer.store.codec import now
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database
from indexer.store.inspection import LinkState
from indexer.summary import Summary, Tally, summarise

if TYPE_CHECKING:
    import httpx

Value = TypeVar("Value")


def choose_links(
    links: Sequence[Link],
    config: Config,
    *,
    only: Iterable[str] = (),
    failed: bool = False,
    due: bool = False,
) -> list[Link]:
    """The links to fetch in a run, in the catalogue's order.

    ``only`` are URLs or categories; ``failed`` takes just the links whose last verdict was bad, ``due`` just
    those whose revisit interval has passed. Where nothing was crawled yet, all are failed and due.

    Raises:
        UnknownName: ``only`` names neither a link nor a category.
        DamagedLibrary, StaleIndex: the library that should tell cannot be read.
    """
    chosen = _named(links, list(only))
    if not inspection.library_exists(config.data):
        return chosen
    if failed:
        states = inspection.status(config.data, chosen)
        chosen = [link for link, state in zip(chosen, states, strict=True) if not state.good]
    if due:
        chosen = revisit.due(config.data, chosen, at=now())
    return chosen


def crawl_links(
    links: Sequence[Link],
    config: Config,
    *,
    chosen: Sequence[Link] | None = None,
    force: bool = False,
    offline: bool = False,
    source: Source = Source.LIVE,
    transport: httpx.AsyncBaseTransport | None = None,
    engine: Engine | None = None,
    watcher: Watcher | None = None,
) -> Summary:
    """Fetch, extract, embed and publish.

    ``chosen`` are the links to fetch (see :func:`choose_links`), by default all; whatever is fetched, all
    ``links`` are published. ``force`` fetches unconditionally and accepts shrunken texts, ``offline``
    fetches nothing. ``source`` and ``transport`` are the demo's: what to call the pages, and who answers in
    place of the hosts. ``engine`` does the work, by default on this machine.

    Raises:
        Busy: another run holds the lock. NotWritable, DamagedLibrary: the data folder's state.
        ModelError: the encoder cannot be had. NothingReachable: no host answered; nothing was changed.
        ClusterError: the engine's machines were lost; what was kept until then is.
    """
    watcher, engine = watcher or Nobody(), engine or Here()
    chosen = links if chosen is None else chosen
    clock = _Stages()
    with index_written(config):
        pass  # an index that cannot be written is told before the links are fetched
    with Database(config.data) as database:
        mend_published(database, links, config, watcher)
        if not offline and not is_prepared(config):
            watched_encoder(config, watcher)  # before there are workers and pages, as it takes most memory
        before = inspection.status(config.data, links)
        run = database.start_run(resume_within=timedelta(hours=config.resume_hours))
        log = CrawlLog(database, run, extractor=extract.VERSION, force=force)
        tally = Tally()
        if not offline:
            watcher.started(len(chosen), resumed=run.resumed)
            record = _Recorder(log, tally, watcher, known_bad=_bad(before))
            task = partial(_fetch_pages, chosen, config, engine, log=log, record=record, force=force)
            _run_async(partial(task, source=source, transport=transport, traffic=watcher))
            record.ended()
        clock.ended("crawl")
        encoder = watched_encoder(config, watcher)
        clock.ended("model")
        published = publish_links(database, links, config, encoder, watcher, engine=engine)
        clock.ended("publish", embed=published.embed_seconds)
        after = inspection.status(config.data, links)
        summary = summarise(
            run.number, before=before, after=after, tally=tally, published=published, stages=clock.seconds
        )
        database.finish_run(run, summary.to_json())
    return summary


def _named(links: Sequence[Link], only: Sequence[str]) -> list[Link]:
    """The links named by URL or category, in the catalogue's order; all where nothing is named."""
    if not only:
        return list(links)
    names = {link.url for link in links} | {link.category for link in links}
    for name in only:
        if name not in names:
            raise UnknownName("link or category", name, names)
    return [link for link in links if link.url in only or link.category in only]


class _Stages:
    """A stop watch: the wall seconds of the stages of a run, by name."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._begun = time.monotonic()

    def ended(self, stage: str, **parts: float) -> None:
        """A stage has ended; ``parts`` of it have their own names and are told before it."""
        now = time.monotonic()
        self.seconds |= {**parts, stage: now - self._begun - sum(parts.values())}
        self._begun = now


async def _fetch_pages(
    links: Sequence[Link],
    config: Config,
    engine: Engine,
    *,
    log: CrawlLog,
    record: _Recorder,
    traffic: Traffic,
    **arguments: Any,
) -> None:
    """Crawl the links, keeping every outcome as it comes."""
    from indexer.crawl import crawl_pages
    from indexer.render import rendering_browser

    async with engine.crawling(config, traffic) as work, rendering_browser(config.render) as render:
        crawl = replace(config.crawl, max_in_flight=work.in_flight)
        arguments |= {"config": crawl, "memory": log, "traffic": traffic, "render": render}
        arguments |= {"read": work.read, "sender": work.sender}
        async with aclosing(crawl_pages(links, **arguments)) as outcomes:  # before the workers end
            async for outcome in outcomes:
                record(outcome)


class _Recorder:
    """Keeps the outcomes of a crawl as they come.

    Silence tells of a link only when somebody else answers: it may as well be this machine's network. So
    outcomes without any answer wait for the first one that has an answer.
    """

    def __init__(self, log: CrawlLog, tally: Tally, watcher: Watcher, *, known_bad: Set[str]) -> None:
        self._log, self._tally, self._watcher, self._known_bad = log, tally, watcher, known_bad
        # A run that goes on after an interruption had answers before it.
        self._waiting: list[Outcome] | None = None if log.finished() else []

    def __call__(self, outcome: Outcome) -> None:
        """Take one outcome."""
        if self._waiting is not None and all(map(_silent, outcome.attempts)):
            self._waiting.append(outcome)
            return
        self._let_in()
        self._keep(outcome)

    def ended(self) -> None:
        """The crawl has ended.

        Raises:
            NothingReachable: nobody answered, not even one of whom this is news; nothing was kept.
        """
        asked = [outcome for outcome in self._waiting or () if outcome.fetch.verdict is not Verdict.REFUSED]
        news = [outcome for outcome in asked if outcome.link.url not in self._known_bad]
        if news:
            hosts = {urlsplit(outcome.link.url).hostname for outcome in asked}
            reason = news[0].fetch.reason.partition("; ")[0]  # without what became of its copies
            who = "the host does not answer" if len(hosts) == 1 else f"none of {len(hosts):,} hosts answers"
            raise NothingReachable(
                f"nothing is reachable: {who} ({reason}); check the network. "
                "No link counts as broken by this, and the next run tries again"
            )
        self._let_in()

    def _let_in(self) -> None:
        waiting, self._waiting = self._waiting or [], None
        for outcome in waiting:
            self._keep(outcome)

    def _keep(self, outcome: Outcome) -> None:
        effect, fetch = self._log.record(outcome)
        self._tally.add(outcome.link.url, effect, came=fetch.verdict.good)
        self._watcher.page(replace(outcome, attempts=(*outcome.attempts[:-1], fetch)), effect)


def _silent(fetch: Fetch) -> bool:
    """Whether nobody answered this attempt. An address that is refused was not even asked for."""
    return not fetch.status and fetch.verdict in (Verdict.NETWORK, Verdict.TIMEOUT, Verdict.REFUSED)


def _bad(states: Sequence[LinkState]) -> Set[str]:
    """The links whose last fetch was bad."""
    return {state.url for state in states if state.verdict and not state.good}


def _run_async(work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """What a coroutine comes to, also where an event loop already runs (a notebook's)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
