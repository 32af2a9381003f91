"""What a crawl remembers and leaves behind: fetches, raw pages, versions of articles.

The rule that a good copy is never replaced by a worse one lives here, in :meth:`CrawlLog.record`.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal
from urllib.parse import urlsplit

from indexer.counting import count_words
from indexer.records import GOOD_VERDICTS, Article, Fetch, Outcome, Page, Source, Verdict
from indexer.store.codec import article_row, digest, fetch_of, fetch_row, inflated, moment, to_json
from indexer.store.database import Database, Run

Effect = Literal["new", "changed", "unchanged", "kept", "missing"]
"""What an outcome did to the held article of its page."""

RANK = {Source.LIVE: 2, Source.SAMPLE: 2, Source.IMPORT: 2, Source.FALLBACK: 1, Source.ARCHIVE: 0}
"""Copies that stand in never replace a copy of a higher rank."""

SHRUNK = 0.4
"""A new text with less than this share of the held one's words is taken for a stub. Editing removes
paragraphs, walls remove nearly all: over the night edits and the stubs of the replayed web the shares
are above 0.95 and below 0.1."""


class CrawlLog:
    """The library's side of one run: what is known before it, and what it finds."""

    def __init__(self, database: Database, run: Run, *, extractor: str, force: bool = False) -> None:
        self._db = database
        self._run = run
        self._extractor = extractor
        self._force = force

    # ------------------------------------------------- what the crawler asks

    def last(self, url: str) -> Fetch | None:
        """The newest good fetch of this address whose page is kept; None if there is none."""
        rows = self._db.rows(
            "SELECT * FROM fetches WHERE url = ? AND body_hash IN (SELECT hash FROM bodies) "
            f"AND verdict IN ({', '.join('?' * len(GOOD_VERDICTS))}) ORDER BY id DESC LIMIT 1",
            (url, *GOOD_VERDICTS),
        )
        return fetch_of(rows[0]) if rows else None

    def page(self, fetch: Fetch) -> Page:
        """The raw page of a fetch that :meth:`last` returned."""
        return kept_page(self._db, fetch.body_hash, fetch.url)

    def finished(self) -> Set[str]:
        """The pages that this run, if it goes on after an interruption, already has."""
        rows = self._db.rows("SELECT DISTINCT page_url FROM fetches WHERE run = ?", (self._run.number,))
        return {row["page_url"] for row in rows}

    def held_since(self, link_url: str, page_url: str) -> datetime | None:
        """When the newest version of a page's article was fetched; None where none is held."""
        rows = self._db.rows(
            "SELECT fetched_at FROM articles WHERE link_url = ? AND page_url = ? ORDER BY id DESC LIMIT 1",
            (link_url, page_url),
        )
        return moment(rows[0]["fetched_at"]) if rows else None

    # ------------------------------------------------ what the crawler found

    def record(self, outcome: Outcome) -> tuple[Effect, Fetch]:
        """Keep an outcome for good, in one transaction.

        Returns what it did to the held article, and the deciding fetch as it was kept: where the
        new text was refused as a stub of the held one, its verdict says so.
        """
        current = self._current_version(outcome)
        effect, decided = self._weigh(outcome, current)
        with self._db.atomic():
            for attempt in outcome.attempts[:-1]:
                self._keep_fetch(outcome, attempt, decisive=False)
            number = self._keep_fetch(outcome, decided, decisive=True)
            if (
                outcome.article
                and effect != "kept"
                and not self._says_nothing_new(outcome.article, decided, current)
            ):
                self._keep_article(outcome, outcome.article, decided, number)
        return effect, decided

    def _current_version(self, outcome: Outcome) -> dict[str, Any] | None:
        rows = self._db.rows(
            "SELECT hash, text, source, final_url, extractor FROM articles "
            "WHERE link_url = ? AND page_url = ? ORDER BY id DESC LIMIT 1",
            (outcome.link.url, outcome.page_url),
        )
        return rows[0] if rows else None

    def _weigh(self, outcome: Outcome, current: dict[str, Any] | None) -> tuple[Effect, Fetch]:
        fetch, article = outcome.fetch, outcome.article
        if current is None:
            return ("new" if article else "missing"), fetch
        if article is None:
            return ("unchanged" if fetch.verdict.good else "kept"), fetch
        if article.hash == current["hash"]:
            return "unchanged", fetch
        if RANK[fetch.source] < RANK[Source(current["source"])]:
            return "kept", fetch
        held = count_words(inflated(current["text"]))  # not as an older version may have counted them
        if article.words < SHRUNK * held and not self._force:
            reason = (
                f"the text shrank from {held:,} to {article.words:,} words; "
                "the good copy is kept (`crawl --force` takes the new one)"
            )
            return "kept", replace(fetch, verdict=Verdict.THIN, reason=reason)
        return "changed", fetch

    def _keep_fetch(self, outcome: Outcome, fetch: Fetch, *, decisive: bool) -> int:
        page = outcome.page
        headers: dict[str, str] = {}
        if decisive and fetch.verdict is Verdict.NOT_MODIFIED:
            # The answer had no body: what was kept for the last good one goes on standing for it.
            if before := self.last(fetch.url):
                fetch = replace(
                    fetch,
                    body_hash=before.body_hash,
                    etag=fetch.etag or before.etag,
                    last_modified=fetch.last_modified or before.last_modified,
                )
        elif decisive and page and page.body:
            fetch = replace(fetch, body_hash=self._keep_body(page.body))
            headers = dict(page.headers)
        row = {
            "run": self._run.number,
            "link_url": outcome.link.url,
            "page_url": outcome.page_url,
            "decisive": int(decisive),
            "headers": to_json(headers),
            **fetch_row(fetch),
        }
        return self._db.insert("fetches", row)

    def _keep_body(self, body: bytes) -> str:
        name = digest(body)
        self._db.tables.table("bodies").insert(
            {"hash": name, "size": len(body), "data": zlib.compress(body, 6)}, ignore=True
        )
        return name

    def _says_nothing_new(self, article: Article, fetch: Fetch, current: dict[str, Any] | None) -> bool:
        """Whether the held version has the same text from the same place (or a better), read the same way."""
        if current is None or (current["hash"], current["extractor"]) != (article.hash, self._extractor):
            return False
        same_place = (current["final_url"], current["source"]) == (fetch.final_url, fetch.source.value)
        return same_place or RANK[fetch.source] < RANK[Source(current["source"])]

    def _keep_article(self, outcome: Outcome, article: Article, fetch: Fetch, number: int) -> None:
        body_hash = digest(outcome.page.body) if outcome.page else ""
        self._db.insert(
            "articles",
            {
                "link_url": outcome.link.url,
                "page_url": outcome.page_url,
                "final_url": fetch.final_url,
                "source": fetch.source.value,
                "fetch": number,
                "body_hash": body_hash,
                "extractor": self._extractor,
                "fetched_at": fetch_row(fetch)["fetched_at"],
                **article_row(article),
                # What `--site` filters by: the host in the user's list, whoever stood in for it.
                "site": urlsplit(outcome.page_url).hostname or "",
            },
        )


