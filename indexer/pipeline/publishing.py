"""The end of every run: articles read again, cut, embedded, and published."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Sequence

from indexer import extract
from indexer.config import Config, PassageConfig
from indexer.encoding import chosen_model, is_prepared, open_encoder
from indexer.engine import Engine, Here
from indexer.errors import NoLibrary, Unreadable
from indexer.milvus import index_written
from indexer.passage_index import IndexWriter
from indexer.pipeline.watching import Nobody, Watcher
from indexer.records import Article, Encoder, Link, Page, Passage, Reading
from indexer.store import inspection
from indexer.store.crawl_log import keep_reading, stale_articles
from indexer.store.database import Database
from indexer.store.opening import refuse_lost
from indexer.store.publish import Cut, Progress, Published, publish, rebuild
from indexer.store.serving import serve_again
from indexer.store.soundness import mend

logger = logging.getLogger(__name__)


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
        mend_published(database, links, config, watcher)
        watcher.stage("writing the index")
        with index_written(config) as index:
            if index:
                serve_again(database, index)
            else:
                rebuild(database)
        return publish_links(database, links, config, watched_encoder(config, watcher), watcher)


def publish_links(
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


def mend_published(database: Database, links: Sequence[Link], config: Config, watcher: Watcher) -> None:
    """Look at the whole library before it is worked on, and publish again what is published if it rotted.

    Raises:
        DamagedLibrary: something is damaged that only a backup has.
    """
    watcher.stage("looking at the library")
    if mend(database):
        publish_links(database, links, config, watched_encoder(config, watcher), watcher, again=True)


def watched_encoder(config: Config, watcher: Watcher) -> Encoder:
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
