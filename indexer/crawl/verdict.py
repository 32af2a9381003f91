"""What a page is worth: pure judgement over an answer and what reading it gave.

A status says little: walls answer 200, real articles speak about CAPTCHAs and subscriptions. So a
marker in the text counts only where there is hardly any other text, or where the page's own machinery
gives it away. ``tests/crawl/test_verdict.py`` holds both sides: no sample article and no real page
is taken for a wall, no wall for an article.
"""

from __future__ import annotations

import re
from urllib.parse import unquote, urlsplit

from indexer.config import CrawlConfig
from indexer.crawl import markers
from indexer.crawl.notices import notice
from indexer.crawl.urls import host_of
from indexer.errors import Unreadable
from indexer.records import Article, Expect, Judgement, Page, Reading, Verdict

_GENERAL = re.compile(
    r"home(?:page)?|(?:index|default)(?:\.\w+)?|welcome|main|start|blog|news|articles|posts|docs|documentation|search"
    r"|latest|404(?:\.\w+)?|error|(?:page-?)?not-?found"
)
"""Last parts of addresses of pages for everybody."""
_LOGIN = frozenset({"login", "log-in", "signin", "sign-in", "sign_in", "sso", "auth", "authenticate"})
_CONSENT = frozenset({"consent", "cookie-consent"})
_GONE = {404: "not found", 410: "gone for good", 451: "withheld for legal reasons"}
_WALLED = frozenset({403, 405, 406, 418, 444, 999})
"""403, and what application firewalls send in answer to a plain GET."""
_WITH_MENUS = 4
"""Times the words of a notice: reading takes the menus for text where there is hardly any other."""
_LEAST_SHARE = 0.02
"""The share of a page's words outside links below which a short text is no article, but a line beside it. Of
the 181 real pages of the article extraction benchmark, the least so short a text has of all words is 0.04."""


def judge_status(page: Page) -> Judgement:
    """The verdict of an answer that is not 2xx; ``ok`` for one whose body must be read."""
    status = page.status
    if "challenge" in page.headers.get("cf-mitigated", ""):
        return Judgement(Verdict.BOT_WALL, f"Cloudflare asks whether a person is there ({status})")
    if 200 <= status < 300:
        return Judgement(Verdict.OK)
    if status in (403, 429, 503) and markers.bot_machinery(page.body):
        return Judgement(Verdict.BOT_WALL, f"a challenge for browsers instead of the page ({status})")
    if status == 429:
        asked = page.headers.get("retry-after", "")[:40]
        later = f", come back after {asked}{' s' if asked.isdecimal() else ''}" if asked else ""
        return Judgement(Verdict.RATE_LIMITED, f"too many requests for this host (429{later})")
    return _judge_failure(status)


def _judge_failure(status: int) -> Judgement:
    if status in _GONE:
        return Judgement(Verdict.GONE, f"{_GONE[status]} ({status})")
    if status in (401, 402, 407):
        return Judgement(Verdict.PAYWALL, f"the host asks for a login or for money ({status})")
    if status in _WALLED:
        return Judgement(Verdict.BOT_WALL, f"the host refuses programs ({status})")
    if status >= 500:
        return Judgement(Verdict.SERVER_ERROR, f"the server failed ({status})")
    return Judgement(Verdict.SERVER_ERROR, f"an answer that means nothing here ({status})")


def judge(page: Page, reading: Reading | Unreadable, *, expect: Expect, config: CrawlConfig) -> Judgement:
    """The verdict of a page that answered 2xx, by what reading it gave."""
    if isinstance(reading, Unreadable):
        if not page.body.strip():
            return Judgement(Verdict.EMPTY, "the answer has no body")
        return Judgement(Verdict.UNREADABLE, str(reading))
    words = reading.article.words
    return (
        _wall(page, reading, words, config)
        or _soft_404(page, reading.article, words, expect, config)
        or _notice(page, reading, words, expect, config)
        or _too_little(page, reading, words, expect, config)
        or _good(page)
    )


def _good(page: Page) -> Judgement:
    if page.moved_permanently:
        return Judgement(Verdict.MOVED, f"moved for good to {page.final_url}")
    return Judgement(Verdict.OK)


# ---------------------------------------------------------------- walls


def _wall(page: Page, reading: Reading, words: int, config: CrawlConfig) -> Judgement | None:
    """Something put in the article's place: a challenge, a consent form, a paywall or a login."""
    if _sent_to_consent(page):
        return Judgement(Verdict.CONSENT, "sent on to a form that asks for consent")
    if words >= config.wall_words:
        return None
    text = markers.shown_text(page.body)
    alone = reading.text_on_page < config.wall_words
    title = reading.article.title
    if alone and (
        markers.BOT_TITLE.match(title) or markers.BOT.search(text) or markers.bot_machinery(page.body)
    ):
        return Judgement(Verdict.BOT_WALL, f"a challenge for browsers instead of the article: {title[:60]!r}")
    if alone and _asks_for_consent(title, text, words, config):
        return Judgement(Verdict.CONSENT, "a form that asks for consent instead of the article")
    return _paywall(page, reading, words, text if alone else "")


