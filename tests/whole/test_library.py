"""The library in Python: what can be explored, asked from several threads, and given back."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from indexer import Config, Library
from indexer.errors import IndexerError, UnknownName, UsageError
from indexer.records import Article, Link, Outcome, Verdict
from tests.store.shelving import AT, Shelf, article, outcome

LOCKS = Link("https://example.org/locks", "Patterns", note="redlock", tags=("locks", "to read"))
STREAMS = Link("https://blog.example.com/streams", "Patterns", tags=("to read",))
LOST = Link("https://example.net/lost", "Documentation", title="A page that is lost")
LINKS = (LOCKS, STREAMS, LOST)
QUESTIONS = ("a lock with an expiry", "the log of events", "paused clients", "facts")


@pytest.fixture
def library(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Iterator[Library]:
    """Two links with articles, one without."""
    fill(shelf)
    monkeypatch.setattr("indexer.embed.load_encoder", lambda *_, **__: shelf.encoder)
    with opened(shelf) as library:
        yield library


def opened(shelf: Shelf) -> Library:
    return Library.open(shelf.folder, config=Config(data=shelf.folder))


def fill(shelf: Shelf) -> None:
    log = shelf.log()
    log.record(outcome(LOCKS, article("A lock with an expiry.", "A paused client.", title="Locks")))
    log.record(outcome(STREAMS, article("A log of facts.", title="Streams")))
    log.record(outcome(LOST, verdict=Verdict.GONE))
    shelf.publish(*LINKS)


def lock_article(*paragraphs: str) -> Article:
    return article(*paragraphs, title="Locks")


# --------------------------------------------------------------------------- exploring


def test_links_tell_what_is_held_also_where_it_is_nothing(library: Library) -> None:
    links = library.links()
    assert links["url"].tolist() == [link.url for link in LINKS]
    assert links["site"].tolist() == ["example.org", "blog.example.com", "example.net"]
    assert links["tags"].tolist() == [["locks", "to read"], ["to read"], []]
    assert links["articles"].tolist() == [1, 1, 0]
    assert links["passages"].tolist() == [2, 1, 0]
    assert links["words"].tolist() == [8, 4, 0]


def test_status_has_moments_and_what_the_last_fetch_said(library: Library) -> None:
    status = library.status()
    assert status["verdict"].tolist() == ["ok", "ok", "gone"]
    assert status["fetched_at"].tolist() == [AT] * 3
    assert status["article_at"].isna().tolist() == [False, False, True]


def test_facets_count_links_articles_and_passages(library: Library) -> None:
    facets = library.facets()
    counts = {(row.facet, row.value): (row.links, row.articles, row.passages) for row in facets.itertuples()}
    assert counts == {
        ("category", "Patterns"): (2, 2, 3),
        ("category", "Documentation"): (1, 0, 0),
        ("tag", "locks"): (1, 1, 2),
        ("tag", "to read"): (2, 2, 3),
        ("site", "example.org"): (1, 1, 2),
        ("site", "blog.example.com"): (1, 1, 1),
        ("source", "live"): (2, 2, 3),
    }
    assert list(facets["facet"].unique()) == ["category", "tag", "site", "source"]


def test_tables_hold_lists_and_moments(library: Library) -> None:
    articles, passages = library.articles(), library.passages()
    assert articles["tags"].tolist()[0] == ["locks", "to read"]
    assert articles["fetched_at"].tolist() == [AT, AT]
    assert passages["headings"].tolist()[0] == ["Locks"]
    assert len(library.embeddings()) == len(passages)
    answer = library.search("a lock with an expiry").to_pandas()
    assert answer["fetched_at"].max() == AT
    assert answer["heading"].tolist()[0] == ["Locks"]


TABLES: tuple[Callable[[Library], pd.DataFrame], ...] = (
    Library.status,
    Library.links,
    Library.facets,
    Library.articles,
    Library.passages,
    lambda library: library.changes("2020-01-01"),
    lambda library: library.search("lock", mode="lexical").to_pandas(),
)


def test_tables_of_an_empty_library_have_the_same_columns(library: Library, tmp_path: Path) -> None:
    empty = Shelf(tmp_path / "empty")
    empty.publish()
    empty.database.close()
    with opened(empty) as nothing:
        for make in TABLES:
            full, bare = make(library), make(nothing)
            assert len(full)
            assert not len(bare)
            assert list(bare.columns) == list(full.columns)
            moments = full.select_dtypes("datetimetz").columns
            assert list(bare.select_dtypes("datetimetz").columns) == list(moments)


def test_the_history_of_a_page(library: Library) -> None:
    past = library.history(LOCKS.url)
    assert [version.article.title for version in past.versions] == ["Locks"]
    assert len(repr(past)) < 100
    with pytest.raises(UnknownName, match=LOCKS.url):
        library.history(LOCKS.url + "s")


# ----------------------------------------------------------------------------- changes


def later(shelf: Shelf, at: datetime, *outcomes: Outcome) -> None:
    """Record what a crawl found at that moment, and publish."""
    for found in outcomes:
        attempts = tuple(replace(attempt, fetched_at=at) for attempt in found.attempts)
        shelf.log(force=True).record(replace(found, attempts=attempts))
    shelf.publish(*LINKS)


def test_changes_since_a_moment(shelf: Shelf) -> None:
    fill(shelf)
    night = AT + timedelta(days=7)
    later(
        shelf,
        night,
        outcome(LOCKS, lock_article("A lock with an expiry.", "A client that was paused.")),
        outcome(STREAMS, verdict=Verdict.GONE),
        outcome(LOST, article("It is back.", title="Found")),
    )
    with opened(shelf) as library:
        changes = library.changes(date(2026, 1, 6))
        assert {(row.change, row.url) for row in changes.itertuples()} == {
            ("changed", LOCKS.url),
            ("new", LOST.url),
            ("broken", STREAMS.url),
            ("recovered", LOST.url),
        }
        [lines] = changes[changes["change"] == "changed"]["lines"]
        assert lines == ["-A paused client.", "+A client that was paused."]
        assert set(changes["at"]) == {night}
        assert not len(library.changes(night + timedelta(seconds=1)))
        since_ever = library.changes("2020-01-01")
        assert set(since_ever[since_ever["url"] == LOCKS.url]["change"]) == {"new"}


def test_what_changed_back_is_no_change(shelf: Shelf) -> None:
    fill(shelf)
    for days, text in ((7, "Something else."), (8, "A log of facts.")):
        later(shelf, AT + timedelta(days=days), outcome(STREAMS, article(text, title="Streams")))
    with opened(shelf) as library:
        assert not len(library.changes("2026-01-06"))


# ----------------------------------------------------------------------------- similar


def test_similar_are_other_articles_the_nearest_first(library: Library) -> None:
    for to in (LOCKS.url, library.search("paused client", mode="lexical")[0]):
        related = library.similar(to)
        assert [hit.title for hit in related] == ["Streams"]
        assert related.to == "Locks"
    numbers = library.passages()["passage_id"]
    vectors = library.embeddings()
    [first] = library.similar(numbers[2], k=1)
    cosines = vectors[:2] @ vectors[2]
    assert first.passage_id == numbers[int(np.argmax(cosines))]
    assert first.score == pytest.approx(float(cosines.max()), abs=1e-4)


def test_similar_looks_past_an_articles_own_passages(shelf: Shelf) -> None:
    """Also where hundreds of them, or of one other article, are the nearest."""
    many = Link("https://example.org/many", "Patterns")
    shelf.log().record(outcome(many, article(*["The same words again and again."] * 300)))
    for link in (LOCKS, STREAMS):
        shelf.log().record(outcome(link, article(*["The same words again and again."] * 90, "No.")))
    shelf.publish(many, LOCKS, STREAMS)
    with opened(shelf) as library:
        assert {hit.url for hit in library.similar(LOCKS.url, k=2)} == {many.url, STREAMS.url}


def test_similar_to_what_is_not_there(library: Library) -> None:
    with pytest.raises(UnknownName, match=LOCKS.url):
        library.similar(LOCKS.url + "s")
    with pytest.raises(UnknownName, match="99999"):
        library.similar(99_999)


# --------------------------------------------------------------------------- arguments


@pytest.mark.parametrize(
    ("filters", "categories"),
    [
        ({"categories": "Patterns"}, {"Patterns"}),
        ({"tags": "to read"}, {"Patterns"}),
        ({"sites": "example.com"}, {"Patterns"}),
        ({"since": "2026-01-05"}, {"Patterns"}),
        ({"since": date(2026, 1, 5)}, {"Patterns"}),
        ({"since": AT}, {"Patterns"}),
        ({"since": AT.replace(tzinfo=None)}, {"Patterns"}),
        ({"since": "2026-01-05T05:00:00+02:00"}, {"Patterns"}),
        ({"since": pd.Timestamp("2026-01-05")}, {"Patterns"}),
        ({"since": "2026-01-05T03:00:01Z"}, set()),
        ({"categories": None, "k": np.int64(2)}, {"Patterns"}),
    ],
)
def test_a_filter_is_taken_as_a_person_writes_it(
    library: Library, filters: dict[str, Any], categories: set[str]
) -> None:
    answer = library.search("a lock with an expiry", **filters)
    assert {hit.category for hit in answer} == categories


@pytest.mark.parametrize(
    "wrong",
    [
        {"question": None},
        {"question": b"lock"},
        {"question": "half a character \ud800"},
        {"categories": "\udfff"},
        {"k": 0},
        {"k": -1},
        {"k": "5"},
        {"k": 2.5},
        {"k": True},
        {"k": 10**30},
        {"categories": 3},
        {"categories": ["Patterns", 3]},
        {"tags": b"to read"},
        {"sites": {"a": 1}, "tags": [None]},
        {"since": "yesterday"},
        {"since": 20260105},
        {"since": pd.NaT},
        {"since": datetime.max.replace(tzinfo=datetime.fromisoformat("2026-01-01T00:00-05:00").tzinfo)},
        {"mode": "hybrd"},
        {"mode": None},
        {"mode": ["dense"]},
        {"per_article": 0},
        {"context": -1},
        {"context": 10**30},
        {"rerank": "no"},
    ],
)
def test_a_wrong_argument_is_one_clear_line(library: Library, wrong: dict[str, Any]) -> None:
    arguments = {"question": "lock", **wrong}
    with pytest.raises(UsageError) as raised:
        library.search(**arguments)
    told = str(raised.value)
    assert "\n" not in told
    assert len(told) < 200
    assert told.startswith(tuple(wrong))


def test_wrong_arguments_of_the_other_calls(library: Library) -> None:
    calls: list[Callable[[], object]] = [
        lambda: library.article(None),  # type: ignore[arg-type]
        lambda: library.history(3),  # type: ignore[arg-type]
        lambda: library.changes(None),  # type: ignore[arg-type]
        lambda: library.similar(None),  # type: ignore[arg-type]
        lambda: library.similar(-1),
        lambda: library.similar(LOCKS.url, k=0),
        lambda: library.similar("https://example.org/\ud800"),
        lambda: library.article("https://example.org/\ud800"),
        lambda: Library.open(3),  # type: ignore[arg-type]
        lambda: Library.open(config="data"),  # type: ignore[arg-type]
    ]
    for call in calls:
        with pytest.raises(UsageError):
            call()


def test_an_unknown_name_offers_the_nearest(library: Library) -> None:
    with pytest.raises(UnknownName, match="Patterns"):
        library.search("lock", categories="Paterns")


# ---------------------------------------------------------------- threads, and an end


def test_several_threads_get_what_one_gets(library: Library) -> None:
    def ask(question: str) -> list[int]:
        found = [hit.passage_id for hit in library.search(question, context=1)]
        assert len(library.articles()) == 2
        return found

    alone = [ask(question) for question in QUESTIONS]
    with ThreadPoolExecutor(8) as threads:
        assert list(threads.map(ask, QUESTIONS * 10)) == alone * 10


def test_the_model_is_loaded_once_however_many_ask_at_once(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(shelf)
    loaded = []

    def load(*_: object, **__: object) -> object:
        loaded.append(1)
        return shelf.encoder

    monkeypatch.setattr("indexer.embed.load_encoder", load)
    with opened(shelf) as library, ThreadPoolExecutor(8) as threads:
        list(threads.map(library.search, QUESTIONS * 4))
    assert len(loaded) == 1


def test_what_is_pinned_stays_while_a_crawl_publishes(shelf: Shelf, library: Library) -> None:
    before = library.status(), library.articles()
    later(shelf, AT + timedelta(days=1), outcome(LOCKS, lock_article("Another text.")))
    pd.testing.assert_frame_equal(library.status(), before[0])
    pd.testing.assert_frame_equal(library.articles(), before[1])
    assert len(library.history(LOCKS.url).versions) == 1
    assert "expiry" in library.article(LOCKS.url).text


def test_a_closed_library_says_so(library: Library) -> None:
    answer = library.search("a lock with an expiry")
    library.close()
    library.close()
    assert "closed" in repr(library)
    assert answer[0].title
    for call in (library.links, library.embeddings, lambda: library.search("lock"), lambda: library.tags):
        with pytest.raises(UsageError, match="closed"):
            call()


def test_closing_while_others_ask_ends_each_call_whole(library: Library) -> None:
    def ask(question: str) -> str:
        try:
            return library.search(question)[0].title
        except IndexerError as error:
            return str(error)

    with ThreadPoolExecutor(4) as threads:
        told = [threads.submit(ask, question) for question in QUESTIONS * 20]
        told[0].result()
        library.close()
        said = {one.result() for one in told}
    assert any("closed" in one for one in said)
    assert all(one in ("Locks", "Streams") or "closed" in one for one in said)


OPENINGS = """
import gc, os, sys
from pathlib import Path
from indexer import Library

