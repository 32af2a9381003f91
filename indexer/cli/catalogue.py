"""`indexer catalogue`: list, check, edit and import the list of links itself."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.options import CatalogueOption, JsonOption, QuietOption, VerboseOption, configure
from indexer.cli.output import plural, print_json, safe, say
from indexer.errors import UsageError

app = typer.Typer(help="The catalogue itself: list, check, add, remove, import.", no_args_is_help=True)


@app.command("list")
def list_command(
    *,
    category: Annotated[
        list[str] | None, typer.Option("-c", "--category", help="Only this category.")
    ] = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """The links, by category.

    Example: indexer catalogue list -c Patterns
    """
    from indexer.catalogue import load

    loaded = load(configure(catalogue=catalogue).catalogue)
    chosen = {name: loaded.in_category(name) for name in category or loaded.categories}
    if as_json:
        print_json([asdict(link) for links in chosen.values() for link in links])
        return
    for name, links in chosen.items():
        typer.echo(safe(f"{name} ({plural(len(links), 'link')})"))
        for link in links:
            typer.echo(safe(f"  {link.url}" + (f" - {link.note}" if link.note else "")))


@app.command("check")
def check_command(
    *,
    catalogue: CatalogueOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Read the catalogue as a crawl would, and tell what looks unintended.

    Example: indexer catalogue check
    """
    from indexer.catalogue import check, load

    path = configure(catalogue=catalogue).catalogue
    warnings = check(path)
    for warning in warnings:
        typer.echo(safe(warning), err=True)
    loaded = load(path)
    told = plural(len(warnings), "warning")
    typer.echo(
        f"{path}: {plural(len(loaded.links), 'link')} in "
        f"{plural(len(loaded.categories), 'category', 'categories')}, {told}"
    )


@app.command("add")
def add_command(
    url: Annotated[str, typer.Argument(help="The link, verbatim.")],
    *,
    category: Annotated[str, typer.Option("-c", "--category", help="Where it belongs; made if new.")],
    title: Annotated[str, typer.Option(help="Its title.")] = "",
    note: Annotated[str, typer.Option(help="Your own words about it; searchable.")] = "",
    tag: Annotated[list[str] | None, typer.Option(help="A tag; repeatable.")] = None,
    catalogue: CatalogueOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Add a link, leaving the rest of the file as it is.

    Example: indexer catalogue add https://c4model.com/ -c Patterns --note "diagrams that zoom"
    """
    from indexer.catalogue import add
    from indexer.records import Link

    path = configure(catalogue=catalogue).catalogue
    add(path, Link(url=url, category=category, title=title, note=note, tags=tuple(tag or ())))
    say(f"{path}: added to {safe(category)}; `indexer crawl --only {safe(url)}` fetches it")


@app.command("remove")
def remove_command(
    url: Annotated[str, typer.Argument(help="The link, verbatim.")],
    *,
    catalogue: CatalogueOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Remove a link, leaving the rest of the file as it is.

    Example: indexer catalogue remove https://c4model.com/
    """
    from indexer.catalogue import remove

    path = configure(catalogue=catalogue).catalogue
    link = remove(path, url)
    say(f"{path}: removed from {safe(link.category)}; the next crawl drops it from the index")


@app.command("schema")
def schema_command(*, quiet: QuietOption = False, verbose: VerboseOption = 0) -> None:
    """The JSON Schema of the catalogue, for editors that check as you type.

    Example: indexer catalogue schema > catalogue.schema.json
    """
    from indexer.catalogue import schema

    print_json(schema())


@app.command("import")
def import_command(
    file: Annotated[str, typer.Argument(help="A file, or - for standard input.")],
    *,
    into: Annotated[str | None, typer.Option(help="Put all links into this category.")] = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Take in the links of a list from elsewhere.

    Browser bookmarks (HTML, JSON), CSV and JSON of bookmark services, OPML, RSS, Atom, sitemaps, Markdown
    and plain addresses, and gzip of these. What a file is, its content tells; what is no list of links is
    refused. Links that the catalogue already has are left as they are.

    Example: indexer catalogue import bookmarks.html --into "To read"
    """
    from indexer.catalogue import MAX_BYTES, import_links, merge

    path = configure(catalogue=catalogue).catalogue
    name = "standard input" if file == "-" else file
    try:
        with nullcontext(sys.stdin.buffer) if file == "-" else Path(file).open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    imported = import_links(content, name=name, into=into)
    added = merge(path, imported.links)
    categories = plural(len({link.category for link in added}), "category", "categories")
    known = len(imported.links) - len(added)
    if as_json:
        print_json(
            {"catalogue": str(path), "format": imported.format, "found": imported.found, "added": len(added)}
            | {"known": known, "left_out": imported.left_out, "remarks": imported.remarks}
        )
        return
    say(
        f"{path}: {plural(len(added), 'link')} added in {categories}; {known} known already "
        f"({imported.format} of {plural(imported.found, 'link')})"
    )
    for remark in imported.remarks:
        typer.echo(safe(f"  {remark}"), err=True)
