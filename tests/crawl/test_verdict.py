"""Walls are not taken for articles, nor articles for walls."""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path
from string import Template

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.config import CrawlConfig
from indexer.crawl.verdict import judge, judge_status
from indexer.errors import Unreadable
from indexer.extract import read
from indexer.records import Article, Block, Expect, Judgement, Page, Reading, Verdict
from tests.shared_data import shared_data

TEMPLATES = Path(__file__).parents[2] / "data" / "sample" / "templates"
SENTENCE = "The broker keeps every event in order, and each consumer remembers how far it has read. "
CHROME = "<nav>" + "<a href='/x'>Products and solutions</a> " * 30 + "</nav>"
URL = "https://a.example/blog/how-queues-scale"


def page(
    body: str | bytes,
    *,
    url: str = URL,
    final: str = "",
    status: int = 200,
    moved: bool = False,
    **headers: str,
) -> Page:
    data = body.encode() if isinstance(body, str) else body
    named = {"content-type": "text/html; charset=utf-8"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    return Page(url, final or url, status, named, data, datetime.now(UTC), moved)


def article(
    words: int, *, title: str = "How queues scale", text: str = SENTENCE, head: str = "", body: str = ""
) -> str:
    prose = (text * (words // len(text.split()) + 1)).split()[:words]
    return (
        f"<html><head><title>{title}</title>{head}</head><body>{body}"
        f"<article><h1>{title}</h1><p>{' '.join(prose)}</p></article></body></html>"
    )


def make_article(title: str, text: str) -> Article:
    return Article(title, text, (Block("paragraph", 0, len(text)),) if text else ())


def test_a_short_article_without_blanks_beside_its_menu_is_one() -> None:
    """Its words are counted as those of the page are: by characters."""
    text = "客户端取得锁之后应当尽快释放，订阅者会收到通知。" * 9
    menu = "".join(f"<a href='/{n}'>产品与解决方案</a> " for n in range(40))
    main = f"<article><h1>锁</h1><p>{text}</p></article>"
    found = page(f"<html><head><title>锁</title></head><body><nav>{menu}</nav>{main}</body></html>")
    reading = read(found)
    assert isinstance(reading, Reading)
    assert reading.text_on_page > reading.article.words > 90
    assert judge(found, reading, expect=Expect(), config=CrawlConfig()).verdict is Verdict.OK


def notice(name: str) -> str:
    text = (TEMPLATES / f"{name}.html").read_text(encoding="utf-8")
    return Template(text).substitute(host="a.example", url=URL, title="How queues scale", status="200")


def verdict(page: Page, title_any: tuple[str, ...] = (), min_words: int = 0) -> Judgement:
    expect = Expect(title_any, min_words)
    judged = judge_status(page)
    if judged.verdict is not Verdict.OK:
        return judged
    try:
        reading = read(page)
    except Unreadable as error:
        return judge(page, error, expect=expect, config=CrawlConfig())
    return judge(page, reading, expect=expect, config=CrawlConfig())


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (403, Verdict.BOT_WALL),
        (999, Verdict.BOT_WALL),
        (401, Verdict.PAYWALL),
        (402, Verdict.PAYWALL),
        (404, Verdict.GONE),
        (410, Verdict.GONE),
        (451, Verdict.GONE),
        (429, Verdict.RATE_LIMITED),
        (500, Verdict.SERVER_ERROR),
        (503, Verdict.SERVER_ERROR),
        (400, Verdict.SERVER_ERROR),
        (304, Verdict.SERVER_ERROR),
    ],
)
def test_each_failing_status_has_its_verdict_and_reason(status: int, expected: Verdict) -> None:
    judged = verdict(page(article(500), status=status))
    assert judged.verdict is expected
    assert str(status) in judged.reason


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("challenge", Verdict.BOT_WALL),
        ("paywall", Verdict.PAYWALL),
        ("notfound", Verdict.SOFT_404),
        ("forbidden", Verdict.SOFT_404),
        ("busy", Verdict.THIN),
        ("gone", Verdict.THIN),
    ],
)
def test_a_notice_with_status_200_is_told_apart(name: str, expected: Verdict) -> None:
    assert verdict(page(notice(name))).verdict is expected


