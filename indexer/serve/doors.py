"""Who may come in: hosts, tokens, origins, sizes, rates; what browsers may do with what goes out.

A page of another site can make a browser ask this server, and by a name that it lets resolve to this machine
even read the answer (DNS rebinding). So the name that was asked for is compared, what other sites ask for is
refused, and what goes out may be framed, read and run by nobody else.
"""

from __future__ import annotations

import hmac
import re
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs, quote

from fastapi import FastAPI
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from indexer.listening import MOST_AT_ONCE, Rates, is_address
from indexer.serve.api import PROBLEM, problem

LOGIN = "/login"
COOKIE = "indexer"
OF_LOOPBACK = ("localhost", "127.0.0.1", "[::1]")
"""The names of this machine for itself."""
LONGEST_TARGET = 48 * 1024
"""Bytes of path and query: the longest question that is taken, in any script."""
LARGEST_BODY = 4096
"""Bytes of a form with a token."""

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""What every answer says to browsers."""

TOO_LARGE = (413, f"nothing that is sent here may be longer than {LARGEST_BODY:,} bytes")

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[^:\[\]/?#@\s]+)(?::[0-9]{1,5})?")

LOGIN_PAGE = """<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<meta name="color-scheme" content="light dark"><title>indexer: token</title></head>
<body><main><h1>This library asks for its token</h1>{remark}
<form method="post" action="/login"><input type="hidden" name="next" value="{to}">
<p><label>Token (INDEXER_TOKEN) <input type="password" name="token" autocomplete="current-password" required
autofocus></label> <button>Enter</button></p></form></main></body></html>
"""


@dataclass(frozen=True, slots=True)
class Doors:
    """What is asked of who comes.

    Attributes:
        hosts: names under which this server may be asked, without ports; others are refused (rebinding).
        addresses: whether it may also be asked by any IP address, which no name can be made to resolve to.
        token: what a client must show, in ``Authorization: Bearer`` or the cookie; empty asks for nothing,
            which is for loopback alone.
    """

    hosts: tuple[str, ...] = OF_LOOPBACK
    addresses: bool = False
    token: str = ""

    def admits(self, hosts: Iterable[str]) -> bool:
        """Whether the request's Host headers are one, and name this server."""
        match [_HOST.fullmatch(host) for host in hosts]:
            case [re.Match() as found]:
                name = found[1].lower().removesuffix(".")
                return name in self.hosts or (self.addresses and is_address(name.strip("[]")))
        return False

    def knows(self, headers: Headers) -> bool:
        """Whether the client shows the token; compared in constant time."""
        if not self.token:
            return True
        scheme, _, shown = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self.is_token(shown.strip()):
            return True
        cookies = (part.strip().partition("=") for part in headers.get("cookie", "").split(";"))
        return any(name == COOKIE and _is_secret(value, self.cookie) for name, _, value in cookies)

    def is_token(self, shown: str) -> bool:
        """Whether this is the token."""
        return _is_secret(shown, self.token)

    @property
    def cookie(self) -> str:
        """What a browser keeps in the token's place, from which the token cannot be told."""
        return hmac.digest(self.token.encode(), b"indexer's cookie", "sha256").hex()


def _is_secret(shown: str, right: str) -> bool:
    # Hashed, so that not even the length can be told from the time.
    return hmac.compare_digest(sha256(shown.encode()).digest(), sha256(right.encode()).digest())


def is_foreign(headers: Headers) -> bool:
    """Whether a page of another site asks; not so if a person follows a link from there to a whole page."""
    origin = headers.get("origin")
    if origin is not None and origin.partition("://")[2].lower() != headers.get("host", "").lower():
        return True
    if headers.get("sec-fetch-site", "none") in ("none", "same-origin"):
        return False
    followed = headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"
    return not followed


