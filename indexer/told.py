"""What a library tells of itself, as plain values: the same for ``--json``, the API and assistants."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.catalogue import load
from indexer.config import Config
from indexer.records import Link
from indexer.store import inspection
from indexer.store.overview import published_links
from indexer.store.snapshot import Snapshot
from indexer.summary import change_rows


def links_of(config: Config) -> Sequence[Link]:
    """The catalogue's; where there is none, and none was named, those that the library was published with.

    Raises:
        CatalogueError: the catalogue is wrong. LibraryError: the library cannot be read.
    """
    named = config.catalogue_why in ("named", "INDEXER_CATALOGUE")
    if named or config.catalogue.exists() or not inspection.library_exists(config.data):
        return load(config.catalogue).links
    with Snapshot(config.data) as snapshot:
        return published_links(snapshot)


def article_told(folder: Path, url: str) -> dict[str, Any]:
    """The article of a link or of a page under one, with its blocks and where it is from.

    Raises:
        UnknownName: no article is held under this address. LibraryError: the library cannot be read.
    """
    article, facts = inspection.article(folder, url)
    blocks = [asdict(block) for block in article.blocks]
    return {**facts, **asdict(article), "words": article.words, "blocks": blocks}


def history_told(folder: Path, url: str) -> dict[str, Any]:
    """The fetches of a page and the versions of its article, newest first.

    Raises:
        UnknownName: this address was never fetched. LibraryError: the library cannot be read.
    """
    return asdict(inspection.history(folder, url))


def links_told(folder: Path, links: Sequence[Link]) -> list[dict[str, Any]]:
    """The state of each link, in the catalogue's order, see :class:`indexer.store.inspection.LinkState`.

    Raises:
        LibraryError: the library cannot be read.
    """
    return [asdict(state) for state in inspection.status(folder, links)]


def changes_told(folder: Path, links: Sequence[Link], since: datetime) -> list[dict[str, Any]]:
    """What became of links and texts since then, see :func:`indexer.summary.change_rows`.

    Raises:
        LibraryError: the library cannot be read.
    """
    states = inspection.status(folder, links)
    return [*change_rows(inspection.past(folder, links, since), states)]
