"""The whole way on bundled sample articles, served on loopback in place of the real hosts.

``site`` renders the articles as web pages, ``server`` serves them, and :func:`sample_crawl` points
the real crawler at that server: nothing else differs from a crawl of the live web.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from indexer.demo.site import SampleSite, sample_folder
from indexer.records import Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from indexer.config import Config
    from indexer.pipeline.watching import Watcher
    from indexer.records import Link
    from indexer.summary import Summary

QUESTION = "how do I design an event store"


def sample_catalogue() -> Path:
    """The catalogue whose links the sample articles stand in for: the project's own."""
    inside = sample_folder() / "catalogue.yaml"
    return inside if inside.is_file() else sample_folder().parents[1] / "catalogue.yaml"


def sample_crawl(links: Sequence[Link], config: Config, *, watcher: Watcher | None = None) -> Summary:
    """Crawl ``links`` with the real crawler, the sample server answering for every host.

    There is nobody to be polite to, so no pauses; all else is as configured.
    """
    from indexer.demo.server import ConnectTo, serving
    from indexer.pipeline.crawling import crawl_links

    impatient = replace(config, crawl=replace(config.crawl, delay=0.0))
    with serving(SampleSite(sample_folder())) as port:
        return crawl_links(links, impatient, source=Source.SAMPLE, transport=ConnectTo(port), watcher=watcher)
