"""One run, from the catalogue to a published generation.

1. ``crawl_links`` fetches the links' pages; each is read in a worker process (:mod:`indexer.workers`), or
   elsewhere (:mod:`indexer.engine`).
2. Every outcome is kept at once: the fetch, the raw page, the article if it is a new version.
3. ``publish`` cuts what changed into passages, embeds the new ones, and swaps the generation.

The packages do not know each other; this module hands the output of one to the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urlsplit

from indexer import extract
from indexer.catalogue import WebArchive, load, merge
from indexer.config import Config, PassageConfig
from indexer.crawl.urls import page_key
from indexer.crawl.verdict import judge
from indexer.encoding import chosen_model, is_prepared, open_encoder
from indexer.engine import Engine, Here
from indexer.errors import NoLibrary, NothingReachable, UnknownName, Unreadable, UsageError
from indexer.milvus import index_written
from indexer.passage_index import IndexWriter
from indexer.records import (
    Article,
    Encoder,
    Fetch,
    Link,
    Outcome,
    Page,
    Passage,
    Reading,
    Source,
    Traffic,
    Verdict,
)
from indexer.store import inspection, revisit
from indexer.store.codec import now
from indexer.store.crawl_log import CrawlLog, Effect, keep_reading, stale_articles
from indexer.store.database import Database
from indexer.store.inspection import LinkState
from indexer.store.opening import refuse_lost
from indexer.store.publish import Cut, Progress, Published, publish, rebuild
from indexer.store.serving import serve_again
from indexer.store.soundness import mend
from indexer.summary import Summary, Tally, summarise
from indexer.workers import bounded_worker

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)
Value = TypeVar("Value")


class Watcher(Traffic, Protocol):
    """Whoever wants to see a run go on, such as progress bars. What it does takes no time."""

    def started(self, links: int, *, resumed: bool) -> None:
        """The crawl of so many links begins, or goes on after an interruption."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """One page is done."""

    def embedding(self, done: int, total: int) -> None:
        """So many of so many new passages are embedded."""

    def stage(self, what: str) -> None:
        """Something begins that has no measure, such as a model's preparation; what comes next ends it."""


