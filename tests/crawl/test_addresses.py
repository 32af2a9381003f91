"""What is sent to a host, which addresses are one page, and which are never asked at all."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from pathlib import Path

import httpcore
import httpx
import pytest
import trustme
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import CrawlConfig
from indexer.crawl import request_form
from indexer.crawl.failure import NoPage
from indexer.crawl.guard import check_address, is_public
from indexer.crawl.transport import Environment, GuardedBackend
from indexer.crawl.urls import page_key
from indexer.records import Verdict
from tests.crawl.crawling import html, plain, scripted


@pytest.mark.parametrize(
    ("verbatim", "sent"),
    [
        ("https://a.example/x/#:~:text=A%20slip,and%20on.", "https://a.example/x/"),
        ("https://a.example/blog/#the-stack", "https://a.example/blog/"),
        ("https://a.example/Lightweight+RFC+Process", "https://a.example/Lightweight+RFC+Process"),
        ("https://a.example/a%20b?q=c+d%2Fe", "https://a.example/a%20b?q=c+d%2Fe"),
        ("HTTP://A.Example:80", "http://a.example/"),
        ("https://a.example:443/x", "https://a.example/x"),
        ("https://a.example:8443/x", "https://a.example:8443/x"),
        ("https://a.example?q=1", "https://a.example/?q=1"),
        ("https://bücher.example/ä b", "https://xn--bcher-kva.example/%C3%A4%20b"),
        ("https://a.example/b/../c/./d", "https://a.example/c/d"),
        (" https://a.example/x\n", "https://a.example/x"),
    ],
)
def test_what_goes_to_the_host(verbatim: str, sent: str) -> None:
    assert request_form(verbatim) == sent


@given(st.text(max_size=40), st.text(max_size=20))
def test_the_request_form_is_stable_and_has_no_fragment(path: str, query: str) -> None:
    try:
        sent = request_form(f"https://a.example/{path}?{query}")
    except NoPage:
        return
    assert request_form(sent) == sent
    assert "#" not in sent
    assert sent.isascii()


@given(st.one_of(st.text(max_size=60), st.text("htps:/[]@.%?#\\\0é0x1", max_size=40).map("http://".__add__)))
def test_any_text_is_either_refused_or_an_address(text: str) -> None:
    """Links come from strangers: nothing else may happen, whatever they write."""
    try:
        sent = request_form(text)
        check_address(sent)
    except NoPage:
        return
    assert page_key(sent)
    assert httpx.URL(sent).host


@pytest.mark.parametrize(
    "url",
    [
        *(
            "ftp://a.example/",
            "file:///etc/passwd",
            "javascript:alert(1)",
            "data:text/html,x",
            "mailto:a@b.example",
        ),
        *("//a.example/", "a.example/x", "", "http://", "http:///x", "http://[::1/", "http://a.example/\0"),
        *(
            "https://user:secret@a.example/",
            "https://user@a.example/",
            "http://a.example:99999/",
            "http://a.example:x/",
        ),
    ],
)
def test_what_is_no_plain_web_address_is_refused(url: str) -> None:
    with pytest.raises(NoPage) as refusal:
        request_form(url)
    assert refusal.value.judgement.verdict is Verdict.REFUSED
    assert refusal.value.judgement.reason


INTERNAL = [
    "127.0.0.1",
    "127.1",
    "127.0.1",
    "2130706433",
    "0x7f000001",
    "0x7f.1",
    "0177.0.0.1",
    "017700000001",
    "127.0.0.1.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[::ffff:7f00:1]",
    "[0:0:0:0:0:0:0:1]",
    "[::]",
    "[::127.0.0.1]",
    "[64:ff9b::7f00:1]",
    "[2002:7f00:1::]",
    "[fe80::1]",
    "[fc00::1]",
    "[fd12::1]",
    "[ff02::1]",
    "0.0.0.0",
    "0",
    "10.0.0.1",
    "10.1",
    "172.16.0.1",
    "192.168.1.1",
    "100.64.0.1",
    "169.254.169.254",
    "0xa9fea9fe",
    "2852039166",
    "224.0.0.1",
    "255.255.255.255",
    "240.0.0.1",
    "198.18.0.1",
    "192.0.2.1",
    "192.0.0.192",
    "192.88.99.1",
    "[::ffff:192.0.0.192]",
    "[3fff::1]",
    "[2001:db8::1]",
    "[2001:10::1]",
    "[100::1]",
    "[5f00::1]",
    "[fec0::1]",
    "[64:ff9b:1::1]",
    "[2002:a00:1::]",
    "localhost",
    "LOCALHOST",
    "localhost.",
    "a.localhost",
    "printer.local",
    "router.lan",
    "metadata.google.internal",
    "metadata",
    "intranet",
    "nas.home.arpa",
]


@pytest.mark.parametrize("host", INTERNAL)
def test_an_internal_address_is_refused_in_every_spelling(host: str) -> None:
    with pytest.raises(NoPage) as refusal:
        check_address(request_form(f"http://{host}/"))
    assert refusal.value.judgement.verdict is Verdict.REFUSED


@pytest.mark.parametrize(
    "host",
    [
        "a.example",
        "93.184.215.14",
        "93.184.215.14:8080",
        "[2606:4700::6810:85e5]",
        "localhost.example",
        "10.example",
    ],
)
def test_a_public_host_passes(host: str) -> None:
    check_address(request_form(f"http://{host}/"))


@given(st.ip_addresses())
def test_what_python_knows_to_be_private_is_no_public_address(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    if address.is_private or address.is_multicast or address.is_link_local:
        assert not is_public(address)


@pytest.mark.parametrize("host", INTERNAL)
def test_no_redirect_leads_to_an_internal_address(host: str) -> None:
    answers = {"https://a.example/": httpx.Response(302, headers={"location": f"http://{host}/admin"})}
    found, web = scripted(["https://a.example/"], answers)
    assert found["https://a.example/"].fetch.verdict is Verdict.REFUSED
    assert {request.url.host for _, request in web.requests} == {"a.example"}


@pytest.mark.parametrize(
    "location", ["javascript:alert(1)", "file:///etc/passwd", "http://[", "https://u:p@b.example/"]
)
def test_no_redirect_leads_out_of_the_web(location: str) -> None:
    found, web = scripted(
        ["https://a.example/"], {"https://a.example/": httpx.Response(302, headers={"location": location})}
    )
    assert found["https://a.example/"].fetch.verdict is Verdict.REFUSED
    assert web.asked == ["https://a.example/"]


def test_robots_txt_leads_to_no_internal_address_either() -> None:
    answers = {
        "https://a.example/robots.txt": httpx.Response(
            301, headers={"location": "http://127.0.0.1/robots.txt"}
        )
    }
    found, web = scripted(["https://a.example/"], {**answers, "https://a.example/": html("A")})
    assert found["https://a.example/"].fetch.verdict is Verdict.REFUSED
    assert {request.url.host for _, request in web.requests} == {"a.example"}


def test_a_refused_address_is_not_sought_in_the_archive() -> None:
    found, web = scripted([plain("http://127.0.0.1/", archive=True)], {})
    assert found["http://127.0.0.1/"].fetch.verdict is Verdict.REFUSED
    assert not web.requests


class Resolver:
    """Stands in for DNS: a name that resolves to an internal address, as rebinding makes it."""

    def __init__(self, *addresses: str) -> None:
        self.addresses = addresses

    async def __call__(
        self, host: str, port: int, **_: object
    ) -> list[tuple[int, int, int, str, tuple[str, int]]]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in self.addresses]


@pytest.mark.parametrize("addresses", [["127.0.0.1"], ["93.184.215.14", "10.0.0.1"], ["::1"]])
def test_a_name_that_resolves_to_an_internal_address_is_not_connected_to(
    addresses: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check is at the connection itself, on the very address that would be connected to."""
    connected: list[int] = []

    async def attempt() -> None:
        server = await asyncio.start_server(lambda reader, writer: connected.append(1), "127.0.0.1", 0)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver(*addresses))
        try:
            await GuardedBackend().connect_tcp("rebound.example", server.sockets[0].getsockname()[1])
        finally:
            server.close()

    with pytest.raises(NoPage) as refusal:
        asyncio.run(attempt())
    assert refusal.value.judgement.verdict is Verdict.REFUSED
    assert not connected


