"""One run, from the catalogue to a published generation.

1. ``crawl_links`` fetches the links' pages; each page is read in a worker process (:mod:`indexer.workers`).
2. Every outcome is kept at once: the fetch, the raw page, the article if it is a new version.
3. ``publish`` cuts what changed into passages, embeds the new ones, and swaps the generation.

The rooms do not know each other; this module hands the output of one to the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
import time
from collections import Counter
from collections.abc import Callable, Coroutine, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from indexer import extract
from indexer.config import Config, PassageConfig
from indexer.encoding import chosen_model, open_encoder
from indexer.errors import NoLibrary, UnknownName, Unreadable
from indexer.records import (
    Article,
    Encoder,
    Fetch,
    Link,
    Outcome,
    Page,
    Passage,
    Source,
    Verdict,
)
from indexer.store import inspection, revisit
from indexer.store.codec import now
from indexer.store.crawl_log import CrawlLog, Effect, keep_reading, stale_articles
from indexer.store.database import Database
from indexer.store.publish import Progress, Published, publish, rebuild

if TYPE_CHECKING:
    import httpx

logger = logging.getLogger(__name__)


class Watcher(Protocol):
    """Whoever wants to see a run go on, such as progress bars."""

    def started(self, links: int, *, resumed: bool) -> None:
        """The crawl of so many links begins, or goes on after an interruption."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """One page is done."""

    def embedding(self, done: int, total: int) -> None:
        """So many of so many new passages are embedded."""


class Nobody:
    """A watcher that looks away."""

    def started(self, links: int, *, resumed: bool) -> None:
        """Look away."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """Look away."""

    def embedding(self, done: int, total: int) -> None:
        """Look away."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed for the user since the run before: links by what happened to them."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. ``verdicts`` counts links, ``articles`` pages; ``stages`` are wall seconds.

    ``articles``: new, changed, unchanged, kept (the fetch was bad, the good copy stands), missing.
    """

    run: int
    seconds: float
    links: int
    pages: int
    verdicts: dict[str, int]
    articles: dict[str, int]
    passages: int
    embedded: int
    generation: int
    stages: dict[str, float] = field(default_factory=dict)
    night: Changes = Changes()
    without_copy: tuple[str, ...] = ()
    """The links for which no good copy is held."""

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values, for ``--json`` and the library."""
        return asdict(self)


# --------------------------------------------------------------------------- runs


def crawl_links(
    links: Sequence[Link],
    config: Config,
    *,
    only: Iterable[str] = (),
    failed: bool = False,
    due: bool = False,
    force: bool = False,
    offline: bool = False,
    source: Source = Source.LIVE,
    transport: httpx.AsyncBaseTransport | None = None,
    watcher: Watcher | None = None,
) -> Summary:
    """Fetch, extract, embed and publish.

    ``only`` are URLs or categories of the catalogue. ``failed`` takes just the links whose last verdict
    was bad, ``due`` just those whose revisit interval has passed. ``force`` fetches unconditionally and
    accepts shrunken texts, ``offline`` fetches nothing. Whatever is fetched, all ``links`` are
    published. ``source`` and ``transport`` are the demo's: what to call the pages, and who answers in
    place of the hosts.

    Raises:
        UnknownName: ``only`` names neither a link nor a category.
        Busy: another run holds the lock. NotWritable, DamagedLibrary: the data folder's state.
        ModelError: the encoder cannot be had.
    """
    watcher = watcher or Nobody()
    chosen = _choose(links, list(only))
    begun = time.monotonic()
    with Database(config.data) as database:
        before = {state.url: state for state in inspection.status(config.data, links)}
        if failed:
            chosen = [link for link in chosen if not _is_good(before[link.url])]
        if due:
            chosen = revisit.due(config.data, chosen, at=now())
        run = database.start_run(resume_within=timedelta(hours=config.resume_hours))
        log = CrawlLog(database, run, extractor=extract.VERSION, force=force)
        found = _Found()
        if not offline:
            watcher.started(len(chosen), resumed=run.resumed)
            task = partial(_fetch_pages, chosen, config, log=log, found=found, watcher=watcher, force=force)
            _run_async(partial(task, source=source, transport=transport))
        fetched = time.monotonic()
        encoder = open_encoder(config)
        loaded = time.monotonic()
        published = _publish(database, links, config, encoder, watcher)
        after = inspection.status(config.data, links)
        summary = Summary(
            run=run.number,
            seconds=round(time.monotonic() - begun, 2),
            links=len(links),
            pages=sum(found.effects.values()),
            verdicts=dict(Counter(state.verdict for state in after if state.verdict)),
            articles={
                name: found.effects[name] for name in ("new", "changed", "unchanged", "kept", "missing")
            },
            passages=published.passages,
            embedded=published.embedded,
            generation=published.generation,
            stages={
                "crawl": round(fetched - begun, 2),
                "model": round(loaded - fetched, 2),
                "embed": round(published.embed_seconds, 2),
                "publish": round(time.monotonic() - loaded - published.embed_seconds, 2),
            },
            night=_changes(before, after, found.by_link),
            without_copy=tuple(state.url for state in after if not state.words),
        )
        database.finish_run(run, summary.to_json())
    return summary


