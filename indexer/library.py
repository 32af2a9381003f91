"""The library as Python sees it: open, ask, explore. Read-only, and safe beside a running crawl."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, fields
from functools import cache, partial
from os import PathLike
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, Self

from indexer.config import Config
from indexer.errors import UnknownName, UsageError
from indexer.hashes import CHECKED
from indexer.milvus import index_elsewhere
from indexer.records import Hit
from indexer.store.failures import library_errors
from indexer.store.opening import LIBRARY_FILE
from indexer.store.snapshot import Snapshot
from indexer.tables import table

if TYPE_CHECKING:
    from datetime import date

    import faiss
    import pandas as pd

    from indexer.arrays import Ids, Vectors
    from indexer.records import Article, Encoder, Generation, Mode, PassageRow, Reranker
    from indexer.search.answer import Answer, Related
    from indexer.search.plane import Placed
    from indexer.search.searcher import Searcher
    from indexer.store.inspection import History


class Library:
    """One published state of a library, pinned while this object lives.

    A crawl that publishes meanwhile is not seen; open the library again for the new state. All calls
    are synchronous and work inside a running event loop; heavy imports happen at first use. Threads may
    share a library: their calls take turns.

    Example:
        >>> library = Library.open("data")                                # doctest: +SKIP
        >>> answer = library.search("how do I design an event store")     # doctest: +SKIP
        >>> answer[0].passage.text, answer[0].link                        # doctest: +SKIP
    """

    def __init__(
        self, snapshot: Snapshot, config: Config, encoder: Callable[[], Encoder] | None = None
    ) -> None:
        self._pinned = snapshot
        self._config = config
        # A function, not a method: a searcher that knew this library would keep it until collected.
        self._encoder = encoder or cache(partial(_load_encoder, config, snapshot.generation.model))
        self._searcher: Searcher | None = None
        self._turn = RLock()
        self._closed = False

    @classmethod
    def open(cls, data: str | Path | None = None, *, config: Config | None = None) -> Self:
        """Pin the newest published state of the library in the folder ``data``.

        Without ``data`` it is looked for as the command line does (see :mod:`indexer.locate`).

        Raises:
            UsageError: ``data`` is no path, or ``config`` no configuration.
            NoLibrary: nothing was published there. DamagedLibrary: a file is missing or cut.
            MissingExtra, IndexServerError, NoIndex: the index that ``config`` names cannot be had.
        """
        if not isinstance(data, str | PathLike | None):
            raise UsageError(f"data: {data!r} is no folder")
        if not isinstance(config, Config | None):
            raise UsageError(f"config: {config!r} is no Config")
        given = Path(data) if data is not None else None
        config = config or Config.from_environment(data=given)
        return cls(_pinned(given or config.data, config), config)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def newest(self) -> Self:
        """The library as it was published last: this object where nothing was published since, else another.

        The other one has this one's model at hand. Both stay open until they are closed.

        Raises:
            DamagedLibrary: a file is missing or cut.
        """
        from indexer.store.opening import newest_generation

        folder = self._pinned.folder
        if newest_generation(folder) == self.generation.number:
            return self
        snapshot = _pinned(folder, self._config)
        same = snapshot.generation.model == self.generation.model
        return type(self)(snapshot, self._config, self._encoder if same else None)

    def close(self) -> None:
        """Let go of the pinned state: files and memory, the model's too, are given back at once.

        A call of another thread is waited for. Answers and tables stay; further calls raise UsageError.
        """
        with self._turn:
            self._closed = True
            self._searcher = None
            self._encoder = partial(_load_encoder, self._config, self.generation.model)
            self._pinned.close()

    @contextmanager
    def _snapshot(self) -> Iterator[Snapshot]:
        """The pinned state, for one thread at a time."""
        with self._turn:
            if self._closed:
                raise UsageError(f"the library {self._pinned.folder} is closed; open it again")
            with library_errors(self._pinned.folder / LIBRARY_FILE):
                yield self._pinned

    def __repr__(self) -> str:
        state = self.generation
        return (
            f"<Library {str(self._pinned.folder)!r}: {state.passages:,} passages, "
            f"generation {state.number}, {state.model}{', closed' if self._closed else ''}>"
        )

    @property
    def generation(self) -> Generation:
        """The published state this library shows."""
        return self._pinned.generation

    @property
    def categories(self) -> list[str]:
        """The categories, in the catalogue's order."""
        with self._snapshot() as snapshot:
            return snapshot.categories()

    @property
    def tags(self) -> list[str]:
        """The tags of all links, in alphabetical order."""
        with self._snapshot() as snapshot:
            return snapshot.tags()

    @property
    def sites(self) -> list[str]:
        """The hosts that articles come from, in alphabetical order."""
        with self._snapshot() as snapshot:
            return snapshot.sites()

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        categories: str | Iterable[str] = (),
        tags: str | Iterable[str] = (),
        sites: str | Iterable[str] = (),
        since: str | date | None = None,
        mode: Mode = "hybrid",
        per_article: int = 3,
        context: int = 0,
        rerank: bool = False,
    ) -> Answer:
        """The ``k`` passages that answer best, at most ``per_article`` of one article.

        Args:
            question: plain words, in any form.
            k: how many passages, at least 1.
            categories: only passages of this category, or of one of these; filters apply before the best
                are taken.
            tags: only passages of links with this tag, or with one of these.
            sites: only this host, or these, and their subdomains.
            since: only texts fetched since then: a date, a datetime, or either in ISO 8601; UTC where no
                zone is told.
            mode: both retrievers merged (``hybrid``), or one of them alone (``dense``, ``lexical``).
            per_article: the most passages of one article, at least 1.
            context: neighbouring passages to bring along, on each side.
            rerank: let a cross-encoder read the best candidates again.

        Raises:
            UsageError: an argument is none of these.
            EmptyQuestion: there is nothing in the question. UnknownName: no such category, tag or
            site; offers the nearest.
            StaleIndex: the encoder is not the one the index was made with.
            ModelError: the encoder (or, with ``rerank``, the reranker) cannot be had.
        """
        from indexer.search import arguments
        from indexer.search.searcher import Searcher

        question = arguments.plain_text("question", question)
        k = arguments.whole_number("k", k, least=1)
        filters = {
            "categories": arguments.plain_texts("categories", categories),
            "tags": arguments.plain_texts("tags", tags),
            "sites": arguments.plain_texts("sites", sites),
        }
        moment = None if since is None else arguments.moment_of("since", since)
        mode = arguments.mode_of(mode)
        per_article = arguments.whole_number("per_article", per_article, least=1)
        context = arguments.whole_number("context", context, least=0)
        rerank = arguments.yes_or_no("rerank", rerank)
        with self._snapshot() as snapshot:
            if self._searcher is None:
                self._searcher = Searcher(
                    snapshot,
                    self._encoder,
                    self._config.search,
                    reranker=partial(_load_reranker, self._config),
                )
            return self._searcher.search(
                question,
                k=k,
                since=moment,
                mode=mode,
                per_article=per_article,
                context=context,
                rerank=rerank,
                **filters,
            )

    def similar(self, to: str | int | Hit, k: int = 5) -> Related:
        """The ``k`` other articles that are nearest to an article or a passage, each by its nearest passage.

        Args:
            to: the address of a link or page, a hit of an answer, or a passage's id.
            k: how many, at least 1.

        Raises:
            UsageError: an argument is none of these.
            UnknownName: there is no such passage, or no article under this address; offers the nearest.
        """
        from indexer.search import arguments
        from indexer.search.similar import similar

        place = to.passage_id if isinstance(to, Hit) else to
        if isinstance(place, str):
            place = arguments.plain_text("to", place)
        else:
            place = arguments.whole_number("to", place, least=0)
        k = arguments.whole_number("k", k, least=1)
        with self._snapshot() as snapshot:
            return similar(snapshot, place, k=k, same=self._config.search.same_passage)

    # ------------------------------------------------------------ exploring

    def passage(self, passage_id: int) -> PassageRow:
        """A passage, with what an answer tells about it.

        Raises:
            UsageError: the argument is no number. UnknownName: there is no such passage.
        """
        from indexer.search.arguments import whole_number

        number = whole_number("passage_id", passage_id, least=0)
        with self._snapshot() as snapshot:
            if not snapshot.query("SELECT 1 FROM passages WHERE id = ?", (number,)):
                raise UnknownName("passage", str(number), ())
            return snapshot.rows([number])[0]

    def article(self, url: str) -> Article:
        """The article of a link, or of a page under one.

        Raises:
            UnknownName: no article is held under this address; offers the nearest.
        """
        from indexer.search.arguments import plain_text
        from indexer.store import inspection

        with self._snapshot() as snapshot:
            return inspection.article(snapshot.connection, plain_text("url", url))[0]

    def history(self, url: str) -> History:
        """All fetches of a page and all versions of its article, with what changed, newest first.

        Raises:
            UnknownName: this address was never fetched; offers the nearest.
        """
        from indexer.search.arguments import plain_text
        from indexer.store import inspection

        with self._snapshot() as snapshot:
            return inspection.history(snapshot.connection, plain_text("url", url))

    def status(self) -> pd.DataFrame:
        """One row a link, in the catalogue's order: what its last fetch said, and what is held for it.

        Columns are url, category, title, verdict, reason, http_status, final_url, fetched_at, article_at,
        source, words, passages, pages, rendered, lost (the share of its page's words that it lacks).

        Raises:
            MissingExtra: pandas is not installed.
        """
        from indexer.store import inspection
        from indexer.store.overview import published_links

        with self._snapshot() as snapshot:
            states = inspection.status(snapshot.connection, published_links(snapshot))
        names = [field.name for field in fields(inspection.LinkState)]
        rows = ({**asdict(state), "lost": state.lost.share} for state in states)
        return table(rows, names, ("fetched_at", "article_at"))

    def changes(self, since: str | date) -> pd.DataFrame:
        """What became of links and texts since then: a date, a datetime, or either in ISO 8601.

        Columns are at, change, category, title, url, page_url, reason, lines (see
        :func:`indexer.summary.change_rows`): a text is new or changed, with the lines of the
        difference; a link has moved, broken or recovered, with the reason.

        Raises:
            UsageError: ``since`` is no date. MissingExtra: pandas is not installed.
        """
        from indexer.search.arguments import moment_of
        from indexer.store import inspection
        from indexer.store.overview import published_links
        from indexer.summary import CHANGE_COLUMNS, change_rows

        moment = moment_of("since", since)
        with self._snapshot() as snapshot:
            links = published_links(snapshot)
            past = inspection.past(snapshot.connection, links, moment)
            states = inspection.status(snapshot.connection, links)
        return table(change_rows(past, states), CHANGE_COLUMNS, ("at",))

    def links(self) -> pd.DataFrame:
        """One row a link, in the catalogue's order, also where nothing is held for it.

        Columns are category, title, url, site, note, tags (lists), articles, words, passages.

        Raises:
            MissingExtra: pandas is not installed.
        """
        from indexer.store.overview import OF_LINKS, link_rows

        with self._snapshot() as snapshot:
            return table(link_rows(snapshot), OF_LINKS)

    def facets(self) -> pd.DataFrame:
        """One row for each category, tag, site and source, with its links, articles and passages.

        Columns are facet, value, links, articles, passages.

        Raises:
            MissingExtra: pandas is not installed.
        """
        from indexer.store.overview import OF_FACETS, facet_rows

        with self._snapshot() as snapshot:
            return table(facet_rows(snapshot), OF_FACETS)

    def articles(self) -> pd.DataFrame:
        """One row an article, in the catalogue's order: whose it is, what it has, when and whence it came.

        Columns are category, title, url, page_url, site, words, passages, source, fetched_at, tags (lists).

        Raises:
            MissingExtra: pandas is not installed.
        """
        from indexer.store.overview import OF_ARTICLES, article_rows

        with self._snapshot() as snapshot:
            return table(article_rows(snapshot), OF_ARTICLES, ("fetched_at",))

    def passages(self) -> pd.DataFrame:
        """One row a passage, by rising id: passage_id, category, title, headings (lists), text, url.

        Raises:
            MissingExtra: pandas is not installed.
        """
        from indexer.store.overview import OF_PASSAGES, passage_rows

        with self._snapshot() as snapshot:
            return table(passage_rows(snapshot), OF_PASSAGES)

    def embeddings(self) -> Vectors:
        """The vectors of all passages, in the order of :meth:`passages`: float32 ``(n, dimension)``."""
        with self._snapshot() as snapshot:
            ids = [row["id"] for row in snapshot.query("SELECT id FROM main.passages ORDER BY id")]
            return snapshot.vectors(ids)

    def plane(self, most: int = 200) -> list[Placed]:
        """The articles as points of a plane, in the catalogue's order: what speaks of the same lies close.

        Of more than ``most`` articles it is every so many-th. See :mod:`indexer.search.plane`.

        Raises:
            UsageError: ``most`` is no whole number from 1 on.
        """
        from indexer.search.arguments import whole_number
        from indexer.search.plane import plane

        most = whole_number("most", most, least=1)
        with self._snapshot() as snapshot:
            return plane(snapshot, most)

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
        with self._snapshot() as snapshot:
            return snapshot.faiss_index()


def _pinned(folder: Path, config: Config) -> Snapshot:
    return Snapshot(folder, checked=config.cache / CHECKED, open_index=index_elsewhere(config))


def _load_encoder(config: Config, made_with: str) -> Encoder:
    from indexer.encoding import open_encoder

    return open_encoder(config, config.model or made_with)


def _load_reranker(config: Config) -> Reranker:
    from indexer.embed import load_reranker

    return load_reranker(config.search.reranker)
