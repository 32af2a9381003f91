"""The tables of the library, as numbered scripts that only ever grow.

================  =====================================================================
links             the catalogue as it was when last published
runs              one row a crawl: when, how it ended, its summary
fetches           every attempt to get a page, with its verdict; never deleted
bodies            raw pages by the sha256 of their bytes, zlib-compressed
articles          every version of every article, zlib-compressed; append-only, but for pruning
current_articles  which version of which page is published, one row a page, with all of it that is told
                  without its text; ``passages`` and ``ids`` are the count and sum of its passages' ids
passages          the published passages
embeddings        vectors, as float16, by (encoder fingerprint, hash of the embedded text)
uncut             articles that cannot be cut into passages, why, and by which way of cutting
generations       the states that were published; the highest number counts
segments          the parts of the search index that make up the kept generations
================  =====================================================================

The views ``links_now``, ``articles_now`` and ``passages_now`` show what is published, for other programs.

The index itself (words and vectors) lies beside the library and is made from it, see
:mod:`indexer.index`. A crawl writes fetches, bodies, articles and embeddings as it goes: none of them can
be seen by a search. Links, current articles, passages and the generation change together, in one
transaction.

``PRAGMA user_version`` of a library says how many of :data:`MIGRATIONS` it has had. Each table but ``bodies``
has a ``crc`` of its rows, see :mod:`indexer.store.sums`.
"""

from __future__ import annotations

import re
import sqlite3
import zlib
from typing import Final

import numpy as np

from indexer.store.sums import SUMMED, as_bytes, sum_of

FIRST_TABLES: Final = """
CREATE TABLE links (
  url TEXT PRIMARY KEY, position INTEGER, category TEXT, title TEXT, note TEXT, tags TEXT
);
CREATE TABLE runs (id INTEGER PRIMARY KEY, started_at TEXT, finished_at TEXT, summary TEXT);
CREATE TABLE bodies (hash TEXT PRIMARY KEY, size INTEGER, data BLOB);
CREATE TABLE fetches (
  id INTEGER PRIMARY KEY, run INTEGER, link_url TEXT, page_url TEXT, url TEXT, final_url TEXT,
  verdict TEXT, reason TEXT, source TEXT, status INTEGER, etag TEXT, last_modified TEXT,
  size INTEGER, seconds FLOAT, body_hash TEXT, headers TEXT, decisive INTEGER, fetched_at TEXT
);
CREATE INDEX idx_fetches_url_id ON fetches (url, id);
CREATE INDEX idx_fetches_link_url_page_url_id ON fetches (link_url, page_url, id);
CREATE INDEX idx_fetches_run_page_url ON fetches (run, page_url);
CREATE TABLE articles (
  id INTEGER PRIMARY KEY, link_url TEXT, page_url TEXT, final_url TEXT, hash TEXT, title TEXT,
  author TEXT, published TEXT, language TEXT, site TEXT, words INTEGER, text TEXT, blocks TEXT,
  source TEXT, fetch INTEGER, body_hash TEXT, extractor TEXT, fetched_at TEXT
);
CREATE INDEX idx_articles_link_url_page_url_id ON articles (link_url, page_url, id);
CREATE TABLE holdings (link_url TEXT, page_url TEXT, article INTEGER, PRIMARY KEY (link_url, page_url));
-- AUTOINCREMENT: the index names passages by their ids, so one must never come to mean another passage.
CREATE TABLE passages (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  article INTEGER NOT NULL, ordinal INTEGER NOT NULL,
  start INTEGER NOT NULL, "end" INTEGER NOT NULL,
  text TEXT NOT NULL, context TEXT NOT NULL, about TEXT NOT NULL,
  headings TEXT NOT NULL, anchor TEXT NOT NULL, page INTEGER NOT NULL, fragment TEXT NOT NULL,
  embedding TEXT NOT NULL
);
CREATE INDEX idx_passages_article_ordinal ON passages (article, ordinal);
CREATE TABLE embeddings (
  fingerprint TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (fingerprint, hash)
) WITHOUT ROWID;
CREATE TABLE generations (
  number INTEGER PRIMARY KEY, fingerprint TEXT, encoder TEXT, model TEXT, passages INTEGER,
  dimension INTEGER, size INTEGER, created_at TEXT
);
"""

