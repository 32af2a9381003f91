"""`indexer mcp`: the library as tools for assistants that speak the Model Context Protocol."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.interruption import telling
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
from indexer.errors import MissingExtra, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from indexer.assistant.tools import Tools


HTTP_PORT = 8471


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("mcp")(mcp_command)


def mcp_command(
    *,
    http: Annotated[
        bool, typer.Option("--http", help="Over streamable HTTP at /mcp, instead of stdin and stdout.")
    ] = False,
    host: HostOption = THIS_MACHINE,
    port: PortOption = HTTP_PORT,
    name: NamesOption = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Offer the library as tools to assistants, by the Model Context Protocol.

    An assistant starts it by itself and speaks to it over stdin and stdout; it ends when they are closed.

    Example, for Claude Code: claude mcp add library -- indexer mcp
    """
    if not http and (name or (host, port) != (THIS_MACHINE, HTTP_PORT)):
        raise UsageError("--host, --port and --name tell how to serve over HTTP; add --http")
    config = configure(catalogue=catalogue, data=data, model=model, index=index)
    if catalogue:
        from indexer.catalogue import load

        load(config.catalogue)  # a slip is told now, and not by the first page that reads it
    try:
        from indexer.assistant.server import create_server
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] == "indexer":
            raise
        raise MissingExtra("the Model Context Protocol needs its SDK", "mcp") from error
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

    from indexer.assistant.server import create_server, http_app
    from indexer.listening import MOST_AT_ONCE, address_of, listening, names_for_others

    app = http_app(create_server(tools, token), [*names_for_others(host, token), *names])
    with listening(host, port) as listener:
        remark(f"the library is at {address_of(host, listener)}mcp; Ctrl-C ends")
        settings = uvicorn.Config(
            app,
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            limit_concurrency=MOST_AT_ONCE,
        )
        uvicorn.Server(settings).run([listener])
