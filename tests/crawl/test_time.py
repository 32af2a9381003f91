"""Clocks and validators that make no sense: a host's, or this machine's; each from a server on loopback."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Outcome, Verdict
from tests.crawl.crawling import PROSE, QUICK, InMemory, html, outcomes, plain, read_here, scripted

PAGE = f"<title>A</title><article><h1>A</h1><p>{PROSE}</p></article>".encode()
URL = "http://a.example/"


class Host:
    """A host that answers as it is told, byte for byte, and remembers the heads of what it was asked."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.status, self.header, self.asked = b"200 OK", b"", list[bytes]()
        for name in ("http_proxy", "all_proxy"):
            monkeypatch.delenv(name, raising=False)
            monkeypatch.delenv(name.upper(), raising=False)
        monkeypatch.setattr("indexer.crawl.transport.literal_address", lambda address: None)
        self._monkeypatch = monkeypatch

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if b" /robots.txt " in head:
            writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        else:
            self.asked.append(head)
            fields = b"Content-Type: text/html\r\nConnection: close\r\n" + self.header
            writer.write(b"HTTP/1.1 " + self.status + b"\r\n" + fields + b"\r\n\r\n" + PAGE)
        await writer.drain()
        writer.close()

    def crawled(self, memory: InMemory) -> Outcome:
        async def crawl() -> list[Outcome]:
            server = await asyncio.start_server(self._answer, "127.0.0.1", 0)
            port = server.sockets[0].getsockname()[1]

            async def here(host: str, _: int) -> list[str]:
                assert host == "a.example"
                return ["127.0.0.1"]

            connect = asyncio.get_running_loop().create_connection
            self._monkeypatch.setattr("indexer.crawl.transport._addresses", here)
            self._monkeypatch.setattr(
                asyncio.get_running_loop(),
                "create_connection",
                lambda factory, host, _, **options: connect(factory, host, port, **options),
            )
            try:
                return await outcomes([plain(URL)], memory, config=QUICK, read=read_here)
            finally:
                server.close()

        return asyncio.run(crawl())[0]


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch) -> Host:
    return Host(monkeypatch)


@pytest.mark.parametrize(
    "asked",
    [
        *(
            b"-5",
            b"3.5",
            b"1e9",
            b"inf",
            b"nan",
            b"",
            b"soon",
            "٣".encode(),
            b"\xb2",
            b"\xff\xfe",
            b"9" * 5000,
        ),
        *(
            b"Fri, 31 Dec 1000000 23:59:59 GMT",
            b"Fri, 31 Dec 0000 23:59:59 GMT",
            b"Thu, 99 Foo 2020 99:99:99 GMT",
        ),
        b"Fri, 31 Dec 9999 23:59:59 +99999999999999999",
        b"Fri, 31 Dec 9999 23:59:59 -2359",
        b"Mon, 01 Jan 0001 00:00:00 +2359",
        b"Fri, 31 Dec " + b"9" * 5000 + b" 23:59:59 GMT",
    ],
)
def test_a_retry_after_beyond_the_calendar_is_the_host_s_fault(host: Host, asked: bytes) -> None:
    host.status, host.header = b"503 Service Unavailable", b"Retry-After: " + asked
    outcome = host.crawled(InMemory())
    assert outcome.fetch.verdict is Verdict.SERVER_ERROR
    assert "fault" not in outcome.fetch.reason


@pytest.mark.parametrize(
    "header",
    [
        'ETag: "é"'.encode(),
        b'ETag: "\xe9"',
        'ETag: "日本"\r\nLast-Modified: gestern, 三月'.encode(),
        b'ETag: "' + b"x" * 20_000 + b'"',
        b'ETag: "a"\r\n b: c',
        b"Last-Modified: Fri, 31 Dec 1000000 23:59:59 GMT",
        b"Last-Modified: Fri, 31 Dec 9999 23:59:59 +99999999999999999\r\nDate: \xff",
        b"Last-Modified: 0\r\nDate: 0\r\nExpires: -1\r\nAge: -1",
        b"Date: Fri, 31 Dec 1000000 23:59:59 GMT",
    ],
)
def test_validators_that_make_no_sense_hinder_no_later_night(host: Host, header: bytes) -> None:
    host.header, memory = header, InMemory()
    for _ in range(2):
        outcome = host.crawled(memory)
        assert outcome.fetch.verdict is Verdict.OK, outcome.fetch.reason
    assert len(host.asked) == 2
    assert all(len(head) < 2000 and head.isascii() for head in host.asked)


