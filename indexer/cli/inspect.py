"""`indexer show` and `history`: what the library holds of a page, and how it came to it."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.completion import complete_pages
from indexer.cli.last_answer import page_meant
from indexer.cli.options import (
    DataOption,
    JsonOption,
    NoPagerOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import plural, print_json, print_lines, safe
from indexer.wording import loss_told, source_told


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("show")(show_command)
    app.command("history")(history_command)


def show_command(
    url: Annotated[
        str,
        typer.Argument(
            help="A link of the catalogue, a page under one, or a number of the last answer.",
            autocompletion=complete_pages,
        ),
    ],
    *,
    data: DataOption = None,
    no_pager: NoPagerOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """The article of a link as it is indexed.

    Example: indexer show https://c4model.com/, or after a question: indexer show 2
    """
    from rich.text import Text

    from indexer.store import inspection
    from indexer.told import article_told

    folder, url = page_meant(url, configure(data=data))
    if as_json:
        print_json(article_told(folder, url))
        return
    article, facts = inspection.article(folder, url)
    about = (article.author, article.published, article.language, facts["category"], facts["source"])
    told = [article.title, " · ".join(part for part in (*about, f"{article.words:,} words") if part)]
    told.append(facts["final_url"])
    if facts["note"]:
        told.append(f"note: {facts['note']}")
    if alarm := loss_told(article.lost):
        told.append(alarm)
    for block in article.blocks:
        mark = f"{'#' * (len(block.headings) + 1)} " if block.kind == "heading" else ""
        told += ["", *f"{mark}{article.text[block.start : block.end]}".split("\n")]
    print_lines([Text(safe(line)) for line in told], pager=not no_pager)


def history_command(
    url: Annotated[
        str,
        typer.Argument(
            help="A link of the catalogue, a page under one, or a number of the last answer.",
            autocompletion=complete_pages,
        ),
    ],
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """The fetches of a page and the versions of its article, newest first.

    Example: indexer history https://c4model.com/
    """
    from indexer.store import inspection
    from indexer.told import history_told

    folder, url = page_meant(url, configure(data=data))
    if as_json:
        print_json(history_told(folder, url))
        return
    past = inspection.history(folder, url)
    typer.echo(f"{plural(len(past.versions), 'version')}")
    for version in past.versions:
        source = source_told(version.source, rendered=version.rendered)
        facts = f"{version.taken_at}  {source}  {version.article.words:,} words  {version.article.title}"
        typer.echo(safe(f"  {facts}"))
        for line in version.changes:
            typer.echo(safe(f"    {line}"))
    typer.echo(f"{plural(len(past.fetches), 'fetch', 'fetches')}")
    for fetch in past.fetches:
        mark = "  rendered" if fetch.rendered else ""
        reason = f"{mark}  {fetch.reason}" if fetch.reason else mark
        when = fetch.fetched_at.isoformat()
        typer.echo(safe(f"  {when}  {fetch.verdict.value:<13} {fetch.status or '-':>3}  {fetch.url}{reason}"))
