"""`indexer report`: what happened since a time, in every form, whatever stands in the pages."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from markdown_it import MarkdownIt

from indexer import encoding
from indexer.records import Article, Link, Source, Verdict
from indexer.store.publish import publish
from tests.command import Ended, Run
from tests.fakes import HashEncoder
from tests.store.shelving import AT, Shelf, article, change_rows, cut, outcome

NAMES = ("new", "changed", "moved", "gone", "recovered", "steady", "copied")
LINKS = {name: Link(f"https://example.org/{name}", "Patterns") for name in NAMES}
OLD = "Locks are granted by a quorum of nodes."
HOSTILE = "Leases <script>alert(1)</script> & ]]> *expire* \x1b[31m\x00\ufffe after ten seconds."
BREAD = "Sourdough bread rises overnight in a warm kitchen."
ATOM = "{http://www.w3.org/2005/Atom}"
SECOND = AT + timedelta(days=2)
BETWEEN = "2026-01-06"

Report = Callable[..., Ended]


@pytest.fixture
def report(run: Run, shelf: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Report:
    """`indexer report` on a library of two nights; in the second something happened to most links."""
    monkeypatch.setattr(encoding, "open_encoder", lambda *_: HashEncoder())

    def night(at: datetime, **pages: Article | Verdict | str) -> None:
        for name, page in pages.items():
            link = LINKS[name]
            if isinstance(page, Verdict):
                made = outcome(link, None, page, at=at)
            elif isinstance(page, str):
                made = outcome(link, article(OLD, title=name), Verdict.MOVED, final_url=page, at=at)
            else:
                made = outcome(link, page, at=at)
            shelf.log().record(made)
        _publish(shelf)

    first = {name: article(OLD, title=name) for name in NAMES if name not in ("new", "recovered", "copied")}
    night(AT, **first, recovered=Verdict.SERVER_ERROR)
    night(
        SECOND,
        new=article(BREAD, title="new"),
        changed=article(OLD, HOSTILE, title="changed"),
        moved="https://example.org/elsewhere",
        gone=Verdict.GONE,
        recovered=article(OLD, title="recovered"),
        steady=article(OLD, title="steady"),
    )
    catalogue = tmp_path / "catalogue.yaml"
    urls = "".join(f"    - {link.url}\n" for link in LINKS.values())
    watch = '["when do leases expire", "quorum of nodes", "raising sourdough bread"]'
    catalogue.write_text(f"categories:\n  Patterns:\n{urls}watch: {watch}\n")
    return lambda *options: run("report", *options, "--catalogue", catalogue, "--data", shelf.folder)


def _publish(shelf: Shelf) -> None:
    links = tuple(LINKS.values())
    publish(shelf.database, links, encoder=HashEncoder(), model="hash", cut=cut, fingerprint="f")


def sections(ended: Ended) -> dict[str, list[dict[str, Any]]]:
    """The entries by the sections' titles."""
    assert ended.code == 0, ended.err
    return {section["title"]: section["entries"] for section in json.loads(ended.out)["sections"]}


def test_all_that_happened_is_told_under_its_kind(report: Report) -> None:
    told = sections(report("--since", BETWEEN, "--json"))
    kinds = {kind: [entry["title"] for entry in entries] for kind, entries in told.items()}
    assert kinds["New"] == ["new", "recovered"]
    assert kinds["Changed"] == ["changed"]
    assert kinds["Moved"] == ["moved"]
    assert kinds["Gone or out of reach"] == ["gone"]
    assert kinds["Recovered"] == ["recovered"]
    assert told["Changed"][0]["lines"] == [f"+ {HOSTILE}"], "the paragraph that came, and no other"
    assert told["Moved"][0]["address"] == "https://example.org/elsewhere"
    assert "the copy is kept" in told["Gone or out of reach"][0]["lines"][0]
    assert {entry["at"] for entries in told.values() for entry in entries} == {SECOND.isoformat()}


def test_saved_questions_are_answered_by_new_passages_alone(report: Report) -> None:
    told = sections(report("--since", BETWEEN, "--json"))
    assert [entry["lines"] for entry in told["New passages for “when do leases expire”"]] == [
        [f"+ {HOSTILE}"]
    ]
    assert [entry["lines"] for entry in told["New passages for “raising sourdough bread”"]] == [
        [f"+ {BREAD}"]
    ]
    quorum = told["New passages for “quorum of nodes”"]
    assert [entry["title"] for entry in quorum] == ["recovered › recovered"], (
        "the others had this text before"
    )


