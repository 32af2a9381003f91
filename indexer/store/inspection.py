"""The library told to a person: the state of every link, and the history of one page."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime
from difflib import unified_diff
from pathlib import Path
from typing import Any

from indexer.errors import UnknownName
from indexer.records import GOOD_VERDICTS, Article, Fetch, Link, Loss, Verdict
from indexer.store.codec import article_of, fetch_of, inflated, loss_of, stamp, to_json
from indexer.store.failures import library_errors
from indexer.store.opening import LIBRARY_FILE, SEGMENTS, connect


@dataclass(frozen=True, slots=True)
class LinkState:
    """One link as `status` shows it: what the last fetch said, and what is held for it.

    ``article_at`` is when the held text was taken, ``source`` from where, ``rendered`` whether in a
    browser, ``lost`` what of its page's main part it does not hold; ``words`` and ``passages`` count all
    pages of the link. Empty strings and zeros where there is nothing.
    """

    url: str
    category: str
    title: str
    verdict: str
    reason: str
    http_status: int
    final_url: str
    fetched_at: str
    article_at: str
    source: str
    words: int
    passages: int
    pages: int
    rendered: bool
    lost: Loss
    uncut: str = ""
    """Why the newest text of a page of the link could not be cut into passages, ``""`` if it could."""

    @property
    def good(self) -> bool:
        """Whether the last fetch was good; a link that was never fetched is not."""
        return bool(self.verdict) and Verdict(self.verdict).good


@dataclass(frozen=True, slots=True)
class Standing:
    """What was known of a link at a time that is past: an older :class:`LinkState`, of few words."""

    url: str
    verdict: str
    final_url: str
    source: str
    words: int

    @property
    def good(self) -> bool:
        """Whether the last fetch then was good; a link that was never fetched is not."""
        return bool(self.verdict) and Verdict(self.verdict).good


@dataclass(frozen=True, slots=True)
class Rewrite:
    """A published page whose text came, or came to differ: the text ``before`` (``""`` where none was held).

    ``number`` is the article's, ``at`` when this text was taken.
    """

    link_url: str
    page_url: str
    final_url: str
    category: str
    title: str
    number: int
    at: str
    hash: str
    text: str
    before: str


@dataclass(frozen=True, slots=True)
class Past:
    """What is different now from what it was at a time: all links then, and the pages rewritten since.

    ``fetches`` are the deciding fetches of the links' own pages since then, by link, oldest first.
    """

    links: tuple[Standing, ...]
    rewrites: tuple[Rewrite, ...]
    fetches: dict[str, tuple[Fetch, ...]]


@dataclass(frozen=True, slots=True)
class Vitals:
    """The library as a whole: bytes of its file and of its index, the generation that answers, the last run.

    ``log`` is what of ``file`` lies in the log beside it, as long as a reader is open that needs it.
    Moments are stamps, empty where there is none; a run without an end was interrupted, or goes on.
    """

    file: int
    log: int
    index: int
    generation: int
    run: int
    started_at: str
    finished_at: str


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an article. ``changes`` are the lines of a unified diff to the one before.

    ``rendered`` says whether it was read in a browser.
    """

    article: Article
    taken_at: str
    source: str
    final_url: str
    changes: tuple[str, ...]
    rendered: bool


@dataclass(frozen=True, slots=True, repr=False)
class History:
    """All fetches of a page, newest first, and the versions of its article, newest first."""

    url: str
    fetches: tuple[Fetch, ...]
    versions: tuple[Version, ...]

    def __repr__(self) -> str:
        return f"<History {self.url!r}: versions {len(self.versions)}, fetches {len(self.fetches)}>"


WHENCE = ("link_url", "page_url", "final_url", "source", "fetched_at", "category", "note")
"""What :func:`article` tells beside the article itself, all of it text."""

TOTALS = """
SELECT link_url, count(*) AS pages, sum(words) AS words, sum(passages) AS passages
FROM current_articles GROUP BY link_url
"""

