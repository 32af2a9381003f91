"""Which ports are asked, and what is never handed on: passwords in addresses, cookies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import httpx
import pytest

from indexer.catalogue import check
from indexer.config import CrawlConfig
from indexer.crawl.guard import Guard
from indexer.crawl.transport import Environment
from indexer.crawl.urls import request_form
from indexer.errors import UsageError
from indexer.records import Fallback, Follow, Page, Verdict
from tests.crawl.crawling import PROSE, QUICK, Answers, InMemory, html, outcomes, plain, read_here, scripted

A, NAMED, UNNAMED = "https://a.example/", "https://b.example:8443/x", "https://b.example:8080/x"


def leads_to(address: str, **headers: str) -> httpx.Response:
    return httpx.Response(302, headers={"location": address, **headers})


@pytest.mark.parametrize("way", ["Location", "meta", "robots.txt"])
def test_another_port_is_asked_only_where_a_link_names_it(way: str) -> None:
    def found(to: str) -> tuple[Verdict, list[str]]:
        answers: Answers = {to: html("There")}
        if way == "Location":
            answers = {**answers, A: leads_to(to)}
        elif way == "meta":
            refresh = f'<meta http-equiv="refresh" content="0; url={to}">'
            answers = {**answers, A: httpx.Response(200, headers={"content-type": "text/html"}, text=refresh)}
        else:
            answers = {**answers, A: html("A"), f"{A}robots.txt": leads_to(to)}
        seen, web = scripted([A, NAMED], answers)
        return seen[A].fetch.verdict, web.asked

    assert found(NAMED)[0] is Verdict.OK
    verdict, asked = found(UNNAMED)
    assert verdict is Verdict.REFUSED
    assert UNNAMED not in asked


def test_a_fallback_names_its_port_too() -> None:
    link = plain(A, fallbacks=(Fallback(url=NAMED, kind="full_copy"),))
    found, _ = scripted([link], {NAMED: html("A copy")})
    assert found[A].fetch.final_url == NAMED


def test_the_port_is_named_for_its_host_alone() -> None:
    elsewhere = NAMED.replace("b.example", "c.example")
    found, web = scripted([A, NAMED], {A: leads_to(elsewhere), NAMED: html("There")})
    assert found[A].fetch.verdict is Verdict.REFUSED
    assert "8443" in found[A].fetch.reason
    assert elsewhere not in web.asked


def test_subpages_on_other_ports_are_followed_only_where_they_are_named() -> None:
    body = '<a href="https://a.example:8443/b">b</a> <a href="https://a.example:9000/c">c</a>'
    links = [plain(A, follow=Follow("site", allow=("/",))), plain("https://a.example:8443/")]
    pages = {
        A: html("A", body),
        "https://a.example:8443/": html("Root"),
        "https://a.example:8443/b": html("B"),
    }
    found, web = scripted(links, pages)
    assert found["https://a.example:8443/b"].article
    assert not any(":9000" in address for address in [*web.asked, *found])


def test_what_a_page_in_a_browser_asks_for_is_bound_by_the_same_ports() -> None:
    shell = "<html><body><div id=root></div><script src=/app.js></script></body></html>"
    page = httpx.Response(200, headers={"content-type": "text/html"}, text=shell)
    got: list[Page | None] = []

    async def render(page: Page, address: str, ask: object) -> Page:
        assert callable(ask)
        got.extend([await ask(NAMED, "*/*"), await ask(UNNAMED, "*/*")])
        return page

    config = CrawlConfig(render="auto")
    scripted([A, NAMED], {A: page, NAMED: html("Data"), UNNAMED: html("Data")}, render=render, config=config)
    assert [part is not None for part in got] == [True, False]


@pytest.mark.parametrize(
    "port", [1, 22, 25, 110, 445, 993, 2049, 3306, 5432, 6000, 6379, 9200, 10080, 11211, 27017]
)
def test_the_ports_of_other_services_are_refused_even_where_they_are_named(port: int, tmp_path: Path) -> None:
    url = f"http://a.example:{port}/"
    found, web = scripted([url], {url: html("A")})
    assert found[url].fetch.verdict is Verdict.REFUSED
    assert str(port) in found[url].fetch.reason
    assert not web.requests
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories:\n  A:\n    - {url}\n    - url: {NAMED}\n      fallbacks: ['{url}y']\n")
    told = check(catalogue)
    assert len(told) == 2
    assert all("never fetched" in line and str(port) in line for line in told)


# --------------------------------------------------------- passwords and cookies

SECRET = "hunter2"


@pytest.mark.parametrize(
    "location",
    [
        f"https://me:{SECRET}@b.example/",
        f"https://me:{SECRET}@a.example/next",
        f"//me:{SECRET}@b.example/",
        f"https:\\\\me:{SECRET}@b.example/",
        f"ftp://me:{SECRET}@b.example/",
        f"gopher://me:{SECRET}@b.example/",
        f"https://me:p@ss:{SECRET}@b.example/",
        f"https://me:{SECRET}@b.example:x/",
        f"https://me:{SECRET}@[::1/",
        f"https://{SECRET}@@b.example/",
    ],
)
def test_a_password_in_a_redirect_is_neither_kept_nor_told(
    location: str, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        found, web = scripted([A], {A: leads_to(location)})
    assert SECRET not in repr(found)
    assert SECRET not in caplog.text
    assert not any(SECRET in str(request.url) for _, request in web.requests)


def test_a_password_in_what_a_page_names_is_neither_kept_nor_told(caplog: pytest.LogCaptureFixture) -> None:
    secret = f"https://me:{SECRET}@a.example/b"
    head = (
        f'<link rel="canonical" href="{secret}"><base href="{secret}">'
        f'<script type="application/ld+json">{{"@type": "Article", "url": "{secret}"}}</script>'
    )
    body = f'<article><h1>A</h1><p>{PROSE}</p><a href="{secret}">b</a></article>'
    text = f"<html><head><title>A</title>{head}</head><body>{body}</body></html>"
    page = httpx.Response(200, headers={"content-type": "text/html"}, text=text)

    async def render(page: Page, address: str, ask: object) -> Page:
        assert callable(ask)
        assert await ask(secret, "*/*") is None
        return page

    shell = httpx.Response(
        200,
        headers={"content-type": "text/html"},
        text="<html><body><div id=root></div><script src=/a.js></script>",
    )
    links = [plain(A, follow=Follow("site", allow=("/",))), plain("https://c.example/")]
    answers = {A: page, "https://c.example/": shell}
    with caplog.at_level(logging.DEBUG):
        found, web = scripted(links, answers, render=render, config=CrawlConfig(render="auto"))
    assert found[A].article
    told = [
        (outcome.fetch, outcome.article and (outcome.article.title, outcome.article.text))
        for outcome in found.values()
    ]
    assert SECRET not in repr(told)
    assert SECRET not in caplog.text
    assert not any(SECRET in str(request.url) for _, request in web.requests)


class Asked(BaseHTTPRequestHandler):
    """Gives a cookie and asks for a password with every answer, and remembers what it was sent."""

    heads: list[dict[str, str]]
    pages: dict[str, str]
    port: int

    def do_GET(self) -> None:
        self.heads.append({name.lower(): value for name, value in self.headers.items()})
        to = self.pages.get(self.path)
        self.send_response(404 if to is None else 302 if to else 200)
        self.send_header("Set-Cookie", f"session={SECRET}; Path=/; Domain=example")
        self.send_header("WWW-Authenticate", 'Basic realm="x"')
        self.send_header("Content-Type", "text/html")
        if to:
            self.send_header("Location", to)
        self.end_headers()
        if to == "":
            self.wfile.write(f"<title>A</title><article><h1>A</h1><p>{PROSE}</p></article>".encode())

    def log_message(self, *_: object) -> None:
        """Nothing on stderr."""


@pytest.fixture
def two_hosts(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[type[Asked]]]:
    """Two servers on loopback, as ``one.example`` and ``two.example``; nothing else is connected to."""
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)

    async def on_loopback(host: str, port: int) -> list[str]:
        assert host in ("one.example", "two.example")
        return ["127.0.0.1"]

    monkeypatch.setattr("indexer.crawl.transport._addresses", on_loopback)
    handlers: list[type[Asked]] = [
        type("One", (Asked,), {"heads": [], "pages": {}}),
        type("Two", (Asked,), {"heads": [], "pages": {}}),
    ]
    servers = [ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in handlers]
    for server, handler in zip(servers, handlers, strict=True):
        handler.port = server.server_address[1]
        Thread(target=server.serve_forever, daemon=True).start()
    yield handlers
    for server in servers:
        server.shutdown()
        server.server_close()


def test_no_cookie_and_no_password_goes_to_any_host(
    two_hosts: list[type[Asked]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Neither to another host nor back to the one that gave it, nor from .netrc; and none is kept."""
    one, two = (
        f"http://{name}.example:{host.port}" for name, host in zip(("one", "two"), two_hosts, strict=True)
    )
    two_hosts[0].pages = {"/a": f"{two}/a", "/b": "/c", "/c": ""}
    two_hosts[1].pages = {"/a": f"{one}/c", "/b": ""}
    netrc = tmp_path / "netrc"
    netrc.write_text(f"machine one.example login me password {SECRET}\ndefault login me password {SECRET}\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    links = [plain(f"{one}/a"), plain(f"{one}/b"), plain(f"{two}/b")]
    with caplog.at_level(logging.DEBUG):
        found = asyncio.run(outcomes(links, InMemory(), config=QUICK, read=read_here))
    assert [outcome.fetch.verdict.good for outcome in found] == [True] * 3
    heads = [head for host in two_hosts for head in host.heads]
    assert len(heads) == 7
    assert not [head for head in heads if {"cookie", "authorization", "proxy-authorization"} & head.keys()]
    assert SECRET not in repr([(outcome.fetch, outcome.page and outcome.page.headers) for outcome in found])
    assert SECRET not in caplog.text


@pytest.mark.parametrize(
    "proxy", [f"http://me:{SECRET}@h:x", f"ftp://me:{SECRET}@h:1", f"http://me:{SECRET}@"]
)
def test_a_proxy_that_is_none_is_told_without_its_password(
    proxy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("https_proxy", proxy)
    with pytest.raises(UsageError, match="HTTPS_PROXY") as told:
        Environment(CrawlConfig())
    assert SECRET not in str(told.value)


def test_a_guard_without_links_lets_the_web_s_own_ports_pass() -> None:
    for port in ("", ":80", ":443"):
        Guard([]).check(request_form(f"http://a.example{port}/"))
