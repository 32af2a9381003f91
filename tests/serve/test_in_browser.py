"""The pages in a real Chromium: by keys alone, with script and without, dark, on a phone, for axe-core."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from indexer.render import find_browser
from tests.serve.small_library import DEAD, HARMFUL, LOCKS, LONG, PREFACE, served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Dialog, Page

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_browser(), reason="no Chromium is installed"),
]

PHONE = {"width": 360, "height": 740}
PAGES = {
    "start": "/",
    "answer": "/?q=lock&since=9y",
    "wrong question": "/?q=lock&category=nowhere",
    "similar": f"/similar?url={quote(LOCKS.url)}",
    "article": f"/article?url={quote(LOCKS.url)}&passage=1#passage",
    "old version": f"/article?url={quote(LOCKS.url)}&version=2",
    "long article": f"/article?url={quote(LONG.url)}&part=2",
    "harmful article": f"/article?url={quote(HARMFUL.url)}",
    "history": f"/history?url={quote(LOCKS.url)}",
    "links": "/links?show=all",
    "report": "/report?since=9y",
    "map": "/map",
    "no page": "/nowhere",
}
LARGEST_LOAD = 100_000
"""Bytes of all that a page loads, as they go over the wire."""
ANSWERED = "#answer[aria-busy], #answer:empty"


class Visitor:
    """A browser context and its page; keeps what goes wrong in it and what it asks for."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.context, self.address = context, address
        self.page: Page = context.new_page()
        self.wrong: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", self._said)
        self.page.on("pageerror", lambda error: self.wrong.append(str(error)))
        self.page.on("dialog", self._interrupted)
        self.page.on("request", lambda request: self.asked.append(request.url))

    def _said(self, said: ConsoleMessage) -> None:
        if said.type == "error":
            self.wrong.append(said.text)

    def _interrupted(self, dialog: Dialog) -> None:
        self.wrong.append(dialog.message)
        dialog.dismiss()

    def open(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def follow(self, link: str) -> None:
        """Click what leads to another page and wait until all of it is there; a click waits for its start."""
        with self.page.expect_event("load"):
            self.page.click(link)

    def focused(self) -> str:
        text: str = self.page.evaluate("document.activeElement.id || document.activeElement.textContent")
        return text.strip()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(tmp_path_factory.mktemp("serve")) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with (
        playwright.sync_playwright() as running,
        running.chromium.launch(executable_path=find_browser(), args=["--no-sandbox"]) as browser,
    ):
        yield browser


@pytest.fixture
def visit(browser: Browser, address: str) -> Iterator[Visitor]:
    with browser.new_context() as context:
        visitor = Visitor(context, address)
        yield visitor
        assert visitor.wrong == [], "nothing is refused by the policy, and no script fails"
        assert {url for url in visitor.asked if not url.startswith(address)} == set(), "no other host"


def answered(page: Page) -> None:
    """Wait for the answer to what was typed."""
    page.wait_for_selector("#answer:not([aria-busy])")


# ----------------------------------------------------------------- asking and reading


def test_it_answers_as_one_types_and_the_address_keeps_up(visit: Visitor) -> None:
    page = visit.open("/")
    assert visit.focused() == "q"
    page.keyboard.type("a lock held too long")
    page.wait_for_selector(".hit")
    page.wait_for_url("**/?q=a+lock+held+too+long")
    answered(page)
    assert "passages." in page.inner_text("#told"), "a screen reader is told"
    assert page.title() == "a lock held too long · indexer"
    before = page.inner_text("#answer")
    page.reload()
    assert page.inner_text("#answer") == before
    page.fill("#q", "")
    page.wait_for_selector(".hit", state="detached")


def test_a_filter_acts_at_once_and_stays(visit: Visitor) -> None:
    page = visit.open("/?q=lock")
    page.click("summary")
    page.select_option("[name=category]", "Event strategies")
    page.wait_for_url("**/*category=Event*")
    answered(page)
    facts = page.locator(".hit .facts").all_inner_texts()
    assert facts
    assert all(fact.startswith("Event strategies") for fact in facts)
    page.fill("[name=site]", "nowhere.example")
    page.keyboard.press("Tab")
    page.wait_for_selector(".error")
    assert "no site" in page.inner_text("[role=alert]")
    visit.wrong.clear()  # a browser reports the status 404 of what was asked for


def test_keys_alone_lead_from_the_question_into_the_article_and_back(visit: Visitor) -> None:
    page = visit.open("/links")
    page.keyboard.press("/")
    assert visit.focused() == "q"
    page.keyboard.type("lock event")
    with page.expect_event("load"):
        page.keyboard.press("Enter")
    page.wait_for_selector(".hit")
    page.focus("#q")
    titles = page.locator(".hit h2").all_inner_texts()
    page.keyboard.press("ArrowDown")
    assert visit.focused() == titles[0]
    page.keyboard.press("j")
    assert visit.focused() == titles[1]
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")
    assert visit.focused() == "q"
    page.keyboard.type("j")
    assert page.input_value("#q") == "lock eventj", "letters typed are letters"
    for _ in range(60):
        page.keyboard.press("Tab")
        if visit.focused() == "Read here":
            break
    with page.expect_event("load"):
        page.keyboard.press("Enter")
    page.wait_for_selector(".reader")
    page.go_back()
    page.wait_for_selector(".hit")
    page.focus("nav a")
    page.keyboard.press("k")
    assert visit.focused() == page.locator(".hit h2, a.step").all_inner_texts()[-1]


def test_the_reader_stands_at_the_passage(visit: Visitor) -> None:
    page = visit.open("/?q=event+199&mode=lexical")
    visit.follow("text=Read here")
    assert page.locator(".reader mark").first.inner_text().startswith("Event 199 ")
    top = page.locator(".reader mark").first.evaluate("mark => mark.getBoundingClientRect().top")
    assert 0 <= top < page.viewport_size["height"]  # type: ignore[index]  # it has one
    assert page.locator("text=Original").get_attribute("href") == LONG.url


def test_an_old_version_is_two_clicks_away(visit: Visitor) -> None:
    page = visit.open(f"/article?url={quote(LOCKS.url)}")
    visit.follow("text=Versions")
    visit.follow(".rows a >> nth=0")
    assert PREFACE in page.inner_text("ins")


def test_health_tells_what_is_dead_and_why(visit: Visitor) -> None:
    page = visit.open("/")
    visit.follow("nav >> text=Links")
    assert "A dead link" in page.inner_text("main")
    visit.follow("text=All (5)")
    assert page.locator(".rows > li").count() == 5
    visit.follow("text=A dead link")
    assert "gone" in page.inner_text("main")
    assert DEAD.url in page.inner_text("main")


def test_the_map_names_moves_narrows_and_opens(visit: Visitor) -> None:
    page = visit.open("/map")
    mark = page.locator("#map a").filter(has=page.locator("title", has_text="Event store")).first
    mark.hover()
    assert "Event store · Event strategies" in page.inner_text("#named")
    page.click("[data-zoom='0.7']")
    assert page.get_attribute("#map", "viewBox") == "120 84 560 392"
    sheet = page.locator("#map").bounding_box()
    assert sheet
    page.mouse.move(sheet["x"] + 200, sheet["y"] + 200)
    page.mouse.down()
    page.mouse.move(sheet["x"] + 260, sheet["y"] + 200, steps=4)
    page.mouse.up()
    assert float((page.get_attribute("#map", "viewBox") or "").split()[0]) < 120
    page.click("[data-zoom='0']")
    page.click(".legend >> text=Patterns")
    assert page.locator("#map a.faded").count() == 3
    page.locator("#map a:not(.faded)").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".reader")