LARGE_LOG = 64 * 1024 * 1024
"""Bytes of log from which it is told. SQLite takes it in at 8 MB where no reader is in the way."""

LOG_ADVICE = "close or reopen the notebooks and programs that have the library open; the next run takes it in"

OWN = """
SELECT link_url, title, source, fetched_at, final_url, rendered, lost FROM current_articles
WHERE page_url = link_url
"""

UNCUT = """
SELECT a.link_url, u.reason FROM uncut u JOIN main.articles a ON a.id = u.article
WHERE NOT EXISTS (SELECT 1 FROM main.articles b
                  WHERE b.link_url = a.link_url AND b.page_url = a.page_url AND b.id > a.id)
"""

HASHES = """
SELECT link_url, max(hash) AS hash FROM current_articles GROUP BY link_url HAVING count(*) = 1
"""

LAST = """
SELECT * FROM fetches WHERE link_url = ? AND page_url = link_url AND decisive ORDER BY id DESC LIMIT 1
"""

# By the order of fetches, not by their dates: a clock that was wrong once must not muddle it for ever.
LAST_BEFORE = "SELECT coalesce(max(id), 0) FROM fetches WHERE fetched_at < ?"

DECIDED = "SELECT * FROM fetches WHERE link_url = ? AND page_url = link_url AND decisive "

WORDS_THEN = """
SELECT link_url, sum(words) AS words FROM articles
WHERE id IN (SELECT max(id) FROM main.articles WHERE fetch <= ? GROUP BY link_url, page_url) GROUP BY link_url
"""

REWRITTEN = """
SELECT c.link_url, c.page_url, a.final_url, l.category, a.title, a.id AS number, a.fetched_at AS at, a.hash,
       a.text, (
  SELECT b.id FROM main.articles b
  WHERE b.link_url = c.link_url AND b.page_url = c.page_url AND b.fetch <= :then ORDER BY b.id DESC LIMIT 1
) AS old
FROM current_articles c JOIN articles a ON a.id = c.article JOIN links l ON l.url = c.link_url
WHERE a.fetch > :then ORDER BY l.position, a.id
"""


BAD_FETCHES = """
SELECT fetched_at FROM fetches WHERE link_url = :url AND page_url = link_url AND decisive AND id > (
  SELECT coalesce(max(id), 0) FROM fetches
  WHERE link_url = :url AND page_url = link_url AND decisive
    AND verdict IN (SELECT value FROM json_each(:good))
) ORDER BY id LIMIT 1
"""


@contextmanager
def _reading(library: Path | sqlite3.Connection) -> Iterator[sqlite3.Connection]:
    """A connection to the library in a folder as it is now; or the given one, which pins a state."""
    if isinstance(library, sqlite3.Connection):
        yield library
        return
    with library_errors(library / LIBRARY_FILE), closing(connect(library)) as connection:
        yield connection


def status(library: Path | sqlite3.Connection, links: Sequence[Link]) -> list[LinkState]:
    """The state of each link of the catalogue, in its order.

    A link that was never fetched has an empty verdict.

    Raises:
        NoLibrary: nothing was crawled into this folder.
        DamagedLibrary: the file cannot be read.
    """
    with _reading(library) as connection:
        # One look for each link: history grows with every night, the catalogue does not.
        last = {link.url: row for link in links for row in connection.execute(LAST, (link.url,)).fetchall()}
        totals = {row["link_url"]: row for row in connection.execute(TOTALS)}
        own = {row["link_url"]: row for row in connection.execute(OWN)}
        uncut = dict(map(tuple, connection.execute(UNCUT)))
    states = (_state(link, last.get(link.url), totals.get(link.url), own.get(link.url)) for link in links)
    return [replace(state, uncut=uncut.get(state.url, "")) for state in states]


