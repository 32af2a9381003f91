"""`indexer serve`: the library as pages and an API, on this machine."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.errors import MissingExtra


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve_command)


def serve_command(
    *,
    host: Annotated[str, typer.Option(help="The address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8470,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Serve the library as pages and an API, until Ctrl-C.

    Example: indexer serve, then open http://127.0.0.1:8470/
    """
    config = configure(catalogue=catalogue, data=data, model=model)
    try:
        import uvicorn

        from indexer.serve.app import create_app
        from indexer.serve.doors import Doors
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "indexer":
            raise
        raise MissingExtra(
            "serving needs a web server; install it with: pip install 'indexer[serve]'"
        ) from error
    uvicorn.run(create_app(config, Doors()), host=host, port=port, log_level="warning", access_log=False)
