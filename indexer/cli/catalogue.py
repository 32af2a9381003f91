"""`indexer catalogue`: list, check, edit and import the list of links itself."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.completion import (
    complete_links,
    complete_listed_categories,
    complete_listed_tags,
)
from indexer.cli.options import CatalogueOption, DataOption, JsonOption, QuietOption, VerboseOption, configure
from indexer.cli.output import plural, print_json, safe, say
from indexer.errors import UsageError

if TYPE_CHECKING:
    from indexer.catalogue import WebArchive
    from indexer.config import Config

app = typer.Typer(help="The catalogue itself: list, check, tidy, add, remove, import.", no_args_is_help=True)


@app.command("list")
def list_command(
    *,
    category: Annotated[
        list[str] | None,
        typer.Option(
            "-c", "--category", help="Only this category.", autocompletion=complete_listed_categories
        ),
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
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Tell what in the catalogue will fail or repeat.

    That is: mistakes, addresses that are never fetched, the same page under two of them, user names and
    passwords in them, and, as the library knows if there is one, the same text twice. Nothing is fetched.
    `indexer catalogue tidy` mends what is marked so.

    Example: indexer catalogue check
    """
    from indexer.catalogue import load, remarks, wrong_places
    from indexer.store.inspection import text_hashes

    config = configure(catalogue=catalogue, data=data)
    path = config.catalogue
    wrong = wrong_places(path)
    if len(wrong) > 1:
        for place in wrong:
            typer.echo(f"indexer: {safe(place)}", err=True)
        raise typer.Exit(2)
    told = remarks(path, text_hashes(config.data))
    loaded = load(path)
    if as_json:
        found = [{"line": one.line, "text": one.text, "proposal": one.proposal} for one in told]
        print_json({"catalogue": str(path), "links": len(loaded.links), "warnings": found})
        return
    for one in told:
        mended = f" ({_PROPOSED[one.proposal]})" if one.proposal else ""
        typer.echo(safe(f"{path}:{one.line}: {one.text}{mended}"), err=True)
    typer.echo(
        f"{path}: {plural(len(loaded.links), 'link')} in "
        f"{plural(len(loaded.categories), 'category', 'categories')}, {plural(len(told), 'warning')}"
    )


_PROPOSED = {"remove": "tidy takes it out", "without credentials": "tidy takes them out"}
"""What ``tidy`` does about a remark, by its proposal."""


