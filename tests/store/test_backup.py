"""A backup is sound and whole, and taking it back leaves the old library or the new one, whatever happens."""

from __future__ import annotations

import json
import shutil
import sqlite3
import threading
from pathlib import Path

import numpy as np
import pytest

from indexer.errors import Busy, DamagedLibrary, NoLibrary, NotReadable, StaleIndex, UsageError
from indexer.files import working_folder
from indexer.records import Link
from indexer.store.backup import STAGED, back_up, restore, verify
from indexer.store.snapshot import Snapshot
from indexer.store.sums import SUMMED
from tests.store.shelving import CountingEncoder, Shelf, article, outcome

LINK = Link("https://example.org/a", "Patterns", note="redlock")
OTHER = Link("https://example.org/b", "Cloud")


def answers(folder: Path) -> list[object]:
    """All that a reader gets of a library: generation, nearest, words, rows."""
    with Snapshot(folder) as snapshot:
        vector = CountingEncoder().encode_query("A title\n\nThe old text.")
        near = snapshot.dense(vector, limit=5)
        rows = snapshot.rows([number for number, _ in near])
        return [snapshot.generation, near, snapshot.lexical(["text", "redlock"], limit=5), rows]


def told(folder: Path) -> list[str]:
    with Snapshot(folder) as snapshot:
        number = snapshot.generation.passages
        assert len(snapshot.dense(CountingEncoder().encode_query("x"), limit=9)) == number
        return [row["text"] for row in snapshot.query("SELECT text FROM passages ORDER BY id")]


def publish_text(shelf: Shelf, text: str) -> None:
    shelf.log().record(outcome(LINK, article(text, "More."), body=text.encode()))
    shelf.publish(LINK)


@pytest.fixture
def backup(shelf: Shelf, tmp_path: Path) -> Path:
    """A backup of "The old text.", beside a library that has gone on to "The new text."."""
    publish_text(shelf, "The old text.")
    made = back_up(shelf.folder, tmp_path / "backup.db")
    publish_text(shelf, "The new text.")
    return Path(made.path)


def test_a_backup_answers_as_the_library_did_without_the_model(shelf: Shelf, tmp_path: Path) -> None:
    publish_text(shelf, "The old text.")
    before = answers(shelf.folder)
    made = back_up(shelf.folder, tmp_path / "backup.db")
    assert (made.links, made.passages, made.bodies, made.generation) == (1, 2, 1, 1)
    restored = restore(tmp_path / "backup.db", tmp_path / "elsewhere")
    assert answers(tmp_path / "elsewhere") == before
    assert (restored.backup.sha256, restored.set_aside) == (made.sha256, "")
    with Shelf(tmp_path / "elsewhere").database as database:
        assert database.rows("SELECT count(*) AS runs FROM runs WHERE finished_at = ''")


def test_a_folder_gets_a_dated_file_with_its_checksum(shelf: Shelf, tmp_path: Path) -> None:
    publish_text(shelf, "The old text.")
    (tmp_path / "backups").mkdir()
    made = back_up(shelf.folder, tmp_path / "backups")
    files = sorted(path.name for path in (tmp_path / "backups").iterdir())
    assert files == [Path(made.path).name, f"{Path(made.path).name}.sha256"]
    assert (tmp_path / "backups" / files[1]).read_text() == f"{made.sha256}  {files[0]}\n"


def test_a_backup_beside_a_writer_is_one_state(shelf: Shelf, tmp_path: Path) -> None:
    """While a run publishes, each backup is a state that was published, and the run is not stopped."""
    publish_text(shelf, "Text 0.")
    shelf.database.close()
    ended = threading.Event()

    def write() -> None:
        writing = Shelf(shelf.folder)
        for number in range(1, 12):
            publish_text(writing, f"Text {number}.")
        writing.database.close()
        ended.set()

    writer = threading.Thread(target=write)
    writer.start()
    count = 0
    while not ended.is_set() or not count:
        back_up(shelf.folder, tmp_path / f"{count}.db")
        count += 1
    writer.join()
    assert any("Text 11." in text for text in told(shelf.folder))
    for number in range(count):
        restore(tmp_path / f"{number}.db", tmp_path / str(number))
        [first, second] = told(tmp_path / str(number))
        assert {first, second} - {"More."} <= {f"Text {n}." for n in range(12)}


