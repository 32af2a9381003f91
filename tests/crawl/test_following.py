"""Follow rules: what belongs to a link, in which order, how far, and every page only once."""

from __future__ import annotations

import httpx
from hypothesis import given
from hypothesis import strategies as st

from indexer.crawl.frontier import Frontier, SeenPages
from indexer.crawl.guard import Guard
from indexer.crawl.urls import page_key
from indexer.records import Follow, Link, Page, Reading, Verdict
from tests.crawl.crawling import PROSE, InMemory, article, html, plain, read_here, scripted

SITE = "https://a.example"


def listing(title: str, *targets: str) -> httpx.Response:
    return html(title, "".join(f"<p><a href='{target}'>more of this</a></p>" for target in targets))


def site(
    url: str = f"{SITE}/",
    depth: int = 1,
    allow: tuple[str, ...] = (),
    deny: tuple[str, ...] = (),
    max_pages: int = 30,
) -> Link:
    return plain(url, follow=Follow("site", depth, allow, deny, max_pages))


def index(url: str = f"{SITE}/blog", allow: tuple[str, ...] = (), deny: tuple[str, ...] = ()) -> Link:
    return plain(url, follow=Follow("index", allow=allow, deny=deny))


def test_subpages_answer_under_their_own_address_and_the_links_category() -> None:
    answers = {f"{SITE}/": listing("Home", "/a", "b"), f"{SITE}/a": html("A"), f"{SITE}/b": html("B")}
    found, _ = scripted([site()], answers)
    assert list(found) == [f"{SITE}/", f"{SITE}/a", f"{SITE}/b"]
    assert {outcome.link.url for outcome in found.values()} == {f"{SITE}/"}
    assert all(outcome.article for outcome in found.values())


def test_a_page_alone_is_not_left() -> None:
    _, web = scripted([plain(f"{SITE}/")], {f"{SITE}/": listing("Home", "/a"), f"{SITE}/a": html("A")})
    assert web.asked == [f"{SITE}/"]


def test_only_allowed_prefixes_that_are_not_denied_are_followed() -> None:
    targets = [
        "/guide/a",
        "/guide/old/b",
        "/other",
        "/guided",
        "https://b.example/guide/c",
        "/guide/x.png",
        "mailto:x@y",
    ]
    answers = {f"{SITE}/": listing("Home", *targets)} | {
        f"{SITE}{t}": html(t) for t in targets if t.startswith("/")
    }
    found, _ = scripted([site(allow=("/guide/*",), deny=("/guide/old",))], answers)
    assert list(found) == [f"{SITE}/", f"{SITE}/guide/a"]


def test_without_prefixes_a_site_is_what_lies_below_its_link() -> None:
    answers = {
        f"{SITE}/docs/": listing("Docs", "/docs/a", "/about"),
        f"{SITE}/docs/a": html("A"),
        f"{SITE}/about": html("B"),
    }
    found, _ = scripted([site(f"{SITE}/docs/")], answers)
    assert list(found) == [f"{SITE}/docs/", f"{SITE}/docs/a"]


def test_the_front_page_beside_other_prefixes_does_not_allow_everything() -> None:
    answers = {
        f"{SITE}/": listing("Home", "/about", "/guide"),
        f"{SITE}/guide": html("A"),
        f"{SITE}/about": html("B"),
    }
    found, _ = scripted([site(allow=("/", "/guide"))], answers)
    assert list(found) == [f"{SITE}/", f"{SITE}/guide"]


def chain(length: int) -> dict[str, httpx.Response]:
    return {f"{SITE}/": listing("Home", "/1")} | {
        f"{SITE}/{n}": listing(f"{n}", f"/{n + 1}") for n in range(1, length)
    }


def test_depth_counts_clicks() -> None:
    found, _ = scripted([site(depth=3)], chain(9))
    assert list(found) == [f"{SITE}/", f"{SITE}/1", f"{SITE}/2", f"{SITE}/3"]


