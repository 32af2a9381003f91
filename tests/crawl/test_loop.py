"""The run as a whole: each address once, no page ends it, it can be stopped, it stays small."""

from __future__ import annotations

import asyncio
import logging
import pickle
import tracemalloc
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime

import httpx
import pytest

from indexer.config import CrawlConfig
from indexer.crawl import crawl_pages
from indexer.crawl.failure import NoPage
from indexer.errors import ClusterError, Unreadable
from indexer.records import Expect, Fallback, Outcome, Page, Reading, Verdict
from tests.crawl.crawling import (
    Answer,
    InMemory,
    ScriptedWeb,
    article,
    html,
    plain,
    read_here,
    run_without_waiting,
    scripted,
)

SITE = "https://a.example"


def to(location: str, status: int = 301) -> httpx.Response:
    return httpx.Response(status, headers={"location": location})


def test_two_links_to_one_page_fetch_it_once_and_both_have_it() -> None:
    links = [f"{SITE}/old", f"{SITE}/new#part", f"{SITE}/new", f"{SITE}/older"]
    answers = {f"{SITE}/older": to("/old"), f"{SITE}/old": to("/new"), f"{SITE}/new": html("New")}
    found, web = scripted(links, answers)
    assert sorted(web.asked) == [f"{SITE}/new", f"{SITE}/old", f"{SITE}/older"]
    assert [article(found[url]).title for url in links] == ["New"] * 4
    assert {url: found[url].fetch.verdict for url in links} == {
        f"{SITE}/old": Verdict.MOVED,
        f"{SITE}/new#part": Verdict.OK,
        f"{SITE}/new": Verdict.OK,
        f"{SITE}/older": Verdict.MOVED,
    }


def test_a_shared_page_is_judged_by_each_links_own_expectation() -> None:
    links = [
        plain(f"{SITE}/old/post", expect=Expect(("post",))),
        plain(f"{SITE}/start", expect=Expect(("start",))),
    ]
    found, web = scripted(links, {f"{SITE}/old/post": to("/start", 302), f"{SITE}/start": html("Start")})
    assert sorted(web.asked) == [f"{SITE}/old/post", f"{SITE}/start"]
    assert found[f"{SITE}/old/post"].fetch.verdict is Verdict.SOFT_404
    assert found[f"{SITE}/start"].fetch.verdict is Verdict.OK


def test_a_failure_is_shared_too() -> None:
    links = [plain(f"{SITE}/a", fallbacks=(Fallback(f"{SITE}/b"),)), plain(f"{SITE}/b")]
    found, web = scripted(links, {f"{SITE}/a": to("/b"), f"{SITE}/b": httpx.Response(404)})
    assert sorted(web.asked) == [f"{SITE}/a", f"{SITE}/b"]
    assert {outcome.fetch.verdict for outcome in found.values()} == {Verdict.GONE}


@pytest.mark.parametrize(
    "hops", [{"/a": "/a"}, {"/a": "/b", "/b": "/a"}, {"/a": "/b", "/b": "/c", "/c": "/b"}]
)
def test_redirects_in_a_circle_end(hops: dict[str, str]) -> None:
    """Also where two links run the same circle at the same time."""
    answers = {f"{SITE}{source}": to(target, 302) for source, target in hops.items()}
    found, web = scripted([f"{SITE}{source}" for source in hops], answers)
    assert {outcome.fetch.verdict for outcome in found.values()} == {Verdict.REDIRECT_LOOP}
    assert len(web.asked) == len(hops)


