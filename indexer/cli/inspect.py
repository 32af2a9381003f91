"""`indexer show` and `history`: what the library holds of a page, and how it came to it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

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

ALARM = 0.25
"""The share of the main part's words that an article must lack to be worth a word. Of 513 real pages 78 lack
as much; 58 of them lack a tenth or more of what they should hold, and so do 41 of the 64 that lack three
tenths (``benchmarks/extraction.py --alarm``). Stories and comments beside the article are the rest."""

if TYPE_CHECKING:
    from indexer.records import Loss


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("show")(show_command)
    app.command("history")(history_command)


def loss_told(lost: Loss) -> str:
    """What an article does not hold of its page's main part, where a reader should look; ``""`` else."""
    if lost.share < ALARM:
        return ""
    counts = (
        (lost.headings, "heading", "headings"),
        (lost.code, "piece of code", "pieces of code"),
        (lost.lists, "list", "lists"),
        (lost.tables, "table", "tables"),
    )
    whole = ", ".join(plural(count, one, many) for count, one, many in counts if count)
    share = f"about {10 * round(10 * lost.share)} % of the visible text is not in the article"
    return f"{share} ({whole})" if whole else share


def source_told(source: str, *, rendered: bool) -> str:
    """Where a text was taken from, and whether a browser had to show it."""
    return f"{source}, rendered" if rendered else source or "-"


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