def test_max_pages_bounds_all_pages_of_a_link() -> None:
    answers = {f"{SITE}/": listing("Home", *(f"/{n}" for n in range(100)))} | {
        f"{SITE}/{n}": html(f"{n}") for n in range(100)
    }
    found, web = scripted([site(max_pages=7)], answers)
    assert len(found) == len(web.asked) == 7


def test_a_site_that_links_in_circles_ends() -> None:
    answers = {
        f"{SITE}/": listing("Home", "/a", "/"),
        f"{SITE}/a": listing("A", "/", "/a", "/b"),
        f"{SITE}/b": listing("B", "/a"),
    }
    _, web = scripted([site(depth=99)], answers)
    assert web.asked == [f"{SITE}/", f"{SITE}/a", f"{SITE}/b"]


def test_an_index_is_paged_and_its_posts_are_one_click_away() -> None:
    answers = {
        f"{SITE}/blog": listing("Blog", "/2025/one", "/blog?page=2", "/tag/x"),
        f"{SITE}/blog?page=2": listing(
            "Blog 2", "/blog", "/2024/two", "/blog/page/3", "/blog?page=2&utm_source=x"
        ),
        f"{SITE}/blog/page/3": listing("Blog 3", "/2023/three", "/blog?page=2"),
        **{f"{SITE}/{post}": listing(post, "/2022/four") for post in ("2025/one", "2024/two", "2023/three")},
    }
    found, _ = scripted([index(allow=("/20*",), deny=("/blog",))], answers)
    posts = {url for url in found if "/20" in url}
    assert posts == {f"{SITE}/2025/one", f"{SITE}/2024/two", f"{SITE}/2023/three"}


def test_tracking_parameters_and_slashes_make_no_further_page() -> None:
    copies = [
        "/a",
        "/a/",
        "/a?utm_source=x",
        "/a#part",
        "http://a.example/a",
        "https://www.a.example/a",
        "/a?fbclid=1",
    ]
    _, web = scripted([site()], {f"{SITE}/": listing("Home", *copies), f"{SITE}/a": html("A")})
    assert web.asked == [f"{SITE}/", f"{SITE}/a"]


def test_other_locales_are_copies_whatever_order_they_come_in() -> None:
    copies = ["/ja/guide", "/guide", "/ko/guide", "/pt-br/guide", "/guide?lang=fr", "/ja/"]
    _, web = scripted([site()], {f"{SITE}/": listing("Home", *copies), f"{SITE}/guide": html("Guide")})
    assert web.asked == [f"{SITE}/", f"{SITE}/guide"]


def test_the_locale_of_the_link_itself_is_the_one_that_is_kept() -> None:
    copies = ["/guide", "/en/guide", "/de/guide"]
    answers = {f"{SITE}/en/": listing("Home", *copies), f"{SITE}/en/guide": html("Guide")}
    _, web = scripted([site(f"{SITE}/en/", allow=("/",))], answers)
    assert web.asked == [f"{SITE}/en/", f"{SITE}/en/guide"]


def named(canonical: str, title: str = "Copy") -> httpx.Response:
    head = f"<title>{title}</title><link rel=canonical href='{canonical}'>"
    text = f"<html><head>{head}</head><body><p>{PROSE}</p>"
    return httpx.Response(200, headers={"content-type": "text/html"}, text=text)


def test_a_page_that_names_a_canonical_address_is_that_page() -> None:
    answers = {
        f"{SITE}/": listing("Home", "/print/a", "/b"),
        f"{SITE}/print/a": named(f"{SITE}/a"),
        f"{SITE}/b": listing("B", "/a", "/mobile/b"),
        f"{SITE}/a": html("A"),
        f"{SITE}/mobile/b": named(f"{SITE}/b"),
    }
    found, web = scripted([site(depth=3)], answers)
    assert f"{SITE}/a" not in web.asked, "it came as /print/a"
    assert list(found) == [f"{SITE}/", f"{SITE}/print/a", f"{SITE}/b"]


