"""The tools as the protocol tells them, and the doors of the command; quick, in this process."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.types import CallToolResult, TextContent

from indexer.assistant.server import create_server, http_app
from indexer.records import Link
from tests.assistant.conftest import OpenTools
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome

LINK = Link("https://example.org/a", "Patterns", tags=("locks",))
OTHER = Link("https://example.org/b", "Patterns")


@pytest.fixture
def filled(shelf: Shelf) -> Shelf:
    for link, said in ((LINK, "A lock is a lease."), (OTHER, "A lease ends.")):
        shelf.log().record(outcome(link, article(said)))
    shelf.publish(LINK, OTHER)
    return shelf


def test_each_tool_tells_the_same_as_values_and_as_text(filled: Shelf, open_tools: OpenTools) -> None:
    tools = open_tools()
    same: dict[str, tuple[dict[str, Any], Callable[[], Any]]] = {
        "search": ({"question": "lease", "tags": ["locks"]}, lambda: tools.search("lease", tags=["locks"])),
        "read": ({"id_or_url": LINK.url}, lambda: tools.read(LINK.url)),
        "similar": ({"id_or_url": LINK.url}, lambda: tools.similar(LINK.url)),
        "list_links": ({"limit": 1}, lambda: tools.list_links(limit=1)),
        "changes": ({"since": "2026-01-01"}, lambda: tools.changes("2026-01-01")),
    }

    async def call_all(client: Client) -> None:
        for name, (arguments, directly) in same.items():
            told = await client.call_tool(name, arguments)
            assert not told.is_error
            assert told.structured_content == asdict(directly())
            assert told.content == [TextContent(type="text", text=directly().as_text())]

    with_client(tools, call_all)


def test_an_error_is_its_one_line(filled: Shelf, open_tools: OpenTools) -> None:
    c = "https://example.org/c"
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "k: 21 is more than 20, the most at once": ("search", {"question": "lease", "k": 21}),
        "no tag 'lock'; did you mean 'locks'?": ("list_links", {"tags": ["lock"]}),
        f"no article at '{c}'; did you mean '{OTHER.url}' or '{LINK.url}'?": ("read", {"id_or_url": c}),
    }

    async def call_all(client: Client) -> None:
        for line, (name, arguments) in wrong.items():
            assert await client.call_tool(name, arguments) == CallToolResult(
                content=[TextContent(type="text", text=line)], is_error=True, _meta=None
            )

    with_client(open_tools(), call_all)


def with_client(tools: Any, work: Callable[[Client], Awaitable[None]]) -> None:
    async def connect() -> None:
        async with Client(create_server(tools), mode="legacy") as client:
            await work(client)

    asyncio.run(connect())


def statuses(
    tools: Any, token: str, names: list[str], *asked: dict[str, str], client_at: str = "127.0.0.1"
) -> list[int]:
    """How requests of one client with these headers are answered."""
    app = http_app(create_server(tools, token), names)
    hello = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}

    async def ask() -> list[int]:
        transport = httpx.ASGITransport(app, client=(client_at, 1))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost:8471") as client,
        ):
            sent = {"Accept": "application/json, text/event-stream"}
            return [
                (await client.post("/mcp", json=hello, headers={**sent, **headers})).status_code
                for headers in asked
            ]

    return asyncio.run(ask())


def test_names_and_origins_are_asked_for(filled: Shelf, open_tools: OpenTools) -> None:
    asked: tuple[dict[str, str], ...] = (
        {}, {"Host": "library.lan"}, {"Host": "[::1]:8471"}, {"Host": "rebound.example.org"},
        {"Host": "localhost.example.org"}, {"Origin": "http://localhost:8471"}, {"Origin": "https://example.org"},
        {"Origin": "null"},
    )  # fmt: skip
    told = statuses(open_tools(), "", ["library.lan"], *asked)
    assert told == [200, 200, 200, 421, 421, 200, 403, 403]


def test_the_token_is_asked_for(filled: Shelf, open_tools: OpenTools) -> None:
    shown = [{"Authorization": value} for value in ("Bearer no", "secret", "Bearer secret")]
    assert statuses(open_tools(), "secret", [], {}, *shown) == [401, 401, 401, 200]


def test_who_asks_too_often_is_told_to_wait(
    filled: Shelf, open_tools: OpenTools, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexer.listening.AT_A_STRETCH", 2.0)
    monkeypatch.setattr("indexer.listening.PER_SECOND", 1e-6)
    asked: list[dict[str, str]] = [{}, {}, {}]
    assert statuses(open_tools(), "", [], *asked, client_at="192.0.2.1") == [200, 200, 429]
    assert statuses(open_tools(), "", [], *asked) == [200, 200, 200]


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.0.2.1", "example.org"])
def test_others_are_not_let_in_without_a_token(
    run: Run, filled: Shelf, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    monkeypatch.delenv("INDEXER_TOKEN", raising=False)
    ended = run("mcp", "--http", "--host", host, "--data", filled.folder)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith(f"indexer: --host {host!r} lets others in, who must show a token")


def test_what_cannot_be_served_is_one_line(run: Run, filled: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("mcp", "--port", 80).err == (
        "indexer: --host, --port and --name tell how to serve over HTTP; add --http\n"
    )
    assert "no library there" in run("mcp", "--data", filled.folder / "none").err
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run("mcp", "--http", "--port", port, "--data", filled.folder)
    assert (ended.code, ended.err.count("\n")) == (1, 1)
    assert f"cannot listen on 127.0.0.1, port {port} (Address already in use)" in ended.err
    monkeypatch.setenv("INDEXER_TOKEN", "two words")
    assert "INDEXER_TOKEN has blanks" in run("mcp", "--http", "--data", filled.folder).err
