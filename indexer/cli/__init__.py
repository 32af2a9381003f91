"""The command line: parse, call the library, render; nothing else.

Messages and progress go to stderr, answers to stdout. Errors of :mod:`indexer.errors` become one line
and their exit code. Commands import what they need when they run, so that ``--help`` and ``ask`` start
at once.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import Annotated

import typer

from indexer import __version__
from indexer.cli import ask, catalogue, crawl, demo, doctor, evaluate, inspect, report, schedule, upkeep
from indexer.cli.options import set_log_level
from indexer.errors import IndexerError

app = typer.Typer(
    name="indexer",
    help="A full-text semantic search index over the articles behind your links.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for commands in (ask, crawl, inspect, report, upkeep, schedule, evaluate, demo, doctor):
    commands.register(app)
app.add_typer(catalogue.app, name="catalogue")


def _version(wanted: bool) -> None:
    if wanted:
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


def main() -> None:
    """The entry point: the app, with errors as one line and an exit code."""
    logging.basicConfig(format="indexer: %(message)s", stream=sys.stderr)
    set_log_level(logging.WARNING)
    try:
        app()
    except IndexerError as error:
        typer.echo(f"indexer: {error}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("indexer: interrupted; the last published state stands", err=True)
        sys.exit(130)
    except BrokenPipeError:
        # The reader of our output has gone (`| head`): not worth a word, and no second try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(141)
