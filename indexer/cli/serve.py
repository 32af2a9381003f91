"""`indexer serve`: the library as pages and an API, on this machine."""

from __future__ import annotations

import typer

from indexer.cli.options import (
    THIS_MACHINE,
    CatalogueOption,
    DataOption,
    HostOption,
    IndexOption,
    ModelOption,
    NamesOption,
    PortOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import remark
from indexer.errors import MissingExtra

PORT = 8470
MOST_CONNECTIONS = 500
"""Half of the files that a process may have open by default; more are told to come again."""
LAST_ANSWERS = 1
"""Seconds for what is being answered when the server ends."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("serve")(serve_command)


def serve_command(
    *,
    host: HostOption = THIS_MACHINE,
    port: PortOption = PORT,
    name: NamesOption = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Serve the library as pages and an API, until Ctrl-C; what is published meanwhile too.

    Example: indexer serve, then open http://127.0.0.1:8470/
    """
    config = configure(catalogue=catalogue, data=data, model=model, index=index)
    if catalogue:
        from indexer.catalogue import load

        load(config.catalogue)  # a slip is told now, and not by the first page that reads it
    try:
        import uvicorn

        from indexer.serve.app import create_app
        from indexer.serve.doors import OF_LOOPBACK, Doors
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "indexer":
            raise
        raise MissingExtra("serving needs a web server", "serve") from error
    from indexer.cli.interruption import telling
    from indexer.listening import address_of, listening, names_for_others

    others = names_for_others(host, config.token)
    names = (*OF_LOOPBACK, *others, *(one.lower() for one in name or ()))
    doors = Doors(names, addresses=bool(others), token=config.token)
    with telling(lambda: "the library stands as it is"), listening(host, port) as listener:
        settings = uvicorn.Config(
            create_app(config, doors),
            log_config=None,  # as all else is told
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
        remark(f"{config.data} is served at {address_of(host, listener)}; Ctrl-C ends")
        uvicorn.Server(settings).run(sockets=[listener])