def test_a_newer_capture_of_the_archive_is_no_move(report: Report, shelf: Shelf) -> None:
    link = LINKS["copied"]
    for day in (8, 9):
        address = f"https://web.archive.org/web/2026010{day}id_/{link.url}"
        at = datetime(2026, 1, day, tzinfo=UTC)
        read = article(OLD, title="copied")
        shelf.log().record(outcome(link, read, source=Source.ARCHIVE, final_url=address, at=at))
        _publish(shelf)
    assert "Moved" not in sections(report("--since", "2026-01-08T12:00:00+00:00", "--json"))
    assert [entry["title"] for entry in sections(report("--since", "2026-01-08", "--json"))["New"]] == [
        "copied"
    ]


def test_where_nothing_happened_that_is_said_and_no_model_is_loaded(
    report: Report, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(encoding, "open_encoder")
    ended = report("--since", "1h")
    assert (ended.code, len(ended.out.splitlines())) == (0, 1)
    assert "nothing new" in ended.out


def test_the_feed_is_valid_and_its_entries_keep_their_ids(report: Report, run: Run, tmp_path: Path) -> None:
    """RFC 4287: what a feed and an entry must have; a reader shows an entry once, by its id."""
    file = tmp_path / "indexer.atom"
    assert report("--since", BETWEEN, "--format", "atom", "--output", file) == Ended(0, "", "")
    feed = ET.parse(file).getroot()
    entries = feed.findall(f"{ATOM}entry")
    assert feed.tag == f"{ATOM}feed"
    assert len(entries) == 9
    for element in (feed, *entries):
        for name in ("id", "title", "updated"):
            assert (element.findtext(ATOM + name) or "").strip(), name
        datetime.fromisoformat(element.findtext(f"{ATOM}updated") or "")
        assert (element.findtext(f"{ATOM}id") or "").startswith("urn:uuid:")
    assert feed.findtext(f"{ATOM}author/{ATOM}name")
    assert all((entry.find(f"{ATOM}link") is not None) for entry in entries)
    content = "".join(entry.findtext(f"{ATOM}content") or "" for entry in entries)
    assert "<script" not in content
    assert "&lt;script&gt;" in content
    ids = {entry.findtext(f"{ATOM}id") for entry in entries}
    assert len(ids) == len(entries)
    longer = ET.fromstring(report("--since", "2025-01-01", "--format", "atom").out)
    again = {entry.findtext(f"{ATOM}id") for entry in longer.findall(f"{ATOM}entry")}
    assert len(ids & again) >= 5, "new twice, and the three passages: all that is so of the longer time, too"
    assert run("catalogue", "import", file, "--catalogue", tmp_path / "other.yaml").code == 0, (
        "a reader's view"
    )


def test_no_form_lets_a_page_speak_for_itself(report: Report) -> None:
    text = report("--since", BETWEEN).out
    assert "\x1b" not in text
    assert "Leases <script>" in text, "on a terminal it is only text"
    html = report("--since", BETWEEN, "--format", "html").out
    assert "<script" not in html
    assert "default-src 'none'" in html
    markdown = report("--since", BETWEEN, "--format", "markdown").out
    shown = MarkdownIt("commonmark").render(markdown)
    assert "<script" not in shown
    assert "*expire*" in shown


def test_a_clock_that_was_ahead_once_does_not_make_old_things_new(report: Report, shelf: Shelf) -> None:
    with shelf.database.atomic() as tables:
        ahead = (AT + timedelta(days=3650)).isoformat()
        change_rows(
            tables.conn, "fetches", "SET fetched_at = ? WHERE fetched_at = ?", (ahead, AT.isoformat())
        )
    assert "nothing new" in report("--since", "2026-01-20").out


@pytest.mark.parametrize("since", ["5x", "", "99999999w", "9999y", "yesterday", "2026-13-01"])
def test_a_time_that_is_none_is_refused(report: Report, since: str) -> None:
    ended = report("--since", since)
    assert (ended.code, ended.out) == (2, "")
    assert "write it as 2026-01-31, or as 3d" in ended.err


def test_json_goes_into_the_file_too(report: Report, tmp_path: Path) -> None:
    file = tmp_path / "report.json"
    assert report("--since", BETWEEN, "--json", "--output", file) == Ended(0, "", "")
    assert json.loads(file.read_text("utf-8"))["sections"]


def test_a_file_that_cannot_be_written_is_told_in_one_line(report: Report, tmp_path: Path) -> None:
    ended = report("--since", BETWEEN, "--output", tmp_path / "none" / "report.txt")
    assert (ended.code, len(ended.err.splitlines())) == (1, 1)
