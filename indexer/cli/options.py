"""The options that several commands share, and the configuration made from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.config import Config

CatalogueOption = Annotated[
    Path | None,
    typer.Option(
        "--catalogue", help="The catalogue file.", show_default="$INDEXER_CATALOGUE or ./catalogue.yaml"
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option("--data", help="The library's folder.", show_default="$INDEXER_DATA or ./data"),
]
ModelOption = Annotated[
    str | None,
    typer.Option(
        "--model",
        help="A sentence-transformers model: hub name or folder.",
        show_default="the library's own",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="One JSON value on stdout.")]


def configure(*, catalogue: Path | None = None, data: Path | None = None, model: str | None = None) -> Config:
    """The configuration: defaults, then the environment, then the options given."""
    return Config.from_environment(catalogue=catalogue, data=data, model=model)
