"""`indexer ask -i`: a prompt that stays, with the library and the model open behind it.

Lines are edited and kept by readline, where Python has it. A pipe has one question on each line.
"""

from __future__ import annotations

import io
import logging
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

import typer

from indexer.cli.output import remark
from indexer.errors import IndexerError

logger = logging.getLogger(__name__)

PROMPT = "indexer> "
HISTORY_FILE = "questions"
"""In the user's cache, one question a line; readline makes it readable for nobody else."""
MOST_KEPT = 1000
"""Questions of the past that are kept."""
LONGEST_QUESTION = 1 << 16
"""Characters of a line of a pipe that are taken for a question."""


def converse(
    cache: Path,
    answer: Callable[[str], None],
    on_result: Mapping[str, Callable[[int], None]],
    first: str,
) -> int:
    """Answer ``first``, unless it is empty, and then each line of stdin, until there are no more.

    An error of one question is told, and the next one is asked for.

    Args:
        cache: the folder in which questions are kept.
        answer: answers a question, and tells it.
        on_result: what else may be typed before the number of a result, and what it does.
        first: a question that was given already.

    Returns:
        The exit code: of the last error where the questions came from a pipe, else 0.
    """
    result = re.compile(rf"({'|'.join(on_result)})\s+([0-9]{{1,9}})")
    code = 0
    for line in map(str.strip, chain([first], _typed_lines(cache, on_result))):
        try:
            if asked := result.fullmatch(line):
                on_result[asked[1]](int(asked[2]))
                typer.echo()
            elif line:
                answer(line)
        except IndexerError as error:
            typer.echo(f"indexer: {error}", err=True)
            code = error.exit_code
        except KeyboardInterrupt:  # the question is given up, not the prompt
            typer.echo(err=True)
    return 0 if sys.stdin.isatty() else code


def _typed_lines(cache: Path, on_result: Iterable[str]) -> Iterator[str]:
    """The lines of stdin, edited at a prompt where that is a terminal, until its end."""
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(errors="replace")
    if not sys.stdin.isatty():
        while line := sys.stdin.readline(LONGEST_QUESTION):
            yield line
        return
    commands = ", ".join(f"{name} N" for name in on_result)
    remark(f"a question on each line; {commands} take a result; Ctrl-D ends")
    prompt = PROMPT if sys.stdout.isatty() else ""
    with _history(cache / HISTORY_FILE):
        while True:
            try:
                yield input(prompt)
            except KeyboardInterrupt:
                typer.echo(err=True)
            except EOFError:
                typer.echo(err=True)
                return


@contextmanager
def _history(file: Path) -> Iterator[None]:
    """Let lines be edited, with those of the past at hand; without either where Python has no readline."""
    try:
        import readline
    except ImportError:
        yield
        return
    readline.set_history_length(MOST_KEPT)
    try:
        readline.read_history_file(file)
    except FileNotFoundError:
        pass
    except OSError as error:
        logger.info("earlier questions cannot be read: %s", error)
    try:
        yield
    finally:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            readline.write_history_file(file)
        except OSError as error:
            logger.info("the questions are not kept: %s", error)
