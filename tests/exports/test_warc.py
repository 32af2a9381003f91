"""WARC: warcio reads back each raw page as it was kept, and an import makes the same articles of it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from warcio.archiveiterator import ArchiveIterator
from warcio.checker import Checker
from warcio.recordloader import ArcWarcRecord

from indexer.catalogue import load, web_archive
from indexer.config import Config
from indexer.exports import ExportForm, export_library
from indexer.pipeline import importing, publishing
from indexer.records import Fetch, Link, Outcome, Page, Source, Verdict
from indexer.store import inspection
from tests.command import Run
from tests.exports.conftest import FIRST, SECOND
from tests.fakes import HashEncoder
from tests.store.shelving import AT, Shelf, article, outcome

PROSE = "Event stores append events, and whoever reads them replays them from the beginning to the end. " * 30


def records(path: Path) -> Iterator[tuple[ArcWarcRecord, bytes]]:
    with path.open("rb") as file:
        for record in ArchiveIterator(file):
            yield record, record.content_stream().read()


def test_warcio_reads_the_pages_back(library: Shelf, tmp_path: Path) -> None:
    made = export_library(library.folder, tmp_path / "out.warc.gz", ExportForm.warc)
    about, *pages = records(tmp_path / "out.warc.gz")
    assert about[0].rec_type == "warcinfo"
    assert made.counts == {"pages": 3, "without_page": 0}
    told = {record.rec_headers["WARC-Target-URI"]: (record, body) for record, body in pages}
    assert {url: body for url, (_, body) in told.items()} == {
        FIRST.url: b"<html>one</html>",
        "https://a.example.org/below": b"below",
        SECOND.url: b"<html>two</html>",
    }
    for record, _ in told.values():
        assert record.rec_type == "response"
        assert record.http_headers.get_statuscode() == "200"
        assert record.http_headers["content-type"] == "text/html"
        assert record.rec_headers["WARC-Date"] == "2026-01-05T03:00:00Z"


def test_its_digests_are_right(library: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    export_library(library.folder, tmp_path / "out.warc.gz", ExportForm.warc)
    command = type("Command", (), {"inputs": [str(tmp_path / "out.warc.gz")], "verbose": True})
    checker = Checker(command)
    checker.process_all()
    assert checker.exit_value == 0
    assert capsys.readouterr().out.count("digest pass") == 4  # the archive itself, and each page


def test_headers_of_strangers_stay_within_their_record(shelf: Shelf, tmp_path: Path) -> None:
    """Values as no server should send them; and what spoke of how the body came is gone."""
    given = outcome(FIRST, article("Text."), body=b"body")
    assert given.page
    headers = {
        "content-type": "text/html", "x-a": "1\r\nWARC-Type: x\r\n\r\nHTTP/1.1 500", "x-b": "é中\x00",
        "content-encoding": "gzip", "transfer-encoding": "chunked", "content-length": "99999",
    }  # fmt: skip
    shelf.log().record(replace(given, page=replace(given.page, headers=headers)))
    shelf.publish(FIRST)
    export_library(shelf.folder, tmp_path / "out.warc", ExportForm.warc)
    [(record, body)] = [one for one in records(tmp_path / "out.warc") if one[0].rec_type == "response"]
    assert (body, record.http_headers["content-length"], record.http_headers["content-encoding"]) == (
        b"body", "4", None,
    )  # fmt: skip
    assert "500" in record.http_headers["x-a"]


def test_what_no_host_sent_is_a_resource(shelf: Shelf, tmp_path: Path) -> None:
    """A page that a browser made, and one that a person saved."""
    shown = outcome(FIRST, article("Shown."), body=b"<p>shown")
    shelf.log().record(replace(shown, attempts=(replace(shown.fetch, rendered=True),)))
    saved = Page(SECOND.url, SECOND.url, 200, {}, b"%PDF-1.4", AT)
    fetch = Fetch(SECOND.url, SECOND.url, Verdict.OK, "imported", AT, source=Source.IMPORT)
    shelf.log().record(Outcome(SECOND, SECOND.url, (fetch,), saved, article("Saved.")))
    shelf.publish(FIRST, SECOND)
    export_library(shelf.folder, tmp_path / "out.warc", ExportForm.warc)
    kinds = [(record.rec_type, record.content_type) for record, _ in records(tmp_path / "out.warc")]
    assert kinds[1:] == [("resource", "text/html"), ("resource", "application/octet-stream")]


def test_pages_that_are_not_kept_are_counted(run: Run, library: Shelf, tmp_path: Path) -> None:
    with library.database.atomic() as tables:
        tables.table("bodies").delete(hashlib.sha256(b"below").hexdigest())
    ended = run("export", tmp_path / "a.warc.gz", "--data", library.folder)
    assert ended.out.endswith("left out: 1 article whose raw page is not kept any more\n")


@pytest.mark.slow
def test_an_import_makes_the_same_articles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of each address of its own, also where it is not the one that answered; and again adds nothing."""
    monkeypatch.setattr(publishing, "open_encoder", lambda config: HashEncoder())
    first = Config(data=tmp_path / "first", catalogue=tmp_path / "first.yaml")
    urls = ["https://example.org/a#:~:text=b", "https://example.org/ä?q=1", "https://example.org/c.md"]
    links = [Link(url, "Topic", note=f"note {url}") for url in urls]
    pages = [
        f"<!doctype html><title>Page A</title><h1>Page A</h1><p>{PROSE}<pre>code\n  b</pre>".encode(),
        f"<!doctype html><meta charset=utf-8><title>Ä</title><h2>Ü</h2><p>{PROSE}</p><p>ö {PROSE}".encode(),
        f"# Notes\n\n{PROSE}\n\n- one\n- two\n".encode(),
    ]
    for link, body in zip(links, pages, strict=True):
        (tmp_path / "page").write_bytes(body)
        importing.import_page(link, links, tmp_path / "page", first)
    export_library(first.data, tmp_path / "all.warc.gz", ExportForm.warc)
    second = Config(data=tmp_path / "second", catalogue=tmp_path / "second.yaml")
    for expected in ({"new": 3}, {"older": 3}):
        archive = web_archive(tmp_path / "all.warc.gz", most=1 << 20)
        assert archive
        taken = importing.import_archive(archive, second, category="Taken")
        assert (taken.effects, taken.left_out) == (expected, {})
    assert [link.url for link in load(second.catalogue).links] == urls
    for url in urls:
        one, other = (inspection.article(config.data, url)[0] for config in (first, second))
        assert (one.title, one.text, one.blocks) == (other.title, other.text, other.blocks)


