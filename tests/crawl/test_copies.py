"""Where the original cannot be had: its fallbacks in order, then the web archive, judged as strictly."""

from __future__ import annotations

import json
from urllib.parse import quote

import httpx
import pytest

from indexer.records import Expect, Fallback, Link, Source, Verdict
from tests.crawl.crawling import Answer, InMemory, article, html, plain, scripted

URL = "https://a.example/story"
COPY, SECOND = "https://b.example/story", "https://c.example/story"
API = f"https://archive.org/wayback/available?url={quote(URL, safe='')}"
CAPTURE = f"https://web.archive.org/web/20230611084502id_/{URL}"


def link(*fallbacks: str | Fallback, archive: bool = True, expect: Expect | None = None) -> Link:
    copies = tuple(copy if isinstance(copy, Fallback) else Fallback(copy) for copy in fallbacks)
    return plain(URL, fallbacks=copies, archive=archive, expect=expect)


def available(url: str = URL, **closest: object) -> httpx.Response:
    snapshot = {
        "status": "200",
        "available": True,
        "timestamp": "20230611084502",
        "url": f"http://web.archive.org/x/{url}",
    }
    return httpx.Response(200, json={"url": url, "archived_snapshots": {"closest": snapshot | closest}})


NONE = httpx.Response(200, json={"url": URL, "archived_snapshots": {}})


def test_the_links_own_fallbacks_come_first_and_in_order() -> None:
    answers = {COPY: httpx.Response(404), SECOND: html("Copy"), API: available()}
    found, web = scripted([link(COPY, SECOND)], answers)
    outcome = found[URL]
    assert web.asked == [URL, COPY, SECOND]
    assert outcome.fetch.source is Source.FALLBACK
    assert outcome.fetch.url == SECOND
    assert article(outcome).title == "Copy"
    assert [attempt.verdict for attempt in outcome.attempts] == [Verdict.GONE, Verdict.GONE, Verdict.OK]


def test_the_web_archive_comes_last_and_gives_the_raw_capture() -> None:
    found, web = scripted([link(COPY)], {API: available(), CAPTURE: html("Captured")})
    assert web.asked == [URL, COPY, API, CAPTURE]
    assert found[URL].fetch.source is Source.ARCHIVE
    assert article(found[URL]).title == "Captured"


def test_nothing_is_sought_while_the_original_answers() -> None:
    _, web = scripted([link(COPY)], {URL: html("Original"), COPY: html("Copy")})
    assert web.asked == [URL]


def test_pages_about_the_article_do_not_stand_in_for_it() -> None:
    _, web = scripted([link(Fallback(COPY, "related"), Fallback(SECOND, "related_copy"), archive=False)], {})
    assert web.asked == [URL]


def test_the_archive_is_left_alone_where_the_user_says_so() -> None:
    _, web = scripted([link(archive=False)], {})
    assert web.asked == [URL]


@pytest.mark.parametrize(
    "bad",
    [
        httpx.Response(403),
        httpx.Response(500),
        httpx.ConnectError("down"),
        html("Just a moment...", "", **{"cf-mitigated": "challenge"}),
    ],
)
def test_any_failure_of_the_original_is_made_good(bad: Answer) -> None:
    found, _ = scripted([link(COPY)], {URL: bad, COPY: html("Copy")})
    assert found[URL].fetch.source is Source.FALLBACK


def test_what_robots_may_not_fetch_is_not_taken_from_the_archive() -> None:
    rules = httpx.Response(200, text="User-agent: *\nDisallow: /story")
    found, web = scripted(
        [link()], {"https://a.example/robots.txt": rules, API: available(), CAPTURE: html("Captured")}
    )
    assert found[URL].fetch.verdict is Verdict.ROBOTS
    assert not web.asked


def test_a_copy_is_judged_as_strictly_as_the_original() -> None:
    answers = {COPY: html("Something else"), API: available(), CAPTURE: html("Something else")}
    found, _ = scripted([link(COPY, expect=Expect(title_any=("story",)))], answers)
    outcome = found[URL]
    assert outcome.article is None
    assert [attempt.verdict for attempt in outcome.attempts] == [
        Verdict.SOFT_404,
        Verdict.SOFT_404,
        Verdict.GONE,
    ]


def test_without_any_good_copy_the_originals_verdict_stands_and_tells_what_was_tried() -> None:
    found, _ = scripted([link(COPY)], {URL: httpx.Response(403), API: NONE})
    fetch = found[URL].fetch
    assert fetch.verdict is Verdict.BOT_WALL
    assert fetch.url == URL
    assert "b.example" in fetch.reason
    assert "web archive: it has no good capture" in fetch.reason


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="not json"),
        httpx.Response(200, text=json.dumps([])),
        httpx.Response(200, json={"archived_snapshots": {"closest": None}}),
        httpx.Response(503),
        httpx.ReadTimeout("silent"),
        available(status="404"),
        available(available=False),
        available(timestamp="../evil"),
    ],
)
def test_an_archive_that_cannot_help_is_no_disaster(answer: Answer) -> None:
    found, _ = scripted([link()], {API: answer})
    assert found[URL].fetch.verdict is Verdict.GONE
    assert "web archive" in found[URL].fetch.reason


def test_no_copy_is_sought_while_the_library_holds_the_original() -> None:
    """Otherwise one bad night would replace a good article by an old capture."""
    memory = InMemory()
    scripted([link(COPY)], {URL: html("Original")}, memory)
    found, web = scripted([link(COPY)], {URL: httpx.Response(503), COPY: html("Copy")}, memory)
    assert found[URL].fetch.verdict is Verdict.SERVER_ERROR
    assert set(web.asked) == {URL}


def test_the_original_is_tried_first_again_and_the_copy_conditionally() -> None:
    def copy(request: httpx.Request) -> httpx.Response:
        return httpx.Response(304) if request.headers.get("if-none-match") else html("Copy", etag='"1"')

    memory = InMemory()
    scripted([link(COPY)], {COPY: copy}, memory)
    found, web = scripted([link(COPY)], {COPY: copy}, memory)
    assert web.asked == [URL, COPY]
    assert found[URL].fetch.verdict is Verdict.NOT_MODIFIED
    assert found[URL].fetch.source is Source.FALLBACK
    back, _ = scripted([link(COPY)], {URL: html("Original")}, memory)
    assert back[URL].fetch.source is Source.LIVE


def test_a_capture_already_held_is_not_fetched_again() -> None:
    memory = InMemory()
    answers = {API: available(), CAPTURE: html("Captured")}
    scripted([link()], answers, memory)
    found, web = scripted([link()], answers, memory)
    assert web.asked == [URL, API]
    assert found[URL].fetch.verdict is Verdict.NOT_MODIFIED
    assert found[URL].fetch.source is Source.ARCHIVE


def test_everything_from_a_sample_is_marked_as_sample() -> None:
    found, _ = scripted([link(COPY)], {COPY: html("Copy")}, source=Source.SAMPLE)
    assert {attempt.source for attempt in found[URL].attempts} == {Source.SAMPLE}
