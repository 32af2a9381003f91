"""What a library tells of itself, as plain values: the same for ``--json``, the API and assistants."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from indexer.catalogue import Catalogue, load
from indexer.config import Config
from indexer.records import Link
from indexer.store import inspection
from indexer.store.inspection import Vitals
from indexer.store.overview import published_links
from indexer.store.snapshot import Snapshot
from indexer.summary import change_rows


def links_of(config: Config) -> Sequence[Link]:
    """The catalogue's; where there is none, and none was named, those that the library was published with.

    Raises:
        CatalogueError: the catalogue is wrong. LibraryError: the library cannot be read.
    """
    if catalogue := _catalogue_of(config):
        return catalogue.links
    with Snapshot(config.data) as snapshot:
        return published_links(snapshot)


def watch_of(config: Config) -> Sequence[str]:
    """The questions that the catalogue watches; none where it is not there, and none was named.

    Raises:
        CatalogueError: the catalogue is wrong.
    """
    catalogue = _catalogue_of(config)
    return catalogue.watch if catalogue else ()


def _catalogue_of(config: Config) -> Catalogue | None:
    named = config.catalogue_why in ("named", "INDEXER_CATALOGUE")
    if named or config.catalogue.exists() or not inspection.library_exists(config.data):
        return load(config.catalogue)
    return None


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
    history = asdict(inspection.history(folder, url))
    for fetch in history["fetches"]:
        fetch["fetched_at"] = fetch["fetched_at"].isoformat()
    return history


def links_told(folder: Path, links: Sequence[Link]) -> list[dict[str, Any]]:
    """The state of each link, in the catalogue's order, see :class:`indexer.store.inspection.LinkState`.

    Raises:
        LibraryError: the library cannot be read.
    """
    return [asdict(state) for state in inspection.status(folder, links)]


@dataclass(frozen=True, slots=True)
class Health(Vitals):
    """The library as a whole, and how its links fare: how many ``answer``, and how many have which verdict.

    A link that was never fetched has none.
    """

    links: int
    answering: int
    passages: int
    verdicts: dict[str, int]


def health_told(folder: Path, links: Sequence[Link]) -> dict[str, Any]:
    """What :class:`Health` says.

    Raises:
        LibraryError: the library cannot be read.
    """
    states = inspection.status(folder, links)
    return asdict(
        Health(
            **asdict(inspection.vitals(folder)),
            links=len(states),
            answering=sum(1 for state in states if state.words),
            passages=sum(state.passages for state in states),
            verdicts=dict(Counter(state.verdict for state in states if state.verdict)),
        )
    )


def changes_told(folder: Path, links: Sequence[Link], since: datetime) -> list[dict[str, Any]]:
    """What became of links and texts since then, see :func:`indexer.summary.change_rows`.

    Raises:
        LibraryError: the library cannot be read.
    """
    states = inspection.status(folder, links)
    return [*change_rows(inspection.past(folder, links, since), states)]
