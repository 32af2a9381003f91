"""The options that several commands share, and the configuration made from them."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.output import is_terminal
from indexer.config import Config
from indexer.errors import UsageError

logger = logging.getLogger(__name__)

CatalogueOption = Annotated[
    Path | None,
    typer.Option(
        "--catalogue",
        help="The catalogue file.",
        show_default="$INDEXER_CATALOGUE, the nearest catalogue.yaml above, or your own",
    ),
]
THIS_MACHINE = "127.0.0.1"
"""Where servers listen unless another place is named."""
HostOption = Annotated[
    str, typer.Option(help="The address to listen on; others than this machine's own need INDEXER_TOKEN.")
]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")]
NamesOption = Annotated[
    list[str] | None,
    typer.Option("--name", help="A name under which it is asked, as that of a proxy before it; repeatable."),
]
DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="The library's folder.",
        show_default="$INDEXER_DATA, data beside the catalogue, or your own",
    ),
]
IndexOption = Annotated[
    str | None,
    typer.Option(
        "--index",
        metavar="ADDRESS",
        help="The server that keeps the index: milvus://host:port/database?name=NAME.",
        show_default="$INDEXER_INDEX, or the library's own",
    ),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A sentence-transformers model: hub name or folder.",
        show_default="the library's own",
    ),
]
NoPagerOption = Annotated[
    bool, typer.Option("--no-pager", help="What is longer than the screen is written there all the same.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def set_log_level(level: int) -> None:
    """Tell what is at least so important; the libraries' own chatter at DEBUG only."""
    logging.getLogger().setLevel(logging.DEBUG if level == logging.DEBUG else logging.ERROR)
    logging.getLogger("indexer").setLevel(level)


def tell_of_preparing() -> None:
    """Tell, also without ``-v``, that a model is prepared, to a person who would wonder at the silence."""
    embedding = logging.getLogger("indexer.embed")
    if is_terminal() and embedding.isEnabledFor(logging.WARNING):
        embedding.setLevel(min(logging.INFO, embedding.getEffectiveLevel()))


def _quiet(wanted: bool) -> None:
    if wanted:
        set_log_level(logging.ERROR)


def _verbose(count: int) -> None:
    if count:
        set_log_level(logging.INFO if count == 1 else logging.DEBUG)


# These two act by their callbacks; a command takes them and need not look at them.
QuietOption = Annotated[
    bool, typer.Option("-q", "--quiet", callback=_quiet, help="Only errors.", show_default=False)
]
VerboseOption = Annotated[
    int,
    typer.Option("-v", "--verbose", count=True, callback=_verbose, help="Tell more; twice: everything."),
]


def configure(
    *,
    catalogue: Path | None = None,
    data: Path | None = None,
    model: str | None = None,
    index: str | None = None,
) -> Config:
    """The configuration: defaults, then the environment, then the options given."""
    config = Config.from_environment(catalogue=catalogue, data=data, model=model, index=index)
    logger.info(
        "catalogue %s (%s), library %s (%s)",
        config.catalogue,
        config.catalogue_why,
        config.data,
        config.data_why,
    )
    return config


def span_of(option: str, text: str) -> timedelta:
    """The span that an option names, from an hour to a century.

    Raises:
        UsageError: it names none.
    """
    from indexer.search.arguments import ago

    with suppress(OverflowError):
        if (span := ago(text)) and span < timedelta(days=36525):
            return span
    raise UsageError(f"{option} {text!r} is no span of time; write it as 3d, 2w, 1m or 1y")


def moment_since(text: str) -> datetime:
    """The moment that ``--since`` names: a date or a span until now; in UTC where it says nothing else.

    Raises:
        UsageError: it is neither.
    """
    from indexer.search.arguments import moment_or_ago

    return moment_or_ago("--since", text)