@pytest.mark.slow
def test_a_link_that_is_known_gets_its_page(
    shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever form of its address the archive has; and what a crawl would refuse is left out."""
    monkeypatch.setattr(publishing, "open_encoder", lambda config: HashEncoder())
    wall = b"<title>Just a moment...</title><p>Checking your browser before you go on."
    for number, body in enumerate((f"<title>One</title><p>{PROSE}".encode(), wall), start=1):
        link = Link(f"https://www.example.org/{number}/?utm_source=x", "Old")
        shelf.log().record(outcome(link, article("x"), body=body))
    shelf.publish(*(Link(f"https://www.example.org/{number}/?utm_source=x", "Old") for number in (1, 2)))
    export_library(shelf.folder, tmp_path / "a.warc.gz", ExportForm.warc)
    config = Config(data=tmp_path / "other", catalogue=tmp_path / "c.yaml")
    config.catalogue.write_text("categories: {Mine: [{url: 'http://example.org/1', note: kept}]}")
    archive = web_archive(tmp_path / "a.warc.gz", most=1 << 20)
    assert archive
    taken = importing.import_archive(archive, config, category="New")
    assert (taken.added, taken.effects) == ((), {"new": 1})
    assert taken.left_out == {"without an article (wall, notice or stub)": 1}
    read, facts = inspection.article(config.data, "http://example.org/1")
    assert (read.title, facts["note"], facts["source"]) == ("One", "kept", "import")
    assert facts["fetched_at"] == "2026-01-05T03:00:00+00:00"