def _paywall(page: Page, reading: Reading, words: int, text: str) -> Judgement | None:
    """A request for money or a login: in the text of the article, or anywhere where little else is shown."""
    if asks := markers.PAYWALL.search(text or reading.article.text):
        return Judgement(Verdict.PAYWALL, f"only {words} words, and a request: {asks[0]!r}")
    # Many a header says "already a subscriber?": it counts where the publisher declares the article paid.
    if markers.PAID.search(page.body) and markers.PAYWALL.search(markers.shown_text(page.body)):
        return Judgement(Verdict.PAYWALL, f"declared as paid, only {words} words of it could be read")
    if _sent_to(page, _LOGIN):
        return Judgement(Verdict.PAYWALL, "sent on to a login page")
    return None


def _sent_to_consent(page: Page) -> bool:
    elsewhere = host_of(page.final_url) != host_of(page.url)
    return (elsewhere and host_of(page.final_url).startswith("consent.")) or _sent_to(page, _CONSENT)


def _asks_for_consent(title: str, text: str, words: int, config: CrawlConfig) -> bool:
    asks = len({match.lower() for match in markers.CONSENT.findall(text)})
    return bool(markers.CONSENT_TITLE.match(title)) or (words < config.thin_words and asks >= 2)


# ------------------------------------------------------------- soft 404


def _soft_404(
    page: Page, article: Article, words: int, expect: Expect, config: CrawlConfig
) -> Judgement | None:
    """Another page than the one asked for, given with a good status."""
    shown = article.title[:80]
    if words < config.wall_words and markers.NOT_FOUND_TITLE.match(article.title):
        return Judgement(Verdict.SOFT_404, f"says {shown!r} with status {page.status}")
    if expect.title_any:
        if words and not _is_expected(article, expect.title_any):
            wanted = " or ".join(repr(word) for word in expect.title_any)
            return Judgement(Verdict.SOFT_404, f"the page is titled {shown!r}, expected was {wanted}")
        return None
    if page.final_url != page.url and _leads_nowhere(page, article):
        return Judgement(Verdict.SOFT_404, f"redirected to a general page, {shown!r} at {page.final_url}")
    return None


def _is_expected(article: Article, wanted: tuple[str, ...]) -> bool:
    """Whether an expected phrase is in the title, the first heading, or (without a title) the beginning."""
    heading = next((article.text[b.start : b.end] for b in article.blocks if b.kind == "heading"), "")
    place = f"{article.title} / {heading}" if article.title else article.text[:300]
    return any(_folded_words(phrase) in _folded_words(place) for phrase in wanted)


def _folded_words(text: str) -> str:
    return " ".join(re.findall(r"\w+", text.casefold()))


def _leads_nowhere(page: Page, article: Article) -> bool:
    """Whether a redirect ended on a page for everybody, with no word of the address in its title.

    A page for everybody is a front page or an ancestor of the one asked for, or is titled like one.
    """
    asked, final = _segments(page.url), _segments(page.final_url)
    if not asked or final[: len(asked)] == asked:
        return False
    general = (
        not final
        or _GENERAL.fullmatch(final[-1])
        or final == asked[: len(final)]
        or markers.FRONT_TITLE.match(article.title) is not None
        or _folded_words(article.title) in ("", _folded_words(host_of(page.final_url)))
    )
    words = set(re.findall(r"[^\W\d_]{4,}", asked[-1]))
    shown = set(re.findall(r"[^\W\d_]{4,}", f"{article.title} {' '.join(final)}".casefold()))
    return general and not words & shown


def _segments(url: str) -> list[str]:
    return [segment for segment in unquote(urlsplit(url).path).casefold().split("/") if segment]


def _sent_to(page: Page, places: frozenset[str]) -> bool:
    return bool(places & set(_segments(page.final_url)) - set(_segments(page.url)))


# -------------------------------------------------------------- notices


def _notice(
    page: Page, reading: Reading, words: int, expect: Expect, config: CrawlConfig
) -> Judgement | None:
    """Something said in the article's place: out of order, moved, gone, not for you."""
    if expect.title_any and words >= (expect.min_words or config.thin_words):
        return None
    if words >= _WITH_MENUS * config.wall_words:
        return None
    alone = max(words, reading.text_on_page) < config.wall_words or (
        0 < markers.words_beside_links(page.body) < config.wall_words and markers.searches_all(page.body)
    )
    return notice(reading.article, page.body, alone=alone) if alone or words < config.wall_words else None


# ------------------------------------------------------------ too little


def _too_little(
    page: Page, reading: Reading, words: int, expect: Expect, config: CrawlConfig
) -> Judgement | None:
    least = expect.min_words or config.thin_words
    visible = reading.text_on_page
    if words < config.thin_words and visible < config.wall_words:
        asks = reading.scripts or markers.NEEDS_SCRIPT.search(markers.shown_text(page.body))
        if asks or (visible < config.thin_words and markers.loads_application(page.body)):
            return Judgement(
                Verdict.SCRIPT_ONLY, f"the page is built by scripts, its HTML shows {visible} words"
            )
        if visible == words == 0:
            return Judgement(Verdict.EMPTY, "the page shows no text at all")
    if words >= least and (expect.min_words or not _is_stray(page, words, visible, config)):
        return None
    if visible >= max(config.wall_words, least):
        return Judgement(
            Verdict.UNREADABLE, f"no main text found: {words} of the {visible:,} visible words read as one"
        )
    return Judgement(Verdict.THIN, f"{words} words of text, at least {least} were expected")


def _is_stray(page: Page, words: int, visible: int, config: CrawlConfig) -> bool:
    """Whether so few words beside so many are a stray line, and reading did not find the text."""
    if words >= config.wall_words or visible < config.wall_words:
        return False
    return words < markers.words_beside_links(page.body) * _LEAST_SHARE
