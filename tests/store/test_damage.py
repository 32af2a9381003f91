"""What is missing, damaged, locked or too new is told in one line that says what mends it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from indexer.errors import (
    Busy,
    DamagedLibrary,
    DiskFailure,
    NoLibrary,
    NoMemory,
    NoRoom,
    NotReadable,
    NotWritable,
    StaleIndex,
    UsageError,
)
from indexer.passage_index import Filters
from indexer.records import Link
from indexer.store.database import Database
from indexer.store.failures import what_happened
from indexer.store.generations import folder_of, strays
from indexer.store.health import examine
from indexer.store.publish import rebuild
from indexer.store.snapshot import Snapshot
from indexer.store.soundness import fault, mend
from tests.store.shelving import Shelf, article, outcome

LINK = Link("https://example.org/a", "Patterns")


@pytest.fixture
def index_file(shelf: Shelf) -> Path:
    shelf.log().record(outcome(LINK, article("Some text.", "And more.")))
    shelf.publish(LINK)
    return folder_of(shelf.folder) / "00000001" / "vectors.faiss"


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda path: shutil.rmtree(path.parent), "missing"),
        (lambda path: path.unlink(), "bytes instead of"),
        (lambda path: path.write_bytes(path.read_bytes()[:-7]), "bytes instead of"),
        (lambda path: path.write_bytes(b"x" * path.stat().st_size), "damaged"),
    ],
    ids=["all missing", "one missing", "cut", "overwritten"],
)
def test_a_lost_index_file_says_what_mends_it_and_rebuild_mends_it(
    shelf: Shelf, index_file: Path, damage: Callable[[Path], object], told: str
) -> None:
    """And that mends it: vectors live in the library, so it needs neither network nor model."""
    damage(index_file)
    with pytest.raises(DamagedLibrary, match=rf"{told}.*indexer reindex"):
        Snapshot(shelf.folder)
    shelf.encoder.encoded.clear()
    assert rebuild(shelf.database) == 1
    assert shelf.encoder.encoded == []
    with Snapshot(shelf.folder) as snapshot:
        [(found, _)] = snapshot.dense(shelf.encoder.encode_query("A title\n\nAnd more."), limit=1)
        assert snapshot.rows([found])[0].passage.text == "And more."


def test_no_library_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(NoLibrary, match="indexer crawl"):
        Snapshot(tmp_path)


def test_a_library_before_its_first_publication_is_none_yet(shelf: Shelf) -> None:
    with pytest.raises(NoLibrary, match="nothing is indexed"):
        Snapshot(shelf.folder)


def test_a_file_that_is_no_library(tmp_path: Path) -> None:
    (tmp_path / "library.db").write_bytes(b"This is no SQLite file, whatever its name may say." * 100)
    for attempt in (Snapshot, Database):
        with pytest.raises(DamagedLibrary, match="not a readable library"):
            attempt(tmp_path)


@pytest.mark.parametrize("opened", [Snapshot, Database])
def test_a_library_of_a_newer_version_is_neither_read_nor_changed(
    shelf: Shelf, index_file: Path, opened: type[Snapshot | Database]
) -> None:
    shelf.database.close()
    with sqlite3.connect(shelf.folder / "library.db") as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StaleIndex, match="upgrade"):
        opened(shelf.folder)
    with sqlite3.connect(shelf.folder / "library.db") as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)


def test_a_library_of_an_older_version_says_what_brings_it_up(shelf: Shelf, index_file: Path) -> None:
    with sqlite3.connect(shelf.folder / "library.db") as connection:
        connection.execute("PRAGMA user_version = 1")
    with pytest.raises(StaleIndex, match="indexer reindex"):
        Snapshot(shelf.folder)


def test_only_one_run_at_a_time(shelf: Shelf) -> None:
    with pytest.raises(Busy, match="another run") as caught:
        Database(shelf.folder)
    assert caught.value.exit_code == 75


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(NotWritable, match="--data"):
        Database(tmp_path / "file" / "data")


def test_one_bit_of_any_index_file_is_noticed_before_it_is_answered_from(
    shelf: Shelf, index_file: Path
) -> None:
    for path in sorted(index_file.parent.iterdir()):
        content = path.read_bytes()
        for at in {0, len(content) // 2, len(content) - 1}:
            path.write_bytes(content[:at] + bytes([content[at] ^ 4]) + content[at + 1 :])
            with pytest.raises(DamagedLibrary, match="indexer reindex"):
                Snapshot(shelf.folder)
        path.write_bytes(content)
    Snapshot(shelf.folder).close()


def test_a_file_that_was_looked_at_is_read_again_only_when_it_has_changed(
    shelf: Shelf, index_file: Path, tmp_path: Path
) -> None:
    checked = tmp_path / "cache" / "checked.json"
    Snapshot(shelf.folder, checked=checked).close()
    known = checked.read_text()
    Snapshot(shelf.folder, checked=checked).close()
    assert checked.read_text() == known
    content = index_file.read_bytes()
    index_file.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    with pytest.raises(DamagedLibrary, match="indexer reindex"):
        Snapshot(shelf.folder, checked=checked)


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE passages SET text = 'Some test.' WHERE text = 'Some text.'",
        "UPDATE passages SET anchor = 'elsewhere' WHERE id = 2",
        "UPDATE passages SET about = 'other words' WHERE id = 2",
        "UPDATE links SET note = 'another note'",
        "UPDATE current_articles SET title = 'A tytle'",
        "UPDATE passages SET text = CAST(x'FFFE' AS TEXT), anchor = CAST(x'FF' AS TEXT) WHERE id = 2",
        "UPDATE passages SET about = CAST(x'FF0A1B' AS TEXT) WHERE id = 2",
        "UPDATE links SET tags = CAST(x'FF' AS TEXT)",
        "UPDATE generations SET model = CAST(x'FF' AS TEXT)",
        "DELETE FROM links",
        "DELETE FROM passages WHERE id = 2",
    ],
)
def test_a_row_that_is_not_as_it_was_written_is_told_and_mended(
    shelf: Shelf, index_file: Path, damage: str
) -> None:
    def told() -> list[object]:
        with Snapshot(shelf.folder) as snapshot:
            allowed = snapshot.allowed(Filters(categories=("Patterns",)))
            assert allowed is not None
            ids = allowed.ids.tolist()  # a passage that rotted comes back under another id
            rows = [replace(row, passage_id=0) for row in snapshot.rows(ids)]
            rows.sort(key=lambda row: row.position)
            return [rows, [*snapshot.abouts(ids).values()], snapshot.links[0]["note"]]

    before = told()
    with shelf.database.atomic() as tables:
        tables.conn.execute(damage)
    with pytest.raises(DamagedLibrary, match="indexer reindex"):
        told()
    assert [finding.subject for finding in examine(shelf.folder, fingerprint="") if not finding.good]
    assert mend(shelf.database)
    shelf.publish(LINK, again=True)
    assert told() == before
    assert not fault(shelf.database.tables.conn)


@pytest.mark.parametrize("table", ["articles", "fetches", "runs"])
def test_what_is_had_nowhere_else_is_told_and_stays(shelf: Shelf, index_file: Path, table: str) -> None:
    with shelf.database.atomic() as tables:
        tables.conn.execute(f"UPDATE {table} SET crc = crc + 1")
    with pytest.raises(DamagedLibrary, match=f"{table}.*indexer restore"):
        mend(shelf.database)


def test_vectors_and_raw_pages_that_rotted_are_let_go_and_made_again(shelf: Shelf, index_file: Path) -> None:
    log = shelf.log()
    assert log.last(LINK.url)
    with shelf.database.atomic() as tables:
        tables.conn.execute("UPDATE embeddings SET vector = zeroblob(length(vector))")
        tables.conn.execute("UPDATE bodies SET data = zeroblob(length(data))")
    assert mend(shelf.database)
    assert log.last(LINK.url) is None
    shelf.encoder.encoded.clear()
    shelf.publish(LINK, again=True)
    assert len(shelf.encoder.encoded) == 2
    assert not mend(shelf.database)


def test_a_library_file_without_content_beside_an_index_is_damage_and_stays(
    shelf: Shelf, index_file: Path
) -> None:
    shelf.database.close()
    library = shelf.folder / "library.db"
    library.write_bytes(b"")
    for attempt in (Snapshot, Database):
        with pytest.raises(DamagedLibrary, match="it is empty"):
            attempt(shelf.folder)
    assert not library.read_bytes()


def test_what_lies_among_the_segments_and_is_none_stays(shelf: Shelf, index_file: Path) -> None:
    stray, copy = index_file.parents[1] / ".DS_Store", index_file.parents[1] / "00000001 copy"
    stray.write_text("not ours")
    copy.mkdir()
    (index_file.parent / ".DS_Store").write_text("not ours")
    rebuild(shelf.database)
    shelf.publish(LINK)
    assert strays(shelf.folder) == [stray, copy]
    Snapshot(shelf.folder).close()


def test_a_reader_whose_segments_go_before_they_are_open_takes_the_newest_state(
    shelf: Shelf, index_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pin = Snapshot._pin

    def pinned_while_a_run_rebuilds(snapshot: Snapshot) -> object:
        pinned = pin(snapshot)
        if index_file.exists():
            rebuild(shelf.database)
        return pinned

    monkeypatch.setattr(Snapshot, "_pin", pinned_while_a_run_rebuilds)
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.segments[0].name == "00000002"
        assert len(snapshot.rows([1, 2])) == 2


def test_a_closed_library_a_full_disk_and_a_locked_one_are_no_damage(shelf: Shelf, index_file: Path) -> None:
    path = shelf.folder / "library.db"
    kinds = {
        sqlite3.SQLITE_FULL: NoRoom,
        sqlite3.SQLITE_READONLY_DIRECTORY: NotWritable,
        sqlite3.SQLITE_CANTOPEN: NotReadable,
        sqlite3.SQLITE_BUSY: Busy,
        sqlite3.SQLITE_NOMEM: NoMemory,
        sqlite3.SQLITE_IOERR_READ: DiskFailure,
        sqlite3.SQLITE_IOERR_SHORT_READ: DamagedLibrary,
        sqlite3.SQLITE_CORRUPT: DamagedLibrary,
        sqlite3.SQLITE_NOTADB: DamagedLibrary,
    }
    for code, kind in kinds.items():
        error = sqlite3.OperationalError("what SQLite says")
        error.sqlite_errorcode = code
        assert type(what_happened(path, error)) is kind
    snapshot = Snapshot(shelf.folder)
    snapshot.close()
    with pytest.raises(UsageError, match="closed"):
        snapshot.categories()
