"""The program `llm` finds the tools and fragments by its own machinery, and hands them to a model."""

from __future__ import annotations

import importlib
import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.slow  # the demo's library and the real model

Llm = Callable[..., Result]


@pytest.fixture
def ask_llm(demo_library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Llm]:
    """Calls ``llm`` with the plugin and a model that calls a tool as told, or tells what it reads."""
    monkeypatch.setattr(sys, "_called_from_test", True, raising=False)  # as llm's own tests have it
    monkeypatch.setenv("LLM_USER_PATH", str(tmp_path))
    monkeypatch.setenv("INDEXER_DATA", str(demo_library))
    import llm
    from llm.cli import cli
    from llm.plugins import load_plugins, pm

    load_plugins()

    class Echo(llm.Model):
        """Calls the tool that the prompt names; without one, and with its results, says what it reads."""

        model_id = "echo"
        can_stream = False
        supports_tools = True

        def execute(self, prompt: Any, stream: Any, response: Any, conversation: Any) -> Iterator[str]:
            if prompt.tools and not prompt.tool_results:
                name, arguments = json.loads(prompt.prompt)
                response.add_tool_call(llm.ToolCall(name=name, arguments=arguments, tool_call_id="1"))
                return
            yield "\n".join([prompt.prompt or "", *(result.output for result in prompt.tool_results)])

    class Models:
        @llm.hookimpl
        def register_models(self, register: Callable[..., None]) -> None:
            register(Echo())

    entry = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["entry-points"]["llm"]["indexer"]
    plugins = [importlib.import_module(entry), Models()]
    for plugin in plugins:
        pm.register(plugin)
    yield lambda *arguments: CliRunner().invoke(cli, ["-m", "echo", "--no-log", *arguments])
    for plugin in plugins:
        pm.unregister(plugin)


def test_a_fragment_is_the_question_with_its_passages(ask_llm: Llm) -> None:
    ended = ask_llm("-f", "library:how do I design an event store", "Answer it.")
    assert ended.exit_code == 0, ended.output
    assert "from these passages and from nothing else" in ended.output
    assert "title: How to design an event store for event sourcing" in ended.output
    assert "The question: how do I design an event store" in ended.output
    assert "Answer it." in ended.output


@pytest.mark.parametrize(
    ("tool", "arguments", "told"),
    [
        ("search", {"question": "how do I design an event store", "k": 1}, "State: answers."),
        ("read", {"id_or_url": "https://c4model.com/"}, "Part 1 of 1"),
        ("similar", {"id_or_url": "https://c4model.com/", "k": 1}, "speak of the same"),
        ("list_links", {}, "28 links"),
        ("changes", {"since": "1y"}, "changes; here are 1 to 20"),
        ("read", {"id_or_url": "p999999"}, "no passage p999999 in the library"),
        ("changes", {"since": "soon"}, "'soon' is no date"),
    ],
)
def test_a_model_calls_the_tools(ask_llm: Llm, tool: str, arguments: dict[str, Any], told: str) -> None:
    ended = ask_llm("-T", "Indexer", json.dumps([f"Indexer_{tool}", arguments]))
    assert ended.exit_code == 0, ended.output
    assert told in ended.output


def test_another_library_is_named_to_the_toolbox(ask_llm: Llm, tmp_path: Path) -> None:
    named = f"Indexer({json.dumps(str(tmp_path / 'none'))})"
    ended = ask_llm("-T", named, json.dumps(["Indexer_search", {"question": "why"}]))
    assert f"{tmp_path / 'none'}: no library there" in ended.output


def test_a_question_that_nothing_fits_is_told(ask_llm: Llm) -> None:
    ended = ask_llm("-f", "library: ", "Answer it.")
    assert ended.exit_code != 0
    assert "nothing was asked" in ended.output