# Filters and reports no longer read whole articles: site and fetched_at stand behind the text there, and
# reading them reads through it. The words were indexed by SQLite before, in libraries that had it.
SEGMENTS_BESIDE_THE_LIBRARY: Final = """
DROP TRIGGER IF EXISTS passages_ai;
DROP TRIGGER IF EXISTS passages_ad;
DROP TRIGGER IF EXISTS passages_au;
DROP TABLE IF EXISTS passages_fts;
CREATE TABLE segments (
  generation INTEGER NOT NULL, position INTEGER NOT NULL, name TEXT NOT NULL,
  passages INTEGER NOT NULL, size INTEGER NOT NULL, recall REAL NOT NULL, dead BLOB NOT NULL,
  PRIMARY KEY (generation, position)
) WITHOUT ROWID;
ALTER TABLE holdings ADD COLUMN site TEXT NOT NULL DEFAULT '';
ALTER TABLE holdings ADD COLUMN fetched_at TEXT NOT NULL DEFAULT '';
UPDATE holdings SET (site, fetched_at) = (SELECT site, fetched_at FROM articles WHERE id = holdings.article);
CREATE INDEX idx_articles_link_url_page_url_id_extractor ON articles (link_url, page_url, id, extractor);
"""

# Vectors are appended; only their names are sorted. Sorted by a hash, each vector lands on another page: a
# hundred times as much was written as was to be kept, once the table had outgrown the cache, and reading
# it again touched every page in random order.
EMBEDDINGS_IN_THE_ORDER_THEY_COME: Final = """
ALTER TABLE embeddings RENAME TO sorted_embeddings;
CREATE TABLE embeddings (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, hash TEXT NOT NULL, vector BLOB NOT NULL,
  UNIQUE (fingerprint, hash)
);
INSERT INTO embeddings (fingerprint, hash, vector) SELECT fingerprint, hash, vector FROM sorted_embeddings;
DROP TABLE sorted_embeddings;
"""

# All of an article that an answer shows can be read without its text, as fetched_at can.
HOLDINGS_WITH_THEIR_SOURCE: Final = """
ALTER TABLE holdings ADD COLUMN source TEXT NOT NULL DEFAULT '';
UPDATE holdings SET source = (SELECT source FROM articles WHERE id = holdings.article);
"""

# Names that say what they hold; and no segment is listed any more, so that the next run writes them anew,
# with their vectors as FAISS index files.
VECTORS_AS_FAISS_FILES: Final = """
ALTER TABLE holdings RENAME TO current_articles;
ALTER TABLE passages RENAME COLUMN ordinal TO position;
DELETE FROM segments;
"""

FETCHES_THAT_WERE_RENDERED: Final = "ALTER TABLE fetches ADD COLUMN rendered INTEGER NOT NULL DEFAULT 0;"

# What of a page's main part its article does not hold: beside the text, and again where status reads it
# without the text.
WHAT_ARTICLES_LOST: Final = """
ALTER TABLE articles ADD COLUMN lost TEXT NOT NULL DEFAULT '{}';
ALTER TABLE current_articles ADD COLUMN lost TEXT NOT NULL DEFAULT '{}';
"""

# Words of all scripts, names by their parts, how stems are written: the next run writes the segments anew.
WORDS_OF_ALL_SCRIPTS: Final = "DELETE FROM segments;"

# Each run would try again to cut what costs it a worker's whole time.
ARTICLES_THAT_CANNOT_BE_CUT: Final = """
CREATE TABLE uncut (article INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, reason TEXT NOT NULL);
"""