class Nobody:
    """A watcher that looks away."""

    def started(self, links: int, *, resumed: bool) -> None:
        """Look away."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """Look away."""

    def embedding(self, done: int, total: int) -> None:
        """Look away."""

    def stage(self, what: str) -> None:
        """Look away."""

    def asked(self, host: str) -> None:
        """Look away."""

    def answered(self, host: str, size: int) -> None:
        """Look away."""

    def pausing(self, host: str, seconds: float) -> None:
        """Look away."""


# --------------------------------------------------------------------------- runs


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
        _mend(database, links, config, watcher)
        if not offline and not is_prepared(config):
            _open_encoder(config, watcher)  # before there are workers and pages, as it takes most memory
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
        encoder = _open_encoder(config, watcher)
        clock.ended("model")
        published = _publish(database, links, config, encoder, watcher, engine=engine)
        clock.ended("publish", embed=published.embed_seconds)
        after = inspection.status(config.data, links)
        summary = summarise(
            run.number, before=before, after=after, tally=tally, published=published, stages=clock.seconds
        )
        database.finish_run(run, summary.to_json())
    return summary


def import_page(
    link: Link, links: Sequence[Link], file: Path, config: Config, *, watcher: Watcher | None = None
) -> Summary:
    """Take a page saved by hand (HTML, MHTML, PDF, Markdown, text) as the article of a link, and publish.

    It is read in a worker process, within the bounds of ``config.extract``, as a page of a crawl is.

    Raises:
        Unreadable: the file cannot be read within the bounds, is too large, or holds no text.
    """
    watcher = watcher or Nobody()
    most = config.extract.file_bytes
    try:
        with file.open("rb") as opened:
            body = opened.read(most + 1)
    except OSError as error:
        raise Unreadable(f"{file}: cannot be read ({error.strerror})") from error
    if len(body) > most:
        raise Unreadable(f"{file}: has more than {most >> 20} MiB, which is too large for a page")
    page = Page(link.url, link.url.partition("#")[0], 200, {}, body, now())
    try:
        with bounded_worker(config.extract) as worker:
            reading = worker.read(page)
    except Unreadable as error:
        raise Unreadable(f"{file}: {error}") from error
    if not reading.article.blocks:
        raise Unreadable(f"{file}: no text of an article was found in it")
    fetch = Fetch(
        url=link.url, final_url=page.final_url, verdict=Verdict.OK, reason=f"imported from {file.name}",
        fetched_at=page.fetched_at, source=Source.IMPORT, size=len(body),
    )  # fmt: skip
    with Database(config.data) as database:
        _mend(database, links, config, watcher)
        run = database.start_run(resume_within=timedelta(0))
        log = CrawlLog(database, run, extractor=extract.VERSION, force=True)
        effect, _ = log.record(Outcome(link, link.url, (fetch,), page, reading.article))
        encoder = _open_encoder(config, watcher)
        published = _publish(database, links, config, encoder, watcher)
        summary = Summary(
            run=run.number, seconds=0.0, links=1, pages=1, verdicts={"ok": 1}, articles={effect: 1},
            passages=published.passages, embedded=published.embedded, generation=published.generation,
            uncut=published.uncut,
        )  # fmt: skip
        database.finish_run(run, summary.to_json())
    return summary


@dataclass(frozen=True, slots=True)
class ArchiveTaken:
    """What became of a web archive's pages.

    ``added`` are the links that the catalogue did not have; ``effects`` count the pages by what they did to
    the held articles (``older``: a newer text is held); ``left_out`` those that are not taken, by reason.
    """

    added: tuple[Link, ...]
    effects: Mapping[str, int]
    left_out: Mapping[str, int]
    passages: int
    embedded: int
    generation: int


def import_archive(
    archive: WebArchive, config: Config, *, category: str, watcher: Watcher | None = None
) -> ArchiveTaken:
    """Take the pages of a web archive as articles, add links for them to the catalogue, and publish.

    A page that the catalogue knows, by any form of its address, becomes the article of that link, unless a
    newer text is held; any other gets a link in ``category``. What a crawl would not take for an article
    (walls, notices, stubs) is left out.

    Raises:
        UsageError: the archive is refused, or there is no page in it that can be taken.
        CatalogueError: the catalogue is wrong. ModelError: the encoder cannot be had.
        Busy, NotWritable, DamagedLibrary: the data folder's state.
    """
    watcher = watcher or Nobody()
    links = load(config.catalogue).links if config.catalogue.exists() else ()
    known = {page_key(link.url): link for link in links}
    effects: Counter[str] = Counter()
    new: dict[str, Link] = {}
    with Database(config.data) as database, bounded_worker(config.extract) as worker:
        run = database.start_run(resume_within=timedelta(0))
        log = CrawlLog(database, run, extractor=extract.VERSION)
        for captured in archive.pages():
            key = page_key(captured.url)
            link = known.get(key) or new.get(key) or Link(captured.url, category)
            page = replace(captured, url=link.url)
            since = log.held_since(link.url, link.url)
            if since and since >= page.fetched_at:
                effects["older"] += 1
                continue
            watcher.stage(f"reading {page.url}")
            reading: Reading | Unreadable
            try:
                reading = worker.read(page)
            except Unreadable as error:
                reading = error
            judgement = judge(page, reading, expect=link.expect, config=config.crawl)
            if isinstance(reading, Unreadable) or not judgement.verdict.good:
                logger.info("%s: left out: %s", page.url, judgement.reason)
                archive.left_out["without an article (wall, notice or stub)"] += 1
                continue
            fetch = Fetch(
                url=page.url, final_url=page.final_url, verdict=Verdict.OK,
                reason=f"imported from {archive.path.name}", fetched_at=page.fetched_at,
                source=Source.IMPORT, status=page.status, size=len(page.body),
            )  # fmt: skip
            effect, _ = log.record(Outcome(link, link.url, (fetch,), page, reading.article))
            effects[effect] += 1
            if key not in known:
                new[key] = link
        if not effects:
            why = "; ".join(f"{count} {reason}" for reason, count in archive.left_out.items())
            raise UsageError(
                f"{archive.path}: found no pages to import in this {archive.format} archive"
                f"{f' ({why})' if why else ''}"
            )
        added = merge(config.catalogue, new.values())
        published = _publish(
            database, load(config.catalogue).links, config, _open_encoder(config, watcher), watcher
        )
        summary = Summary(
            run=run.number, seconds=0.0, links=effects.total(), pages=effects.total(),
            verdicts={"ok": effects.total()}, articles=dict(effects), passages=published.passages,
            embedded=published.embedded, generation=published.generation,
        )  # fmt: skip
        database.finish_run(run, summary.to_json())
    return ArchiveTaken(
        added,
        dict(effects),
        dict(archive.left_out),
        published.passages,
        published.embedded,
        published.generation,
    )


# ------------------------------------------------------------------------- stages


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


def publish_articles(
    database: Database,
    links: Sequence[Link],
    encoder: Encoder,
    *,
    model: str,
    config: PassageConfig,
    cut: Cut | None = None,
    progress: Progress = lambda done, total: None,
    again: bool = False,
    index: IndexWriter | None = None,
) -> Published:
    """Publish the newest article versions of ``links``, cut for the encoder's window.

    ``model`` is the encoder's folder or hub name; ``progress`` is told how many texts are embedded. Articles
    of pages are ``cut`` within bounds; without it they are trusted and cut here. ``again`` and ``index`` are
    those of :func:`publish`.
    """

    def cut_here(article: Article) -> Sequence[Passage]:
        return extract.passages(
            article, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens, config=config
        )

    published = publish(
        database,
        links,
        encoder=encoder,
        model=model,
        cut=cut or cut_here,
        fingerprint=index_fingerprint(encoder.fingerprint, config),
        progress=progress,
        again=again,
        index=index,
    )
    for url, reason in published.uncut.items():
        logger.warning("%s: not cut into passages (%s); what was published of it stays", url, reason)
    return published


def index_fingerprint(encoder: str, config: PassageConfig) -> str:
    """Names all that shapes passages and vectors: encoder (its fingerprint), extraction, cutting."""
    parts = f"{encoder} {extract.VERSION} {config!r}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _mend(database: Database, links: Sequence[Link], config: Config, watcher: Watcher) -> None:
    """Look at the whole library before it is worked on, and publish again what is published if it rotted.

    Raises:
        DamagedLibrary: something is damaged that only a backup has.
    """
    watcher.stage("looking at the library")
    if mend(database):
        _publish(database, links, config, _open_encoder(config, watcher), watcher, again=True)


def _publish(
    database: Database,
    links: Sequence[Link],
    config: Config,
    encoder: Encoder,
    watcher: Watcher,
    *,
    engine: Engine | None = None,
    again: bool = False,
) -> Published:
    """Publish the catalogue's links, their articles read again first where reading has improved."""
    with index_written(config) as index, (engine or Here()).publishing(config, encoder) as work:
        _read_again(database, work.read, watcher)
        watcher.stage("cutting articles into passages")
        return publish_articles(
            database,
            links,
            work.encoder,
            model=chosen_model(config),
            config=config.passages,
            cut=work.cut,
            progress=watcher.embedding,
            again=again,
            index=index,
        )