def bad_since(library: Path | sqlite3.Connection, urls: Iterable[str]) -> dict[str, str]:
    """Since when all fetches of each of these links were bad, as a stamp; without those that are good.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: see :func:`indexer.store.opening.connect`.
    """
    good = to_json(sorted(GOOD_VERDICTS))
    with _reading(library) as connection:
        first = {url: connection.execute(BAD_FETCHES, {"url": url, "good": good}).fetchone() for url in urls}
    return {url: row["fetched_at"] for url, row in first.items() if row}


def vitals(folder: Path) -> Vitals:
    """How large the library in a folder is, and when it was last worked on.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: see :func:`indexer.store.opening.connect`.
    """
    with _reading(folder) as connection:
        run = connection.execute("SELECT * FROM runs ORDER BY id DESC LIMIT 1").fetchone()
        generation = connection.execute("SELECT max(number) AS number FROM generations").fetchone()
    return Vitals(
        file=_disk_use(folder.glob(f"{LIBRARY_FILE}*")),
        log=log_size(folder),
        index=_disk_use((folder / SEGMENTS).rglob("*")),
        generation=generation["number"] or 0,
        run=run["id"] if run else 0,
        started_at=run["started_at"] if run else "",
        finished_at=run["finished_at"] if run else "",
    )


def log_size(folder: Path) -> int:
    """Bytes of the log beside the library in a folder."""
    return _disk_use([folder / f"{LIBRARY_FILE}-wal"])


def _disk_use(paths: Iterable[Path]) -> int:
    """Bytes of all files; a run may take some away meanwhile."""
    size = 0
    for path in paths:
        with suppress(FileNotFoundError):
            size += path.stat().st_size if path.is_file() else 0
    return size


def _state(
    link: Link, last: sqlite3.Row | None, total: sqlite3.Row | None, own: sqlite3.Row | None
) -> LinkState:
    return LinkState(
        url=link.url,
        category=link.category,
        title=(own["title"] if own else "") or link.title,
        verdict=last["verdict"] if last else "",
        reason=last["reason"] if last else "not fetched yet",
        http_status=last["status"] if last else 0,
        final_url=last["final_url"] if last else "",
        fetched_at=last["fetched_at"] if last else "",
        article_at=own["fetched_at"] if own else "",
        source=own["source"] if own else "",
        words=total["words"] if total else 0,
        passages=total["passages"] if total else 0,
        pages=total["pages"] if total else 0,
        rendered=bool(own and own["rendered"]),
        lost=loss_of(own["lost"]) if own else Loss(),
    )


def past(library: Path | sqlite3.Connection, links: Sequence[Link], since: datetime) -> Past:
    """What the library knew of the links before ``since``, and the pages that were rewritten since.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: see :func:`indexer.store.opening.connect`.
    """
    with _reading(library) as connection:
        then = connection.execute(LAST_BEFORE, (stamp(since),)).fetchone()[0]
        words = {row["link_url"]: row["words"] for row in connection.execute(WORDS_THEN, (then,))}
        standings, fetches = [], {}
        for link in links:
            last = connection.execute(
                f"{DECIDED} AND id <= ? ORDER BY id DESC LIMIT 1", (link.url, then)
            ).fetchone()
            verdict, final_url, source = (
                (last["verdict"], last["final_url"], last["source"]) if last else ("", "", "")
            )
            standings.append(Standing(link.url, verdict, final_url, source, words.get(link.url, 0)))
            later = connection.execute(f"{DECIDED} AND id > ? ORDER BY id", (link.url, then))
            fetches[link.url] = tuple(map(fetch_of, later))
        listed = {link.url for link in links}
        rewrites = tuple(
            rewrite
            for row in connection.execute(REWRITTEN, {"then": then})
            if row["link_url"] in listed and (rewrite := _rewrite(connection, row))
        )
    return Past(tuple(standings), rewrites, fetches)