# What damage did before is not told any more: the sums are of what is found. Beside, all of an article that
# an answer or `status` tells can be checked without its text, and it is known how much must be found.
ROWS_WITH_SUMS: Final = """
ALTER TABLE current_articles ADD COLUMN title TEXT NOT NULL DEFAULT '';
ALTER TABLE current_articles ADD COLUMN final_url TEXT NOT NULL DEFAULT '';
ALTER TABLE current_articles ADD COLUMN hash TEXT NOT NULL DEFAULT '';
ALTER TABLE current_articles ADD COLUMN words INTEGER NOT NULL DEFAULT 0;
ALTER TABLE current_articles ADD COLUMN rendered INTEGER NOT NULL DEFAULT 0;
ALTER TABLE current_articles ADD COLUMN passages INTEGER NOT NULL DEFAULT 0;
ALTER TABLE current_articles ADD COLUMN ids INTEGER NOT NULL DEFAULT 0;
UPDATE current_articles SET (title, final_url, hash, words, rendered) = (
  SELECT coalesce(a.title, ''), coalesce(a.final_url, ''), coalesce(a.hash, ''), coalesce(a.words, 0),
         coalesce(f.rendered, 0)
  FROM articles a LEFT JOIN fetches f ON f.id = a.fetch WHERE a.id = current_articles.article
) WHERE article IN (SELECT id FROM articles);
UPDATE current_articles SET (passages, ids) = (
  SELECT count(*), coalesce(sum(id), 0) FROM passages p WHERE p.article = current_articles.article
);
CREATE INDEX idx_current_articles_article ON current_articles (article);
ALTER TABLE generations ADD COLUMN links INTEGER NOT NULL DEFAULT 0;
ALTER TABLE generations ADD COLUMN articles INTEGER NOT NULL DEFAULT 0;
UPDATE generations SET (links, articles) = (
  SELECT (SELECT count(*) FROM links), (SELECT count(*) FROM current_articles)
);
""" + "".join(
    f"ALTER TABLE {table} ADD COLUMN crc INTEGER;\nUPDATE {table} SET crc = {sum_of(table)};\n"
    for table in SUMMED
)
# What is published, with plain names, for whoever opens the file with another program. An article's text is
# last, as tables are shown from the left.
VIEWS_FOR_OTHER_PROGRAMS: Final = """
CREATE VIEW links_now AS
SELECT l.category, l.title, l.url, l.note, l.tags, f.verdict, f.reason, f.fetched_at AS checked_at,
       (SELECT count(*) FROM current_articles c WHERE c.link_url = l.url) AS articles
FROM links l LEFT JOIN fetches f ON f.id = (
  SELECT max(id) FROM fetches WHERE link_url = l.url AND page_url = l.url AND decisive
)
ORDER BY l.position;
CREATE VIEW articles_now AS
SELECT a.id, l.category, a.title, l.url, a.page_url, a.final_url, a.site, a.author, a.published, a.language,
       a.words, a.source, a.fetched_at, l.note, l.tags, a.text
FROM current_articles c JOIN articles a ON a.id = c.article JOIN links l ON l.url = c.link_url
ORDER BY l.position, a.id;
CREATE VIEW passages_now AS
SELECT p.id, p.article, p.position, l.category, a.title, p.headings, p.text, l.url, a.page_url, p.page
FROM passages p JOIN articles a ON a.id = p.article JOIN links l ON l.url = a.link_url
ORDER BY p.id;
"""

