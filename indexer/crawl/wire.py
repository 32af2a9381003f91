"""One request, one answer, within bounds: bytes on the wire, bytes unpacked, seconds, silence.

The rest of the crawl knows a :class:`Sender`: requests may as well be sent from another machine.
Works on httpx's transports, below its client: no cookies are kept, no passwords sent from ``.netrc``,
no redirect is followed or even parsed, and the body is unpacked here (see :mod:`indexer.crawl.decompress`).
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol

import httpx

from indexer.config import CrawlConfig
from indexer.crawl import urls
from indexer.crawl.decompress import ACCEPT_ENCODING, Decompressor
from indexer.crawl.failure import NoPage
from indexer.filetypes import binary_kind
from indexer.records import Traffic, Verdict

REDIRECTS = frozenset({301, 302, 303, 307, 308})

_READABLE_TYPES = re.compile(
    r"text/(?!css|javascript|calendar|vcard).*|application/(?:xhtml\+xml|xml|pdf|x-pdf|markdown|octet-stream)|"
    r"binary/octet-stream|application/(?:rss|atom)\+xml|unknown/unknown|"
)
"""Declared types that may hold a text; octet-stream and none at all mean "look at the bytes"."""
_SINGLE = frozenset({"content-type", "content-length", "etag", "last-modified", "location", "retry-after"})
"""Headers that hold one value; of several the last counts (Fetch standard, "extract a MIME type")."""
_NOTICE = 256 * 1024
"""Bytes that are taken of an answer that is no page: enough to know a challenge by."""


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """One HTTP answer, redirects not followed; header names in lower case, the body unpacked."""

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float = 0.0
    """From the request to the last byte."""

    @property
    def location(self) -> str:
        """Where a redirect points to, as written; ``""`` if the answer is none."""
        return self.headers.get("location", "") if self.status in REDIRECTS else ""


class Sender(Protocol):
    """Whoever sends requests. When a host may be asked is not its business."""

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = 0) -> HttpAnswer:
        """The answer to one GET request.

        ``most`` cuts the body there without complaint; 0 means that a body above the configured limit
        is a failure.

        Raises:
            NoPage: for everything that keeps the answer from coming in whole and in bounds.
            LostRequest: the sender was lost before there was an answer.
        """


class Wire:
    """Sends requests over a transport and takes in their answers."""

    def __init__(
        self, transport: httpx.AsyncBaseTransport, config: CrawlConfig, traffic: Traffic | None = None
    ) -> None:
        self._transport, self._config, self._traffic = transport, config, traffic
        self._headers = {
            "User-Agent": config.user_agent,
            "Accept": "text/html, application/xhtml+xml, text/*;q=0.9, application/pdf;q=0.9, */*;q=0.1",
            "Accept-Language": "en, *;q=0.5",
            "Accept-Encoding": ACCEPT_ENCODING,
        }
        if "@" in config.contact:
            self._headers["From"] = config.contact
        silence = config.silence_seconds
        self._timeout = {"connect": config.connect_seconds, "read": silence, "write": silence, "pool": None}

    async def get(self, url: str, headers: Mapping[str, str], *, most: int = 0) -> HttpAnswer:
        """As :meth:`Sender.get`."""
        request = httpx.Request(
            "GET", url, headers={**self._headers, **headers}, extensions={"timeout": self._timeout}
        )
        taking = _Taking(url, self._config.max_bytes, most)
        started = time.monotonic()
        host = urls.host_of(url)
        if self._traffic:
            self._traffic.asked(host)
        try:
            answer = await self._exchange(request, taking)
        except NoPage as failure:
            failure.seconds = time.monotonic() - started
            raise
        finally:
            if self._traffic:
                self._traffic.answered(host, taking.taken)
        return replace(answer, seconds=time.monotonic() - started)

    async def _exchange(self, request: httpx.Request, taking: _Taking) -> HttpAnswer:
        try:
            async with asyncio.timeout(self._config.page_seconds):
                response = await self._transport.handle_async_request(request)
                try:
                    return await taking.answer(response)
                finally:
                    await response.aclose()
        except TimeoutError as error:
            seconds = self._config.page_seconds
            raise taking.no(Verdict.TIMEOUT, f"the answer took longer than {seconds:g} s") from error
        except httpx.TransportError as error:
            raise taking.failure(error) from error


def _header_fields(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """The headers by their names in lower case, each decoded by itself: one odd byte spoils no other."""
    headers: dict[str, str] = {}
    for key, value in raw:
        name = key.decode("latin-1").lower()
        # That a host gives a cookie tells something about it; the cookie itself is nothing to keep.
        text = "" if name == "set-cookie" else _header_text(name, value)
        headers[name] = f"{headers[name]}, {text}" if name in headers and name not in _SINGLE else text
    return headers


def _header_text(name: str, value: bytes) -> str:
    """UTF-8, else Latin-1; an address that is no UTF-8 keeps its bytes, escaped."""
    try:
        return value.decode("utf-8")
    except UnicodeDecodeError:
        if name == "location":
            return "".join(chr(byte) if byte < 128 else f"%{byte:02X}" for byte in value)
        return value.decode("latin-1")


class _Taking:
    """Takes in one answer; knows how far it came when it breaks off."""

    def __init__(self, url: str, limit: int, most: int) -> None:
        self._url, self._limit, self._most = url, limit, most
        self._status = 0
        self.taken = 0
        """Bytes so far, as they came on the wire."""

    async def answer(self, response: httpx.Response) -> HttpAnswer:
        """The whole answer; the body of a redirect or an unreadable type is left unread."""
        self._status = response.status_code
        if not 200 <= self._status < 300:
            self._most = self._most or _NOTICE
        headers = _header_fields(response.headers.raw)
        body = b""
        if not (self._status in REDIRECTS or self._status in (204, 304)):
            self._check_head(headers)
            body = await self._body(response, headers)
        return HttpAnswer(self._url, self._status, headers, body)

    def _check_head(self, headers: Mapping[str, str]) -> None:
        if self._most:
            return
        declared = headers.get("content-type", "").partition(";")[0].strip().lower()
        if "/" in declared and not _READABLE_TYPES.fullmatch(declared):
            raise self.no(Verdict.WRONG_TYPE, f"it is declared as {declared[:60]}, which holds no text")
        length = headers.get("content-length", "")
        if length.isdecimal() and float(length) > self._limit:
            raise self._too_large(f"{float(length) / 2**20:.0f} MB by its header")

    async def _body(self, response: httpx.Response, headers: Mapping[str, str]) -> bytes:
        decompressor = Decompressor(headers.get("content-encoding", ""))
        pieces: list[bytes] = []
        size = 0
        async for raw in response.aiter_raw():
            self.taken += len(raw)
            for piece in decompressor.feed(raw):
                if not size and piece:
                    self._check_signature(piece)
                pieces.append(piece)
                size += len(piece)
                if self._most and size >= self._most:
                    return b"".join(pieces)[: self._most]
                if size > self._limit:
                    raise self._too_large(
                        f"{self.taken / 2**20:.1f} MB became more than {size / 2**20:.0f} MB"
                    )
            if self.taken > self._limit:
                raise self._too_large("it has no end in sight")
        if size and not decompressor.finished:
            raise self.no(Verdict.TRUNCATED, "the packed body ends too early")
        return b"".join(pieces)

    def _check_signature(self, start: bytes) -> None:
        if not self._most and (kind := binary_kind(start)):
            raise self.no(Verdict.WRONG_TYPE, f"it is {kind}, whatever its header says")

    def _too_large(self, how: str) -> NoPage:
        return self.no(Verdict.TOO_LARGE, f"larger than the limit of {self._limit / 2**20:g} MB: {how}")

    def no(self, verdict: Verdict, reason: str, *, transient: bool = False) -> NoPage:
        """The failure of this very request."""
        return NoPage(verdict, reason, url=self._url, status=self._status, transient=transient)

    def failure(self, error: httpx.TransportError) -> NoPage:
        """What a broken connection means, by how far the answer had come."""
        if not self._status:
            return self._no_answer(error)
        if isinstance(error, httpx.TimeoutException):
            return self.no(Verdict.TIMEOUT, f"the host fell silent after {self.taken:,} bytes")
        reason = f"the connection broke off after {self.taken:,} bytes"
        return self.no(Verdict.TRUNCATED, reason, transient=True)

    def _no_answer(self, error: httpx.TransportError) -> NoPage:
        what = str(error) or type(error).__name__
        match error:
            case httpx.ConnectTimeout():
                return self.no(Verdict.TIMEOUT, "no connection in time", transient=True)
            case httpx.TimeoutException():
                return self.no(Verdict.TIMEOUT, "the host gave no answer", transient=True)
            case httpx.UnsupportedProtocol():
                return self.no(Verdict.REFUSED, what)
        # A name that does not resolve will not do so a second later, nor will a proxy that refuses; a lost
        # connection may come back.
        lasting = isinstance(error, httpx.ProxyError) or "resolve" in what or "Name or service" in what
        return self.no(Verdict.NETWORK, f"the host cannot be reached: {what}", transient=not lasting)