def test_redirects_without_end_end() -> None:
    answers = {f"{SITE}/{n}": to(f"/{n + 1}") for n in range(99)}
    found, web = scripted([f"{SITE}/0"], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.REDIRECT_LOOP
    assert len(web.asked) == CrawlConfig().redirects + 1


def test_a_redirect_is_only_permanent_if_every_hop_is() -> None:
    answers = {
        f"{SITE}/a": to("/b"),
        f"{SITE}/b": to("/c", 302),
        f"{SITE}/c": html("C"),
        f"{SITE}/d": to("/c", 308),
    }
    found, _ = scripted([f"{SITE}/a", f"{SITE}/d"], answers)
    assert found[f"{SITE}/a"].fetch.verdict is Verdict.OK
    assert found[f"{SITE}/d"].fetch.verdict is Verdict.MOVED


# ------------------------------------------------------------- second nights


def versioned(request: httpx.Request) -> httpx.Response:
    tag, since = request.headers.get("if-none-match"), request.headers.get("if-modified-since")
    if (tag, since) == ('"1"', "Tue, 06 Jan 2026 03:00:00 GMT"):
        return httpx.Response(304)
    return html("Page", "", etag='"1"', **{"last-modified": "Tue, 06 Jan 2026 03:00:00 GMT"})


def test_the_second_night_asks_only_whether_it_changed() -> None:
    memory = InMemory()
    scripted([f"{SITE}/a"], {f"{SITE}/a": versioned}, memory)
    for _ in range(2):
        found, _ = scripted([f"{SITE}/a"], {f"{SITE}/a": versioned}, memory)
        outcome = found[f"{SITE}/a"]
        assert (outcome.fetch.verdict, outcome.fetch.status, outcome.article) == (
            Verdict.NOT_MODIFIED,
            304,
            None,
        )


def test_validators_are_sent_only_to_the_address_that_gave_them() -> None:
    memory = InMemory()
    scripted([f"{SITE}/a"], {f"{SITE}/a": to("/b"), f"{SITE}/b": versioned}, memory)
    _, web = scripted([f"{SITE}/a"], {f"{SITE}/a": to("/b"), f"{SITE}/b": versioned}, memory)
    sent = {str(request.url): "if-none-match" in request.headers for _, request in web.requests}
    assert sent == {f"{SITE}/robots.txt": False, f"{SITE}/a": False, f"{SITE}/b": True}
    moved, _ = scripted([f"{SITE}/a"], {f"{SITE}/a": to("/c"), f"{SITE}/c": versioned}, memory)
    assert moved[f"{SITE}/a"].article


def test_force_asks_for_the_whole_page() -> None:
    memory = InMemory()
    scripted([f"{SITE}/a"], {f"{SITE}/a": versioned}, memory)
    found, _ = scripted([f"{SITE}/a"], {f"{SITE}/a": versioned}, memory, force=True)
    assert found[f"{SITE}/a"].article


def test_finished_links_of_an_interrupted_run_are_not_asked_again() -> None:
    memory = InMemory(done={f"{SITE}/a"})
    found, web = scripted(
        [f"{SITE}/a", f"{SITE}/b"], {f"{SITE}/a": html("A"), f"{SITE}/b": html("B")}, memory
    )
    assert list(found) == web.asked == [f"{SITE}/b"]


# -------------------------------------------------------- nothing ends a run


async def picky(page: Page) -> Reading:
    if page.url.endswith("/bug"):
        raise KeyError("a fault in the reader")
    if page.url.endswith("/unreadable"):
        raise Unreadable("it is locked")
    return await read_here(page)


def test_one_page_never_ends_the_run(caplog: pytest.LogCaptureFixture) -> None:
    answers = {f"{SITE}/{name}": html(name) for name in ("bug", "unreadable", "good")}
    links = [plain(f"{SITE}/bug"), plain("http://["), plain(f"{SITE}/unreadable"), plain(f"{SITE}/good")]
    with caplog.at_level(logging.ERROR):
        found, _ = scripted(links, answers, read=picky)
    assert found[f"{SITE}/good"].article
    assert found["http://["].fetch.verdict is Verdict.REFUSED
    assert found[f"{SITE}/unreadable"].fetch.reason == "it is locked"
    assert found[f"{SITE}/bug"].fetch.verdict is Verdict.UNREADABLE
    assert "KeyError" in found[f"{SITE}/bug"].fetch.reason
    assert "KeyError" in caplog.text, "a fault of the program must show in the log, with its traceback"


def test_an_empty_catalogue_is_crawled_at_once() -> None:
    assert scripted([], {})[0] == {}


def test_leaving_the_loop_stops_every_request() -> None:
    """As Ctrl-C does: no task is left behind, and nothing more is asked."""
    web = ScriptedWeb({f"https://h{n}.example/": html(f"{n}") for n in range(20)})
    links = [plain(f"https://h{n}.example/") for n in range(20)]

    async def leave_early() -> int:
        running = crawl_pages(links, config=CrawlConfig(), memory=InMemory(), read=read_here, transport=web)
        async for _ in running:
            break
        await running.aclose()
        asked = len(web.requests)
        await asyncio.sleep(100)
        assert len(web.requests) == asked
        return len(asyncio.all_tasks())

    assert run_without_waiting(leave_early()) == 1


def test_a_slow_taker_slows_the_fetching() -> None:
    """Pages wait on their hosts, not in this process's memory."""
    count, hands = 60, 4
    web = ScriptedWeb({f"https://h{n}.example/": html(f"{n}") for n in range(count)})
    links = [plain(f"https://h{n}.example/") for n in range(count)]

    async def take_slowly() -> None:
        taken = 0
        config = CrawlConfig(max_in_flight=hands)
        async for _ in crawl_pages(links, config=config, memory=InMemory(), read=read_here, transport=web):
            await asyncio.sleep(10)
            taken += 1
            assert len(web.asked) <= taken + hands

    run_without_waiting(take_slowly())


def test_a_thousand_links_take_little_memory() -> None:
    """1,000 links on 200 hosts with pages of 50 kB: 50 MB pass through."""
    filler = "<p>" + "word " * 10_000 + "</p>"

    def large(request: httpx.Request) -> httpx.Response:
        return html(str(request.url), filler)

    class Endless(Mapping[str, Answer]):
        def __getitem__(self, url: str) -> Answer:
            if url.endswith("/robots.txt"):
                raise KeyError(url)
            return large

        def __iter__(self) -> Iterator[str]:
            return iter(())

        def __len__(self) -> int:
            return 0

    async def quick(page: Page) -> Reading:
        return reading

    reading = run_without_waiting(
        read_here(Page(SITE, SITE, 200, {}, html("Any").content, datetime.now(UTC)))
    )
    links = [plain(f"https://h{n % 200}.example/{n}") for n in range(1000)]

    async def count() -> int:
        taken = 0
        config = CrawlConfig(delay=0.0)
        async for outcome in crawl_pages(
            links, config=config, memory=InMemory(), read=quick, transport=ScriptedWeb(Endless())
        ):
            taken += outcome.fetch.verdict.good
        return taken

    tracemalloc.start()
    assert run_without_waiting(count()) == 1000
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 40 << 20


def test_an_error_page_without_end_keeps_its_status() -> None:
    found, _ = scripted([f"{SITE}/a"], {f"{SITE}/a": httpx.Response(404, content=b"<p>gone</p>" * 2_000_000)})
    assert found[f"{SITE}/a"].fetch.verdict is Verdict.GONE


def test_what_keeps_robots_txt_from_coming_is_told_of_the_page() -> None:
    found, _ = scripted([f"{SITE}/a"], {f"{SITE}/robots.txt": httpx.ConnectError("no route")})
    fetch = found[f"{SITE}/a"].fetch
    assert (fetch.verdict, fetch.final_url, fetch.status) == (Verdict.NETWORK, f"{SITE}/a", 0)
    assert "no route" in fetch.reason


def test_a_crawl_whose_machines_are_lost_ends_at_once_with_what_it_had() -> None:
    """Other links wait for their turns for an hour; none of them is taken for broken."""
    web = ScriptedWeb({f"https://a.example/{n}": html("Page") for n in range(3600)})
    taken: list[Outcome] = []

    async def read_some(page: Page) -> Reading:
        if page.url.endswith("/1"):
            raise ClusterError("the cluster is lost")
        return await read_here(page)

    async def crawl() -> None:
        links = [plain(f"https://a.example/{n}") for n in range(3600)]
        pages = crawl_pages(links, config=CrawlConfig(), memory=InMemory(), read=read_some, transport=web)
        async for outcome in pages:
            taken.append(outcome)  # noqa: PERF401 - one by one, as the last never comes

    with pytest.raises(ClusterError):
        run_without_waiting(crawl())
    assert [outcome.page_url for outcome in taken] == ["https://a.example/0"]
    assert len(web.asked) == 2


def test_a_failure_travels_between_processes() -> None:
    failure = NoPage(Verdict.TIMEOUT, "no answer", url="https://a.example/", status=200, transient=True)
    failure.seconds = 1.5
    there = pickle.loads(pickle.dumps(failure))
    assert vars(there) == vars(failure)
    assert str(there) == "no answer"
