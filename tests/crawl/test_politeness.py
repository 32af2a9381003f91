"""Hosts are treated as their owners ask: measured on a scripted web, by a clock that skips waiting."""

from __future__ import annotations

import codecs
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from itertools import pairwise

import httpx
import pytest

from indexer.config import CrawlConfig
from indexer.crawl.failure import LostRequest
from indexer.crawl.wire import HttpAnswer, Wire
from indexer.records import Verdict
from tests.crawl.crawling import Answers, ScriptedWeb, html, plain, scripted

SITE = "https://a.example"


class Unreliable:
    """A sender over a scripted web that is lost on its way to some addresses, once each."""

    def __init__(self, web: ScriptedWeb, *lost_on: str) -> None:
        self._wire, self._lost_on = Wire(web, CrawlConfig()), list(lost_on)

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = 0) -> HttpAnswer:
        answer = await self._wire.get(url, headers, most=most)
        if url in self._lost_on:
            self._lost_on.remove(url)
            raise LostRequest
        return answer


def test_a_request_whose_sender_was_lost_is_sent_again_after_the_pause_and_says_nothing_of_the_host() -> None:
    web = ScriptedWeb(pages(2))
    found, _ = scripted(
        [f"{SITE}/{n}" for n in range(2)], web, sender=Unreliable(web, f"{SITE}/robots.txt", f"{SITE}/0")
    )
    assert [str(request.url).rpartition("/")[2] for _, request in web.requests] == [
        "robots.txt", "robots.txt", "0", "1", "0",
    ]  # fmt: skip
    assert pauses(web) == [1.0, 1.0, 1.0, 1.0]
    assert all(outcome.fetch.verdict is Verdict.OK for outcome in found.values())


def robots(text: str) -> httpx.Response:
    return httpx.Response(200, text=text)


def pauses(web: ScriptedWeb, host: str = "a.example") -> list[float]:
    times = web.times(host)
    return [round(later - earlier, 3) for earlier, later in pairwise(times)]


def pages(count: int, site: str = SITE) -> dict[str, httpx.Response]:
    return {f"{site}/{n}": html(f"Page {n}") for n in range(count)}


def test_robots_txt_is_asked_first_and_once_per_origin() -> None:
    found, web = scripted([f"{SITE}/{n}" for n in range(4)], pages(4))
    asked = [str(request.url) for _, request in web.requests]
    assert asked[0] == f"{SITE}/robots.txt"
    assert asked.count(f"{SITE}/robots.txt") == 1
    assert all(outcome.fetch.verdict is Verdict.OK for outcome in found.values())


def test_the_pause_is_counted_from_the_end_of_one_request_to_the_start_of_the_next() -> None:
    web = ScriptedWeb(pages(3))
    web.seconds = 5.0
    scripted([f"{SITE}/{n}" for n in range(3)], web)
    assert pauses(web) == [6.0, 6.0, 6.0]


def test_hosts_do_not_wait_for_each_other() -> None:
    slow = {**pages(5), f"{SITE}/robots.txt": robots("User-agent: *\nCrawl-delay: 20")}
    links = [f"{SITE}/{n}" for n in range(5)] + [f"https://b{n}.example/0" for n in range(50)]
    answers = slow | {f"https://b{n}.example/0": html("B") for n in range(50)}
    _, web = scripted(links, answers, config=CrawlConfig(max_in_flight=2))
    began = web.requests[0][0]
    others = [time - began for time, request in web.requests if request.url.host.startswith("b")]
    assert len(others) == 100
    assert max(others) < 5


def test_crawl_delay_is_honoured_also_right_after_robots_txt() -> None:
    answers = {**pages(3), f"{SITE}/robots.txt": robots("User-agent: *\nCrawl-delay: 7")}
    _, web = scripted([f"{SITE}/{n}" for n in range(3)], answers)
    assert pauses(web) == [7.0, 7.0, 7.0]


def test_an_absurd_crawl_delay_is_honoured_up_to_the_stated_bound() -> None:
    answers = {**pages(2), f"{SITE}/robots.txt": robots("User-agent: *\nCrawl-delay: 86400")}
    _, web = scripted([f"{SITE}/{n}" for n in range(2)], answers)
    assert pauses(web) == [CrawlConfig().longest_crawl_delay] * 2


