"""A library that an older version wrote is taken over with all that it kept."""

from __future__ import annotations

from pathlib import Path

import pytest
from shelving import Shelf, article, outcome
from sqlite_utils import Database as Tables

from indexer.records import Link
from indexer.store.database import Database
from indexer.store.schema import migrations
from indexer.store.snapshot import Snapshot

LINK = Link("https://example.org/a", "Patterns")


def test_a_library_whose_index_lay_in_sqlite_is_taken_over(shelf: Shelf) -> None:
    """One that an older version wrote has no segments: the next run makes them, and embeds nothing."""
    shelf.log().record(outcome(LINK, article("One.", "Two.")))
    shelf.publish(LINK)
    with shelf.database.atomic() as tables:
        tables.table("segments").delete_where()
    shelf.encoder.encoded.clear()
    shelf.publish(LINK)
    assert shelf.encoder.encoded == []
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.lexical(["two"], limit=5)


@pytest.mark.parametrize(
    "before",
    ["segments_beside_the_library", "embeddings_in_the_order_they_come", "holdings_with_their_source"],
)
def test_what_an_older_version_kept_is_still_there(tmp_path: Path, before: str) -> None:
    """A library without the later migrations, opened by this version."""
    page, at = "https://example.org/a", "2026-01-05T03:00:00+00:00"
    old = Tables(tmp_path / "library.db")
    migrations.apply(old, stop_before=before)
    row = {
        "id": 7, "link_url": page, "page_url": page, "text": "One.", "site": "example.org",
        "source": "archive", "fetched_at": at,
    }  # fmt: skip
    old.table("articles").insert(row)
    known = {"link_url": page, "page_url": page, "article": 7, "site": "example.org", "fetched_at": at}
    columns = old.table("holdings").columns_dict
    old.table("holdings").insert({name: value for name, value in known.items() if name in columns})
    old.table("embeddings").insert({"fingerprint": "f", "hash": "h", "vector": b"1234"})
    old.close()
    with Database(tmp_path) as database:
        assert database.rows("SELECT * FROM holdings") == [{**known, "source": "archive"}]
        assert database.rows("SELECT hash, vector FROM embeddings") == [{"hash": "h", "vector": b"1234"}]
