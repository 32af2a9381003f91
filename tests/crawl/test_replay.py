"""The real catalogue and the hostile one against the replayed web; its log is the witness."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from indexer.catalogue import load
from indexer.config import CrawlConfig
from indexer.records import Link, Source, Verdict
from tests.crawl.crawling import QUICK, InMemory, article, crawled, crawled_with_workers
from tests.replaying import Replay

ROOT = Path(__file__).parents[2]
Links = Sequence[Link]
INTERNAL = {"127.0.0.1", "localhost", "::1", "0.0.0.0", "2130706433", "169.254.169.254"}


@pytest.fixture(scope="module")
def links() -> Links:
    return load(ROOT / "catalogue.yaml").links


@pytest.fixture(scope="module")
def hostile() -> Links:
    return load(ROOT / "tests" / "replay" / "hostile-catalogue.yaml").links


def robots_come_first(entries: list[dict[str, Any]]) -> bool:
    seen = set()
    for entry in entries:
        parts = urlsplit(entry["url"])
        if parts.path == "/robots.txt":
            seen.add((parts.scheme, parts.netloc))
        elif entry["method"] == "GET" and (parts.scheme, parts.netloc) not in seen:
            return False
    return True


def asked_twice(entries: list[dict[str, Any]]) -> dict[str, int]:
    """Addresses asked for again although the first answer was whole and final."""
    final = [
        e["url"]
        for e in entries
        if e["method"] == "GET" and e["status"] not in (429, 503) and e["end"] == "complete"
    ]
    return {url: count for url, count in Counter(final).items() if count > 1}


def test_three_nights_on_the_real_catalogue(replay: Callable[[int], Replay], links: Links) -> None:
    memory = InMemory()
    config = replace(QUICK, delay=0.01)

    first = replay(1)
    found = crawled(links, memory, config=config)
    own = {link.url: found[link.url].fetch for link in links}
    assert sum(fetch.verdict.good for fetch in own.values()) >= 25
    assert all(fetch.verdict.good or fetch.reason for fetch in own.values())
    bad = {urlsplit(url).hostname: fetch.verdict for url, fetch in own.items() if not fetch.verdict.good}
    assert bad == {"levelup.gitconnected.com": Verdict.ROBOTS, "aruva.medium.com": Verdict.BOT_WALL}
    by_source = Counter(fetch.source for fetch in own.values() if fetch.verdict.good)
    assert by_source[Source.FALLBACK] == 2
    assert by_source[Source.ARCHIVE] == 3
    posts = [url for url in found if "highscalability.com/blog/20" in url and found[url].article]
    assert len(posts) == 5
    assert robots_come_first(first.entries())
    assert not asked_twice(first.entries())

    second = replay(2)
    found = crawled(links, memory, config=config)
    fresh = {urlsplit(outcome.link.url).hostname for outcome in found.values() if outcome.article}
    assert fresh == {"cognitect.com", "www.altexsoft.com", "philcalcado.com"}
    by_host = {urlsplit(link.url).hostname: found[link.url].fetch for link in links}
    assert by_host["philcalcado.com"].verdict is Verdict.MOVED
    assert by_host["www.smashingmagazine.com"].verdict is Verdict.GONE
    conditional = {e["url"] for e in second.entries() if e["if_none_match"]}
    assert {e["url"] for e in second.entries() if e["status"] == 304} <= conditional
    assert len(conditional) > 35
    assert not asked_twice(second.entries())

    replay(3)
    found = crawled(links, memory, config=config)
    assert not [url for url, outcome in found.items() if outcome.article], "no wall and no stub is an article"
    by_host = {urlsplit(link.url).hostname: found[link.url].fetch for link in links}
    assert by_host["thenewstack.io"].verdict is Verdict.BOT_WALL
    assert by_host["www.confluent.io"].verdict is Verdict.PAYWALL


WANTED = {
    "good": {True},
    "good or failed": {True, False},
    "failed at the size limit, or good": {True, False},
}
VERDICTS = {
    "bot_wall": {Verdict.BOT_WALL},
    "paywall": {Verdict.PAYWALL},
    "soft_404": {Verdict.SOFT_404},
    "gone": {Verdict.GONE},
    "thin": {Verdict.THIN, Verdict.EMPTY, Verdict.SCRIPT_ONLY},
    "refused": {Verdict.REFUSED, Verdict.ROBOTS},
}


def test_every_hostile_page_ends_as_it_should(replay: Callable[[int], Replay], hostile: Links) -> None:
    web = replay(1)
    found = crawled_with_workers(hostile, config=QUICK)
    wrong: dict[str, object] = {}
    for link in hostile:
        fetch, wanted = found[link.url].fetch, link.note.removeprefix("wanted: ")
        word = wanted.partition(",")[0].partition(" at ")[0]
        if not fetch.verdict.good and not fetch.reason:
            wrong[link.url] = "no reason"
        elif word in VERDICTS:
            if fetch.verdict not in VERDICTS[word]:
                wrong[link.url] = (wanted, fetch.verdict, fetch.reason)
        elif "or" not in wanted.split() and fetch.verdict.good != (word == "good"):
            wrong[link.url] = (wanted, fetch.verdict, fetch.reason)
    assert not wrong
    entries = web.entries()
    assert not {e["url"] for e in entries if urlsplit(e["url"]).hostname in INTERNAL}
    assert robots_come_first(entries)
    assert not asked_twice(entries)
    closed = ("disallow", "robots503", "robotsbom", "robots16", "robotsversion")
    asked = {e["url"] for e in entries}
    assert not [url for url in asked if "/page" in url and urlsplit(url).netloc.partition(".")[0] in closed]


def test_a_page_that_only_leads_on_is_the_page_it_leads_to(
    replay: Callable[[int], Replay], hostile: Links
) -> None:
    """The log is the witness: each hop once, after its host's robots.txt."""
    web = replay(1)
    found = crawled([link for link in hostile if link.url.endswith(("/leads-on", "/refreshes-itself"))])
    moved, live = found["https://odd.test/leads-on"], found["https://odd.test/refreshes-itself"]
    assert moved.fetch.final_url == "https://odd.test/arrived"
    assert "has moved" not in article(moved).text
    assert article(live).title == "The live report"
    asked = [entry["url"].removeprefix("https://odd.test/") for entry in web.entries()]
    assert asked[0] == "robots.txt"
    assert sorted(asked[1:]) == ["arrived", "leads-on", "refreshes-itself"]