def test_pages_that_all_name_the_front_page_or_each_other_are_not_lost() -> None:
    answers = {
        f"{SITE}/": listing("Home", "/a", "/b", "/c", "/d"),
        f"{SITE}/a": named("/"),
        f"{SITE}/b": named("http://["),
    }
    answers |= {f"{SITE}/c": named("/d"), f"{SITE}/d": named("/c")}
    found, _ = scripted([site()], answers)
    assert set(found) >= {f"{SITE}/", f"{SITE}/a", f"{SITE}/b", f"{SITE}/c"}


def test_a_subpage_that_is_a_link_itself_is_left_to_that_link() -> None:
    answers = {f"{SITE}/": listing("Home", "/a"), f"{SITE}/a": html("A")}
    found, web = scripted([site(), plain(f"{SITE}/a")], answers)
    assert found[f"{SITE}/a"].link.url == f"{SITE}/a"
    assert sorted(web.asked) == [f"{SITE}/", f"{SITE}/a"]


def test_a_broken_subpage_is_reported_and_the_rest_goes_on() -> None:
    answers = {f"{SITE}/": listing("Home", "/gone", "/a"), f"{SITE}/a": html("A")}
    found, _ = scripted([site()], answers)
    assert found[f"{SITE}/gone"].fetch.verdict is Verdict.GONE
    assert found[f"{SITE}/a"].article


def test_subpages_are_found_again_behind_an_unchanged_page() -> None:
    """A 304 has no body; the library's page is read for its links."""

    def unchanged(request: httpx.Request) -> httpx.Response:
        if request.headers.get("if-none-match") == '"1"':
            return httpx.Response(304)
        return html("Home", "<p><a href='/a'>more of this</a></p>", etag='"1"')

    memory = InMemory()
    first, _ = scripted([site()], {f"{SITE}/": unchanged, f"{SITE}/a": html("A")}, memory)
    second, _ = scripted([site()], {f"{SITE}/": unchanged, f"{SITE}/a": html("A, changed")}, memory)
    assert second[f"{SITE}/"].fetch.verdict is Verdict.NOT_MODIFIED
    assert second[f"{SITE}/"].article is None
    assert article(second[f"{SITE}/a"]).title == "A, changed"
    assert list(first) == list(second)


def test_an_interrupted_run_goes_on_where_it_stood() -> None:
    answers = {f"{SITE}/": listing("Home", "/a", "/b"), f"{SITE}/a": html("A"), f"{SITE}/b": html("B")}
    memory = InMemory()
    scripted([site(max_pages=2)], answers, memory)
    memory.done = {f"{SITE}/", f"{SITE}/a"}
    found, web = scripted([site()], answers, memory)
    assert list(found) == web.asked == [f"{SITE}/b"]


@given(st.lists(st.text(max_size=30).map("https://a.example/".__add__) | st.text(max_size=30), max_size=20))
def test_any_links_at_all_can_be_found_on_a_page(links: list[str]) -> None:
    """Pages say what they like; what is queued is on the host, below the prefix, and bounded."""
    frontier = Frontier(site(allow=("/a",), max_pages=5), f"{SITE}/", SeenPages(), Guard([]))
    frontier.add_links(links, depth=0)
    queued = [address for address, _ in frontier]
    assert len(queued) <= 4
    assert len(set(map(page_key, queued))) == len(queued)
    assert all(address.startswith(("https://a.example/a", "http://a.example/a")) for address in queued)


async def faulty(page: Page) -> Reading:
    if page.url.endswith("/bug"):
        raise KeyError("a fault in the reader")
    return await read_here(page)


def test_a_fault_over_one_subpage_leaves_the_others() -> None:
    answers = {f"{SITE}/": listing("Home", "/bug", "/a"), f"{SITE}/bug": html("Bug"), f"{SITE}/a": html("A")}
    found, _ = scripted([site()], answers, read=faulty)
    assert found[f"{SITE}/bug"].fetch.verdict is Verdict.UNREADABLE
    assert found[f"{SITE}/"].fetch.verdict.good
    assert found[f"{SITE}/a"].article
