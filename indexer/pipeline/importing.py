"""Pages that no crawl fetched: saved by hand, or out of a web archive."""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from indexer import extract
from indexer.catalogue import WebArchive, load, merge
from indexer.config import Config
from indexer.crawl.urls import page_key
from indexer.crawl.verdict import judge
from indexer.errors import Unreadable, UsageError
from indexer.pipeline.publishing import mend_published, publish_links, watched_encoder
from indexer.pipeline.watching import Nobody, Watcher
from indexer.records import Fetch, Link, Outcome, Page, Reading, Source, Verdict
from indexer.store.codec import now
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database
from indexer.summary import Summary
from indexer.workers import bounded_worker

logger = logging.getLogger(__name__)


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
        mend_published(database, links, config, watcher)
        run = database.start_run(resume_within=timedelta(0))
        log = CrawlLog(database, run, extractor=extract.VERSION, force=True)
        effect, _ = log.record(Outcome(link, link.url, (fetch,), page, reading.article))
        encoder = watched_encoder(config, watcher)
        published = publish_links(database, links, config, encoder, watcher)
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
        published = publish_links(
            database, load(config.catalogue).links, config, watched_encoder(config, watcher), watcher
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