def test_a_429_makes_the_host_slower_and_good_answers_faster_again() -> None:
    busy = httpx.Response(429, headers={"retry-after": "0"})
    answers: Answers = {**pages(9), f"{SITE}/0": [busy, html("Page 0")]}
    found, web = scripted([f"{SITE}/{n}" for n in range(9)], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.OK
    assert pauses(web) == [1.0, 2.0, 2.0, 2.0] + [1.0] * 6


def test_the_pause_after_429s_stays_bounded() -> None:
    busy = httpx.Response(429, headers={"retry-after": "0"})
    _, web = scripted([f"{SITE}/{n}" for n in range(8)], {f"{SITE}/{n}": busy for n in range(8)})
    assert max(pauses(web)) == CrawlConfig().max_delay


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_in_seconds_holds_the_whole_host(status: int) -> None:
    answers: Answers = {
        **pages(2),
        f"{SITE}/0": [httpx.Response(status, headers={"retry-after": "40"}), html("Page 0")],
    }
    found, web = scripted([f"{SITE}/0", f"{SITE}/1"], answers)
    assert found[f"{SITE}/0"].article
    assert pauses(web)[1] == 40.0, "nothing else may be asked of the host meanwhile"


def test_retry_after_as_a_date_is_understood() -> None:
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True)
    answers: Answers = {f"{SITE}/0": [httpx.Response(503, headers={"retry-after": date}), html("Page 0")]}
    found, web = scripted([f"{SITE}/0"], answers)
    assert found[f"{SITE}/0"].article
    assert 25 < pauses(web)[1] <= 30