def reindex(links: Sequence[Link], config: Config, *, watcher: Watcher | None = None) -> Published:
    """Read, cut and embed again what is kept, without the network, and publish.

    Also makes a lost or damaged index file again, and what else of a damaged library can be had again.

    Raises:
        NoLibrary: nothing was crawled yet. ModelError: the encoder cannot be had.
    """
    refuse_lost(config.data)
    if not inspection.library_exists(config.data):
        raise NoLibrary(f"{config.data}: no library there; run `indexer crawl` first")
    watcher = watcher or Nobody()
    with Database(config.data) as database:
        _mend(database, links, config, watcher)
        watcher.stage("writing the index")
        with index_written(config) as index:
            if index:
                serve_again(database, index)
            else:
                rebuild(database)
        return _publish(database, links, config, _open_encoder(config, watcher), watcher)


def _open_encoder(config: Config, watcher: Watcher) -> Encoder:
    """The chosen encoder; says so where it is first prepared for this machine, which takes up to a minute."""
    watcher.stage("loading the model")
    if not is_prepared(config):
        watcher.stage("preparing the model, once")
    return open_encoder(config)


def _read_again(database: Database, read: Callable[[Page], Reading], watcher: Watcher) -> None:
    """New versions of the articles that an older extraction read, from the raw pages that are kept."""
    for row in stale_articles(database, extract.VERSION):
        watcher.stage(f"reading again {row.page.url}")
        try:
            reading = read(row.page)
        except Unreadable as error:
            logger.warning("%s: no longer readable (%s); its older reading is kept", row.page.url, error)
            continue
        keep_reading(database, row, reading.article, extractor=extract.VERSION)


# ------------------------------------------------------------------------ details


def _named(links: Sequence[Link], only: Sequence[str]) -> list[Link]:
    """The links named by URL or category, in the catalogue's order; all where nothing is named."""
    if not only:
        return list(links)
    names = {link.url for link in links} | {link.category for link in links}
    for name in only:
        if name not in names:
            raise UnknownName("link or category", name, names)
    return [link for link in links if link.url in only or link.category in only]


def _run_async(work: Callable[[], Coroutine[Any, Any, Value]]) -> Value:
    """What a coroutine comes to, also where an event loop already runs (a notebook's)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(lambda: asyncio.run(work())).result()