@pytest.mark.parametrize("status", [200, 403, 503])
def test_a_challenge_is_recognised_by_its_header_alone(status: int) -> None:
    judged = verdict(page(article(900), status=status, cf_mitigated="challenge"))
    assert judged.verdict is Verdict.BOT_WALL


@pytest.mark.parametrize(
    "html",
    [
        "<title>Just a moment...</title><p>Checking your browser before accessing a.example.</p>",
        "<title>a.example</title><p>Please enable JS</p><script src='https://ct.captcha-delivery.com/c.js'></script>",
        "<title>Access to this page has been denied</title><div id=px-captcha></div><p>Press and hold</p>",
        "<title>Pardon Our Interruption</title><p>Something made us think you were a bot.</p>",
        "<title>Making sure you're not a bot!</title><p>You are seeing this because of Anubis.</p>",
        "<html><body><iframe src='/_Incapsula_Resource?x=1'>Request unsuccessful</iframe></body></html>",
        "<title>x</title><p>Our systems have detected unusual traffic from your computer network.</p>",
    ],
)
def test_challenges_of_the_usual_guards(html: str) -> None:
    assert verdict(page(html)).verdict is Verdict.BOT_WALL


@pytest.mark.parametrize(
    "html",
    [
        "<title>Subscribe</title><article><p>"
        + SENTENCE * 3
        + "To continue reading, log in.</p></article>"
        + CHROME,
        "<title>A story</title><script type='application/ld+json'>{'isAccessibleForFree': false}</script><p>"
        + SENTENCE * 3
        + "</p><aside>Already a subscriber? Sign in.</aside>"
        + CHROME,
    ],
)
def test_a_teaser_before_a_request_for_money_is_a_paywall(html: str) -> None:
    assert verdict(page(html)).verdict is Verdict.PAYWALL


def test_a_consent_form_in_place_of_the_article() -> None:
    html = "<title>Before you continue</title><p>We use cookies.</p><button>Accept all</button>"
    assert verdict(page(html)).verdict is Verdict.CONSENT
    moved = page("<title>x</title><p>Choose.</p>", final="https://consent.a.example/ui?continue=x")
    assert verdict(moved).verdict is Verdict.CONSENT


def test_a_login_page_in_place_of_the_article() -> None:
    html = page("<title>Sign in</title><form>E-mail Password</form>", final="https://a.example/login?next=x")
    assert verdict(html).verdict is Verdict.PAYWALL


ABOUT_WALLS = (
    "Verify you are human, says the CAPTCHA; checking your browser, says the proxy. A paywall asks you to "
    "subscribe to continue reading, already a subscriber or not. We value your privacy, says the banner: "
    "accept all, reject all. Page not found, says the server; please enable JavaScript, says the rest. "
)


@pytest.mark.parametrize(
    "title", ["Just a moment: how challenges work", "404 pages that work", "Before you continue"]
)
def test_a_long_article_about_walls_is_an_article(title: str) -> None:
    assert verdict(page(article(400, title=title, text=ABOUT_WALLS))).verdict is Verdict.OK


def test_a_short_article_in_the_chrome_of_a_paid_site_is_an_article() -> None:
    chrome = (
        CHROME
        + "<div>Already a subscriber? Log in. Subscribe now to read more.</div><div>Accept all cookies</div>"
    )
    assert verdict(page(article(60, body=chrome))).verdict is Verdict.OK


def test_a_small_page_is_enough_where_its_link_expects_little() -> None:
    small = page(article(40, title="Code: the hidden language"))
    assert verdict(small, title_any=("hidden language",), min_words=30).verdict is Verdict.OK
    assert verdict(small, min_words=300).verdict is Verdict.THIN