def test_who_asks_to_come_back_tomorrow_is_left_alone() -> None:
    answers = {f"{SITE}/0": httpx.Response(429, headers={"retry-after": "86400"})}
    found, web = scripted([f"{SITE}/0"], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.RATE_LIMITED
    assert "86400" in found[f"{SITE}/0"].fetch.reason
    assert web.asked == [f"{SITE}/0"]


def test_repetition_backs_off_and_ends() -> None:
    found, web = scripted([f"{SITE}/0"], {f"{SITE}/0": httpx.Response(503)})
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.SERVER_ERROR
    assert web.asked == [f"{SITE}/0"] * 3
    first, second = pauses(web)[1:]
    assert 1 <= first <= 2 <= second <= 4


@pytest.mark.parametrize("status", [400, 403, 404, 410, 500])
def test_what_repetition_cannot_help_is_not_repeated(status: int) -> None:
    _, web = scripted([f"{SITE}/0"], {f"{SITE}/0": httpx.Response(status)})
    assert web.asked == [f"{SITE}/0"]


def test_a_lost_connection_is_tried_once_more() -> None:
    found, web = scripted([f"{SITE}/0"], {f"{SITE}/0": [httpx.ReadError("reset"), html("Page 0")]})
    assert found[f"{SITE}/0"].article
    assert web.asked == [f"{SITE}/0"] * 2


def test_the_user_agent_is_honest_and_names_a_contact() -> None:
    config = CrawlConfig(contact="me@example.org")
    _, web = scripted([f"{SITE}/0"], pages(1), config=config)
    for _, request in web.requests:
        assert request.headers["user-agent"].startswith("indexer/")
        assert "+me@example.org" in request.headers["user-agent"]
        assert "mozilla" not in request.headers["user-agent"].lower()
        assert request.headers["from"] == "me@example.org"


def test_no_cookie_is_ever_sent_back() -> None:
    def strict(request: httpx.Request) -> httpx.Response:
        assert "cookie" not in request.headers
        return html("Page", **{"set-cookie": "id=1; Path=/"})

    _, web = scripted([f"{SITE}/0", f"{SITE}/1"], {f"{SITE}/0": strict, f"{SITE}/1": strict})
    assert len(web.asked) == 2


def test_every_hop_of_a_redirect_is_a_paced_request() -> None:
    hops = {f"{SITE}/{n}": httpx.Response(302, headers={"location": f"/{n + 1}"}) for n in range(3)}
    found, web = scripted([f"{SITE}/0"], {**hops, f"{SITE}/3": html("Page 3")})
    assert found[f"{SITE}/0"].fetch.final_url == f"{SITE}/3"
    assert pauses(web) == [1.0] * 4


# ------------------------------------------------------------------ robots.txt


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_a_robots_txt_that_is_not_there_allows_everything(status: int) -> None:
    found, _ = scripted(
        [f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": httpx.Response(status, text="Disallow: /")}
    )
    assert found[f"{SITE}/0"].article


@pytest.mark.parametrize("status", [500, 502, 503])
def test_a_robots_txt_that_the_server_cannot_give_refuses_everything(status: int) -> None:
    found, web = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": httpx.Response(status)})
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    assert str(status) in found[f"{SITE}/0"].fetch.reason
    assert not web.asked


def test_an_unreachable_host_is_called_so_and_its_page_not_fetched() -> None:
    error = httpx.ConnectError("no route to host")
    found, web = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": error})
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.NETWORK
    assert not web.asked


def test_the_longest_rule_decides_and_other_robots_rules_do_not_count() -> None:
    rules = "User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /0\nAllow: /0/open\n"
    answers = {f"{SITE}/0": html("A"), f"{SITE}/0/open": html("B"), f"{SITE}/robots.txt": robots(rules)}
    found, web = scripted([f"{SITE}/0", f"{SITE}/0/open"], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    assert web.asked == [f"{SITE}/0/open"]


def test_a_group_for_this_crawler_is_obeyed() -> None:
    rules = "User-agent: indexer\nDisallow: /\n\nUser-agent: *\nAllow: /\n"
    found, _ = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": robots(rules)})
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS


RULES = "User-agent: *\r\nDisallow: /0\r\n"


@pytest.mark.parametrize(
    "body",
    [
        b"\xef\xbb\xbf" + RULES.encode(),
        RULES.encode("utf-16"),
        codecs.BOM_UTF16_BE + RULES.encode("utf-16-be"),
        RULES.encode("utf-16-le"),
        RULES.encode("utf-16-be"),
        b"# caf\xe9\n" + RULES.encode(),
        RULES.replace("\r\n", "\r").encode(),
    ],
)
def test_robots_txt_binds_however_it_was_saved(body: bytes) -> None:
    answers = {**pages(2), f"{SITE}/robots.txt": httpx.Response(200, content=body)}
    found, web = scripted([f"{SITE}/0", f"{SITE}/1"], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    assert web.asked == [f"{SITE}/1"]


@pytest.mark.parametrize(
    "name",
    [
        "indexer/1.0",
        "Indexer/2",
        "indexer 1.0",
        "INDEXER",
        "indexer (the search)",
        "Mozilla/5.0 (indexer/1.0)",
    ],
)
def test_a_group_that_names_this_crawler_with_a_version_binds_it(name: str) -> None:
    rules = robots(f"User-agent: *\nAllow: /\n\nUser-agent: {name}\nDisallow: /0\n")
    found, web = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": rules})
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    assert not web.asked


@pytest.mark.parametrize("name", ["indexer-pro/1.0", "my-indexer", "indexers"])
def test_a_group_for_another_crawler_does_not_bind_this_one(name: str) -> None:
    rules = robots(f"User-agent: {name}\nDisallow: /\n")
    found, _ = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": rules})
    assert found[f"{SITE}/0"].article


def test_an_html_page_in_place_of_robots_txt_has_no_rules() -> None:
    text = "<html><body>User-agent: *\nDisallow: /\n</body></html>"
    found, _ = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": robots(text)})
    assert found[f"{SITE}/0"].article


def test_robots_txt_may_be_redirected_five_times() -> None:
    hops = {f"{SITE}/r{n}": httpx.Response(301, headers={"location": f"/r{n + 1}"}) for n in range(5)}
    hops[f"{SITE}/robots.txt"] = httpx.Response(301, headers={"location": "/r1"})
    rules = robots("User-agent: *\nDisallow: /0")
    refused, _ = scripted([f"{SITE}/0"], {**pages(1), **hops, f"{SITE}/r5": rules})
    assert refused[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    endless = {**hops, f"{SITE}/r5": httpx.Response(301, headers={"location": "/r6"}), f"{SITE}/r6": rules}
    allowed, _ = scripted([f"{SITE}/0"], {**pages(1), **endless})
    assert allowed[f"{SITE}/0"].article


def test_rules_beyond_500_kib_of_robots_txt_are_not_looked_at() -> None:
    long = "User-agent: *\n" + "Allow: /nothing-of-interest\n" * 40_000 + "Disallow: /0\n"
    found, _ = scripted([f"{SITE}/0"], {**pages(1), f"{SITE}/robots.txt": robots(long)})
    assert found[f"{SITE}/0"].article


def test_a_redirect_to_a_forbidden_address_is_not_followed() -> None:
    answers = {
        f"{SITE}/0": httpx.Response(302, headers={"location": "https://b.example/m/0"}),
        "https://b.example/robots.txt": robots("User-agent: *\nDisallow: /m/"),
        "https://b.example/m/0": html("Hidden"),
    }
    found, web = scripted([plain(f"{SITE}/0")], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.ROBOTS
    assert "b.example" in found[f"{SITE}/0"].fetch.reason
    assert web.asked == [f"{SITE}/0"]


class Witness:
    """What a crawl tells of its requests, in order."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str, float]] = []

    def asked(self, host: str) -> None:
        self.told.append(("asked", host, 0))

    def answered(self, host: str, size: int) -> None:
        self.told.append(("answered", host, size))

    def pausing(self, host: str, seconds: float) -> None:
        self.told.append(("pausing", host, round(seconds, 3)))


def test_requests_answers_and_pauses_are_told_as_they_happen() -> None:
    witness = Witness()
    busy = httpx.Response(503, headers={"retry-after": "40"}, text="busy")
    page = html("Page 0")
    answers: Answers = {f"{SITE}/0": [httpx.ConnectError("lost"), busy, page]}
    scripted([f"{SITE}/0"], answers, traffic=witness, config=CrawlConfig(backoff=0.0))
    nothing, asked, pausing = len("nothing here"), ("asked", "a.example", 0), ("pausing", "a.example", 1.0)
    assert witness.told == [
        asked, ("answered", "a.example", nothing), pausing,  # robots.txt
        asked, ("answered", "a.example", 0), pausing,
        asked, ("answered", "a.example", len("busy")), ("pausing", "a.example", 40.0),
        asked, ("answered", "a.example", len(page.content)),
    ]  # fmt: skip
