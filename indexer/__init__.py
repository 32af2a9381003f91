"""indexer: a full-text semantic search index over the articles behind your links.

Six names, loaded when first used, so that importing the package costs nothing:

>>> from indexer import Library
>>> library = Library.open("data")                                  # doctest: +SKIP
>>> answer = library.search("how do I design an event store", k=3)  # doctest: +SKIP
>>> answer.hits[0].passage.text, answer.hits[0].link                # doctest: +SKIP

>>> from indexer import Config, crawl_links, load_catalogue
>>> catalogue = load_catalogue("catalogue.yaml")                    # doctest: +SKIP
>>> summary = crawl_links(catalogue.links, Config())                # doctest: +SKIP

``Answer`` is what a search returns, ``IndexerError`` the root of what is raised.
"""

from __future__ import annotations

__version__ = "0.1.0"

TYPE_CHECKING = False  # as type checkers read it; to import typing would take longer than all the rest
if TYPE_CHECKING:
    from typing import Any

    from indexer.catalogue import load as load_catalogue
    from indexer.config import Config
    from indexer.errors import IndexerError
    from indexer.library import Library
    from indexer.pipeline.crawling import crawl_links
    from indexer.search.answer import Answer

_PUBLIC = {
    "Answer": ("indexer.search.answer", "Answer"),
    "Config": ("indexer.config", "Config"),
    "IndexerError": ("indexer.errors", "IndexerError"),
    "Library": ("indexer.library", "Library"),
    "crawl_links": ("indexer.pipeline.crawling", "crawl_links"),
    "load_catalogue": ("indexer.catalogue", "load"),
}

__all__ = ["Answer", "Config", "IndexerError", "Library", "crawl_links", "load_catalogue"]


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name not in _PUBLIC:
        raise AttributeError(f"module 'indexer' has no attribute {name!r}")
    module, attribute = _PUBLIC[name]
    return getattr(import_module(module), attribute)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
