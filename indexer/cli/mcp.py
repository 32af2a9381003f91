"""`indexer mcp`: the library as tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.interruption import telling
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

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.assistant.tools import Tools


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(mcp_command)


def mcp_command(
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Over streamable HTTP at /mcp, instead of stdin and stdout.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="The address to listen on; other than loopback asks for INDEXER_TOKEN.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = 8471,
    allow_host: Annotated[
        list[str] | None,
        typer.Option(help="A further name under which this machine may be asked; repeatable."),
    ] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Offer the library as tools to assistants, by the Model Context Protocol.

    An assistant starts it by itself and speaks to it over stdin and stdout; it ends when they are closed.

    Example, for Claude Code: claude mcp add library -- indexer mcp
    """
    config = configure(catalogue=catalogue, data=data, model=model)
    try:
        from indexer.assistant.server import create_server
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "indexer":
            raise
        raise MissingExtra(
            "the Model Context Protocol needs its SDK; install it with: pip install 'indexer[mcp]'"
        ) from error
    from indexer.assistant.tools import Tools
    from indexer.latest import Latest

    with Latest(config) as latest:
        tools = Tools(config, latest)
        if http:
            _serve_http(tools, host, port, allow_host or [])
            return
        # What waits for a line on stdin cannot be broken off but by ending the process.
        with telling(lambda: "the library was only read"):
            create_server(tools).run()


def _serve_http(tools: Tools, host: str, port: int, names: Sequence[str]) -> None:
    """Serve over HTTP until Ctrl-C.

    Raises:
        UsageError: strangers could ask, and there is no token. IndexerError: the port is not to be had.
    """
    import uvicorn

    from indexer.assistant.server import create_server, http_app, is_loopback

    token = os.environ.get("INDEXER_TOKEN", "")
    if not token and not is_loopback(host):
        raise UsageError(
            f"--host {host} can be reached by others; set INDEXER_TOKEN to a secret that they must show"
        )
    app = http_app(create_server(tools, token), [host, *names])
    try:
        listening = socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET
        )
    except OSError as error:
        why = error.strerror or error
        raise IndexerError(
            f"{host} port {port} cannot be listened on ({why}); give another --port or --host"
        ) from error
    with listening, suppress(KeyboardInterrupt):
        shown = f"[{host}]" if ":" in host else host
        remark(f"the library is at http://{shown}:{listening.getsockname()[1]}/mcp; Ctrl-C ends")
        uvicorn.Server(uvicorn.Config(app, log_level="warning", access_log=False)).run([listening])
