"""Who may come in over HTTP, and what browsers may do with what goes out."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from html.parser import HTMLParser
from http import HTTPStatus
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.datastructures import Headers
from starlette.types import Message, Receive, Scope, Send

from indexer.config import Config
from indexer.listening import AT_A_STRETCH, MOST_CLIENTS, PER_SECOND, Rates
from indexer.serve.doors import HEADERS, LARGEST_BODY, LONGEST_TARGET, Doorkeeper, Doors, is_foreign
from tests.serve.serving import Reply, Server, config, counted, serving

__all__ = ["config", "counted"]

TOKEN = "correct horse battery staple".replace(" ", "-")
STATUS = "/api/v1/status"


@pytest.fixture
def server(config: Config, counted: None) -> Iterator[Server]:
    with serving(config, Doors()) as running:
        yield running


@pytest.fixture
def locked(config: Config, counted: None) -> Iterator[Server]:
    with serving(config, Doors(token=TOKEN)) as running:
        yield running


def log_in(server: Server, token: str, to: str = "/") -> Reply:
    kind = "application/x-www-form-urlencoded"
    return server.ask("POST", "/login", urlencode({"token": token, "next": to}), Content_Type=kind)


# ------------------------------------------------------------------------------ hosts


def test_a_name_that_was_made_to_lead_here_is_refused(server: Server) -> None:
    for host in (
        "evil.example",
        "localhost.evil.example",
        "127.0.0.1.evil.example:80",
        "10.0.0.1",
        "",
        "a b",
    ):
        reply = server.get(STATUS, Host=host)
        assert reply.status == 421, host
        assert b"evil" not in reply.body
    for host in ("localhost", "LOCALHOST:8470", "127.0.0.1:1", "[::1]:8470", "localhost."):
        assert server.get(STATUS, Host=host).status == 200, host


def test_elsewhere_any_address_will_do_and_names_are_those_given() -> None:
    doors = Doors(hosts=("library.example",), addresses=True, token=TOKEN)
    for host in ("192.168.1.5:8470", "[fe80::1]:8470", "library.example", "Library.Example:443"):
        assert doors.admits([host]), host
    for hosts in (["evil.example"], ["1.2.3.4.evil.example"], ["[evil]"], [], ["library.example"] * 2):
        assert not doors.admits(hosts), hosts


@given(st.text(max_size=30))
def test_no_other_name_gets_in(host: str) -> None:
    known = host.lower().removesuffix(".").rpartition(":")[0] or host.lower().removesuffix(".")
    if Doors().admits([host]):
        assert known.removesuffix(".") in Doors().hosts


# ------------------------------------------------------------------------------ token


@pytest.mark.parametrize(
    "shown", ["", "Bearer", "Bearer x", f"Bearer {TOKEN}x", f"Basic {TOKEN}", "Bearer é"]
)
def test_without_the_token_nothing_is_told(locked: Server, shown: str) -> None:
    for path in (STATUS, "/api/v1/openapi.json", "/", "/static/none.css"):
        reply = locked.get(path, Authorization=shown)
        assert reply.status == 401
        assert "Bearer" in reply.headers["www-authenticate"]
        assert b"Outbox" not in reply.body


def test_with_the_token_everything_is(locked: Server) -> None:
    assert locked.get(STATUS, Authorization=f"Bearer {TOKEN}").status == 200


def test_a_browser_is_led_to_a_form_and_back(locked: Server) -> None:
    sent = locked.get("/library/?q=a%20b&k=2", Accept="text/html,*/*")
    assert sent.status == 303
    form = locked.get(sent.headers["location"], Accept="text/html")
    assert form.status == 200
    entered = log_in(locked, TOKEN, "/library/?q=a%20b&k=2")
    assert (entered.status, entered.headers["location"]) == (303, "/library/?q=a%20b&k=2")
    cookie, *attributes = entered.headers["set-cookie"].split("; ")
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(attributes)
    assert TOKEN not in cookie
    assert locked.get(STATUS, Cookie=f"other=1; {cookie}").status == 200
    assert locked.get(STATUS, Cookie=f"{cookie}0").status == 401


def test_a_wrong_token_gets_no_cookie(locked: Server) -> None:
    for token in ("", "x", TOKEN.upper()):
        reply = log_in(locked, token)
        assert (reply.status, reply.headers["set-cookie"]) == (401, None)


@pytest.mark.parametrize(
    "to", ["//evil.example", "https://evil.example/", "/\\evil.example", "/a\r\nX: y", "a", ""]
)
def test_a_login_leads_nowhere_else(locked: Server, to: str) -> None:
    assert log_in(locked, TOKEN, to).headers["location"] == "/"


class _Elements(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_form_is_not_broken_out_of(locked: Server) -> None:
    to = "/?q=\"><script>alert(1)</script>'"
    elements = _Elements(locked.get(f"/login?next={quote(to, safe='')}").body.decode()).found
    assert {tag for tag, _ in elements}.isdisjoint({"script", "style"})
    assert [shown["name"] for tag, shown in elements if tag == "input"] == ["next", "token"]


def test_without_a_token_there_is_no_form(server: Server) -> None:
    assert server.get("/login").status == 404
    assert log_in(server, "x").status == 405


# ---------------------------------------------------------------------------- origins


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:1"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "no-cors", "Sec_Fetch_Dest": "image"},
        {"Sec_Fetch_Site": "same-site", "Sec_Fetch_Mode": "cors", "Sec_Fetch_Dest": "empty"},
        {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "iframe"},
    ],
)
def test_what_other_sites_ask_for_is_refused(server: Server, headers: dict[str, str]) -> None:
    reply = server.get(STATUS, **headers)
    assert reply.status == 403
    assert not [name for name in reply.headers if name.lower().startswith("access-control-")]


def test_own_pages_and_links_that_are_followed_are_answered(server: Server) -> None:
    own = {"Host": "localhost:8470", "Origin": "http://localhost:8470", "Sec_Fetch_Site": "same-origin"}
    followed = {"Sec_Fetch_Site": "cross-site", "Sec_Fetch_Mode": "navigate", "Sec_Fetch_Dest": "document"}
    for headers in (own, followed, {"Sec_Fetch_Site": "none"}, {}):
        assert server.get(STATUS, **headers).status == 200


def test_a_login_of_another_site_is_refused() -> None:
    assert is_foreign(Headers({"host": "localhost:8470", "origin": "https://localhost.evil.example"}))


# ---------------------------------------------------------------- what goes out, bounds


def test_every_answer_keeps_browsers_in_bounds(server: Server) -> None:
    for path in (
        STATUS,
        "/",
        "/none",
        "/api/v1/ask",
        "/api/v1/article?url=<script>",
        f"/{'x' * LONGEST_TARGET}",
    ):
        reply = server.get(path)
        assert {name: reply.headers[name] for name in HEADERS} == HEADERS
        assert "no-cache" in reply.headers["cache-control"]
        assert b"<script>" not in reply.body


def test_it_only_reads(server: Server) -> None:
    for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"):
        reply = server.ask(method, STATUS)
        assert (reply.status, reply.headers["allow"]) == (405, "GET, HEAD")
    told, head = server.get(STATUS), server.ask("HEAD", STATUS)
    assert (head.status, head.body) == (200, b"")
    assert head.headers["content-length"] == told.headers["content-length"]


def test_what_is_too_large_is_refused(server: Server, locked: Server) -> None:
    assert server.get(f"/api/v1/ask?q={'x' * LONGEST_TARGET}").status == HTTPStatus.REQUEST_URI_TOO_LONG
    assert server.get("/api/v1/ask?q=" + "x" * 5000).status == 422
    assert log_in(locked, "x" * LARGEST_BODY).status == 413


def test_a_client_that_asks_too_often_waits_and_others_do_not() -> None:
    rates = Rates()
    allowed = [rates.wait("192.0.2.1", 0.0) == 0 for _ in range(int(AT_A_STRETCH) + 5)]
    assert allowed.index(False) == AT_A_STRETCH
    wait = rates.wait("192.0.2.1", 0.0)
    assert 0 < wait <= 1 / PER_SECOND
    assert rates.wait("192.0.2.1", wait + 0.001) == 0
    assert rates.wait("192.0.2.2", 0.0) == 0
    assert all(rates.wait("127.0.0.1", 0.0) == 0 for _ in range(1000))
    # A whole network of IPv6 is one client.
    allowed = [rates.wait(f"2001:db8::{number:x}", 0.0) == 0 for number in range(int(AT_A_STRETCH) + 5)]
    assert not allowed[-1]


def test_clients_are_not_remembered_without_bound() -> None:
    rates = Rates()
    for number in range(MOST_CLIENTS + 100):
        rates.wait(f"host-{number}", 0.0)
    assert len(rates._left) == MOST_CLIENTS


def ask_at_once(doorkeeper: Doorkeeper, count: int) -> list[list[Message]]:
    """What so many requests at once are sent, each as a list of messages; without a server."""
    scope: Scope = {
        "type": "http", "method": "GET", "path": "/api/v1/ask", "raw_path": b"/api/v1/ask",
        "query_string": b"", "headers": [(b"host", b"localhost")], "client": ("127.0.0.1", 1),
    }  # fmt: skip

    async def one() -> list[Message]:
        sent: list[Message] = []

        async def send(message: Message) -> None:
            sent.append(message)

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        with suppress(ZeroDivisionError):
            await doorkeeper(scope, receive, send)
        return sent

    async def all_of_them() -> list[list[Message]]:
        return await asyncio.gather(*(one() for _ in range(count)))

    return asyncio.run(all_of_them())


def test_of_too_much_at_once_the_rest_is_told_to_come_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("indexer.serve.doors.MOST_AT_ONCE", 2)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(0)
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})

    doorkeeper = Doorkeeper(app, Doors())
    for _ in range(2):  # and whoever is done makes room
        begun = [messages[0] for messages in ask_at_once(doorkeeper, 3)]
        assert [message["status"] for message in begun] == [200, 200, 503]
        assert (b"retry-after", b"1") in begun[2]["headers"]


def test_a_fault_of_the_server_tells_nothing_of_itself() -> None:
    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        raise ZeroDivisionError("a secret of the server")

    doorkeeper = Doorkeeper(app, Doors())
    for _ in range(2):
        begun, body = ask_at_once(doorkeeper, 1)[0]
        assert begun["status"] == 500
        assert b"secret" not in body["body"]
        assert (b"x-content-type-options", b"nosniff") in begun["headers"]