def _rewrite(connection: sqlite3.Connection, row: sqlite3.Row) -> Rewrite | None:
    """What became of a page, None where its text is the same as before."""
    values = {**row, "text": inflated(row["text"])}
    old = values.pop("old")
    before = connection.execute("SELECT hash, text FROM articles WHERE id = ?", (old,)).fetchone()
    if before and before["hash"] == row["hash"]:
        return None
    return Rewrite(**values, before=inflated(before["text"]) if before else "")


def changed_lines(before: str, after: str) -> tuple[str, ...]:
    """The lines that differ between two texts, as in a unified diff: each begins with ``-`` or ``+``."""
    diff = unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=0)
    return tuple(line for number, line in enumerate(diff) if number > 1 and not line.startswith("@@"))


def article(library: Path | sqlite3.Connection, url: str) -> tuple[Article, dict[str, Any]]:
    """The published article of a link (its URL verbatim) or of a page under one, with where it is from.

    Raises:
        UnknownName: no article is held under this address; offers the nearest.
    """
    with _reading(library) as connection:
        rows = connection.execute(
            "SELECT a.*, l.category, l.note FROM current_articles c JOIN articles a ON a.id = c.article "
            "JOIN links l ON l.url = c.link_url WHERE c.page_url = ? OR a.final_url = ? "
            "ORDER BY c.page_url = ? DESC LIMIT 1",
            (url, url, url),
        ).fetchall()
        known = [row[0] for row in connection.execute("SELECT page_url FROM current_articles")]
    if not rows:
        raise UnknownName("article at", url, known)
    return article_of(rows[0]), {name: rows[0][name] for name in WHENCE}


def tags(library: Path | sqlite3.Connection, link_url: str) -> list[str]:
    """The tags of a published link; none where there is no such link.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: see :func:`indexer.store.snapshot.connect`.
    """
    with _reading(library) as connection:
        row = connection.execute("SELECT tags FROM links WHERE url = ?", (link_url,)).fetchone()
    return json.loads(row["tags"]) if row else []


def history(library: Path | sqlite3.Connection, url: str) -> History:
    """The fetches and versions of one page.

    Raises:
        UnknownName: this address was never fetched; offers the nearest.
    """
    with _reading(library) as connection:
        fetches = connection.execute(
            "SELECT * FROM fetches WHERE page_url = ? ORDER BY id DESC", (url,)
        ).fetchall()
        rows = connection.execute(
            "SELECT a.*, f.rendered FROM articles a LEFT JOIN fetches f ON f.id = a.fetch "
            "WHERE a.page_url = ? ORDER BY a.id",
            (url,),
        ).fetchall()
        known = [row[0] for row in connection.execute("SELECT DISTINCT page_url FROM main.fetches")]
    if not fetches:
        raise UnknownName("page", url, known)
    versions, before = [], ""
    for row in rows:
        read = article_of(row)
        versions.append(
            Version(
                read,
                row["fetched_at"],
                row["source"],
                row["final_url"],
                changed_lines(before, read.text) if before else (),
                bool(row["rendered"]),
            )
        )
        before = read.text
    return History(url, tuple(fetch_of(row) for row in fetches), tuple(reversed(versions)))


def text_hashes(folder: Path) -> dict[str, str]:
    """The hash of the text held for each link, by its URL; empty where nothing was crawled into ``folder``.

    A link under which there are several pages has none.

    Raises:
        DamagedLibrary: the file cannot be read.
    """
    if not library_exists(folder):
        return {}
    with _reading(folder) as connection:
        return {row["link_url"]: row["hash"] for row in connection.execute(HASHES)}


def library_exists(folder: Path) -> bool:
    """Whether anything was ever crawled into this folder."""
    return (folder / LIBRARY_FILE).is_file()


def published_model(folder: Path) -> str:
    """The model of the published generation by folder or hub name; ``""`` where there is none yet."""
    if not library_exists(folder):
        return ""
    with _reading(folder) as connection:
        row = connection.execute("SELECT model FROM generations ORDER BY number DESC LIMIT 1").fetchone()
    return row["model"] if row else ""