def import_page(link: Link, links: Sequence[Link], file: Path, config: Config) -> Summary:
    """Take a page saved by hand (HTML, PDF, Markdown, text) as the article of a link, and publish.

    Raises:
        Unreadable: the file cannot be read, or holds no text.
    """
    try:
        body = file.read_bytes()
    except OSError as error:
        raise Unreadable(f"{file}: cannot be read ({error.strerror})") from error
    page = Page(link.url, link.url.partition("#")[0], 200, {}, body, now())
    try:
        reading = extract.read(page)
    except Unreadable as error:
        raise Unreadable(f"{file}: {error}") from error
    fetch = Fetch(
        url=link.url, final_url=page.final_url, verdict=Verdict.OK, reason=f"imported from {file.name}",
        fetched_at=page.fetched_at, source=Source.IMPORT, size=len(body),
    )  # fmt: skip
    with Database(config.data) as database:
        run = database.start_run(resume_within=timedelta(0))
        log = CrawlLog(database, run, extractor=extract.VERSION, force=True)
        effect, _ = log.record(Outcome(link, link.url, (fetch,), page, reading.article))
        published = _publish(database, links, config, open_encoder(config), Nobody())
        summary = Summary(
            run=run.number, seconds=0.0, links=1, pages=1, verdicts={"ok": 1}, articles={effect: 1},
            passages=published.passages, embedded=published.embedded, generation=published.generation,
        )  # fmt: skip
        database.finish_run(run, summary.to_json())
    return summary


# ------------------------------------------------------------------------- stages


@dataclass(slots=True)
class _Found:
    """What the crawl of one run came to, counted while it goes on."""

    effects: Counter[str] = field(default_factory=Counter)
    by_link: dict[str, set[str]] = field(default_factory=dict)


async def _fetch_pages(
    links: Sequence[Link],
    config: Config,
    *,
    log: CrawlLog,
    found: _Found,
    watcher: Watcher,
    **arguments: Any,
) -> None:
    """Crawl the links, keeping every outcome as it comes."""
    from indexer.crawl import crawl_pages
    from indexer.workers import reading_workers

    async with reading_workers(config.extract) as read:
        async for outcome in crawl_pages(links, config=config.crawl, memory=log, read=read, **arguments):
            effect, fetch = log.record(outcome)
            found.effects[effect] += 1
            found.by_link.setdefault(outcome.link.url, set()).add(effect)
            watcher.page(replace(outcome, attempts=(*outcome.attempts[:-1], fetch)), effect)


