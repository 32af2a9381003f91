"""`indexer import` and `reindex`: what keeps a library good between crawls."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.completion import complete_links
from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    IndexOption,
    JsonOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import plural, print_json, say
from indexer.cli.progress import watching


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_page_command)
    app.command("reindex")(reindex_command)


def import_page_command(
    url: Annotated[str, typer.Argument(help="A link of the catalogue.", autocompletion=complete_links)],
    file: Annotated[
        Path,
        typer.Argument(help="The saved page: HTML, MHTML, PDF, Markdown or text."),
    ],
    *,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Take a page saved by hand as the article of a link, for what only a person can reach.

    Example: indexer import https://medium.com/some/story story.html
    """
    with watching("indexer import") as watcher:
        from indexer.catalogue import load
        from indexer.pipeline.importing import import_page

        config = configure(catalogue=catalogue, data=data, index=index)
        loaded = load(config.catalogue)
        summary = import_page(loaded.link(url), loaded.links, file, config, watcher=watcher)
    if as_json:
        print_json(summary.to_json())
        return
    say(
        f"{url}: imported; {plural(summary.passages, 'passage')} in the index, "
        f"{summary.embedded:,} newly embedded"
    )


def reindex_command(
    *,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Read, cut and embed again what is kept, without the network.

    For another model, a newer version of this program, or an index file that was lost.

    Example: indexer reindex --model ./my-model
    """
    with watching("indexer reindex") as watcher:
        from indexer.catalogue import load
        from indexer.pipeline.publishing import reindex

        config = configure(catalogue=catalogue, data=data, model=model, index=index)
        published = reindex(load(config.catalogue).links, config, watcher=watcher)
    if as_json:
        print_json(asdict(published))
        return
    say(
        f"generation {published.generation}: {plural(published.passages, 'passage')}, "
        f"{published.embedded:,} newly embedded"
    )
