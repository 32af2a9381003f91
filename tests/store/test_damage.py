"""What is missing, damaged, locked or too new is told in one line that says what mends it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.errors import Busy, DamagedLibrary, NoLibrary, NotWritable, StaleIndex
from indexer.records import Link
from indexer.store.database import Database
from indexer.store.generations import folder_of
from indexer.store.publish import rebuild
from indexer.store.snapshot import Snapshot
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