def test_a_host_that_wants_cookies_is_said_to(replay: Callable[[int], Replay], hostile: Links) -> None:
    replay(1)
    (outcome,) = crawled([link for link in hostile if link.url.endswith("/wants-cookies")]).values()
    assert outcome.fetch.verdict is Verdict.REDIRECT_LOOP
    assert "cookies" in outcome.fetch.reason


def test_what_browsers_decode_is_decoded(replay: Callable[[int], Replay], hostile: Links) -> None:
    replay(1)
    names = ("/utf-8-location", "/second-member-cut", "/utf-16-in-meta", "/not-gzip")
    found = crawled([link for link in hostile if link.url.endswith(names)])
    assert found["https://odd.test/utf-8-location"].fetch.final_url == "https://odd.test/caf%C3%A9"
    assert article(found["https://odd.test/second-member-cut"]).title == "The live report"
    assert article(found["https://odd.test/utf-16-in-meta"]).title == "Caf\u00e9"
    assert "na\u00efve" in article(found["https://odd.test/utf-16-in-meta"]).text
    assert found["https://evil.test/not-gzip"].article


def test_text_in_odd_charsets_is_read_right(replay: Callable[[int], Replay], hostile: Links) -> None:
    replay(1)
    names = ("windows-1252", "utf-8-undeclared")
    wanted = [link for link in hostile if link.url.rpartition("/")[2] in names]
    for outcome in crawled(wanted).values():
        assert "Café naïve § 5 €" in article(outcome).text


@pytest.mark.slow
def test_real_pauses_are_kept(replay: Callable[[int], Replay], links: Links, hostile: Links) -> None:
    """With the default settings: no request within its host's delay, by the log's clock."""
    hosts = {"cwiki.apache.org": 2.0, "delay.test": 3.0, "www.codehiddenlanguage.com": 1.0}
    chosen = [link for link in (*links, *hostile) if urlsplit(link.url).hostname in hosts]
    web = replay(1)
    crawled(chosen, config=CrawlConfig())
    times = defaultdict(list)
    for entry in web.entries():
        times[urlsplit(entry["url"]).hostname].append(entry["time"])
    for host, delay in hosts.items():
        gaps = [later - earlier for earlier, later in pairwise(times[host])]
        assert len(gaps) >= 2
        assert min(gaps) >= delay
