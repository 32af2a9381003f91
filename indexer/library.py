"""The library as Python sees it: open, ask, explore. Read-only, and safe beside a running crawl."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Self

from indexer.config import Config
from indexer.records import Article, Encoder, Generation, Mode
from indexer.store.snapshot import Snapshot
from indexer.tables import table

if TYPE_CHECKING:
    import faiss
    import pandas as pd

    from indexer.arrays import Ids, Vectors
    from indexer.search import Searcher
    from indexer.search.answer import Answer


class Library:
    """One published state of a library, pinned while this object lives.

    A crawl that publishes meanwhile is not seen; open the library again for the new state. All calls
    are synchronous and work inside a running event loop; heavy imports happen at first use.

    Example:
        >>> library = Library.open("data")                                # doctest: +SKIP
        >>> answer = library.search("how do I design an event store")     # doctest: +SKIP
        >>> answer.hits[0].passage.text, answer.hits[0].link              # doctest: +SKIP
    """

    def __init__(self, snapshot: Snapshot, config: Config) -> None:
        self._snapshot = snapshot
        self._config = config

    @classmethod
    def open(cls, data: str | Path | None = None, *, config: Config | None = None) -> Self:
        """Pin the newest published state of the library in the folder ``data``.

        Without ``data`` it is looked for as the command line does (see :mod:`indexer.locate`).

        Raises:
            NoLibrary: nothing was published there. DamagedLibrary: a file is missing or cut.
        """
        given = Path(data) if data is not None else None
        config = config or Config.from_environment(data=given)
        return cls(Snapshot(given or config.data), config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the pinned state."""
        self._snapshot.close()

    def __repr__(self) -> str:
        state = self.generation
        return (
            f"<Library {str(self._snapshot.folder)!r}: {state.passages:,} passages, "
            f"generation {state.number}, {state.model}>"
        )

    @property
    def generation(self) -> Generation:
        """The published state this library shows."""
        return self._snapshot.generation

    @property
    def categories(self) -> list[str]:
        """The categories, in the catalogue's order."""
        return self._snapshot.categories()

    @property
    def tags(self) -> list[str]:
        """The tags of all links, in alphabetical order."""
        return self._snapshot.tags()

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        categories: Iterable[str] = (),
        tags: Iterable[str] = (),
        sites: Iterable[str] = (),
        since: datetime | None = None,
        mode: Mode = "hybrid",
        per_article: int = 3,
        context: int = 0,
        rerank: bool = False,
    ) -> Answer:
        """The ``k`` passages that answer best, at most ``per_article`` of one article.

        Args:
            question: plain words, in any form.
            k: how many passages.
            categories: only passages of these categories; filters apply before the best are taken.
            tags: only passages of links with one of these tags.
            sites: only these hosts and their subdomains.
            since: only texts fetched since then.
            mode: both retrievers merged, or one of them alone.
            per_article: the most passages of one article.
            context: neighbouring passages to bring along, on each side.
            rerank: let a cross-encoder read the best candidates again.

        Raises:
            EmptyQuestion: there is nothing in the question. UnknownName: no such category, tag or
            site; offers the nearest.
            StaleIndex: the encoder is not the one the index was made with.
            ModelError: the encoder (or, with ``rerank``, the reranker) cannot be had.
        """
        return self._searcher.search(
            question,
            k=k,
            categories=categories,
            tags=tags,
            sites=sites,
            since=since,
            mode=mode,
            per_article=per_article,
            context=context,
            rerank=rerank,
        )

    @cached_property
    def _searcher(self) -> Searcher:
        from indexer.search import Searcher

        return Searcher(self._snapshot, self._encoder, self._config.search)

    def _encoder(self) -> Encoder:
        from indexer.encoding import open_encoder

        return open_encoder(self._config, self._config.model or self.generation.model)

    # ------------------------------------------------------------ exploring

    def article(self, url: str) -> Article:
        """The article of a link, or of a page under one.

        Raises:
            UnknownName: no article is held under this address; offers the nearest.
        """
        from indexer.store import inspection

        return inspection.article(self._snapshot.folder, url)[0]

    def articles(self) -> pd.DataFrame:
        """One row an article, in the catalogue's order: whose it is, what it has, when and whence it came.

        Columns are category, title, url, page_url, site, words, passages, source, fetched_at, tags (lists).

        Raises:
            MissingExtra: pandas is not installed.
        """
        rows = self._snapshot.query(
            "SELECT l.category, a.title, l.url, a.page_url, a.site, a.words, "
            "(SELECT count(*) FROM passages p WHERE p.article = a.id) AS passages, a.source, a.fetched_at, "
            "l.tags FROM current_articles c JOIN articles a ON a.id = c.article "
            "JOIN links l ON l.url = c.link_url ORDER BY l.position, a.id"
        )
        return table(
            ({**row, "tags": json.loads(row["tags"])} for row in map(dict, rows)),
            (
                "category",
                "title",
                "url",
                "page_url",
                "site",
                "words",
                "passages",
                "source",
                "fetched_at",
                "tags",
            ),
        )

    def passages(self) -> pd.DataFrame:
        """One row a passage, by rising id: passage_id, category, title, headings, text, url.

        Raises:
            MissingExtra: pandas is not installed.
        """
        rows = self._snapshot.query(
            "SELECT p.id AS passage_id, l.category, a.title, p.headings, p.text, l.url "
            "FROM passages p JOIN articles a ON a.id = p.article JOIN links l ON l.url = a.link_url "
            "ORDER BY p.id"
        )
        return table(map(dict, rows), ("passage_id", "category", "title", "headings", "text", "url"))

    def embeddings(self) -> Vectors:
        """The vectors of all passages, in the order of :meth:`passages`: float32 ``(n, dimension)``."""
        ids = [row["id"] for row in self._snapshot.query("SELECT id FROM passages ORDER BY id")]
        return self._snapshot.vectors(ids)

    def faiss_index(self) -> tuple[faiss.Index, Ids]:
        """All vectors as a FAISS index, and the ids of their passages by position in it: int64 ``(n,)``.

        Where the library is one segment of which no passage is dead, as after ``indexer reindex``, this is
        its file, memory-mapped and not to be changed; with more than 30,000 passages it is searched
        approximately, by the same candidates as :meth:`search` has. Else it is an exact index of
        :meth:`embeddings`, in memory. The metric is the inner product, which for unit vectors is the cosine.

        Example:
            >>> index, ids = library.faiss_index()                            # doctest: +SKIP
            >>> cosines, positions = index.search(library.embeddings()[:1], 10)  # doctest: +SKIP
            >>> ids[positions[0]]                                             # doctest: +SKIP
        """
        return self._snapshot.faiss_index()
