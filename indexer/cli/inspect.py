"""`indexer status`, `show` and `history`: what the library holds, and how it came to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.completion import complete_pages
from indexer.cli.last_answer import page_meant
from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    JsonOption,
    NoPagerOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import plural, print_json, print_lines, safe, stdout

ALARM = 0.25
"""The share of the main part's words that an article must lack to be worth a word. Of 513 real pages 78 lack
as much; 58 of them lack a tenth or more of what they should hold, and so do 41 of the 64 that lack three
tenths (``benchmarks/extraction.py --alarm``). Stories and comments beside the article are the rest."""

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.records import Link, Loss
    from indexer.store.inspection import LinkState


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("status")(status_command)
    app.command("show")(show_command)
    app.command("history")(history_command)


def status_command(
    *,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Every link: what its last fetch said, and what is held for it.

    Example: indexer status
    """
    from indexer.store import inspection

    config = configure(catalogue=catalogue, data=data)
    states = inspection.status(config.data, _links(config))
    if as_json:
        print_json([asdict(state) for state in states])
        return
    _print_states(states)


def _links(config: Config) -> Sequence[Link]:
    """The catalogue's; where there is none, and none was named, those that the library was published with."""
    from indexer.catalogue import load
    from indexer.store import inspection
    from indexer.store.overview import published_links
    from indexer.store.snapshot import Snapshot

    named = config.catalogue_why in ("named", "INDEXER_CATALOGUE")
    if named or config.catalogue.exists() or not inspection.library_exists(config.data):
        return load(config.catalogue).links
    with Snapshot(config.data) as snapshot:
        return published_links(snapshot)


def _print_states(states: Sequence[LinkState]) -> None:
    from rich.table import Table
    from rich.text import Text

    console = stdout()
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for name in ("verdict", "words", "pages", "source", "link"):
        table.add_column(
            name, justify="right" if name in ("words", "pages") else "left", no_wrap=name != "link"
        )
    category = ""
    for state in states:
        if state.category != category:
            category = state.category
            table.add_row(Text(""), "", "", "", Text(safe(category), style="bold"))
        link = Text(safe(state.url), overflow="fold")
        if state.reason and not state.good:
            link.append(f"\n{safe(state.reason)}", style="yellow")
        if alarm := _alarm(state.lost):
            link.append(f"\n{alarm}", style="yellow")
        table.add_row(
            Text(state.verdict or "-", style="green" if state.good else "red"),
            f"{state.words:,}",
            str(state.pages),
            _source(state.source, rendered=state.rendered),
            link,
        )
    console.print(table)
    answering = sum(1 for state in states if state.words)
    console.print(
        f"{answering} of {plural(len(states), 'link')} answer with "
        f"{plural(sum(state.passages for state in states), 'passage')}."
    )


def _alarm(lost: Loss) -> str:
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


def _source(source: str, *, rendered: bool) -> str:
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

    folder, url = page_meant(url, configure(data=data))
    article, facts = inspection.article(folder, url)
    if as_json:
        blocks = [asdict(block) for block in article.blocks]
        print_json({**facts, **asdict(article), "words": article.words, "blocks": blocks})
        return
    about = (article.author, article.published, article.language, facts["category"], facts["source"])
    told = [article.title, " · ".join(part for part in (*about, f"{article.words:,} words") if part)]
    told.append(facts["final_url"])
    if facts["note"]:
        told.append(f"note: {facts['note']}")
    if alarm := _alarm(article.lost):
        told.append(alarm)
    for block in article.blocks:
        mark = f"{'#' * (len(block.headings) + 1)} " if block.kind == "heading" else ""
        told += ["", *f"{mark}{article.text[block.start : block.end]}".split("\n")]
    print_lines([Text(safe(line)) for line in told], pager=not no_pager)


def history_command(
    url: Annotated[
        str,
        typer.Argument(help="A link of the catalogue, or a page under one.", autocompletion=complete_pages),
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

    past = inspection.history(configure(data=data).data, url)
    if as_json:
        print_json(asdict(past))
        return
    typer.echo(f"{plural(len(past.versions), 'version')}")
    for version in past.versions:
        source = _source(version.source, rendered=version.rendered)
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