class Doorkeeper:
    """ASGI middleware: refuses, or passes on what it bounds."""

    def __init__(self, app: ASGIApp, doors: Doors) -> None:
        self._app, self._doors = app, doors
        self._rates = Rates()
        self._at_work = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One request."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self._app(scope, receive, send)
            return  # a websocket is closed, which is what no answer means
        answer = _Answer(scope, send)
        headers = Headers(scope=scope)
        refusal = self._refusal(scope, headers)
        if refusal:
            await answer.refuse(*refusal)
        elif scope["path"] == LOGIN and self._doors.token:
            await self._login(scope, receive, answer)
        elif not self._doors.knows(headers):
            await self._ask_for_token(scope, headers, answer)
        elif self._at_work >= MOST_AT_ONCE:
            await answer.refuse(503, "too much is asked at once; try again", {"Retry-After": "1"})
        else:
            self._at_work += 1
            try:
                await self._app({**scope, "method": "GET"}, receive, answer)
            except Exception:
                await answer.refuse(500, "this is a fault of the server, whose log says more")
                raise
            finally:
                self._at_work -= 1

    def _refusal(self, scope: Scope, headers: Headers) -> tuple[int, str, Mapping[str, str]] | None:
        """Why a request is not looked at: status, reason, headers; None where it is."""
        client = scope["client"][0] if scope.get("client") else ""
        posts = scope["path"] == LOGIN and bool(self._doors.token)
        methods = ("GET", "HEAD", "POST") if posts else ("GET", "HEAD")
        refusal: tuple[int, str, Mapping[str, str]] | None = None
        if not self._doors.admits(headers.getlist("host")):
            refusal = 421, "this server is not asked by that name; `indexer serve --name` adds one", {}
        elif wait := self._rates.wait(client, time.monotonic()):
            refusal = 429, "too many requests of one client; try again", {"Retry-After": str(int(wait) + 1)}
        elif scope["method"] not in methods:
            refusal = 405, "this server only reads", {"Allow": ", ".join(methods)}
        elif is_foreign(headers):
            refusal = 403, "a page of another site asks, which this server refuses", {}
        elif len(scope["raw_path"]) + len(scope["query_string"]) > LONGEST_TARGET:
            refusal = 414, f"the address is longer than {LONGEST_TARGET:,} bytes", {}
        elif not _is_small(headers.get("content-length", "0")):
            refusal = *TOO_LARGE, {}
        return refusal

    async def _ask_for_token(self, scope: Scope, headers: Headers, answer: _Answer) -> None:
        # What asks for a page is sent to the form; what asks for anything else is told the status.
        if not _is_api(scope) and "text/html" in headers.get("accept", ""):
            path = scope["path"] + (
                f"?{scope['query_string'].decode('latin-1')}" if scope["query_string"] else ""
            )
            await answer.go(f"{LOGIN}?next={quote(path, safe='')}")
        else:
            reason = "this server asks for its token (INDEXER_TOKEN)"
            await answer.refuse(401, reason, {"WWW-Authenticate": 'Bearer realm="indexer"'})

    async def _login(self, scope: Scope, receive: Receive, answer: _Answer) -> None:
        if scope["method"] != "POST":
            await answer.form(_own_path(_form_fields(scope["query_string"]).get("next", "/")))
            return
        body = await _body(receive)
        if body is None:
            await answer.refuse(*TOO_LARGE)
            return
        form = _form_fields(body)
        to = _own_path(form.get("next", "/"))
        if not self._doors.is_token(form.get("token", "")):
            await answer.form(to, "<p><strong>That is not the token.</strong></p>", 401)
            return
        secure = "; Secure" if scope.get("scheme") == "https" else ""
        cookie = f"{COOKIE}={self._doors.cookie}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Strict{secure}"
        await answer.go(to, {"Set-Cookie": cookie})


class _Answer:
    """What goes out, with the headers of all answers; without a body where only the head was asked for."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._begun = False

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._begun = True
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "private, no-cache")
        elif self._scope["method"] == "HEAD":
            message = {**message, "body": b""}
        await self._send(message)

    async def refuse(self, status: int, reason: str, headers: Mapping[str, str] | None = None) -> None:
        """Tell an error, unless an answer is on its way."""
        if self._begun:
            return
        if _is_api(self._scope):
            await self._tell(status, bytes(problem(status, reason).body), PROBLEM, headers)
        else:
            await self._tell(
                status, f"{HTTPStatus(status).phrase}: {reason}\n".encode(), "text/plain", headers
            )

    async def form(self, to: str, remark: str = "", status: int = 200) -> None:
        """The form that asks for the token."""
        page = LOGIN_PAGE.format(to=escape(to), remark=remark)
        await self._tell(status, page.encode(), "text/html", {"Cache-Control": "no-store"})

    async def go(self, to: str, headers: Mapping[str, str] | None = None) -> None:
        """Lead elsewhere on this server."""
        more = {"Location": to, "Cache-Control": "no-store", **(headers or {})}
        await self._tell(303, b"", "text/plain", more)

    async def _tell(self, status: int, body: bytes, kind: str, headers: Mapping[str, str] | None) -> None:
        charset = "" if kind == PROBLEM else "; charset=utf-8"
        told = {**(headers or {}), "Content-Type": kind + charset, "Content-Length": str(len(body))}
        raw = [(name.lower().encode(), value.encode("latin-1")) for name, value in told.items()]
        await self({"type": "http.response.start", "status": status, "headers": raw})
        await self({"type": "http.response.body", "body": body})


def _is_api(scope: Scope) -> bool:
    return str(scope["path"]).startswith("/api/")


def _own_path(to: str) -> str:
    """Where a login leads: a path of this server, whatever it was told."""
    return quote(to, safe="/?=&%+:,;~") if re.fullmatch(r"/(?![/\\])[^\\\x00-\x20\x7f]*", to) else "/"


def _form_fields(form: bytes) -> dict[str, str]:
    """The fields of a form; none where it is no form."""
    try:
        return {
            name: values[0] for name, values in parse_qs(form.decode("latin-1"), max_num_fields=10).items()
        }
    except ValueError:
        return {}


def _is_small(size: str) -> bool:
    return size.isdecimal() and len(size) < 10 and int(size) <= LARGEST_BODY


async def _body(receive: Receive) -> bytes | None:
    """The body of a request; None where it is too long."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > LARGEST_BODY or message["type"] == "http.disconnect":
            return None
        if not message.get("more_body"):
            return body


def guarded(app: FastAPI, doors: Doors) -> None:
    """Put the doors before the application."""
    app.add_middleware(Doorkeeper, doors=doors)
