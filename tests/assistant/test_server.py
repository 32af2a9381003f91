"""A real client of the SDK asks the real server, over stdio and over HTTP."""

from __future__ import annotations

import asyncio
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp import Client
from mcp.client.stdio import StdioServerParameters
from mcp.types import CallToolResult, TextContent
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow  # the demo's library and the real model

TOKEN = "a-secret-of-this-test"
QUESTION = "how do I design an event store"
TOOLS = {"search", "read", "similar", "list_links", "changes"}


def command(library: Path, *arguments: str) -> list[str]:
    return [sys.executable, "-m", "indexer", "mcp", "--data", str(library), *arguments]


def environment(**more: str) -> dict[str, str]:
    own = {name: value for name, value in os.environ.items() if name != "INDEXER_TOKEN"}
    return {**own, **more}


def text_of(result: CallToolResult) -> str:
    (content,) = result.content
    assert isinstance(content, TextContent)
    return content.text


async def whole_question(client: Client) -> None:
    """What an assistant does with a question: look at the tools, search, read around, look further."""
    offered = (await client.list_tools()).tools
    assert {tool.name for tool in offered} == TOOLS
    for tool in offered:
        assert tool.annotations
        assert (tool.annotations.read_only_hint, tool.annotations.open_world_hint) == (True, False)
        assert tool.annotations.idempotent_hint
        assert tool.output_schema
        assert "\n   " not in (tool.description or "")
    assert "never instructions" in (client.instructions or "")

    answer = await client.call_tool("search", {"question": QUESTION, "k": 2})
    told = answer.structured_content
    assert told
    assert (told["state"], len(told["passages"])) == ("answers", 2)
    first = told["passages"][0]
    assert first["link"].startswith("https://towardsdatascience.com/the-design-of-an-event-store")
    assert ":~:text=" in first["link"]
    assert first["quoted"] in text_of(answer)
    assert f"cite as: {first['link']}" in text_of(answer)

    article = await client.call_tool("read", {"id_or_url": first["id"]})
    assert article.structured_content
    assert article.structured_content["title"] == first["title"]
    assert article.structured_content["parts"] == 1
    near = (await client.call_tool("similar", {"id_or_url": first["id"], "k": 2})).structured_content
    assert near
    assert first["url"] not in [passage["url"] for passage in near["passages"]]
    page = (await client.call_tool("list_links", {"limit": 20, "offset": 20})).structured_content
    assert page
    assert (page["total"], len(page["links"]), page["next_offset"]) == (28, 8, None)
    assert not (await client.call_tool("changes", {"since": "1y", "limit": 1})).is_error

    wrong = await client.call_tool("search", {"question": QUESTION, "categories": ["Pattern"]})
    assert wrong.is_error
    assert text_of(wrong) == "no category 'Pattern'; did you mean 'Patterns'?"
    nothing = await client.call_tool("search", {"question": "how do I bake sourdough bread", "k": 1})
    assert nothing.structured_content
    assert nothing.structured_content["state"] == "nothing answers"
    assert "Say that the library does not answer" in text_of(nothing)


def in_time(work: Coroutine[Any, Any, None]) -> None:
    asyncio.run(asyncio.wait_for(work, timeout=60))


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_a_whole_question_over_stdio(demo_library: Path, mode: str) -> None:
    async def ask() -> None:
        program, *arguments = command(demo_library)
        server = StdioServerParameters(command=program, args=arguments, env=environment())
        async with Client(server, mode=mode) as client:
            await whole_question(client)

    in_time(ask())


HELLO = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-06-18",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


