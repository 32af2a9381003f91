"""A library that an older version wrote is brought up to this one, and loses nothing."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from indexer.records import Link
from indexer.store.codec import digest, inflated, text_hash
from indexer.store.database import Database
from indexer.store.schema import LESS_ROOM, MIGRATIONS, ROWS_WITH_SUMS, SCHEMA_VERSION
from indexer.store.snapshot import Snapshot
from indexer.store.soundness import fault
from indexer.store.sums import SUMMED, is_unsound, summed, teach
from tests.store.shelving import Shelf, article, outcome

VECTORS_AS_FAISS_FILES = 5
"""The version in which the table of the published articles got its name."""
HALVES = np.array([0.6, -0.8], "<f2").tobytes()
PAGE, AT = "https://example.org/a", "2026-01-05T03:00:00+00:00"


def insert(connection: sqlite3.Connection, table: str, **row: object) -> None:
    """Insert what of a row the table has columns for."""
    columns = [info[1] for info in connection.execute(f"PRAGMA table_info({table})")]
    names = [name for name in row if name in columns]
    marks = ", ".join("?" * len(names))
    connection.execute(
        f"INSERT INTO {table} ({', '.join(names)}) VALUES ({marks})", [row[name] for name in names]
    )


# Since then rows have sums, see below.
@pytest.mark.parametrize("version", range(1, MIGRATIONS.index(ROWS_WITH_SUMS) + 1))
def test_what_an_older_version_kept_is_still_there(tmp_path: Path, version: int) -> None:
    known = {"link_url": PAGE, "page_url": PAGE, "article": 7, "site": "example.org", "fetched_at": AT}
    with closing(sqlite3.connect(tmp_path / "library.db")) as old:
        old.executescript("".join(MIGRATIONS[:version]))
        insert(
            old, "articles", id=7, link_url=PAGE, page_url=PAGE, text="One.", site="example.org",
            source="archive", fetched_at=AT,
        )  # fmt: skip
        # The fifth script gave the table its present name.
        insert(old, "holdings" if version < 5 else "current_articles", source="archive", **known)
        insert(old, "embeddings", fingerprint="f", hash="h", vector=np.array([0.6, -0.8], "<f4").tobytes())
        old.execute(
            "INSERT INTO passages VALUES (3, 7, 0, 0, 4, 'One.', 'A title', '', '[]', '', 0, '', ?)",
            (digest("A title\n\nOne."),),
        )
        old.execute(f"PRAGMA user_version = {version}")
        old.commit()
    with Database(tmp_path) as database:
        [row] = database.rows("SELECT * FROM current_articles")
        assert row.items() >= {**known, "source": "archive", "lost": "{}", "passages": 1, "ids": 3}.items()
        assert not fault(database.tables.conn)
        assert database.rows("SELECT hash, vector FROM embeddings") == [{"hash": "h", "vector": HALVES}]
        assert database.rows("SELECT id, position, text FROM passages") == [
            {"id": 3, "position": 0, "text": "One."}
        ]
        assert database.rows("PRAGMA user_version") == [{"user_version": SCHEMA_VERSION}]


def test_words_that_sqlite_indexed_are_dropped_with_their_triggers(tmp_path: Path) -> None:
    """The first version had a full-text table beside its passages: a passage can be written without it."""
    with closing(sqlite3.connect(tmp_path / "library.db")) as old:
        old.executescript(
            MIGRATIONS[0]
            + """
            CREATE VIRTUAL TABLE passages_fts USING fts5 (text, context, about, content=passages);
            CREATE TRIGGER passages_ai AFTER INSERT ON passages BEGIN
              INSERT INTO passages_fts (rowid, text) VALUES (new.rowid, new.text);
            END;
            PRAGMA user_version = 1;
            """
        )
    with Database(tmp_path) as database:
        tables = {row["name"] for row in database.rows("SELECT name FROM sqlite_master")}
        assert not {name for name in tables if name.startswith(("passages_fts", "passages_a"))}


def test_a_step_that_fails_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each step and its number are one transaction: the next try starts where this one stood."""
    Database(tmp_path).close()
    broken = (*MIGRATIONS, "CREATE TABLE half (id INTEGER); SELECT nonsense;")
    monkeypatch.setattr("indexer.store.database.MIGRATIONS", broken)
    with pytest.raises(Exception, match="nonsense"):
        Database(tmp_path)
    with closing(sqlite3.connect(tmp_path / "library.db")) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)
        assert not connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'half'").fetchall()


def test_a_library_whose_index_had_another_form_is_taken_over(shelf: Shelf) -> None:
    """A migration lists no segments: the next run writes them anew, and embeds nothing."""
    link = Link("https://example.org/a", "Patterns")
    shelf.log().record(outcome(link, article("One.", "Two.")))
    shelf.publish(link)
    with shelf.database.atomic() as tables:
        tables.table("segments").delete_where()
    shelf.encoder.encoded.clear()
    shelf.publish(link)
    assert shelf.encoder.encoded == []
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.lexical(["two"], limit=5)


def test_what_takes_less_room_says_the_same_and_damage_stays_known(tmp_path: Path) -> None:
    """What was not as it was written is not taken for sound, whatever became of it."""
    vector, size = np.array([0.6, -0.8], "<f4").tobytes(), MIGRATIONS.index(LESS_ROOM)
    one = dict.fromkeys(SUMMED["articles"], "") | {"text": "One. Ж", "blocks": "[]", "words": 2, "fetch": 1}
    hashes = [digest(text) for text in ("One.", "Two.", "Three.")]
    with closing(sqlite3.connect(tmp_path / "library.db")) as old:
        teach(old)
        old.executescript("".join(MIGRATIONS[:size]))
        for name, rotten in zip(hashes, (vector, b"\xff" * 8, vector[:-1]), strict=True):
            row = {"fingerprint": "f", "hash": name, "vector": vector}
            insert(old, "embeddings", **summed("embeddings", row) | {"vector": rotten})
        for text in ("One. Ж", "One. Z"):
            insert(old, "articles", **summed("articles", one) | {"text": text})
        old.execute("UPDATE articles SET text = CAST(x'ff' AS TEXT) WHERE id = 2")
        old.execute(f"PRAGMA user_version = {size}")
        old.commit()
    with Database(tmp_path) as database:
        found = database.rows(f"SELECT hash, vector FROM embeddings WHERE NOT ({is_unsound('embeddings')})")
        assert found == [{"hash": text_hash("One."), "vector": HALVES}]
        [article] = database.rows(f"SELECT * FROM articles WHERE NOT ({is_unsound('articles')})")
        assert (article["id"], inflated(article["text"])) == (1, "One. Ж")
        for table, rows in (("embeddings", 3), ("articles", 2)):
            assert database.rows(f"SELECT count(*) AS rows FROM {table}") == [{"rows": rows}]
