"""`indexer serve`: the library as pages and an API, on this machine."""

from __future__ import annotations

import os
import re
import socket
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
from indexer.cli.output import remark
from indexer.errors import IndexerError, MissingExtra, UsageError

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
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine's own need INDEXER_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = PORT,
    name: Annotated[
        list[str] | None,
        typer.Option(help="A name under which it is asked, as that of a proxy before it; repeatable."),
    ] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Serve the library as pages and an API, until Ctrl-C; what is published meanwhile too.

    Example: indexer serve, then open http://127.0.0.1:8470/
    """
    config = configure(catalogue=catalogue, data=data, model=model)
    try:
        import uvicorn

        from indexer.serve.app import create_app
        from indexer.serve.doors import OF_LOOPBACK, Doors, is_loopback
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "indexer":
            raise
        raise MissingExtra(
            "serving needs a web server; install it with: pip install 'indexer[serve]'"
        ) from error
    from indexer.cli.interruption import telling

    if not is_loopback(host) and not config.token:
        raise UsageError(
            f"--host {host} lets others in, who must show a token: set INDEXER_TOKEN to a long secret "
            "(such as `openssl rand -hex 24` makes), or leave --host out"
        )
    if not re.fullmatch(r"[!-~]*", config.token):
        raise UsageError("INDEXER_TOKEN has blanks or signs that are not ASCII, which no header can carry")
    names = [one.lower() for one in name or ()]
    if is_loopback(host):
        doors = Doors((*OF_LOOPBACK, *names), token=config.token)
    else:
        own = socket.gethostname().lower()
        doors = Doors((*OF_LOOPBACK, host, own, f"{own}.local", *names), addresses=True, token=config.token)
    with telling(lambda: "the library stands as it is"), _listening(host, port) as listener:
        settings = uvicorn.Config(
            create_app(config, doors),
            log_config=None,  # as all else is told
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_CONNECTIONS,
            timeout_graceful_shutdown=LAST_ANSWERS,
        )
        remark(f"{config.data} is served at {_shown_address(host, listener)}; Ctrl-C ends")
        uvicorn.Server(settings).run(sockets=[listener])


def _listening(host: str, port: int) -> socket.socket:
    """A socket that takes connections.

    Raises:
        UsageError: the host is none of this machine's.
        IndexerError: the port is taken, or may not be.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except (OSError, UnicodeError) as error:
        raise UsageError(f"--host {host!r} is no address of this machine ({error})") from None
    family, *_, place = found[0]
    try:
        return socket.create_server((str(place[0]), port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno else str(error)
        raise IndexerError(
            f"cannot listen on {host}, port {port} ({why}); --port takes another, 0 any that is free"
        ) from error


def _shown_address(host: str, listener: socket.socket) -> str:
    shown = f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}/"