gc.disable()  # what is given back is given back at once, not when the collector comes by
folder, modes, bound = sys.argv[1], sys.argv[2].split(), int(sys.argv[3])

def held():
    files = [os.readlink(f"/proc/self/fd/{fd}") for fd in os.listdir("/proc/self/fd") if fd != "3"
             and os.path.islink(f"/proc/self/fd/{fd}")]
    maps = Path("/proc/self/maps").read_text().splitlines()
    return [line for line in files + maps if folder in line]

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")

kept = []
for number in range(60):
    library = Library.open(folder)
    for mode in modes:
        kept.append(library.search("how is an event stored and locked with an expiry", mode=mode))
    library.embeddings()
    library.faiss_index()
    library.similar(kept[-1][0])
    assert held(), "the library was never mapped"
    library.close()
    assert not held(), held()
    if number == 5:
        before = resident()
assert resident() - before < bound, (before, resident())
"""


def open_often(folder: Path, modes: str, bound: int) -> None:
    command = [sys.executable, "-c", OPENINGS, str(folder), modes, str(bound)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr


on_linux = pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="Linux tells what is mapped")


@on_linux
def test_sixty_openings_leave_no_file_mapped(shelf: Shelf) -> None:
    fill(shelf)
    open_often(shelf.folder, "lexical", 50_000_000)


@on_linux
@pytest.mark.slow
def test_sixty_openings_with_the_model_leave_no_memory(demo_library: Path) -> None:
    """One model takes 100 MB."""
    open_often(demo_library, "lexical dense hybrid", 100_000_000)