def publish_articles(
    database: Database,
    links: Sequence[Link],
    encoder: Encoder,
    *,
    model: str,
    config: PassageConfig,
    progress: Progress = lambda done, total: None,
) -> Published:
    """Publish the newest article versions of ``links``, cut for the encoder's window.

    ``model`` is the encoder's folder or hub name; ``progress`` is told how many texts are embedded.
    """

    def cut(article: Article) -> list[Passage]:
        return extract.passages(
            article, count_tokens=encoder.count_tokens, max_tokens=encoder.max_tokens, config=config
        )

    return publish(
        database,
        links,
        encoder=encoder,
        model=model,
        cut=cut,
        fingerprint=index_fingerprint(encoder.fingerprint, config),
        progress=progress,
    )


def index_fingerprint(encoder: str, config: PassageConfig) -> str:
    """Names all that shapes passages and vectors: encoder (its fingerprint), extraction, cutting."""
    parts = f"{encoder} {extract.VERSION} {config!r}"
    return hashlib.sha256(parts.encode()).hexdigest()[:16]


def _publish(
    database: Database, links: Sequence[Link], config: Config, encoder: Encoder, watcher: Watcher
) -> Published:
    """Publish the catalogue's links, their articles read again first where reading has improved."""
    _read_again(database)
    return publish_articles(
        database,
        links,
        encoder,
        model=chosen_model(config),
        config=config.passages,
        progress=watcher.embedding,
    )


def reindex(links: Sequence[Link], config: Config, *, watcher: Watcher | None = None) -> Published:
    """Read, cut and embed again what is kept, without the network, and publish.

    Also makes a lost or damaged index file again.

    Raises:
        NoLibrary: nothing was crawled yet. ModelError: the encoder cannot be had.
    """
    if not inspection.library_exists(config.data):
        raise NoLibrary(f"{config.data}: no library there; run `indexer crawl` first")
    with Database(config.data) as database:
        rebuild(database)
        return _publish(database, links, config, open_encoder(config), watcher or Nobody())


def _read_again(database: Database) -> None:
    """New versions of the articles that an older extraction read, from the raw pages that are kept."""
    for row in stale_articles(database, extract.VERSION):
        try:
            reading = extract.read(row.page)
        except Unreadable:
            logger.warning("%s: no longer readable; its older reading is kept", row.page.url)
            continue
        keep_reading(database, row, reading.article, extractor=extract.VERSION)


# ------------------------------------------------------------------------ details


def _choose(links: Sequence[Link], only: Sequence[str]) -> list[Link]:
    """The links named by URL or category, in the catalogue's order; all where nothing is named."""
    if not only:
        return list(links)
    names = {link.url for link in links} | {link.category for link in links}
    for name in only:
        if name not in names:
            raise UnknownName("link or category", name, names)
    return [link for link in links if link.url in only or link.category in only]


def _is_good(state: inspection.LinkState) -> bool:
    return bool(state.verdict) and Verdict(state.verdict).good


def _changes(
    before: dict[str, inspection.LinkState],
    after: Sequence[inspection.LinkState],
    effects: dict[str, set[str]],
) -> Changes:
    """Compare the links' states before and after a run."""

    def those(condition: Callable[[inspection.LinkState, inspection.LinkState], bool]) -> tuple[str, ...]:
        return tuple(state.url for state in after if condition(before[state.url], state))

    def updated(old: inspection.LinkState, new: inspection.LinkState) -> bool:
        return bool(old.words) and not effects.get(new.url, set()).isdisjoint({"new", "changed"})

    def moved(old: inspection.LinkState, new: inspection.LinkState) -> bool:
        return _is_good(new) and bool(old.final_url) and old.final_url != new.final_url

    def broke(old: inspection.LinkState, new: inspection.LinkState) -> bool:
        return bool(new.verdict) and not _is_good(new) and (_is_good(old) or not old.verdict)

    return Changes(
        new=those(lambda old, new: not old.words and bool(new.words)),
        changed=those(updated),
        moved=those(moved),
        broken=those(broke),
        recovered=those(lambda old, new: bool(old.verdict) and not _is_good(old) and _is_good(new)),
    )


def _run_async(work: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Run a coroutine to its end, also where an event loop already runs (a notebook's)."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(work())
    else:
        with ThreadPoolExecutor(1) as thread:
            thread.submit(lambda: asyncio.run(work())).result()
