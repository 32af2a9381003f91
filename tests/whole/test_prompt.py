"""`indexer ask -i`: a prompt that stays, on a terminal and in a pipe."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest

from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome
from tests.whole.terminal import PROGRAM, seen, surroundings

pytestmark = pytest.mark.slow  # each is a process of its own

STORE = Link("https://example.org/store", "Patterns")
LOCK = Link("https://example.org/lock", "Processes")
NEW = Link("https://example.org/new", "Patterns")
PATIENCE = 60
"""Seconds to wait for what is said within one."""


class Prompt:
    """The prompt on a terminal."""

    def __init__(self, environment: dict[str, str], *options: str) -> None:
        self._terminal: Any = pexpect.spawn(
            PROGRAM[0], [*PROGRAM[1:], "ask", "-i", "--mode", "lexical", *options],
            env=environment, encoding="utf-8", timeout=PATIENCE, dimensions=(500, 120),
        )  # fmt: skip
        self.greeting = self._told()

    def _told(self) -> str:
        self._terminal.expect("indexer> ")
        return seen(self._terminal.before).replace("\r\n", "\n")

    def ask(self, line: str) -> str:
        """What is said to a line."""
        self._terminal.sendline(line)
        return self._told()

    def send(self, keys: str) -> None:
        """Press keys."""
        self._terminal.send(keys)

    def type(self, text: str) -> None:
        """Write a part of a line, and see it there: only then it has been read."""
        self._terminal.send(text)
        self._terminal.expect_exact(text)

    def interrupt(self) -> str:
        """Press Ctrl-C; what is said to it."""
        self._terminal.sendintr()
        return self._told()

    def end(self) -> int:
        """Press Ctrl-D; the exit code."""
        self._terminal.sendeof()
        self._terminal.expect(pexpect.EOF)
        self._terminal.close()
        return int(self._terminal.exitstatus)

    def close(self) -> None:
        self._terminal.close(force=True)


@pytest.fixture
def library(shelf: Shelf) -> Path:
    shelf.log().record(outcome(STORE, article("The event store appends events.", title="Event stores")))
    shelf.log().record(outcome(LOCK, article("A lock in the store is held by one.", title="Locks")))
    shelf.publish(STORE, LOCK)
    return shelf.folder


@pytest.fixture
def environment(library: Path, tmp_path: Path) -> dict[str, str]:
    return surroundings(
        INDEXER_DATA=str(library),
        INDEXER_CACHE=str(tmp_path / "cache"),
        TERM="dumb",
        BROWSER="echo OPENED %s",
    )


@pytest.fixture
def prompt(environment: dict[str, str]) -> Iterator[Callable[..., Prompt]]:
    opened: list[Prompt] = []

    def start(*options: str) -> Prompt:
        opened.append(Prompt(environment, *options))
        return opened[-1]

    yield start
    for one in opened:
        one.close()


def test_it_answers_one_question_after_another(prompt: Callable[..., Prompt]) -> None:
    on = prompt()
    assert "Ctrl-D ends" in on.greeting
    assert "\n  1  Event stores\n" in on.ask("what appends events")
    assert "\n  1  Locks\n" in on.ask("who held a lock")
    assert on.ask("   ").strip() == ""
    assert on.end() == 0


def test_a_question_of_the_command_line_comes_first_and_filters_hold_for_all(
    prompt: Callable[..., Prompt],
) -> None:
    on = prompt("-c", "Processes", "who", "held", "a", "lock")
    assert "\n  1  Locks\n" in on.greeting
    assert "Event stores" not in on.ask("event store")


def test_an_error_is_a_line_and_the_prompt_stays(prompt: Callable[..., Prompt]) -> None:
    on = prompt()
    told = on.ask("???")
    assert "\nindexer: " in told
    assert "Traceback" not in told
    assert "\n  1  Event stores\n" in on.ask("what appends events")


def test_ctrl_c_gives_up_the_line_and_nothing_else(prompt: Callable[..., Prompt]) -> None:
    on = prompt()
    on.type("who held a lo")
    assert "Locks" not in on.interrupt()
    assert "\n  1  Event stores\n" in on.ask("what appends events")
    assert on.end() == 0


def test_the_numbers_of_results_can_be_used(prompt: Callable[..., Prompt]) -> None:
    on = prompt()
    on.ask("what appends events")
    assert STORE.url in on.ask("open 1")
    assert "The event store appends events." in on.ask("show 1")
    assert "\n  1  Locks\n" in on.ask("similar 1")
    assert "has no result 7" in on.ask("show 7")


def test_questions_are_kept_for_the_next_time(prompt: Callable[..., Prompt], tmp_path: Path) -> None:
    on = prompt()
    on.ask("what appends events")
    assert on.end() == 0
    assert (tmp_path / "cache" / "questions").stat().st_mode & 0o077 == 0
    again = prompt()
    again.send("\x10")  # Ctrl-P, the line before
    assert "\n  1  Event stores\n" in again.ask("")


def test_what_is_published_meanwhile_is_answered(prompt: Callable[..., Prompt], shelf: Shelf) -> None:
    on = prompt()
    assert "Novelties" not in on.ask("novel events")
    shelf.log().record(outcome(NEW, article("A novel thing.", title="Novelties")))
    shelf.publish(STORE, LOCK, NEW)
    assert "Novelties" in on.ask("novel events")


def piped(environment: dict[str, str], given: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    command = [*PROGRAM, "ask", "-i", "--mode", "lexical", *options]
    return subprocess.run(command, input=given, env=environment, capture_output=True, check=False)


def test_a_pipe_has_a_question_on_each_line(environment: dict[str, str]) -> None:
    ended = piped(environment, b"what appends events\n\nwho held a lock\n")
    assert (ended.returncode, ended.stderr) == (0, b"")
    first, second = ended.stdout.decode().split("The library")[1:]
    assert "  1  Event stores\n" in first
    assert "  1  Locks\n" in second
    assert b"indexer>" not in ended.stdout


def test_json_is_a_line_for_each_question(environment: dict[str, str]) -> None:
    ended = piped(environment, "what appends events\n\xff\nwho held a lock".encode("latin-1"), "--json")
    told = [json.loads(line) for line in ended.stdout.decode().splitlines()]
    assert [told[0]["question"], told[-1]["question"]] == ["what appends events", "who held a lock"]


def test_the_last_error_of_a_pipe_is_its_exit_code(environment: dict[str, str]) -> None:
    ended = piped(environment, b"???\nwhat appends events\n")
    assert ended.returncode == 2
    assert ended.stderr.decode().count("\n") == 1
    assert b"Event stores" in ended.stdout


def test_where_there_is_no_library_it_ends_at_once(environment: dict[str, str], tmp_path: Path) -> None:
    ended = piped(environment, b"what appends events\n", "--data", str(tmp_path / "nowhere"))
    assert ended.returncode == 1
    assert ended.stderr.startswith(b"indexer: ")


def test_it_does_not_go_with_what_takes_one_answer(environment: dict[str, str]) -> None:
    assert piped(environment, b"", "--open", "1").returncode == 2