def test_a_crawl_without_proxy_refuses_such_a_name(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)

    async def attempt() -> None:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver("127.0.0.1"))
        transport = Environment(CrawlConfig())
        try:
            await transport.handle_async_request(httpx.Request("GET", "http://rebound.example/"))
        finally:
            await transport.aclose()

    with pytest.raises(NoPage) as refusal:
        asyncio.run(attempt())
    assert "127.0.0.1" in refusal.value.judgement.reason


def test_a_name_that_does_not_resolve_is_a_network_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    async def attempt() -> None:
        async def fails(*_: object, **__: object) -> None:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", fails)
        await GuardedBackend().connect_tcp("nowhere.example", 80)

    with pytest.raises(httpcore.ConnectError, match="does not resolve"):
        asyncio.run(attempt())


@pytest.mark.parametrize(
    "copy",
    [
        "http://a.example/guide",
        "https://www.a.example/guide/",
        "https://a.example/guide/index.html",
        "https://a.example/guide?utm_source=x&utm_medium=y&fbclid=z",
        "https://a.example/guide?lang=ja",
        "https://a.example/guide#part",
        "https://a.example/%67uide",
    ],
)
def test_copies_of_a_page_have_one_key(copy: str) -> None:
    assert page_key(copy) == page_key("https://a.example/guide")


