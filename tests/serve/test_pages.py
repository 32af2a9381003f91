"""The pages as they come from the server, to a browser without script."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import html

from indexer.records import Article, Block
from indexer.serve.reading import PART_BYTES, Part, parts
from tests.serve.small_library import DEAD, HARM, HARMFUL, LOCKS, LONG, OLD_PREFACE, PREFACE, STORE, served
from tests.store.shelving import CountingEncoder, article

LARGEST = 100_000
"""Bytes of all that a page loads."""
EVERY = (
    "/", "/?q=lock", "/?q=event&k=16", "/?q=run+script&mode=lexical", f"/similar?url={LOCKS.url}",
    f"/article?url={LOCKS.url}", f"/article?url={LOCKS.url}&version=1", f"/article?url={LONG.url}",
    f"/history?url={LOCKS.url}", f"/history?url={DEAD.url}", "/links", "/links?show=all", "/report?since=9y",
    "/map", "/map?category=Patterns", "/no-such-page", "/?q=lock&category=nowhere",
)  # fmt: skip
"""A page of every kind."""


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    with served(tmp_path_factory.mktemp("serve")) as address, httpx.Client(base_url=address) as client:
        yield client


def shown(client: httpx.Client, path: str, status: int = 200, **query: object) -> Any:
    """The page as a tree."""
    values = {name: str(value) for name, value in query.items()}
    answer = client.get(path, params=values or None)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return tree(answer.text)


def tree(text: str) -> Any:
    return html.document_fromstring(text)


def texts(page: Any, path: str) -> list[str]:
    """What the elements say, blanks made even."""
    return [" ".join(element.text_content().split()) for element in page.xpath(path)]


# ------------------------------------------------------------------------------ ask


def test_an_answer_shows_where_it_stands_what_answers_and_its_ways_on(client: httpx.Client) -> None:
    page = shown(client, "/", q="which lock is worse than none", mode="lexical")
    hit = next(one for one in page.xpath("//li[@class='hit']") if PREFACE in texts(one, ".//mark"))
    [title] = hit.xpath(".//h2/a")
    assert title.text == "Locks, and who holds them"
    assert title.get("href").startswith(LOCKS.url)
    assert "Patterns · redis.io · fetched" in texts(hit, ".//p[@class='facts']")[0]
    assert texts(hit, ".//a[@class='tag']") == list(LOCKS.tags)
    assert texts(hit, ".//mark") == [PREFACE]
    assert {"lock", "worse"} <= set(texts(hit, ".//mark/u"))
    reader, similar = (link.get("href") for link in hit.xpath(".//p[@class='more']/a"))
    read = shown(client, reader)
    assert texts(read, "//mark") == [PREFACE]
    assert read.xpath("//*[@id='passage']/following-sibling::p[1]/mark")
    assert "Speaking of the same" in shown(client, similar).text_content()
    assert "How a lock is taken" in texts(hit, ".//details")[0], "what stands beside it"


def test_filters_stay_in_the_form_and_hold(client: httpx.Client) -> None:
    page = shown(client, "/", q="lock event", category=STORE.category, since="9y", mode="lexical")
    assert set(texts(page, "//li[@class='hit']//p[@class='facts']/a[1]")) == {STORE.category}
    chosen = page.xpath("//option[@selected]/@value")
    assert chosen == [STORE.category, "9y", "lexical"]
    tagged = shown(client, "/", q="lock event", tag="to read", site="redis.io")
    assert set(texts(tagged, "//li[@class='hit']//h2")) == {"Locks, and who holds them"}
    nothing = shown(client, "/", q="lock", tag="to read", site="example.org")
    assert texts(nothing, "//h1") == ["No text passes the filters."]


def test_a_form_without_choices_asks_everything(client: httpx.Client) -> None:
    page = shown(client, "/?q=lock&category=&tag=&site=&since=&mode=hybrid")
    assert page.xpath("//li[@class='hit']")


def test_facts_of_a_hit_narrow_the_question(client: httpx.Client) -> None:
    page = shown(client, "/", q="lock", k=16)
    link = urlsplit(page.xpath("//li[@class='hit']//p[@class='facts']/a/@href")[0])
    assert set(parse_qs(link.query)) == {"q", "category"}


def test_more_passages_are_a_click_away(client: httpx.Client) -> None:
    page = shown(client, "/", q="lock event")
    assert len(page.xpath("//li[@class='hit']")) == 8
    [more] = page.xpath("//a[text()='More passages']/@href")
    assert len(shown(client, more).xpath("//li[@class='hit']")) > 8


def test_what_is_typed_gets_the_answer_alone(client: httpx.Client) -> None:
    whole, part = (client.get("/", params={"q": "lock", **more}).text for more in ({}, {"fragment": "1"}))
    assert part.strip()
    assert "<html" not in part
    assert "<title" not in part
    assert tree(part).text_content().strip() in tree(whole).text_content()


@pytest.mark.parametrize(
    ("query", "status", "said"),
    [
        ({"q": ""}, 422, "nothing was asked"),
        ({"q": " ?! "}, 422, "nothing was asked"),
        ({"q": "lock", "category": "Pattern"}, 404, "did you mean 'Patterns'?"),
        ({"q": "lock", "tag": "nowhere"}, 404, "no tag 'nowhere'"),
        ({"q": "lock", "site": "nowhere.example"}, 404, "no site 'nowhere.example'"),
        ({"q": "lock", "since": "yesterday"}, 422, "is no date"),
        ({"q": "lock", "mode": "magic"}, 422, "mode"),
        ({"q": "lock", "k": "10000"}, 422, "k"),
    ],
)
def test_a_wrong_question_is_told_in_one_line(
    client: httpx.Client, query: dict[str, str], status: int, said: str
) -> None:
    page = shown(client, "/", status, **query)
    [line] = texts(page, "//*[@role='alert']")
    assert said in line
    assert page.xpath("//form[@role='search']//input[@name='q']"), "one can ask again"


class AnotherEncoder(CountingEncoder):
    fingerprint = "another"


def test_an_index_that_cannot_answer_is_told_with_what_mends_it(tmp_path: Path) -> None:
    with served(tmp_path, AnotherEncoder) as address, httpx.Client(base_url=address) as client:
        page = shown(client, "/", 503, q="lock")
        assert "run `indexer reindex`" in texts(page, "//*[@role='alert']")[0]
        assert shown(client, "/", q="lock", mode="lexical").xpath("//li[@class='hit']")


# ----------------------------------------------------------------------------- read


def test_an_article_is_shown_as_what_it_is(client: httpx.Client) -> None:
    page = shown(client, "/article", url=LOCKS.url)
    [article] = page.xpath("//article")
    assert article.get("lang") == "en"
    assert texts(article, "./header/h1") == ["Locks, and who holds them"]
    facts = texts(article, "./header/p[@class='facts']")[0]
    assert all(fact in facts for fact in ("Ada Writer", "2025-11-02", "Patterns", "words", "live", "to read"))
    assert texts(article, "./header/p[@class='note']") == [LOCKS.note]
    assert "about 40 % of the visible text is not in the article" in article.text_content()
    assert texts(article, "./h2") == ["How a lock is taken", "Which one", "What is left"]
    assert texts(article, "./h3") == ["In code"]
    assert texts(article, "./ul/li") == ["ask for it;", "wait for it;", "give it back."]
    assert article.xpath("./pre/code")[0].text == "def take(lock):\n    return lock.acquire()"
    assert texts(article, "./blockquote") == ["Locks are for the honest."]
    assert [texts(row, "./*") for row in article.xpath(".//tr")] == [
        ["Need", "Lock"], ["One machine", "a mutex"], ["Many", "a lease"],
    ]  # fmt: skip
    assert article.xpath(".//a[text()='Original']/@href") == [LOCKS.url]
    for place in page.xpath("//nav[@aria-label='Contents']//a/@href"):
        assert page.xpath(f"//*[@id='{place.removeprefix('#')}']")
    assert page.xpath("//nav[@aria-label='Related articles']//a")


def test_older_versions_are_read_with_what_changed(client: httpx.Client) -> None:
    page = shown(client, "/history", url=LOCKS.url)
    new, old = page.xpath("//ul[@class='rows'][1]/li/a/@href")
    read = shown(client, old)
    assert OLD_PREFACE in read.text_content()
    assert "This is version 1 of 2" in read.text_content()
    changed = shown(client, new)
    assert texts(changed, "//ins") == [PREFACE]
    assert texts(changed, "//del") == [OLD_PREFACE]
    shown(client, "/article", 404, url=LOCKS.url, version=3)
    shown(client, "/article", 404, url=LOCKS.url, version=0)


def test_a_passage_that_is_gone_is_told(client: httpx.Client) -> None:
    page = shown(client, "/article", url=LOCKS.url, passage=99_999)
    assert "The passage is not in this text any more." in page.text_content()


def test_a_long_article_comes_in_parts_and_opens_at_its_passage(client: httpx.Client) -> None:
    page, number = shown(client, "/article", url=LONG.url), 1
    while following := page.xpath("//a[@rel='next']/@href"):
        page, number = shown(client, following[0]), number + 1
    assert f"Part {number} of {number}" in page.text_content()
    assert number > 2
    last = page.xpath("//article/p")[-1].text_content()
    assert last.startswith("Event 199 ")
    shown(client, "/article", 404, url=LONG.url, part=number + 1)
    answer = shown(client, "/", q="event 199", mode="lexical")
    reader = answer.xpath("//a[text()='Read here']/@href")[0]
    assert "Event 199 " in texts(shown(client, reader), "//mark")[0]


def test_no_address_no_article(client: httpx.Client) -> None:
    assert "did you mean" in shown(client, "/article", 404, url=f"{LOCKS.url}x").text_content()
    assert "url" in shown(client, "/article", 422).text_content()


LETTERS = st.text(st.sampled_from('ab&"é事 \n|'), min_size=1, max_size=300)


@given(told=st.lists(st.tuples(st.sampled_from(["paragraph", "list", "table", "code"]), LETTERS), max_size=6),
       times=st.sampled_from([1, 60]), at=st.floats(0, 1), length=st.integers(1, 50))  # fmt: skip
def test_parts_hold_the_whole_text_and_mark_the_passage_and_nothing_else(
    told: list[tuple[str, str]], times: int, at: float, length: int
) -> None:
    made = [(kind, (words * times).strip() or "a") for kind, words in told]
    text, shown_blocks = "", []
    for kind, words in made:
        shown_blocks.append(Block(kind, len(text), len(text) + len(words)))  # type: ignore[arg-type]
        text += f"{words}\n\n"
    start = int(at * len(text))
    article = Article("", text, tuple(shown_blocks))
    passage = (start, start + length)
    read = [runs_of(part, passage) for part in parts(article)]
    runs = [run for part in read for run in part]

    def letters(some: str) -> str:
        return "".join(letter for letter in some if letter not in " \n|")

    assert letters("".join(words for words, _ in runs)) == letters(text)
    marked = "".join(words for words, inside in runs if inside)
    assert letters(marked) == letters(text[start : start + length])
    assert all(sum(len(words.encode()) for words, _ in part) <= PART_BYTES for part in read)
    begins = [sum(piece.first for piece in part.pieces(passage)) for part in parts(article)]
    assert set(begins) <= {0, 1}
    assert sum(begins) or not letters(marked)


def runs_of(part: Part, passage: tuple[int, int]) -> list[tuple[str, bool]]:
    return [run for piece in part.pieces(passage) for line in piece.lines for cell in line for run in cell]


# --------------------------------------------------------------------------- health


def test_links_that_need_a_look_are_told_with_their_reasons(client: httpx.Client) -> None:
    page = shown(client, "/links")
    assert "4 of 5 links answer with" in texts(page, "//h1")[0]
    rows = {" ".join(row.text_content().split()) for row in page.xpath("//ul[@class='rows']/li")}
    [dead] = [row for row in rows if "A dead link" in row]
    assert "gone since 2026-01-05 · no copy · Patterns" in dead
    every = shown(client, "/links", show="all")
    assert len(every.xpath("//ul[@class='rows']/li")) == 5
    assert texts(every, "//nav[@aria-label='Which links']/a") == ["Need a look (5)", "All (5)"]
    shown(client, "/links", 404, show="some")


def test_the_report_tells_what_happened_and_is_a_feed(client: httpx.Client) -> None:
    page = shown(client, "/report", since="9y")
    assert texts(page, "//h2")[0] == "New 4"
    assert "Locks, and who holds them" in page.text_content()
    feed = ET.fromstring(client.get("/report.atom", params={"since": "9y"}).content)
    titles = [entry.findtext("{http://www.w3.org/2005/Atom}title") for entry in feed[4:]]
    assert "New: Locks, and who holds them" in titles
    shown(client, "/report", 422, since="soon")


# ------------------------------------------------------------------------------ map


def test_every_article_has_a_mark_on_the_map(client: httpx.Client) -> None:
    page = shown(client, "/map")
    marks = page.xpath("//svg[@id='map']/a")
    assert {mark.get("href") for mark in marks} >= {"/article?url=https%3A%2F%2Fredis.io%2Flocks"}
    assert len(marks) == 4
    assert "Locks, and who holds them · Patterns" in texts(page, "//svg[@id='map']/a/title")
    narrowed = shown(client, "/map", category="Patterns")
    assert len(narrowed.xpath("//svg[@id='map']/a[contains(@class, 'faded')]")) == 3
    shown(client, "/map", 404, category="nowhere")


# ------------------------------------------------------------------- what all promise


def test_an_address_bar_is_told_how_to_ask(client: httpx.Client) -> None:
    [described] = shown(client, "/").xpath("//link[@rel='search']/@href")
    told = ET.fromstring(client.get(described).content)
    [template] = [
        url.get("template", "") for url in told.findall("{http://a9.com/-/spec/opensearch/1.1/}Url")
    ]
    answer = client.get(template.replace("{searchTerms}", "lock"))
    assert "Locks, and who holds them" in answer.text


@pytest.mark.parametrize("path", EVERY)
def test_a_page_is_light_and_asks_nothing_of_another_host(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    page = tree(answer.text)
    loaded = page.xpath("//script/@src | //link[@rel='stylesheet' or @rel='icon']/@href | //img/@src")
    assert loaded
    assert all(place.startswith("/static/") for place in loaded)
    size = len(answer.content) + sum(len(client.get(place).content) for place in loaded)
    assert size <= LARGEST
    assert not page.xpath("//style | //@style | //script[not(@src)] | //iframe | //object")
    assert not page.xpath("//@*[starts-with(name(), 'on')]")


@pytest.mark.parametrize(
    "path",
    [
        "/?q=run+script&mode=lexical", "/links?show=all", "/report?since=9y", "/map", "/",
        f"/?q={HARM}", f"/?q=lock&category={HARM}", f"/?q=lock&since={HARM}", f"/article?url={HARM}",
    ],
)  # fmt: skip
def test_texts_of_pages_and_addresses_never_become_markup(client: httpx.Client, path: str) -> None:
    check_harmless(client.get(path).text)


OF_ONE = ("/article", "/history", "/similar")


@pytest.mark.parametrize("path", OF_ONE)
def test_a_page_that_means_harm_is_read_without_any(client: httpx.Client, path: str) -> None:
    check_harmless(client.get(path, params={"url": HARMFUL.url}).text)
    check_harmless(client.get(path, params={"url": HARMFUL.url, "version": 1}).text)


def check_harmless(text: str) -> None:
    page = tree(text)
    assert "alert(" in page.text_content(), "it is shown, as text"
    assert "\u202e" not in text
    assert all(script.get("src", "").startswith("/static/") for script in page.xpath("//script"))
    assert not page.xpath("//@*[starts-with(name(), 'on')]")
    for place in page.xpath("//@href | //@src | //@action"):
        assert urlsplit(place).scheme in ("", "http", "https")


def test_what_is_nowhere_is_a_page_but_not_in_the_api(client: httpx.Client) -> None:
    assert "no page '/nowhere'" in shown(client, "/nowhere", 404).text_content()
    assert client.get("/api/v1/nowhere").headers["content-type"] == "application/problem+json"


def test_a_title_without_end_is_cut(tmp_path: Path) -> None:
    endless = article("A lock is held.", "It is given back.", title="lock " * 20_000)
    with served(tmp_path, articles={LOCKS: endless}) as address, httpx.Client(base_url=address) as client:
        for path in ("/?q=lock&mode=lexical", "/links?show=all", "/report?since=9y", "/map", *OF_ONE):
            answer = client.get(path, params={"url": LOCKS.url} if path in OF_ONE else None)
            assert answer.status_code == 200
            assert len(answer.content) < 20_000


def test_what_pages_load_may_be_kept_and_nothing_else_is_given(client: httpx.Client) -> None:
    for place in shown(client, "/").xpath("//script/@src | //link[@rel='stylesheet']/@href"):
        assert "immutable" in client.get(place).headers["cache-control"]
    for place in ("/static/nothing.css", "/static/..%2Fpages.py", "/static/%2Fetc%2Fpasswd"):
        assert client.get(place).status_code == 404
