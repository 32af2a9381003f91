"""A page that only leads on is a redirect; one that refreshes itself is a page."""

from __future__ import annotations

import httpx
import pytest

from indexer.config import CrawlConfig
from indexer.records import Verdict
from tests.crawl.crawling import PROSE, article, html, scripted

SITE = "https://a.example"
NOTICE = "<h1>This page has moved</h1><p>Please change your bookmarks. You are taken there in a moment.</p>"


def page(head: str, body: str = NOTICE, **headers: str) -> httpx.Response:
    text = f"<!doctype html><html><head><title>Moved</title>{head}</head><body>{body}</body></html>"
    return httpx.Response(200, headers={"content-type": "text/html", **headers}, text=text)


def refreshing(content: str, body: str = NOTICE) -> httpx.Response:
    return page(f'<meta http-equiv="refresh" content="{content}">', body)


@pytest.mark.parametrize(
    "head",
    [
        '<meta http-equiv="refresh" content="0; url=/b">',
        '<META CONTENT="5;URL=https://a.example/b" HTTP-EQUIV=Refresh>',
        "<meta http-equiv=refresh content=0;/b>",
        "<meta http-equiv='refresh' content=\"0; url='/b'\">",
        '<meta http-equiv="refresh" content=".5, URL = /b"/>',
        '<meta http-equiv="refresh"\ncontent="3;url=&#47;b">',
        '<base href="/deep/"><meta http-equiv="refresh" content="0;url=../b">',
        '<noscript><meta http-equiv="refresh" content="0;url=/b"></noscript>',
    ],
)
def test_a_page_that_only_leads_on_is_followed(head: str) -> None:
    found, web = scripted([f"{SITE}/a"], {f"{SITE}/a": page(head), f"{SITE}/b": html("Queues")})
    assert article(found[f"{SITE}/a"]).title == "Queues"
    fetch = found[f"{SITE}/a"].fetch
    assert (fetch.final_url, fetch.verdict) == (f"{SITE}/b", Verdict.OK)
    assert web.asked == [f"{SITE}/a", f"{SITE}/b"]
    first, second, third = web.times("a.example")
    assert (second - first, third - second) == (1.0, 1.0), "robots.txt, then each hop after its pause"


def test_the_header_is_followed_too() -> None:
    answers = {f"{SITE}/a": page("", refresh="0; url=/b"), f"{SITE}/b": html("Queues")}
    found, _ = scripted([f"{SITE}/a"], answers)
    assert article(found[f"{SITE}/a"]).title == "Queues"


@pytest.mark.parametrize(
    ("content", "body"),
    [
        ("300", PROSE),
        ("900; url=/a", PROSE),
        ("0; url=#top", PROSE),
        ("1800; url=/a?refreshed=1", PROSE),
        ("20; url=/b", PROSE),
        ("0; url=javascript:alert(1)", PROSE),
        ("soon; url=/b", PROSE),
        ("300; url=/b", PROSE[:600]),
    ],
)
def test_an_article_that_refreshes_itself_stays_an_article(content: str, body: str) -> None:
    found, web = scripted(
        [f"{SITE}/a"], {f"{SITE}/a": refreshing(content, f"<article><p>{body}</p></article>")}
    )
    assert article(found[f"{SITE}/a"]).text
    assert web.asked == [f"{SITE}/a"]


@pytest.mark.parametrize(
    "hidden",
    [
        '<!-- <meta http-equiv="refresh" content="0; url=/b"> -->',
        '<!--[if lt IE 9]><meta http-equiv="refresh" content="0; url=/b"><![endif]-->',
        '<script>document.write(\'<meta http-equiv="refresh" content="0; url=/b">\')</script>',
        '<textarea><meta http-equiv="refresh" content="0; url=/b"></textarea>',
        '<pre>&lt;meta http-equiv="refresh" content="0; url=/b"&gt;</pre>',
        '<noscript><meta http-equiv="refresh" content="0; url=/b"></noscript>',
    ],
)
def test_a_refresh_that_browsers_do_not_see_leads_nowhere(hidden: str) -> None:
    found, web = scripted([f"{SITE}/a"], {f"{SITE}/a": page(hidden, f"<article><p>{PROSE}</p></article>")})
    assert found[f"{SITE}/a"].article
    assert web.asked == [f"{SITE}/a"]


def test_a_text_file_about_refreshing_is_a_text_file() -> None:
    body = '<meta http-equiv="refresh" content="0; url=/b">\n\n' + PROSE
    answers = {f"{SITE}/a": httpx.Response(200, headers={"content-type": "text/plain"}, text=body)}
    found, web = scripted([f"{SITE}/a"], answers)
    assert found[f"{SITE}/a"].article
    assert web.asked == [f"{SITE}/a"]


def test_internal_and_forbidden_addresses_are_not_reached_by_refresh() -> None:
    answers = {
        f"{SITE}/a": refreshing("0; url=http://169.254.169.254/latest/"),
        f"{SITE}/b": refreshing("0; url=https://b.example/m/0"),
        "https://b.example/robots.txt": httpx.Response(200, text="User-agent: *\nDisallow: /m/"),
        "https://b.example/m/0": html("Hidden"),
    }
    found, web = scripted([f"{SITE}/a", f"{SITE}/b"], answers)
    assert found[f"{SITE}/a"].fetch.verdict is Verdict.REFUSED
    assert found[f"{SITE}/b"].fetch.verdict is Verdict.ROBOTS
    assert sorted(web.asked) == [f"{SITE}/a", f"{SITE}/b"]


def test_refreshes_and_redirects_share_one_bound() -> None:
    answers = {f"{SITE}/{n}": refreshing(f"0; url=/{n + 1}") for n in range(0, 99, 2)}
    answers |= {
        f"{SITE}/{n}": httpx.Response(302, headers={"location": f"/{n + 1}"}) for n in range(1, 99, 2)
    }
    found, web = scripted([f"{SITE}/0"], answers)
    assert found[f"{SITE}/0"].fetch.verdict is Verdict.REDIRECT_LOOP
    assert len(web.asked) == CrawlConfig().redirects + 1


COOKIE = {"set-cookie": "seen=1; Path=/"}


@pytest.mark.parametrize(
    "answers",
    [
        {"/a": httpx.Response(302, headers={"location": "/a", **COOKIE})},
        {
            "/a": httpx.Response(302, headers={"location": "/check"}),
            "/check": httpx.Response(307, headers={"location": "/a", **COOKIE}),
        },
        {"/a": page('<meta http-equiv="refresh" content="0">', "<p>One moment.</p>", **COOKIE)},
        {
            "/a": page('<meta http-equiv="refresh" content="0; url=/b">', **COOKIE),
            "/b": refreshing("0;url=/a"),
        },
        {f"/{n or 'a'}": httpx.Response(302, headers={"location": f"/{n + 1}", **COOKIE}) for n in range(30)},
    ],
)
def test_a_circle_that_sets_cookies_says_so(answers: dict[str, httpx.Response]) -> None:
    found, _ = scripted([f"{SITE}/a"], {f"{SITE}{path}": answer for path, answer in answers.items()})
    fetch = found[f"{SITE}/a"].fetch
    assert fetch.verdict is Verdict.REDIRECT_LOOP
    assert "cookies" in fetch.reason


def test_a_circle_without_cookies_does_not_speak_of_them() -> None:
    found, _ = scripted([f"{SITE}/a"], {f"{SITE}/a": httpx.Response(302, headers={"location": "/a"})})
    assert "cookies" not in found[f"{SITE}/a"].fetch.reason