def test_nothing_is_overwritten(shelf: Shelf, backup: Path, tmp_path: Path) -> None:
    before = backup.read_bytes()
    with pytest.raises(UsageError, match="is there already"):
        back_up(shelf.folder, backup)
    assert backup.read_bytes() == before
    with pytest.raises(UsageError, match="no such folder"):
        back_up(shelf.folder, tmp_path / "none" / "backup.db")
    with pytest.raises(NoLibrary):
        back_up(tmp_path / "empty", tmp_path / "other.db")
    assert not list(tmp_path.glob("*other*")) + list(tmp_path.glob(".*"))


def damage_page(path: Path) -> None:
    """Write over a page in the middle of a file."""
    with path.open("r+b") as file:
        file.seek(path.stat().st_size // 2 // 8192 * 8192)
        file.write(b"\x00\xff" * 4096)


def swap_body(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE bodies SET data = zeroblob(20)")


def lose_passage(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM passages WHERE id = (SELECT max(id) FROM passages)")


def lose_vector(path: Path) -> None:
    with sqlite3.connect(path) as connection:
        connection.execute("DELETE FROM embeddings")


@pytest.mark.parametrize("harm", [damage_page, swap_body, lose_passage, lose_vector])
def test_a_damaged_library_is_not_taken_for_a_backup(shelf: Shelf, tmp_path: Path, harm: object) -> None:
    for number in range(30):
        publish_text(shelf, f"Text {number}. " * 40)
    shelf.database.close()
    assert callable(harm)
    harm(shelf.folder / "library.db")
    (tmp_path / "backups").mkdir()
    with pytest.raises(DamagedLibrary, match=r"indexer re(store|index)"):
        back_up(shelf.folder, tmp_path / "backups" / "backup.db")
    assert not list((tmp_path / "backups").iterdir())


@pytest.mark.parametrize("at", [0, 16, 100, 9000, -3000, -1])
def test_a_flipped_bit_in_a_backup_is_found_before_anything_is_touched(
    shelf: Shelf, backup: Path, at: int
) -> None:
    content = bytearray(backup.read_bytes())
    content[at] ^= 1
    backup.write_bytes(content)
    shelf.database.close()
    with pytest.raises(DamagedLibrary, match=r"backup\.db"):
        restore(backup, shelf.folder)
    assert "The new text." in told(shelf.folder)
    assert not (shelf.folder / STAGED).exists()


def test_what_is_no_backup_is_refused(shelf: Shelf, backup: Path, tmp_path: Path) -> None:
    shelf.database.close()
    (tmp_path / "text.db").write_text("no database" * 1000)
    (tmp_path / "empty.db").write_bytes(b"")
    with sqlite3.connect(tmp_path / "foreign.db") as connection:
        connection.execute("CREATE TABLE notes (text)")
    for name in ("text.db", "empty.db", "foreign.db"):
        with pytest.raises(DamagedLibrary, match=name):
            restore(tmp_path / name, shelf.folder)
    for place in (tmp_path / "none.db", tmp_path):
        with pytest.raises(NotReadable):
            restore(place, shelf.folder)
    Path(f"{backup}.sha256").unlink()
    with sqlite3.connect(backup) as connection:
        connection.execute("PRAGMA user_version = 1000")
    with pytest.raises(StaleIndex, match="upgrade"):
        restore(backup, shelf.folder)
    assert "The new text." in told(shelf.folder)


def test_the_library_that_was_there_is_kept(shelf: Shelf, backup: Path, tmp_path: Path) -> None:
    """It is a backup itself: taken back, it answers as it did."""
    shelf.database.close()
    newest = answers(shelf.folder)
    restored = restore(backup, shelf.folder)
    assert told(shelf.folder) == ["The old text.", "More."]
    verify(Path(restored.set_aside))
    restore(Path(restored.set_aside), tmp_path / "again")
    assert answers(tmp_path / "again")[2:] == newest[2:]
    after = Shelf(shelf.folder)
    publish_text(after, "The newest text.")
    after.database.close()
    assert "The newest text." in told(shelf.folder)
    assert len(list((shelf.folder / "segments").iterdir())) <= 2


def test_a_reader_keeps_its_state_while_a_backup_is_taken_back(shelf: Shelf, backup: Path) -> None:
    shelf.database.close()
    with Snapshot(shelf.folder) as pinned:
        restore(backup, shelf.folder)
        [(found, _)] = pinned.lexical(["new"], limit=5)
        assert pinned.rows([found])[0].passage.text == "The new text."
        assert told(shelf.folder) == ["The old text.", "More."]


def test_a_run_at_work_is_not_disturbed(shelf: Shelf, backup: Path) -> None:
    with pytest.raises(Busy):
        restore(backup, shelf.folder)
    assert "The new text." in told(shelf.folder)


@pytest.mark.parametrize("left", ["damaged", "cut to nothing", "foreign", "its log alone"])
def test_a_library_that_answers_no_more_is_moved_aside(shelf: Shelf, backup: Path, left: str) -> None:
    """Its files are kept as they are, and its log is never read into the backup."""
    library = shelf.folder / "library.db"
    if left == "its log alone":  # the user moved the library away, and not what lay beside it
        log = Path(f"{library}-wal")
        content = log.read_bytes()
        shelf.database.close()
        assert content
        library.unlink()
        log.write_bytes(content)
    else:
        shelf.database.close()
        match left:
            case "damaged":
                library.write_bytes(b"SQLite format 3\0" + b"\xff" * 9000)
            case "cut to nothing":
                library.write_bytes(b"")
            case "foreign":
                library.unlink()
                with sqlite3.connect(library) as connection:
                    connection.execute("CREATE TABLE notes (text)")
    before = library.read_bytes() if library.exists() else None
    restored = restore(backup, shelf.folder)
    assert told(shelf.folder) == ["The old text.", "More."]
    if before is not None:
        assert Path(restored.set_aside).read_bytes() == before


def test_a_library_of_other_pages_takes_a_backup(shelf: Shelf, backup: Path) -> None:
    """Libraries of the first versions have pages of 4 KiB, which a transaction cannot change."""
    shelf.database.close()
    with sqlite3.connect(shelf.folder / "library.db") as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        connection.execute("PRAGMA page_size = 4096")
        connection.execute("VACUUM")
    restore(backup, shelf.folder)
    assert told(shelf.folder) == ["The old text.", "More."]


def test_a_backup_of_an_older_version_is_brought_up(shelf: Shelf, backup: Path) -> None:
    shelf.database.close()
    Path(f"{backup}.sha256").unlink()
    with sqlite3.connect(backup) as connection:
        for view in ("links_now", "articles_now", "passages_now"):
            connection.execute(f"DROP VIEW {view}")
        connection.execute("DROP INDEX idx_current_articles_article")
        for table in SUMMED:
            connection.execute(f"ALTER TABLE {table} DROP COLUMN crc")
        for name in ("title", "final_url", "hash", "words", "rendered", "passages", "ids", "lost"):
            connection.execute(f"ALTER TABLE current_articles DROP COLUMN {name}")
        for name in ("links", "articles"):
            connection.execute(f"ALTER TABLE generations DROP COLUMN {name}")
        connection.execute("ALTER TABLE articles DROP COLUMN lost")
        connection.execute("DROP TABLE uncut")
        for number, half in connection.execute("SELECT id, vector FROM embeddings").fetchall():
            vector = np.frombuffer(half, "<f2").astype("<f4").tobytes()
            connection.execute("UPDATE embeddings SET vector = ? WHERE id = ?", (vector, number))
        connection.execute("PRAGMA user_version = 6")
    restore(backup, shelf.folder)
    assert told(shelf.folder) == ["The old text.", "More."]


def test_what_was_read_is_told(shelf: Shelf, backup: Path) -> None:
    held = verify(backup).to_json()
    assert json.loads(json.dumps(held)) == held
    copy = Path(shutil.copy(backup, backup.with_name("copy.db")))
    assert verify(copy).sha256 == held["sha256"]


def test_a_backup_that_was_killed_is_cleared_away_by_the_next_one(shelf: Shelf, tmp_path: Path) -> None:
    """Also where the next one has another name; one that is being made is left alone."""
    publish_text(shelf, "The old text.")
    with working_folder(tmp_path) as left:
        pass
    left.mkdir()
    (left / "library-2026-01-31.db").write_text("half of it")
    with working_folder(tmp_path) as at_work:
        back_up(shelf.folder, tmp_path / "backup.db")
        assert [*tmp_path.glob(".*")] == [at_work]
    assert {path.name for path in tmp_path.iterdir()} == {"backup.db", "backup.db.sha256", "data"}


def test_a_backup_without_its_checksum_is_never_there(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Broken off before it is in its place, it can be made again under the same name."""
    publish_text(shelf, "The old text.")
    there: list[str] = []
    true = Path.replace

    def look(path: Path, target: Path) -> Path:
        there.extend(found.name for found in tmp_path.glob("backup*"))
        return true(path, target)

    monkeypatch.setattr(Path, "replace", look)
    back_up(shelf.folder, tmp_path / "backup.db")
    assert there == ["backup.db.sha256"]
