"""`indexer mcp`: the library as tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

import os
import re
import socket
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


LOOPBACK, HTTP_PORT = "127.0.0.1", 8471


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(mcp_command)


def mcp_command(
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Over streamable HTTP at /mcp, instead of stdin and stdout.")
    ] = False,
    host: Annotated[
        str, typer.Option(help="The address to listen on; others than this machine's own need INDEXER_TOKEN.")
    ] = LOOPBACK,
    port: Annotated[int, typer.Option(min=0, max=65535, help="The port; 0 takes a free one.")] = HTTP_PORT,
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
    """Offer the library as tools to assistants, by the Model Context Protocol.

    An assistant starts it by itself and speaks to it over stdin and stdout; it ends when they are closed.

    Example, for Claude Code: claude mcp add library -- indexer mcp
    """
    if not http and (name or (host, port) != (LOOPBACK, HTTP_PORT)):
        raise UsageError("--host, --port and --name tell how to serve over HTTP; add --http")
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

    # What waits for a line on stdin cannot be broken off but by ending the process.
    with telling(lambda: "the library stands as it is"), Latest(config) as latest:
        tools = Tools(config, latest)
        if http:
            _serve_http(tools, config.token, host, port, name or [])
        else:
            create_server(tools).run()


def _serve_http(tools: Tools, token: str, host: str, port: int, names: Sequence[str]) -> None:
    """Serve over HTTP until Ctrl-C.

    Raises:
        UsageError: others could ask, and there is no token that they could show.
        IndexerError: the port is not to be had.
    """
    import uvicorn

    from indexer.assistant.server import create_server, http_app, lets_others_in

    if lets_others_in(host):
        if not token:
            raise UsageError(
                f"--host {host} lets others in, who must show a token: set INDEXER_TOKEN to a long secret "
                "(such as `openssl rand -hex 24` makes), or leave --host out"
            )
        own = socket.gethostname()
        names = [host, own, f"{own}.local", *names]
    if not re.fullmatch(r"[!-~]*", token):
        raise UsageError("INDEXER_TOKEN has blanks or signs that are not ASCII, which no header can carry")
    app = http_app(create_server(tools, token), names)
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        why = os.strerror(error.errno) if error.errno and error.errno > 0 else str(error)
        raise IndexerError(
            f"cannot listen on {host}, port {port} ({why}); --port takes another, 0 any that is free"
        ) from error
    with listener:
        shown = f"[{host}]" if ":" in host else host
        remark(f"the library is at http://{shown}:{listener.getsockname()[1]}/mcp; Ctrl-C ends")
        settings = uvicorn.Config(
            app, log_config=None, log_level="error", access_log=False, server_header=False
        )
        uvicorn.Server(settings).run([listener])
