"""``library.db`` in Datasette and sqlite-utils: each view answers, and says what the library says."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from sqlite3 import connect
from typing import Any

import pytest
import sqlite_utils
import yaml
from datasette.app import Datasette

from indexer import Library
from indexer.exports import ExportForm, export_library
from indexer.exports.metadata import OF_NO_INTEREST, VIEWS
from indexer.store.backup import back_up
from indexer.store.database import Database
from indexer.store.schema import MIGRATIONS
from tests.exports.conftest import BARE, FIRST, LINKS
from tests.store.shelving import Shelf


@pytest.fixture
def copy(library: Shelf, tmp_path: Path) -> Path:
    """The library's file as a backup of it, with the metadata beside it."""
    (tmp_path / "shown").mkdir()
    back_up(library.folder, tmp_path / "shown" / "library.db")
    export_library(library.folder, tmp_path / "shown" / "datasette.yaml", ExportForm.datasette)
    return tmp_path / "shown" / "library.db"


def asked(copy: Path, *paths: str) -> list[Any]:
    """What Datasette answers to each path."""
    told = yaml.safe_load(copy.with_name("datasette.yaml").read_text(encoding="utf-8"))
    shown = Datasette([str(copy)], metadata=told)

    async def ask() -> list[Any]:
        return [(await shown.client.get(path)).raise_for_status().json() for path in paths]

    try:
        return asyncio.run(ask())
    finally:
        for database in shown.databases.values():
            database.close()


def test_each_view_answers_as_json(library: Shelf, copy: Path) -> None:
    links, articles, passages = asked(copy, *(f"/library/{view}.json?_shape=array" for view in VIEWS))
    assert [(row["url"], row["note"], json.loads(row["tags"])) for row in links] == [
        (link.url, link.note, list(link.tags)) for link in LINKS
    ]
    by_url = {row["url"]: row for row in links}
    assert (by_url[FIRST.url]["verdict"], by_url[FIRST.url]["articles"]) == ("ok", 2)
    assert (by_url[BARE.url]["verdict"], by_url[BARE.url]["articles"]) == (None, 0)
    with Library.open(library.folder) as opened:
        assert [row["page_url"] for row in articles] == list(opened.articles()["page_url"])
        assert [row["text"] for row in articles] == [opened.article(row["page_url"]).text for row in articles]
        expected = opened.passages()
    assert [(row["id"], row["text"]) for row in passages] == list(
        zip(expected["passage_id"], expected["text"], strict=True)
    )


def test_the_metadata_speaks_of_what_is_there(copy: Path) -> None:
    """Every column that is described is one, and what is hidden is a table."""
    database = sqlite_utils.Database(copy)
    told = yaml.safe_load(copy.with_name("datasette.yaml").read_text(encoding="utf-8"))
    tables = told["databases"]["library"]["tables"]
    assert set(database.view_names()) == set(VIEWS)
    assert set(OF_NO_INTEREST) <= set(database.table_names())
    for view in VIEWS:
        columns = {column.name for column in database[view].columns}
        assert set(tables[view]["columns"]) <= columns
    [page] = asked(copy, "/library.json")
    assert {table["name"] for table in page["tables"] if not table["hidden"]} == {
        "links",
        "articles",
        "fetches",
    }
    database.close()


def test_datasette_starts_on_the_librarys_own_file(library: Shelf) -> None:
    """Here while it is open for writing."""
    path = "/library/passages_now.json?_shape=array&_nl=on"
    command = [sys.executable, "-m", "datasette", "--get", path, str(library.folder / "library.db")]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    with Library.open(library.folder) as opened:
        assert len(ended.stdout.splitlines()) == len(opened.passages())


def test_an_older_library_gets_the_views(tmp_path: Path) -> None:
    with closing(connect(tmp_path / "library.db")) as old:
        old.executescript("".join(MIGRATIONS[:9]) + "PRAGMA user_version = 9;")
    with Database(tmp_path) as database:
        for view in VIEWS:
            assert database.rows(f"SELECT * FROM {view}") == []
