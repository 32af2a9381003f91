"""The tables of the library, as migrations that only ever grow.

================  =====================================================================
links             the catalogue as it was when last published
runs              one row a crawl: when, how it ended, its summary
fetches           every attempt to get a page, with its verdict; never deleted
bodies            raw pages by the sha256 of their bytes, zlib-compressed
articles          every version of every article; append-only
holdings          which version of which page is published, one row a page
passages          the published passages
embeddings        vectors by (encoder fingerprint, hash of the embedded text)
generations       the states that were published; the highest number counts
segments          the parts of the search index that make up the kept generations
================  =====================================================================

The index itself (words and vectors) lies beside the library and is made from it, see
:mod:`indexer.index`. A crawl writes fetches, bodies, articles and embeddings as it goes: none of them can
be seen by a search. Links, holdings, passages and the generation change together, in one transaction.
"""

from __future__ import annotations

from sqlite_utils import Database as Tables
from sqlite_utils import Migrations

migrations = Migrations("indexer")


@migrations()
def first_tables(db: Tables) -> None:
    """Everything the first release keeps."""
    db.table("links").create(
        {"url": str, "position": int, "category": str, "title": str, "note": str, "tags": str},
        pk="url",
    )
    db.table("runs").create({"id": int, "started_at": str, "finished_at": str, "summary": str}, pk="id")
    db.table("bodies").create({"hash": str, "size": int, "data": bytes}, pk="hash")
    db.table("fetches").create(
        {
            "id": int,
            "run": int,
            "link_url": str,
            "page_url": str,
            "url": str,
            "final_url": str,
            "verdict": str,
            "reason": str,
            "source": str,
            "status": int,
            "etag": str,
            "last_modified": str,
            "size": int,
            "seconds": float,
            "body_hash": str,
            "headers": str,
            "decisive": int,
            "fetched_at": str,
        },
        pk="id",
    )
    db.table("fetches").create_index(["url", "id"])
    db.table("fetches").create_index(["link_url", "page_url", "id"])
    db.table("fetches").create_index(["run", "page_url"])
    db.table("articles").create(
        {
            "id": int,
            "link_url": str,
            "page_url": str,
            "final_url": str,
            "hash": str,
            "title": str,
            "author": str,
            "published": str,
            "language": str,
            "site": str,
            "words": int,
            "text": str,
            "blocks": str,
            "source": str,
            "fetch": int,
            "body_hash": str,
            "extractor": str,
            "fetched_at": str,
        },
        pk="id",
    )
    db.table("articles").create_index(["link_url", "page_url", "id"])
    db.table("holdings").create(
        {"link_url": str, "page_url": str, "article": int}, pk=("link_url", "page_url")
    )
    # AUTOINCREMENT: a passage id is a FAISS id, and must never come to mean another passage.
    db.execute(
        """
        CREATE TABLE passages (
          id INTEGER PRIMARY KEY AUTOINCREMENT,
          article INTEGER NOT NULL, ordinal INTEGER NOT NULL,
          start INTEGER NOT NULL, "end" INTEGER NOT NULL,
          text TEXT NOT NULL, context TEXT NOT NULL, about TEXT NOT NULL,
          headings TEXT NOT NULL, anchor TEXT NOT NULL, page INTEGER NOT NULL, fragment TEXT NOT NULL,
          embedding TEXT NOT NULL
        )
        """
    )
    db.table("passages").create_index(["article", "ordinal"])
    db.table("passages").enable_fts(
        ["text", "context", "about"],
        fts_version="FTS5",
        tokenize="porter unicode61 remove_diacritics 2",
        create_triggers=True,
    )
    # Bytes of 384 float32 take 1.5 KB: as large as a page's share, so no second B-tree beside the key.
    db.execute(
        """
        CREATE TABLE embeddings (
          fingerprint TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL,
          PRIMARY KEY (fingerprint, hash)
        ) WITHOUT ROWID
        """
    )
    db.table("generations").create(
        {
            "number": int,
            "fingerprint": str,
            "encoder": str,
            "model": str,
            "passages": int,
            "dimension": int,
            "size": int,
            "created_at": str,
        },
        pk="number",
    )


@migrations()
def segments_beside_the_library(db: Tables) -> None:
    """The lexical index leaves SQLite; filters and reports no longer read whole articles.

    ``site`` and ``fetched_at`` stand behind the text in ``articles``: reading them there reads the text.
    """
    db.table("passages").disable_fts()
    db.execute(
        """
        CREATE TABLE segments (
          generation INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
          passages INTEGER NOT NULL, size INTEGER NOT NULL, recall REAL NOT NULL, dead BLOB NOT NULL,
          PRIMARY KEY (generation, position)
        ) WITHOUT ROWID
        """
    )
    db.execute("ALTER TABLE holdings ADD COLUMN site TEXT NOT NULL DEFAULT ''")
    db.execute("ALTER TABLE holdings ADD COLUMN fetched_at TEXT NOT NULL DEFAULT ''")
    db.execute(
        "UPDATE holdings SET (site, fetched_at) = "
        "(SELECT site, fetched_at FROM articles WHERE id = holdings.article)"
    )
    db.table("articles").create_index(["link_url", "page_url", "id", "extractor"])


@migrations()
def embeddings_in_the_order_they_come(db: Tables) -> None:
    """Vectors are appended; only their names are sorted.

    Sorted by a hash, each vector lands on another page: a hundred times as much was written as was to be
    kept, once the table had outgrown the cache, and reading it again touched every page in random order.
    """
    db.execute("ALTER TABLE embeddings RENAME TO sorted_embeddings")
    db.execute(
        """
        CREATE TABLE embeddings (
          id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL,
          UNIQUE (fingerprint, hash)
        )
        """
    )
    db.execute(
        "INSERT INTO embeddings (fingerprint, hash, vector) "
        "SELECT fingerprint, hash, vector FROM sorted_embeddings"
    )
    db.execute("DROP TABLE sorted_embeddings")


@migrations()
def holdings_with_their_source(db: Tables) -> None:
    """All of an article that an answer shows can be read without its text, as ``fetched_at`` can."""
    db.execute("ALTER TABLE holdings ADD COLUMN source TEXT NOT NULL DEFAULT ''")
    db.execute("UPDATE holdings SET source = (SELECT source FROM articles WHERE id = holdings.article)")