def test_words_are_counted_in_scripts_without_spaces() -> None:
    text = "分散ロックは、複数のプロセスが資源を排他的に扱うための仕組みです。" * 3
    assert (
        verdict(page(f"<title>分散ロック</title><article><h1>分散ロック</h1><p>{text}</p></article>")).verdict
        is Verdict.OK
    )


@pytest.mark.parametrize(
    ("html", "expected"),
    [
        ("", Verdict.EMPTY),
        ("  \n ", Verdict.EMPTY),
        ("<html><head><title>x</title></head><body></body></html>", Verdict.EMPTY),
        (
            "<title>App</title><div id=root></div><noscript>You need to enable JavaScript.</noscript>",
            Verdict.SCRIPT_ONLY,
        ),
        ("<title>x</title><p>One moment.</p>", Verdict.THIN),
    ],
)
def test_too_little_is_told_by_its_kind(html: str, expected: Verdict) -> None:
    judged = verdict(page(html))
    assert judged.verdict is expected
    assert judged.reason


def test_what_cannot_be_read_says_why() -> None:
    judged = verdict(page(b"%PDF-1.7 broken", content_type="application/pdf"))
    assert judged.verdict is Verdict.UNREADABLE
    assert judged.reason


# -------------------------------------------------------------------- notices

SHORT = yaml.safe_load((Path(__file__).parent / "notices.yaml").read_text(encoding="utf-8"))
FOOTER = "<footer>" + "<a href='/y'>Terms and privacy of this company</a> " * 50 + "</footer>"


def short_page(text: dict[str, str], *, chrome: bool) -> Page:
    title = text["title"]
    body = f"<main><h1>{text.get('heading', title)}</h1><p>{text['text']}</p></main>"
    around = (CHROME, FOOTER) if chrome else ("", "")
    return page(f"<html><head><title>{title}</title></head><body>{around[0]}{body}{around[1]}</body></html>")


NOTICES = [
    pytest.param(text, chrome, id=f"{text['title']}, menus: {chrome}")
    for text in SHORT["notices"]
    for chrome in ((False,) if text.get("alone") else (False, True))
]


@pytest.mark.parametrize(("text", "chrome"), NOTICES)
def test_a_notice_is_no_article(text: dict[str, str], *, chrome: bool) -> None:
    judged = verdict(short_page(text, chrome=chrome))
    assert not judged.verdict.good
    assert judged.reason


@pytest.mark.parametrize("chrome", [False, True])
@pytest.mark.parametrize("text", SHORT["articles"], ids=lambda text: text["title"])
def test_a_short_article_about_such_things_is_one(text: dict[str, str], *, chrome: bool) -> None:
    assert verdict(short_page(text, chrome=chrome)).verdict is Verdict.OK


def test_a_short_article_in_another_charset_is_one() -> None:
    text = "维护一台服务器不难。每周看一次日志。每月换一次密码。每年换一次硬盘。" * 3
    html = (
        f"<title>系统维护指南</title><meta charset=gbk><article><h1>系统维护指南</h1><p>{text}</p></article>"
    )
    assert verdict(page(html.encode("gbk"), content_type="text/html")).verdict is Verdict.OK


def test_a_notice_that_wants_cookies_says_so() -> None:
    wanting = [text for text in SHORT["notices"] if "cookies" in text["text"] and "okie" in text["title"]]
    assert len(wanting) > 3
    for text in wanting:
        assert "cookies" in verdict(short_page(text, chrome=False)).reason


@settings(deadline=None)
@given(
    st.text(max_size=400), st.sampled_from(["It's not found. ", "we " * 50, "page " * 90, "a.b" * 9000, ""])
)
def test_any_short_text_is_judged(text: str, more: str) -> None:
    assert verdict(page(f"<title>{more}{text}</title><h1>{text}</h1><p>{text}{more}")).verdict


# ------------------------------------------------- little text on a page with much


