"""Many links: bounded memory, and a run that was killed goes on where it stood."""

from __future__ import annotations

import json
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.command import Run
from tests.shared_data import shared_data
from tests.whole.large_web import Program, serving, write_catalogue

pytestmark = pytest.mark.slow

LINKS, HOSTS = 150, 50
MOST_MEMORY = 1 << 30
"""Bytes of all processes together: it does not grow with the links."""


@pytest.fixture
def data(tmp_path: Path, demo_library: Path) -> Path:
    """A data folder to be made; the model's export, which takes more memory, was made for the demo."""
    return tmp_path / "data"


def stored(data: Path, sql: str) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(data / "library.db")) as library:
        return library.execute(sql).fetchall()


def finished(data: Path) -> set[str]:
    if not (data / "library.db").exists():
        return set()
    try:
        return {url for (url,) in stored(data, "SELECT page_url FROM fetches")}
    except sqlite3.OperationalError:  # its tables are just being made
        return set()


def published(data: Path) -> list[tuple[Any, ...]]:
    """All that a search can see, without the ids, which depend on the order of arrival."""
    return stored(
        data,
        "SELECT a.link_url, a.final_url, a.title, p.position, p.text, p.context, p.fragment, e.vector "
        "FROM passages p JOIN articles a ON a.id = p.article JOIN embeddings e ON e.hash = p.embedding "
        "ORDER BY 1, 4",
    )


def test_a_killed_run_goes_on_where_it_stood(tmp_path: Path, data: Path) -> None:
    """What was finished before the kill is not fetched again, and the end is that of a run left alone."""
    with serving(tmp_path, pages=LINKS, hosts=HOSTS) as web:
        catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"Large": web.links})

        def crawl(folder: Path) -> Program:
            arguments = ("crawl", "--json", "--strict", "--catalogue", catalogue, "--data", folder)
            return Program(*arguments, environment=web.environment)

        whole = data.with_name("whole")
        undisturbed = crawl(whole)
        code, out, err = undisturbed.wait()
        assert code == 0, err
        assert json.loads(out)["articles"]["new"] == LINKS
        assert undisturbed.peak < MOST_MEMORY
        assert max(Counter(web.requests()).values()) == 1
        web.log.write_text("")

        victim = crawl(data)
        while len(finished(data)) < LINKS // 3:
            time.sleep(0.05)  # until it is in the middle, however fast the machine is
        victim.kill()
        victim.wait()
        before = finished(data)
        assert LINKS // 3 <= len(before) < LINKS, "it was killed in the middle"

        web.log.write_text("")
        heir = crawl(data)
        code, out, err = heir.wait()
        assert code == 0, err
        assert set(web.requests()) == set(web.links) - before
        assert json.loads(out)["run"] == 1
        assert heir.peak < MOST_MEMORY
    assert published(data) == published(whole)


def test_a_real_list_of_a_thousand_links_is_taken_in(run: Run, tmp_path: Path, data: Path) -> None:
    """Imported, checked, and published without a single page, within bounded memory."""
    source = shared_data("linklists/public-apis") / "README.md"
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text("categories: {}\n")
    assert run("catalogue", "import", source, "--catalogue", catalogue).code == 0
    assert run("catalogue", "check", "--catalogue", catalogue).code == 0
    offline = Program(
        "crawl", "--offline", "--json", "--catalogue", catalogue, "--data", data, environment={}
    )
    code, out, err = offline.wait()
    assert code == 0, err
    assert json.loads(out)["links"] > 1000
    assert offline.peak < MOST_MEMORY