@pytest.mark.parametrize("break_", ["\r\n", "\n", "\r", "\0", "\u2028"])
def test_a_kept_validator_adds_no_header(host: Host, break_: str) -> None:
    memory = InMemory()
    host.crawled(memory)
    fetch = memory.fetches[URL]
    worse = f'"a"{break_}X-Evil: 1'
    memory.fetches[URL] = replace(fetch, etag=worse, last_modified=worse)
    assert host.crawled(memory).fetch.verdict is Verdict.OK
    assert b"evil" not in host.asked[1].lower()


@given(st.text(max_size=40), st.text(max_size=40) | st.datetimes().map(format_datetime))
def test_any_validators_at_all_are_sent_back_whole_or_not_at_all(etag: str, modified: str) -> None:
    memory = InMemory()
    scripted([URL], {URL: html("A")}, memory)
    memory.fetches[URL] = replace(memory.fetches[URL], etag=etag, last_modified=modified)
    found, web = scripted([URL], {URL: html("A")}, memory)
    assert found[URL].fetch.verdict is Verdict.OK
    sent = web.requests[-1][1].headers
    assert sent.get("if-none-match", etag) == etag
    assert sent.get("if-modified-since", modified) == modified


def test_plain_validators_are_still_sent_back(host: Host) -> None:
    host.header, memory = b'ETag: W/"a b"\r\nLast-Modified: Fri, 02 Jan 2026 03:04:05 GMT', InMemory()
    host.crawled(memory)
    host.status = b"304 Not Modified"
    assert host.crawled(memory).fetch.verdict is Verdict.NOT_MODIFIED
    assert b'W/"a b"' in host.asked[1]
    assert b"Fri, 02 Jan 2026 03:04:05 GMT" in host.asked[1]


def test_a_page_from_the_future_is_asked_for_in_full(host: Host) -> None:
    """A host that finds nothing changed since a date to come would do so for years."""
    ahead = format_datetime(datetime.now(UTC) + timedelta(days=3650), usegmt=True)
    host.header, memory = b"Last-Modified: " + ahead.encode(), InMemory()
    host.crawled(memory)
    host.crawled(memory)
    assert b"if-modified-since" not in host.asked[1].lower()


def test_a_fetch_from_the_future_hinders_no_later_night(host: Host) -> None:
    """The clock was ahead once, or goes back now."""
    memory = InMemory()
    host.crawled(memory)
    ahead = datetime.now(UTC) + timedelta(days=3650)
    memory.fetches[URL] = replace(memory.fetches[URL], fetched_at=ahead)
    outcome = host.crawled(memory)
    assert outcome.fetch.verdict is Verdict.OK
    assert outcome.fetch.fetched_at < ahead


@pytest.mark.parametrize("years", [-20, 20])
def test_retry_after_as_a_date_is_taken_by_the_host_s_clock(years: int) -> None:
    """Its clock is years off from ours, or ours from it: what it asks for is half a minute."""
    theirs = datetime.now(UTC) + timedelta(days=365 * years)
    until = format_datetime(theirs + timedelta(seconds=30), usegmt=True)
    busy = httpx.Response(503, headers={"retry-after": until, "date": format_datetime(theirs, usegmt=True)})
    found, web = scripted([URL], {URL: [busy, html("A")]})
    assert found[URL].fetch.verdict is Verdict.OK
    first, second = web.times("a.example")[1:]
    assert second - first == 30


def test_a_length_beyond_all_numbers_is_too_large() -> None:
    page = html("A", **{"content-length": "9" * 5000})
    found, _ = scripted([URL], {URL: lambda _: page})
    assert found[URL].fetch.verdict is Verdict.TOO_LARGE