def kept_page(database: Database, body_hash: str, url: str) -> Page:
    """The raw page whose body has this hash, with the headers it came with when ``url`` was fetched."""
    row = database.rows(
        # An answer "not modified" names the body without headers of its own; a page saved by hand has none.
        "SELECT b.data, f.* FROM bodies b JOIN fetches f ON f.body_hash = b.hash "
        "WHERE b.hash = ? ORDER BY f.headers <> '{}' DESC, f.url = ? DESC, f.id DESC LIMIT 1",
        (body_hash, url),
    )[0]
    return Page(
        url=url,
        final_url=row["final_url"],
        status=row["status"],
        headers=json.loads(row["headers"]),
        body=zlib.decompress(row["data"]),
        fetched_at=moment(row["fetched_at"]),
    )


@dataclass(frozen=True, slots=True)
class StaleArticle:
    """The newest version of an article that another extraction made, and its raw page."""

    number: int
    page: Page


def stale_articles(database: Database, extractor: str) -> Iterator[StaleArticle]:
    """The newest version of each article, where ``extractor`` did not make it and its page is kept."""
    rows = database.rows(
        # The extractor beside max(id) is that row's, out of an index: the text is not read for it.
        "SELECT a.id, a.body_hash, f.url FROM "
        "(SELECT max(id) AS id, extractor FROM articles GROUP BY link_url, page_url) newest "
        "JOIN articles a ON a.id = newest.id JOIN fetches f ON f.id = a.fetch "
        "WHERE newest.extractor <> ? AND a.body_hash IN (SELECT hash FROM bodies) ORDER BY a.id",
        (extractor,),
    )
    for row in rows:
        yield StaleArticle(row["id"], kept_page(database, row["body_hash"], row["url"]))


def keep_reading(database: Database, stale: StaleArticle, article: Article, *, extractor: str) -> None:
    """A new version of an article, read again from the same page: only the reading differs."""
    row = database.rows("SELECT * FROM articles WHERE id = ?", (stale.number,))[0]
    del row["id"]
    fresh = {**article_row(article), "site": row["site"], "extractor": extractor}
    database.insert("articles", {**row, **fresh})
