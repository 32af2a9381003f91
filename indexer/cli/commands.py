"""All commands in one app, and how its errors are told.

Messages and progress go to stderr, answers to stdout. Errors of :mod:`indexer.errors` become one line
and their exit code. Commands import what they need when they run, so that ``--help`` and ``ask`` start
at once.
"""

from __future__ import annotations

import errno
import io
import logging
import os
import re
import sys
from typing import Annotated

import typer

from indexer import __version__
from indexer.cli import (
    ask,
    backup,
    catalogue,
    completion,
    crawl,
    demo,
    doctor,
    evaluate,
    inspect,
    mcp,
    report,
    schedule,
    serve,
    similar,
    status,
    upkeep,
)
from indexer.cli.interruption import INTERRUPTED
from indexer.cli.options import set_log_level
from indexer.cli.output import on_one_line, safe
from indexer.errors import IndexerError, UsageError

WrongUse: type[Exception] = next(
    kind for kind in typer.BadParameter.__mro__ if kind.__name__ == "ClickException"
)
"""What Typer raises for an unknown command, option or value. It has no public name for all of them."""

app = typer.Typer(
    name="indexer",
    help="A full-text semantic search index over the articles behind your links.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (
    ask, similar, crawl, status, inspect, report, upkeep, backup, schedule, serve, mcp, evaluate, demo, doctor
):  # fmt: skip
    commands.register(app)
app.add_typer(catalogue.app, name="catalogue")
completion.register_scripts()


def _version(context: typer.Context, wanted: bool) -> None:
    if wanted and not context.resilient_parsing:
        typer.echo(f"indexer {__version__}")
        raise typer.Exit


@app.callback()
def root(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """A full-text semantic search index over the articles behind your links."""


def wrong_use(error: Exception) -> str:
    """Typer's message as one line; empty for a command that was called bare and has told its help."""
    message = " ".join(str(error.format_message()).split())  # type: ignore[attr-defined]
    message = message.replace(". Did you", "; did you").rstrip(".?")
    context: typer.Context | None = getattr(error, "ctx", None)
    command = context.command_path if context else "indexer"
    return message and safe(f"{message[:1].lower()}{message[1:]}; `{command} --help` tells what it takes")


def _called() -> int:
    """Do what the command line says, and give the exit code; the rest comes as exceptions."""
    if completion.VARIABLE in os.environ:
        completion.complete(app)
        return 0
    code: int | None = app(standalone_mode=False)  # else Typer would tell wrong use in a box of its own
    if code == INTERRUPTED:  # what Typer makes of a KeyboardInterrupt
        raise KeyboardInterrupt
    sys.stdout.flush()  # here an output that cannot be written is told, at the interpreter's end it is not
    return code or 0


def call() -> None:
    """Do what the command line says and exit, with errors as one line and an exit code.

    Raises:
        KeyboardInterrupt: Ctrl-C was pressed.
    """
    logging.basicConfig(format="indexer: %(message)s", stream=sys.stderr)
    set_log_level(logging.WARNING)
    _prepare_terminal()
    try:
        sys.exit(_called())
    except WrongUse as error:
        if told := wrong_use(error):
            typer.echo(f"indexer: {told}", err=True)
        sys.exit(UsageError.exit_code)
    except IndexerError as error:
        typer.echo(f"indexer: {on_one_line(error)}", err=True)
        sys.exit(error.exit_code)
    except typer.Abort:  # Ctrl-C or Ctrl-D instead of an answer to a prompt
        typer.echo("indexer: stopped at the prompt; nothing was changed", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not worth a word.
        _let_stdout_go()
        sys.exit(141)
    except (OSError, MemoryError) as error:
        told = _machine_lacks(error)
        if not told:
            raise
        typer.echo(f"indexer: {told}", err=True)
        if not getattr(error, "filename", None):
            _let_stdout_go()
        sys.exit(1)


def _prepare_terminal() -> None:
    """Let every text be written to the terminal, whatever it takes and whatever is said of its size."""
    for name in ("COLUMNS", "LINES"):
        if not re.fullmatch(r"[0-9]{1,4}", os.environ.get(name, "80")):
            del os.environ[name]
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a stream that takes not every sign has its number


def _machine_lacks(error: OSError | MemoryError) -> str:
    """What an error says of the machine, not of the library, and what helps; empty for other errors."""
    if isinstance(error, MemoryError):
        return "there is not enough memory for this; nothing that was kept is lost"
    where = on_one_line(error.filename) if error.filename else "the output"
    if error.errno not in (errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EROFS):
        return f"{where}: cannot be used ({error.strerror}); name another" if error.filename else ""
    return f"{where} cannot be written ({error.strerror}); make room or write elsewhere, and start again"


def _let_stdout_go() -> None:
    """Write what is left for stdout nowhere, lest the interpreter tries again at its end and complains."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
