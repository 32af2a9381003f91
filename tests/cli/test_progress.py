"""What a person is shown of a run that goes on, at a time that a test chooses."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from indexer.cli.options import set_log_level
from indexer.cli.output import CONTROL
from indexer.cli.progress import RunProgress, telling_lines, watching
from indexer.records import Link, Verdict
from tests.store.shelving import article, outcome


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> RunProgress:
    return RunProgress("indexer crawl", clock=clock)


@pytest.fixture(autouse=True)
def _messages() -> Iterator[None]:
    yield
    set_log_level(logging.WARNING)


def seen(progress: RunProgress, width: int = 80) -> list[str]:
    console = Console(width=width, file=io.StringIO(), legacy_windows=False)
    with console.capture() as captured:
        console.print(progress.drawn(width))
    return captured.get().splitlines()


def done(progress: RunProgress, url: str) -> None:
    progress.page(outcome(Link(url, "Patterns"), article("A text.")), "new")


def test_a_crawl_shows_links_bytes_and_the_host_it_waits_for_longest(
    progress: RunProgress, clock: Clock
) -> None:
    progress.started(3, resumed=False)
    progress.asked("slow.example")
    clock.now = 8
    progress.asked("quick.example")
    clock.now = 12
    progress.answered("quick.example", 1_250_000)
    done(progress, "https://quick.example/")
    progress.asked("other.example")
    links, waiting = seen(progress)
    assert "1/3 1.2 MB" in links
    assert waiting.strip() == "waiting for slow.example (12 s) and 1 more"
    assert (
        progress.line() == "crawling: 1 of 3 links done, 1.2 MB; waiting for slow.example (12 s) and 1 more"
    )
    progress.answered("slow.example", 0)
    assert "waiting for other.example (0 s)" in seen(progress)[1]


def test_a_link_counts_once_with_its_subpages(progress: RunProgress) -> None:
    progress.started(2, resumed=False)
    for _ in range(3):
        done(progress, "https://example.org/")
    assert "crawling: 1 of 2 links done" in progress.line()


def test_a_host_that_wants_a_pause_is_named_where_nothing_else_keeps_the_crawl(
    progress: RunProgress, clock: Clock
) -> None:
    progress.started(2, resumed=False)
    progress.pausing("busy.example", 40)
    clock.now = 10
    assert "pausing for busy.example (30 s left)" in progress.line()
    progress.asked("busy.example")
    assert "waiting for busy.example (0 s)" in progress.line()


def test_embedding_shows_its_rate_and_the_time_left(progress: RunProgress, clock: Clock) -> None:
    progress.started(1, resumed=False)
    clock.now = 100
    progress.embedding(0, 3000)
    clock.now = 110
    progress.embedding(500, 3000)
    assert "500/3,000 50/s 50 s left" in seen(progress)[-1]
    assert progress.line() == "embedding: 500/3,000 50/s 50 s left"
    progress.embedding(3000, 3000)
    clock.now = 115
    assert seen(progress)[-1] == "writing the index (5 s)"


def test_what_has_no_measure_has_its_own_line(progress: RunProgress, clock: Clock) -> None:
    progress.started(1, resumed=False)
    progress.stage("preparing the model, once")
    clock.now = 65
    assert seen(progress)[-1] == "preparing the model, once (1 min 5 s)"
    assert progress.line() == "preparing the model, once (1 min 5 s)"
    assert len(seen(progress)) == 2, "the crawl waits for nobody any more"


HOSTS = st.one_of(st.text(min_size=1), st.just("a-very-long-host-name." * 12), st.just("例え.テスト" * 30))


@given(
    host=HOSTS, width=st.integers(40, 200), links=st.integers(0, 10**6), size=st.integers(0, 10**12),
    seconds=st.floats(0, 10**6), passages=st.integers(0, 10**8),
)  # fmt: skip
def test_nothing_wraps_and_no_host_can_drive_the_terminal(
    host: str, width: int, links: int, size: int, seconds: float, passages: int
) -> None:
    clock = Clock()
    progress = RunProgress("indexer crawl", clock=clock)
    progress.started(links, resumed=True)
    progress.answered("example.org", size)
    progress.asked(host)
    clock.now = seconds
    crawling = seen(progress, width)
    assert len(crawling) == 2
    assert crawling[1].rstrip().endswith(")")
    assert "waiting for" in crawling[1]
    progress.embedding(0, passages)
    clock.now += seconds
    progress.embedding(passages // 3, passages)
    progress.stage(f"reading again https://{host}/")
    for line in (*crawling, *seen(progress, width)):
        assert cell_len(line) <= width
        assert not CONTROL.search(line)


@pytest.mark.parametrize(
    ("resumed", "pages", "embedded", "told"),
    [
        (False, 0, 0, "the last published state stands; `indexer crawl` starts again"),
        (False, 1, 0, "1 page is kept, the last published state stands; the same `indexer crawl` goes on"),
        (False, 2, 0, "2 pages are kept, the last"),
        (True, 0, 0, "what was fetched before is kept, the last"),
        (True, 2, 0, "what was fetched before and 2 pages are kept, the last"),
        (False, 2, 256, "2 pages and the vectors of 256 passages are kept, the last"),
    ],
)
def test_an_interruption_is_told_what_is_kept(
    progress: RunProgress, resumed: bool, pages: int, embedded: int, told: str
) -> None:
    progress.started(3, resumed=resumed)
    for number in range(pages):
        done(progress, f"https://example.org/{number}")
    if embedded:
        progress.embedding(embedded, 1000)
    assert progress.kept().startswith(told)


def test_without_a_terminal_there_is_a_line_from_time_to_time(
    progress: RunProgress, caplog: pytest.LogCaptureFixture
) -> None:
    times = iter([False, False, True])
    progress.started(2, resumed=False)
    with telling_lines(progress, pause=lambda ended: next(times)):
        pass
    assert caplog.messages == [progress.line()] * 2


def test_a_short_run_and_a_quiet_one_say_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    for level in (logging.WARNING, logging.ERROR):
        set_log_level(level)
        with watching("indexer crawl") as told:
            told.started(1, resumed=False)
            done(told, "https://example.org/")
    assert capfd.readouterr() == ("", "")


def test_a_bad_page_counts_as_done(progress: RunProgress) -> None:
    progress.started(1, resumed=False)
    progress.page(outcome(Link("https://example.org/", "Patterns"), None, Verdict.GONE), "missing")
    assert "1 of 1 link done" in progress.line()