# ------------------------------------------------------------------- for whoever asks


def test_all_of_it_works_without_script(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        visitor = Visitor(context, address)
        page = visitor.open("/")
        page.fill("#q", "lock")
        page.click("summary")
        page.select_option("[name=category]", "Patterns")
        visitor.follow("#ask button")
        assert "category=Patterns" in page.url
        assert page.locator(".hit").count()
        page.click("summary:has-text('Context') >> nth=0")
        assert page.locator(".hit details[open]").count() == 1
        visitor.follow("text=Read here >> nth=0")
        assert page.locator(".reader mark").count()
        visitor.follow("nav >> text=Map")
        assert not page.locator(".tools").is_visible()
        visitor.follow(".legend >> text=Patterns")
        visitor.follow("#map a:not(.faded) >> nth=0")
        assert page.locator(".reader").count() == 1
        assert visitor.wrong == []


@pytest.mark.parametrize("name", PAGES)
def test_a_phone_shows_each_page_in_its_width_and_loads_little(
    browser: Browser, address: str, name: str
) -> None:
    with browser.new_context(viewport=PHONE) as context:  # type: ignore[arg-type]  # two numbers by name
        visitor = Visitor(context, address)
        sizes: list[int] = []
        visitor.page.on("response", lambda answer: sizes.append(len(answer.body())))
        page = visitor.open(PAGES[name])
        assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
        page.wait_for_load_state("networkidle")
        assert 0 < sum(sizes) <= LARGEST_LOAD
        assert {url for url in visitor.asked if not url.startswith(address)} == set()


@pytest.mark.parametrize(("scheme", "rules"), [("light", {}), ("dark", {"runOnly": ["color-contrast"]})])
def test_axe_finds_nothing_on_any_page(
    browser: Browser, address: str, scheme: str, rules: dict[str, Any]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe-core is not installed")
    with browser.new_context(color_scheme=scheme, bypass_csp=True) as context:  # type: ignore[arg-type]
        page = context.new_page()
        found = {}
        for name, path in PAGES.items():
            page.goto(address + path)
            if violations := axe.Axe().run(page, options=rules).response["violations"]:
                found[name] = [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in violations]
        assert found == {}


def test_dark_is_dark(browser: Browser, address: str) -> None:
    with browser.new_context(color_scheme="dark") as context:
        page = Visitor(context, address).open("/?q=lock")
        colours = page.evaluate(
            "[getComputedStyle(document.body).backgroundColor, getComputedStyle(document.body).color]"
            ".map(colour => Math.max(...colour.match(/[0-9]+/g).map(Number)))"
        )
        assert colours[0] < 60
        assert colours[1] > 200


def test_a_page_that_means_harm_does_none(visit: Visitor) -> None:
    url = quote(HARMFUL.url)
    for path in (
        "/?q=run+script&mode=lexical", f"/article?url={url}", f"/similar?url={url}", f"/history?url={url}",
        "/links?show=all", "/map", "/report?since=9y", "/?q=%3Cimg+src=x+onerror=alert(6)%3E",
    ):  # fmt: skip
        page = visit.open(path)
        assert "alert(" in page.content()
        for link in page.locator("a[href]").all():
            assert not (link.get_attribute("href") or "").startswith("javascript:")
        page.mouse.move(200, 200)
        for _ in range(12):
            page.keyboard.press("Tab")
    page = visit.open("/")
    page.keyboard.type("run <script>alert(7)</script><img src=x onerror=alert(8)>")
    page.wait_for_url("**/*alert*")
    answered(page)
