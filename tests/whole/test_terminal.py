"""An answer on a terminal: nothing lost, nothing too wide, links whole, and what answers marked."""
# ruff: noqa: RUF001 - other scripts have commas of their own

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len

from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome
from tests.whole.terminal import PROGRAM, links, on_terminal, seen, signs, styled, surroundings

pytestmark = pytest.mark.slow  # each is a process of its own

LONG = Link("https://example.org/" + "a-long-way/" * 20 + "store?of=events&for=all", "Patterns")
CHINESE = Link("https://example.org/chinese", "分布式系统", note="事件")
ENGLISH_TEXT = (
    "A log is where everything begins, says the introduction of this text. " * 6
    + "The event store appends events and never alters them. "
    + "Whatever comes after is told in the chapters that follow this one. " * 6
).strip()
CHINESE_TEXT = (
    "分布式系统中的日志是按时间顺序追加的记录序列，" * 12
    + "事件存储只追加事件，从不修改。"
    + "其余的内容在下一章。" * 9
)
CODE = "def append(event):\n    with lock('store'):\n        return log.append(event)"


@pytest.fixture
def library(shelf: Shelf) -> Path:
    shelf.log().record(outcome(LONG, article(ENGLISH_TEXT, CODE, title="Event stores")))
    shelf.log().record(outcome(CHINESE, article(CHINESE_TEXT, title="事件存储 " * 30)))
    shelf.publish(LONG, CHINESE)
    return shelf.folder


@pytest.fixture
def ask(library: Path) -> Callable[..., str]:
    def ask(*question: str, **terminal: object) -> str:
        arguments = ("ask", *question, "--mode", "lexical", "--data", str(library))
        return on_terminal(*arguments, **terminal)  # type: ignore[arg-type]

    return ask


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_nothing_is_wider_than_the_terminal_and_nothing_is_lost(ask: Callable[..., str], width: int) -> None:
    """Of a text as of its title, in Latin letters as in wide ones."""
    for question, text in (("event store", ENGLISH_TEXT), ("事件存储", CHINESE_TEXT)):
        written = ask(question, "--full", width=width)
        lines = seen(written).splitlines()
        for line in lines:
            assert cell_len(line) <= width or line.split() == [line.strip()], line
            assert line == line.rstrip()
        assert squeezed(text) in squeezed(seen(written))
        if text is CHINESE_TEXT:
            assert all(cell_len(line) <= width for line in lines)
            assert squeezed("事件存储 " * 30) in squeezed(seen(written))


@pytest.mark.parametrize("width", [40, 80, 120, 200])
def test_a_link_is_whole_on_a_line_of_its_own_and_can_be_clicked(ask: Callable[..., str], width: int) -> None:
    written = ask("event store", width=width)
    assert LONG.url in [line.strip() for line in seen(written).splitlines()]
    assert links(written)[0] == LONG.url


def test_the_lines_of_code_keep_their_indents(ask: Callable[..., str]) -> None:
    told = seen(ask("lock append"))
    assert "\n     def append(event):\n         with lock('store'):\n             return log" in told


def test_what_answers_is_marked_and_what_is_far_from_it_is_cut(ask: Callable[..., str]) -> None:
    written = ask("who appends to the event store", width=200)
    bold, underlined = " ".join(styled(written, "1")), styled(written, "4")
    assert "never alters them." in bold
    assert "introduction" not in bold
    assert {"event", "store", "appends", "events"} <= set(underlined)
    told = seen(written)
    assert "\n     … " in told
    assert squeezed(ENGLISH_TEXT) not in squeezed(told)
    assert squeezed(ENGLISH_TEXT) in squeezed(seen(ask("who appends to the event store", "--full")))


def test_in_a_text_without_blanks_too(ask: Callable[..., str]) -> None:
    written = ask("事件存储")
    assert "从不修改。" in "".join(styled(written, "1"))
    assert "…" in seen(written)


def test_without_colour_the_marks_stay(ask: Callable[..., str]) -> None:
    colours = {str(number) for number in (*range(30, 50), *range(90, 108))}
    assert signs(ask("event store")) & colours
    plain = ask("event store", NO_COLOR="1")
    assert not signs(plain) & colours
    assert {"1", "4"} <= signs(plain)


def test_a_terminal_that_can_nothing_is_sent_nothing(ask: Callable[..., str]) -> None:
    assert "\x1b" not in ask("event store", TERM="dumb")


@pytest.mark.parametrize("columns", ["", "40"])
def test_a_pipe_has_text_only_and_its_lines_are_not_broken(library: Path, columns: str) -> None:
    ended = subprocess.run(
        [*PROGRAM, "ask", "event store", "--full", "--mode", "lexical", "--data", str(library)],
        env=surroundings(COLUMNS=columns), stdin=subprocess.DEVNULL, capture_output=True, check=True,
    )  # fmt: skip
    lines = ended.stdout.decode().split("\n")
    assert f"     {ENGLISH_TEXT}" in lines
    assert f"     {LONG.url}" in lines
    assert lines == [line.rstrip() for line in lines]
    assert b"\x1b" not in ended.stdout


@pytest.fixture
def pager(tmp_path: Path) -> str:
    """A pager that shows itself, and how many lines it was given."""
    command = tmp_path / "pager of mine"
    command.write_text('#!/bin/sh\necho "PAGED: $1"\ncat\n')
    command.chmod(0o755)
    return f"'{command}' --flag"


def test_what_is_longer_than_the_screen_goes_through_the_pager(ask: Callable[..., str], pager: str) -> None:
    written = ask("event store", height=10, PAGER=pager)
    assert written.startswith("PAGED: --flag\n")
    assert links(written)[0] == LONG.url
    assert {"1", "4"} <= signs(written)
    assert "PAGED" not in ask("event store", height=100, PAGER=pager)
    assert "PAGED" not in ask("event store", "--no-pager", height=10, PAGER=pager)
    assert "PAGED" not in ask("event store", "--json", height=10, PAGER=pager)


def test_an_article_goes_through_the_pager_too(library: Path, pager: str) -> None:
    shown = ("show", LONG.url, "--data", str(library))
    assert seen(on_terminal(*shown, height=10, PAGER=pager)).startswith("PAGED: --flag\nEvent stores\n")
    assert "PAGED" not in on_terminal(*shown, "--no-pager", height=10, PAGER=pager)


@pytest.mark.parametrize(
    ("named", "told"), [("", ""), ("no-such-pager -x", "'no-such-pager', which is not there"), ("'", "PAGER")]
)
def test_a_pager_that_is_none_hides_nothing(ask: Callable[..., str], named: str, told: str) -> None:
    written = seen(ask("event store", height=10, PAGER=named))
    assert told in written
    assert ("The library" in written) is (named != "'")


def test_a_pipe_has_no_pager(library: Path, pager: str) -> None:
    for arguments in (("ask", "event store", "--mode", "lexical"), ("show", LONG.url)):
        ended = subprocess.run(
            [*PROGRAM, *arguments, "--data", str(library)],
            env=surroundings(PAGER=pager, LINES="5"), capture_output=True, check=True,
        )  # fmt: skip
        assert b"PAGED" not in ended.stdout
