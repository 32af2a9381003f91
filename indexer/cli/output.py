"""What goes to the terminal: tables for people, JSON for programs, and nothing that could harm either."""

from __future__ import annotations

import json
import logging
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from indexer.errors import UsageError
from indexer.escaping import CONTROL as CONTROL  # noqa: PLC0414 - what the commands take from here
from indexer.escaping import safe as safe  # noqa: PLC0414

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text


def say(message: str) -> None:
    """A line on stdout about what was done; nothing after ``-q``."""
    if logging.getLogger("indexer").isEnabledFor(logging.WARNING):
        typer.echo(safe(message))


def remark(message: str) -> None:
    """A line on stderr that a person should know beside the answer; nothing after ``-q``."""
    if logging.getLogger("indexer").isEnabledFor(logging.WARNING):
        typer.echo(f"indexer: {safe(message)}", err=True)


def on_one_line(said: object) -> str:
    """What an error says, on one line whatever the names in it hold."""
    return safe(str(said)).replace("\n", " ")


def as_json_text(value: object) -> str:
    """One JSON value, as programs read it from a file."""
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"


def print_json(value: object, *, on_one_line: bool = False) -> None:
    """One JSON value on stdout, in escapes where stdout does not take every character."""
    takes_all = (sys.stdout.encoding or "").lower().startswith("utf")
    indent = None if on_one_line else 2
    typer.echo(json.dumps(value, ensure_ascii=not takes_all, indent=indent, default=str))


def stdout() -> Console:
    """A rich console on stdout; colours and links on a terminal only."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


def print_lines(lines: Sequence[Text], *, pager: bool = True) -> None:
    """Lines on stdout: what is longer than a terminal's screen through the pager, unless that is not wanted.

    Where stdout is no terminal there are no styles, and every character stays as it is.
    """
    console = stdout()
    if not console.is_terminal:
        typer.echo("".join(f"{line.plain}\n" for line in lines), nl=False)
        return
    from rich.text import Text

    rows = sum(max(1, -(-line.cell_len // console.width)) for line in lines)
    command = _pager() if pager and rows >= console.height and not console.is_dumb_terminal else []
    whole = Text("\n").join(lines)  # at once, which takes a third of the time of one by one
    if not command:
        console.print(whole, soft_wrap=True)
        return
    with console.capture() as captured:
        console.print(whole, soft_wrap=True)
    _through(command, captured.get())


def _pager() -> list[str]:
    """The command that shows long texts: ``PAGER``, else ``less``; empty where there is none.

    Raises:
        UsageError: ``PAGER`` is no command line.
    """
    if not sys.stdout.isatty():
        return []
    import shlex

    named = os.environ.get("PAGER", "less")
    try:
        command = shlex.split(named)
    except ValueError as error:
        raise UsageError(f"PAGER is {named!r}: {error}") from None
    if command and not shutil.which(command[0]):
        if "PAGER" in os.environ:
            remark(f"PAGER names {command[0]!r}, which is not there; try --no-pager")
        return []
    return command


def _through(command: Sequence[str], text: str) -> None:
    """Show a text by a pager, to which Ctrl-C belongs meanwhile."""
    # As git has it: end at once where all fits, let colours through, leave the text on the screen.
    with subprocess.Popen(command, stdin=subprocess.PIPE, env={"LESS": "FRX", **os.environ}) as running:  # noqa: S603
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            running.communicate(text.encode())
        finally:
            signal.signal(signal.SIGINT, before)


def stderr() -> Console:
    """A rich console on stderr, for progress."""
    from rich.console import Console

    return Console(stderr=True, highlight=False)


def is_terminal() -> bool:
    """Whether a person is likely to watch."""
    return sys.stderr.isatty()


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 page``, ``28 pages``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
