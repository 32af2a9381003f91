"""What goes to the terminal: tables for people, JSON for programs, and nothing that could harm either."""

from __future__ import annotations

import json
import logging
import re
import sys
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from rich.console import Console

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""C0 and C1 controls (terminal escapes begin with one) and bidirectional overrides."""


def safe(text: str) -> str:
    """A text from the web or the catalogue without what could drive a terminal."""
    return CONTROL.sub("", text)


def say(message: str) -> None:
    """A line on stdout about what was done; nothing after ``-q``."""
    if logging.getLogger("indexer").isEnabledFor(logging.WARNING):
        typer.echo(CONTROL.sub("", message))


def remark(message: str) -> None:
    """A line on stderr that a person should know beside the answer; nothing after ``-q``."""
    if logging.getLogger("indexer").isEnabledFor(logging.WARNING):
        typer.echo(f"indexer: {CONTROL.sub('', message)}", err=True)


def print_json(value: object) -> None:
    """One JSON value on stdout."""
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def stdout() -> Console:
    """A rich console on stdout; colours and links on a terminal only."""
    from rich.console import Console

    return Console(highlight=False, soft_wrap=False)


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