@app.command("tidy")
def tidy_command(
    *,
    yes: Annotated[bool, typer.Option("--yes", help="Do it without asking.")] = False,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Mend what `catalogue check` proposes, keeping comments and all else; shows the changes and asks first.

    Misspelt keys get their names, user names and passwords go, and so do links that are refused or repeat a
    page or text and say nothing of their own. Where nobody can be asked, nothing is changed without --yes.
    Exit code 1 means that there are changes which were not made.

    Example: indexer catalogue tidy
    """
    from difflib import unified_diff

    from indexer.catalogue import tidied, tidy
    from indexer.credentials import without_credentials
    from indexer.store.inspection import text_hashes

    config = configure(catalogue=catalogue, data=data)
    path = config.catalogue
    before, after = tidied(path, text_hashes(config.data))
    changes = [
        without_credentials(line, instead="***@")
        for line in unified_diff(
            before.splitlines(), after.splitlines(), str(path), "tidied", n=1, lineterm=""
        )
    ]
    if not as_json:
        for line in changes:
            typer.echo(safe(line))
    write = bool(changes) and (
        yes or (not as_json and sys.stdin.isatty() and typer.confirm("Write this?", err=True))
    )
    if write:
        tidy(path, after)
    if as_json:
        print_json({"catalogue": str(path), "changes": changes, "written": write})
    elif write or not changes:
        say(f"{path}: {'tidied' if write else 'nothing to tidy'}")
    if changes and not write:
        raise typer.Exit(1)


@app.command("add")
def add_command(
    url: Annotated[str, typer.Argument(help="The link, verbatim.")],
    *,
    category: Annotated[
        str,
        typer.Option(
            "-c",
            "--category",
            help="Where it belongs; made if new.",
            autocompletion=complete_listed_categories,
        ),
    ],
    title: Annotated[str, typer.Option(help="Its title.")] = "",
    note: Annotated[str, typer.Option(help="Your own words about it; searchable.")] = "",
    tag: Annotated[
        list[str] | None, typer.Option(help="A tag; repeatable.", autocompletion=complete_listed_tags)
    ] = None,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Add a link, leaving the rest of the file as it is; the file is made if there is none.

    A user name and password in the address are left out.

    Example: indexer catalogue add https://c4model.com/ -c Patterns --note "diagrams that zoom"
    """
    from indexer.catalogue import add
    from indexer.credentials import without_credentials
    from indexer.records import Link

    path = configure(catalogue=catalogue).catalogue
    url = without_credentials(url)
    link = Link(url=url, category=category, title=title, note=note, tags=tuple(tag or ()))
    add(path, link)
    if as_json:
        print_json({"catalogue": str(path), "added": asdict(link)})
        return
    say(f"{path}: added to {safe(category)}; `indexer crawl --only {safe(url)}` fetches it")


@app.command("remove")
def remove_command(
    url: Annotated[str, typer.Argument(help="The link, verbatim.", autocompletion=complete_links)],
    *,
    catalogue: CatalogueOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Remove a link, leaving the rest of the file as it is.

    Example: indexer catalogue remove https://c4model.com/
    """
    from indexer.catalogue import remove

    path = configure(catalogue=catalogue).catalogue
    link = remove(path, url)
    if as_json:
        print_json({"catalogue": str(path), "removed": asdict(link)})
        return
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
    file: Annotated[Path, typer.Argument(help="A file, or - for standard input.")],
    *,
    into: Annotated[
        str | None,
        typer.Option(help="Put all links into this category.", autocompletion=complete_listed_categories),
    ] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Take in the links of a list from elsewhere, or the pages of a web archive.

    Browser bookmarks (HTML, JSON), CSV and JSON of bookmark services, OPML, RSS, Atom, sitemaps, Markdown
    and plain addresses, and gzip of these. What a file is, its content tells; what is no list of links is
    refused. Links that the catalogue already has are left as they are. Of a web archive (WARC, WACZ) the
    pages become articles at once, as `indexer import` does with one page.

    Example: indexer catalogue import bookmarks.html --into "To read"
    """
    from indexer.catalogue import MAX_BYTES, import_links, merge, web_archive

    config = configure(catalogue=catalogue, data=data)
    path = config.catalogue
    piped = file == Path("-")
    if not piped and (archive := web_archive(file, most=config.extract.file_bytes)):
        _import_archive(archive, config, into=into, as_json=as_json)
        return
    try:
        with nullcontext(sys.stdin.buffer) if piped else file.open("rb") as source:
            content = source.read(MAX_BYTES + 1)
    except OSError as error:
        raise UsageError(f"{file}: cannot be read ({error.strerror})") from error
    imported = import_links(content, name="standard input" if piped else str(file), into=into)
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


def _import_archive(archive: WebArchive, config: Config, *, into: str | None, as_json: bool) -> None:
    from indexer.cli.progress import watching

    with watching("indexer catalogue import") as watcher:
        from indexer.pipeline.importing import import_archive

        category = into or archive.path.name.partition(".")[0] or "Links"
        taken = import_archive(archive, config, category=category, watcher=watcher)
    if as_json:
        told = {"catalogue": str(config.catalogue), "format": archive.format, "added": len(taken.added)}
        print_json(
            told
            | {"articles": taken.effects, "left_out": taken.left_out, "remarks": archive.remarks}
            | {"passages": taken.passages, "embedded": taken.embedded, "generation": taken.generation}
        )
        return
    articles = ", ".join(f"{count} {effect}" for effect, count in taken.effects.items())
    say(
        f"{config.catalogue}: {plural(len(taken.added), 'link')} added; articles: {articles} "
        f"({archive.format}); {plural(taken.passages, 'passage')} in the index, "
        f"{taken.embedded:,} newly embedded"
    )
    for reason, count in taken.left_out.items():
        typer.echo(safe(f"  left out: {plural(count, 'capture')} {reason}"), err=True)
    for remark in archive.remarks:
        typer.echo(safe(f"  {remark}"), err=True)
