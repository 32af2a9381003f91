"""The API tells what the command line tells, keeps up with the library, and holds to its own description."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.core.result import Ok

from indexer.config import Config
from indexer.errors import ModelError
from indexer.serve.doors import Doors
from tests.command import Run
from tests.serve.serving import LINKS, Server, config, counted, publish_some, serving
from tests.store.shelving import Shelf
from tests.whole.conftest import run

__all__ = ["config", "counted", "run"]

A = LINKS[0].url
FEW = settings(max_examples=8, database=None, suppress_health_check=list(HealthCheck))


@pytest.fixture
def server(config: Config, counted: None) -> Iterator[Server]:
    with serving(config, Doors()) as running:
        yield running


@pytest.mark.parametrize(
    ("path", "command"),
    [
        (f"article?url={quote(A)}", f"show {A}"),
        (f"history?url={quote(A)}", f"history {A}"),
        (f"similar?to={quote(A)}&k=1", f"similar {A} -k 1"),
        ("links", "status --all"),
        ("changes?since=2020-01-01", "status --changed --since 2020-01-01"),
        ("ask?q=the+outbox&k=2&explain=true", "ask the outbox -k 2 --explain"),
    ],
)
def test_what_is_told_is_what_the_command_tells(
    server: Server, run: Run, monkeypatch: pytest.MonkeyPatch, path: str, command: str
) -> None:
    monkeypatch.chdir(server.config.cache)
    monkeypatch.setenv("INDEXER_CACHE", str(server.config.cache))
    ended = run(*command.split(), "--json", "--data", server.config.data)
    told, value = json.loads(ended.out), server.get(f"/api/v1/{path}").json()
    for one in (told, value):
        one.pop("took_ms", None) if isinstance(one, dict) else None
    assert value == told


def test_a_publish_is_told_by_the_next_answer(server: Server, shelf: Shelf) -> None:
    def pages() -> set[str]:
        return {hit["url"][-1] for hit in server.get("/api/v1/ask?q=outbox&k=10").json()["results"]}

    assert pages() == set("abc")
    publish_some(shelf, LINKS[3])
    assert pages() == set("abcd")
    assert server.get("/api/v1/status").json()["answering"] == 4


def test_who_has_it_already_is_told_so_until_the_library_changes(server: Server, shelf: Shelf) -> None:
    for path in ("ask?q=outbox", "links", "status", "changes", f"history?url={quote(A)}"):
        first = server.get(f"/api/v1/{path}")
        again = server.get(f"/api/v1/{path}", If_None_Match=f'"other", {first.headers["etag"]}')
        assert (again.status, again.body, again.headers["etag"]) == (304, b"", first.headers["etag"])
    other = server.get("/api/v1/ask?q=message", If_None_Match=first.headers["etag"])
    assert other.status == 200
    publish_some(shelf, LINKS[3])
    assert server.get(f"/api/v1/{path}", If_None_Match=first.headers["etag"]).status == 200


def test_a_long_list_is_told_in_parts_that_lead_to_each_other(server: Server) -> None:
    whole = server.get("/api/v1/links").json()
    path, rows = "/api/v1/links?limit=2", []
    while path:
        part = server.get(path)
        rows += part.json()
        found = re.search(r'<([^>]*)>; rel="next"', part.headers.get("link", ""))
        path = found[1] if found else ""
    assert rows == whole
    assert [row["url"] for row in whole] == [link.url for link in LINKS]


@pytest.mark.parametrize(
    ("path", "status", "error", "said"),
    [
        ("ask?q=x&category=Pattern", 404, "UnknownName", "no category 'Pattern'; did you mean 'Patterns'?"),
        ("ask?q=%21%3F", 422, "UsageError", "nothing was asked"),
        ("ask", 422, "UsageError", "q: field required"),
        ("ask?q=x&k=0", 422, "UsageError", "k: input should be greater than or equal to 1"),
        ("ask?q=x&since=soon", 422, "UsageError", "'soon' is no date"),
        ("ask?q=x&sort=date", 422, "UsageError", "there is no parameter 'sort'"),
        ("article?url=https://example.org/", 404, "UnknownName", "or 'https://example.org/a'?"),
        ("nothing", 404, "NotFound", "Not Found"),
    ],
)
def test_an_error_is_a_problem_with_what_to_do(
    server: Server, path: str, status: int, error: str, said: str
) -> None:
    reply = server.get(f"/api/v1/{path}")
    assert (reply.status, reply.headers["content-type"]) == (status, "application/problem+json")
    told = reply.json()
    assert (told["status"], told["error"]) == (status, error)
    assert said in told["detail"]
    assert (told["near"] != []) == (error == "UnknownName")


def test_a_span_of_nothing_is_a_span(server: Server) -> None:
    told = server.get("/api/v1/ask?q=outbox&since=0h").json()
    assert (told["results"], told["filtered_out"]) == ([], True)


def test_a_library_that_cannot_be_read_is_no_fault_of_the_client(server: Server, shelf: Shelf) -> None:
    shelf.database.close()
    (shelf.folder / "library.db").unlink()
    reply = server.get("/api/v1/ask?q=outbox")
    assert (reply.status, reply.json()["error"]) == (503, "DamagedLibrary")
    assert int(reply.headers["retry-after"]) > 0


def test_it_describes_all_that_it_tells_and_nothing_else(server: Server) -> None:
    described = server.get("/api/v1/openapi.json").json()

    def compare(value: Any, schema: dict[str, Any], where: str) -> None:
        if "$ref" in schema:
            schema = described["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        if isinstance(value, list) and "items" in schema:
            for one in value:
                compare(one, schema["items"], where)
        elif isinstance(value, dict) and "properties" in schema:
            assert set(schema.get("required", ())) <= value.keys(), where
            assert value.keys() <= schema["properties"].keys(), where
            for name, one in value.items():
                compare(one, schema["properties"][name], f"{where}.{name}")

    asked = {
        "ask": "?q=outbox&explain=true&context=1", "similar": f"?to={quote(A)}",
        "article": f"?url={quote(A)}", "history": f"?url={quote(A)}", "changes": "?since=2020-01-01",
    }  # fmt: skip
    for path, operation in described["paths"].items():
        value = server.get(path + asked.get(path.rpartition("/")[2], "")).json()
        assert value, path
        compare(value, operation["get"]["responses"]["200"]["content"]["application/json"]["schema"], path)


def test_it_holds_to_its_own_description(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise ModelError("there is no reranker here")

    monkeypatch.setattr("indexer.library._load_reranker", none)
    described = schemathesis.openapi.from_url(f"{server.address}/api/v1/openapi.json")
    operations = [found.ok() for found in described.get_all_operations() if isinstance(found, Ok)]
    assert len(operations) == 8
    for operation in operations:

        @FEW
        @given(case=operation.as_strategy())
        def hold(case: Any) -> None:
            case.call_and_validate()

        hold()
