"""`indexer export`: the library written out again, in forms that other programs read."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.completion import complete_categories, complete_formats, complete_sites, complete_tags
from indexer.cli.options import DataOption, JsonOption, QuietOption, VerboseOption, configure
from indexer.cli.output import plural, print_json, say


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("export")(export_command)


def export_command(
    form: Annotated[
        str,
        typer.Argument(
            metavar="FORMAT",
            help="jsonl, parquet, markdown, warc, opml, bookmarks or datasette; or the path alone, where its "
            "name tells it.",
            autocompletion=complete_formats,
        ),
    ],
    path: Annotated[
        Path | None,
        typer.Argument(metavar="PATH", help="The file to be made, or the folder for parquet and markdown."),
    ] = None,
    *,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "-c", "--category", help="Only this category; repeatable.", autocompletion=complete_categories
        ),
    ] = None,
    tag: Annotated[
        list[str] | None,
        typer.Option(help="Only links with this tag; repeatable.", autocompletion=complete_tags),
    ] = None,
    site: Annotated[
        list[str] | None,
        typer.Option(help="Only this host and its subdomains; repeatable.", autocompletion=complete_sites),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Put aside what is there and is no earlier export.")
    ] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Write the library out: articles, passages and vectors, raw pages, or the links.

    An earlier export of the same format is replaced in one step; nothing else is ever overwritten.

    Example: indexer export markdown ~/vault/Library -c Patterns
    """
    from indexer.exports import export_library, form_named, form_of
    from indexer.milvus import index_elsewhere

    config = configure(data=data)
    made = export_library(
        config.data,
        path or Path(form),
        form_named(form) if path else form_of(Path(form)),
        categories=category or (),
        tags=tag or (),
        sites=site or (),
        force=force,
        open_index=index_elsewhere(config),
    )
    if as_json:
        print_json(made.to_json())
        return
    counts = made.counts
    held = ", ".join(plural(counts[name], name[:-1]) for name in counts if name.endswith("s"))
    say(f"{made.path}: {held} as {made.format}")
    if missing := counts.get("without_page"):
        say(f"left out: {plural(missing, 'article')} whose raw page is not kept any more")
    if made.set_aside:
        say(f"what was there is now {made.set_aside}")