@pytest.mark.parametrize(
    "other",
    [
        "https://a.example/guide/2",
        "https://b.example/guide",
        "https://a.example/guide?page=2",
        "https://a.example/guide?gallery=2",
        "https://a.example/guide?pageId=9",
        "https://a.example:8443/guide",
        "https://a.example/Guide",
    ],
)
def test_different_pages_have_different_keys(other: str) -> None:
    assert page_key(other) != page_key("https://a.example/guide")


@pytest.mark.parametrize(("name", "good"), [("a.example", True), ("b.example", False)])
def test_a_direct_connection_is_certified_for_the_name_not_the_address(
    name: str, good: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Connecting to the checked address must not weaken TLS."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    for proxy in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setattr(
        "indexer.crawl.transport.is_public", lambda address: True
    )  # the server is on loopback
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("a.example").configure_cert(context)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi")
        writer.close()

    async def attempt() -> int:
        server = await asyncio.start_server(answer, "127.0.0.1", 0, ssl=context)
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver("127.0.0.1"))
        transport = Environment(CrawlConfig())
        try:
            url = f"https://{name}:{server.sockets[0].getsockname()[1]}/"
            return (await transport.handle_async_request(httpx.Request("GET", url))).status_code
        finally:
            await transport.aclose()
            server.close()

    if good:
        assert asyncio.run(attempt()) == 200
    else:
        with pytest.raises(httpx.ConnectError, match=r"(?i)certificate"):
            asyncio.run(attempt())


def test_no_proxy_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """A host named there is connected to directly, and therefore resolved and checked here."""
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "rebound.example")

    async def attempt(host: str) -> None:
        if host == "rebound.example":
            monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", Resolver("10.0.0.1"))
        transport = Environment(CrawlConfig())
        try:
            await transport.handle_async_request(httpx.Request("GET", f"http://{host}/"))
        finally:
            await transport.aclose()

    with pytest.raises(NoPage):
        asyncio.run(attempt("rebound.example"))
    with pytest.raises(httpx.ConnectError):
        asyncio.run(attempt("a.example"))