def wordy(words: int) -> str:
    """A page that shows many words in small pieces."""
    return "<title>A list</title>" + "".join(f"<div><span>item {n}</span></div>" for n in range(words // 2))


@pytest.mark.parametrize(("article_words", "words"), [(0, 1500), (10, 1500), (30, 4000), (0, 160)])
def test_what_reading_did_not_find_is_not_called_thin(article_words: int, words: int) -> None:
    prose = " ".join((SENTENCE * 5).split()[:article_words])
    reading = Reading(make_article("A list", prose), text_on_page=words)
    judged = judge(page(wordy(words)), reading, expect=Expect(), config=CrawlConfig())
    assert judged.verdict is Verdict.UNREADABLE
    assert f"{article_words} of the {words:,} visible words" in judged.reason


@pytest.mark.parametrize(
    "extra",
    [
        "We value your privacy. Accept all. Reject all. Cookie policy.",
        "<script src='/_Incapsula_Resource'></script>",
        "Already a subscriber? Please enable JavaScript. Verify you are human.",
    ],
)
def test_a_banner_on_a_page_full_of_text_is_no_wall(extra: str) -> None:
    reading = Reading(make_article("A list", ""), text_on_page=1500)
    body = f"<p>{extra}</p>{wordy(1500)}"
    assert judge(page(body), reading, expect=Expect(), config=CrawlConfig()).verdict is Verdict.UNREADABLE


def test_an_application_is_known_by_the_scripts_it_loads() -> None:
    head = "<title>A thread</title><link rel='preload' href='/start.js' as='script'>"
    assert verdict(page(f"{head}<body><a href='/'>Forum</a></body>")).verdict is Verdict.SCRIPT_ONLY


# ------------------------------------------------------------------- soft 404


def test_a_title_that_is_not_the_expected_one_is_a_soft_404() -> None:
    judged = verdict(page(article(500, title="Our new product")), title_any=("queues", "brokers"))
    assert judged.verdict is Verdict.SOFT_404
    assert "Our new product" in judged.reason
    assert "queues" in judged.reason


@pytest.mark.parametrize("title", ["Event-Driven Architecture", "event driven  architecture, explained | A"])
def test_the_expected_title_is_found_whatever_its_case_and_hyphens(title: str) -> None:
    assert (
        verdict(page(article(500, title=title)), title_any=("event-driven architecture",)).verdict
        is Verdict.OK
    )


@pytest.mark.parametrize("final", ["/", "/home", "/blog", "/blog/", "/index.html", "/404", "/docs/latest/"])
def test_a_redirect_to_a_page_for_everybody_is_a_soft_404(final: str) -> None:
    general = page(notice("home"), final=f"https://a.example{final}")
    assert verdict(general).verdict is Verdict.SOFT_404


@pytest.mark.parametrize(
    ("url", "final", "title"),
    [
        (URL, "https://a.example/articles/how-queues-scale", "How queues scale"),
        (URL, "https://b.example/", "How queues scale"),
        ("https://a.example/", "https://a.example/en/home", "Welcome"),
        ("https://a.example/docs", "https://a.example/docs/latest/", "Welcome to the docs"),
        ("https://a.example/302", "https://a.example/arrived", "Adding binary numbers"),
        ("https://a.example/relative/start", "https://a.example/arrived", "Adding binary numbers"),
        (
            "https://a.example/p/8c751c47db6f",
            "https://a.example/designing-an-event-store",
            "Designing an event store",
        ),
    ],
)
def test_a_redirect_to_the_article_is_none(url: str, final: str, title: str) -> None:
    moved = page(article(500, title=title), url=url, final=final, moved=True)
    assert verdict(moved).verdict is Verdict.MOVED


# ------------------------------------------------------- evidence on real pages


@pytest.mark.slow
def test_no_real_page_is_taken_for_a_wall() -> None:
    """The 181 pages of the article extraction benchmark, some with texts of 24 words."""
    folder = shared_data("extraction/article-extraction-benchmark") / "html"
    files = sorted(folder.glob("*.html.gz"))
    assert len(files) == 181
    bad = {
        file.name: judged
        for file in files
        if not (judged := verdict(page(gzip.decompress(file.read_bytes())))).verdict.good
    }
    assert not bad