def test_stdout_carries_the_protocol_only_and_its_end_ends(demo_library: Path) -> None:
    search = {"jsonrpc": "2.0", "id": 2, "method": "tools/call"}
    search["params"] = {"name": "search", "arguments": {"question": QUESTION}}
    ready = {"jsonrpc": "2.0", "method": "notifications/initialized"}
    said = "no JSON at all\n" + "".join(f"{json.dumps(one)}\n" for one in (HELLO, ready, search))
    with subprocess.Popen(
        command(demo_library, "-vv"), env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdin
        assert running.stdout
        running.stdin.write(said)
        running.stdin.flush()
        answers = [json.loads(running.stdout.readline()) for _ in range(2)]
        rest, log = running.communicate(timeout=30)
        assert (running.returncode, rest) == (0, "")
        assert "Traceback" not in log
    assert [answer["id"] for answer in answers] == [1, 2]


def test_ctrl_c_ends_at_once_with_one_line(demo_library: Path) -> None:
    with subprocess.Popen(
        command(demo_library), env=environment(), text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stdin
        assert running.stdout
        assert running.stderr
        running.stdin.write(f"{json.dumps(HELLO)}\n")
        running.stdin.flush()
        assert json.loads(running.stdout.readline())["result"]["serverInfo"]["name"] == "indexer"
        running.send_signal(signal.SIGINT)
        assert running.wait(timeout=30) == 130
        assert running.stderr.read() == "indexer: interrupted; the library stands as it is\n"


@contextmanager
def serving(library: Path, *arguments: str, **more: str) -> Iterator[str]:
    """The server over HTTP on a free port of loopback, ended by Ctrl-C."""
    with subprocess.Popen(
        command(library, "--http", "--port", "0", *arguments), env=environment(**more), text=True,
        stdin=subprocess.DEVNULL, stderr=subprocess.PIPE,
    ) as running:  # fmt: skip
        assert running.stderr
        found = re.search(r"http://\S+/mcp", running.stderr.readline())
        try:
            assert found
            yield found[0]
        finally:
            running.send_signal(signal.SIGINT)
            assert running.wait(timeout=30) == 130
            assert running.stderr.read() == "indexer: interrupted; the library stands as it is\n"


def asked(address: str, **headers: str) -> int:
    """The status of a request with these headers."""
    sent = {"Accept": "application/json, text/event-stream", **headers}
    raw = [(name.encode(), value.encode()) for name, value in sent.items()]
    return httpx.post(address, json=HELLO, headers=raw, trust_env=False).status_code


def test_a_whole_question_over_http_through_its_doors(demo_library: Path) -> None:
    async def ask(address: str, mode: str) -> None:
        async with Client(address, mode=mode) as client:
            await whole_question(client)

    with serving(demo_library) as address:
        for mode in ("auto", "legacy"):
            in_time(ask(address, mode))
        assert asked(address) == 200
        assert asked(address, Host="rebound.example.org") == 421
        assert asked(address, Origin="https://example.org") == 403
        assert asked(address, Origin=address.removesuffix("/mcp")) == 200
        huge = httpx.post(address, content=b"[" * 100_000, trust_env=False)
        assert huge.status_code == 413


def test_a_token_is_asked_for_where_there_is_one(demo_library: Path) -> None:
    with serving(demo_library, "--name", "library.lan", INDEXER_TOKEN=TOKEN) as address:
        assert asked(address) == 401
        assert asked(address, Authorization="Bearer another") == 401
        assert asked(address, Authorization="Bearer \xff") == 401
        assert asked(address, Authorization=f"Bearer {TOKEN}") == 200
        assert asked(address, Authorization=f"Bearer {TOKEN}", Host="library.lan") == 200
        assert asked(address, Authorization=f"Bearer {TOKEN}", Host="other.lan") == 421


def test_the_documented_clients_start_it(demo_library: Path, tmp_path: Path) -> None:
    """Each JSON of docs/assistants.md that starts a program, with the paths of this machine."""
    program = tmp_path / "indexer"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m indexer "$@"\n')
    program.chmod(0o755)
    page = (ROOT / "docs" / "assistants.md").read_text(encoding="utf-8")
    own = page.replace("/path/to/indexer", str(program)).replace("/path/to/data", str(demo_library))
    configured = [
        json.loads(block) for block in re.findall(r"^```json\n(.*?)^```", own, re.DOTALL | re.MULTILINE)
    ]
    servers = [(one.get("mcpServers") or one["servers"])["library"] for one in configured]
    started = {(one["command"], *one["args"]) for one in servers if "command" in one}
    assert len(servers) >= 4

    async def ask(command: str, *arguments: str) -> None:
        server = StdioServerParameters(command=command, args=list(arguments), env=environment(), cwd=tmp_path)
        async with Client(server) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS

    for one in started:
        in_time(ask(*one))


def test_the_skill_is_named_and_described_as_skills_are() -> None:
    text = (ROOT / "skills" / "indexer" / "SKILL.md").read_text(encoding="utf-8")
    head = YAML(typ="safe").load(text.split("---\n")[1])
    assert set(head) == {"name", "description"}
    assert head["name"] == "indexer"
    assert 0 < len(head["description"]) <= 1024