# Vectors in half precision, which find the same; articles compressed, whose text other programs read in
# their passages; shorter hashes of texts. Tables are written anew, so that the file has pages to give back;
# what was not as it was written has no sum after it. The next run writes the segments anew.
LESS_ROOM: Final = f"""
DROP VIEW links_now;
DROP VIEW articles_now;
DROP VIEW passages_now;
CREATE TABLE new_embeddings (
  id INTEGER PRIMARY KEY, fingerprint TEXT NOT NULL, hash BLOB NOT NULL, vector BLOB NOT NULL, crc INTEGER,
  UNIQUE (fingerprint, hash)
);
INSERT INTO new_embeddings SELECT id, fingerprint, shorter(hash), halved(vector), CASE
  WHEN crc IS {sum_of("embeddings")}
  THEN {sum_of("embeddings", hash="shorter(hash)", vector="halved(vector)")}
END FROM embeddings ORDER BY id;
DROP TABLE embeddings;
ALTER TABLE new_embeddings RENAME TO embeddings;
CREATE TABLE new_articles (
  id INTEGER PRIMARY KEY, link_url TEXT, page_url TEXT, final_url TEXT, hash TEXT, title TEXT,
  author TEXT, published TEXT, language TEXT, site TEXT, words INTEGER, text BLOB, blocks BLOB,
  source TEXT, fetch INTEGER, body_hash TEXT, extractor TEXT, fetched_at TEXT,
  lost TEXT NOT NULL DEFAULT '{{}}', crc INTEGER
);
INSERT INTO new_articles SELECT
  id, link_url, page_url, final_url, hash, title, author, published, language, site, words,
  packed({as_bytes("text")}), packed({as_bytes("blocks")}),
  source, fetch, body_hash, extractor, fetched_at, lost, CASE
  WHEN crc IS {sum_of("articles")}
  THEN {sum_of("articles", text=f"packed({as_bytes('text')})", blocks=f"packed({as_bytes('blocks')})")}
END FROM articles ORDER BY id;
DROP TABLE articles;
ALTER TABLE new_articles RENAME TO articles;
CREATE INDEX idx_articles_link_url_page_url_id ON articles (link_url, page_url, id);
CREATE INDEX idx_articles_link_url_page_url_id_extractor ON articles (link_url, page_url, id, extractor);
UPDATE passages SET embedding = shorter(embedding), crc = CASE
  WHEN crc IS {sum_of("passages")} THEN {sum_of("passages", embedding="shorter(embedding)")}
END;
DELETE FROM segments;
""" + VIEWS_FOR_OTHER_PROGRAMS.replace(
    "a.text",
    """(
  SELECT group_concat(text, char(10, 10)) FROM (
    SELECT text FROM passages WHERE article = a.id ORDER BY position
  )
) AS text""",
)

MIGRATIONS: Final = (
    FIRST_TABLES,
    SEGMENTS_BESIDE_THE_LIBRARY,
    EMBEDDINGS_IN_THE_ORDER_THEY_COME,
    HOLDINGS_WITH_THEIR_SOURCE,
    VECTORS_AS_FAISS_FILES,
    FETCHES_THAT_WERE_RENDERED,
    WHAT_ARTICLES_LOST,
    WORDS_OF_ALL_SCRIPTS,
    ARTICLES_THAT_CANNOT_BE_CUT,
    ROWS_WITH_SUMS,
    VIEWS_FOR_OTHER_PROGRAMS,
    LESS_ROOM,
)
"""What brings a library of each version to the next: the first script makes version 1 of an empty file."""

SCHEMA_VERSION: Final = len(MIGRATIONS)

SHA256: Final = re.compile("[0-9a-f]{64}")


def teach_migrating(connection: sqlite3.Connection) -> None:
    """Let the scripts use ``halved``, ``packed`` and ``shorter``, which take what had rotted as well."""
    connection.create_function("halved", 1, _in_halves, deterministic=True)
    connection.create_function("packed", 1, _packed, deterministic=True)
    connection.create_function("shorter", 1, _shorter_hash, deterministic=True)


def _in_halves(vector: bytes) -> bytes:
    """A vector of float32 as float16."""
    if len(vector) % 4:
        return vector
    with np.errstate(all="ignore"):
        return np.frombuffer(vector, "<f4").astype("<f2").tobytes()


def _packed(text: bytes | None) -> bytes:
    """A text as :func:`indexer.store.codec.deflated` writes it."""
    return zlib.compress(text or b"")


def _shorter_hash(sha256: str | bytes) -> str | bytes:
    """The sha256 of a text, in hexadecimal, as :func:`indexer.store.codec.text_hash`."""
    return bytes.fromhex(sha256)[:16] if isinstance(sha256, str) and SHA256.fullmatch(sha256) else sha256
