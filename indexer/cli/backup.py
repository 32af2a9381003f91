"""`indexer backup`, `restore` and `prune`: a copy of the library elsewhere, and how much past it keeps."""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.options import DataOption, JsonOption, QuietOption, VerboseOption, configure, span_of
from indexer.cli.output import plural, print_json, say
from indexer.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("backup")(backup_command)
    app.command("restore")(restore_command)
    app.command("prune")(prune_command)


def backup_command(
    path: Annotated[Path, typer.Argument(help="The file to be made, or a folder for one with a dated name.")],
    *,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Copy the library into one file and verify it, also while a crawl runs.

    Never replaces a file. The index is not copied: it is made from the library.

    Example: indexer backup /mnt/backups
    """
    from indexer.store.backup import back_up

    made = back_up(configure(data=data).data, path)
    if as_json:
        print_json(made.to_json())
        return
    say(
        f"{made.path}: {made.size / 1e6:,.1f} MB, verified: {plural(made.links, 'link')}, "
        f"{plural(made.articles, 'version')} of articles, {plural(made.bodies, 'raw page')}, "
        f"{plural(made.passages, 'passage')}; sha256 {made.sha256}"
    )


def restore_command(
    path: Annotated[Path, typer.Argument(help="A backup that `indexer backup` made.")],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do it without asking.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Take a backup back as the library, and make its index again, without network and model.

    The backup is verified first. The library that is there now is kept beside it, and named.

    Example: indexer restore /mnt/backups/library-2026-01-31T04-30-00.db
    """
    from indexer.store.backup import restore
    from indexer.store.opening import LIBRARY_FILE

    folder = configure(data=data).data
    if (folder / LIBRARY_FILE).exists() and not yes:
        if as_json or not sys.stdin.isatty():
            raise UsageError(
                f"{folder}: there is a library; --yes puts it aside and takes the backup's place"
            )
        if not typer.confirm(f"Put the library in {folder} aside, and take back {path}?", err=True):
            raise typer.Abort
    done = restore(path, folder)
    if as_json:
        print_json(done.to_json())
        return
    say(
        f"{folder}: restored from {path}: {plural(done.backup.links, 'link')}, "
        f"{plural(done.backup.passages, 'passage')}, generation {done.generation}"
    )
    if done.set_aside:
        say(f"the library that was there is now {done.set_aside}")


def prune_command(
    older_than: Annotated[
        str, typer.Option("--older-than", help="Before the last crawl: 3d, 2w, 1m (30 days), 1y (365).")
    ],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would go.")] = False,
    data: DataOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Remove old versions of articles and raw pages that nothing needs, and vectors nobody uses.

    What is published, the last good copy of each page, and all of a page that has vanished from the web
    stay, whatever their age.

    Example: indexer prune --older-than 1y --dry-run
    """
    from indexer.store.pruning import foresee, prune_history

    age: timedelta = span_of("--older-than", older_than)
    folder = configure(data=data).data
    pruned = foresee(folder, age) if dry_run else prune_history(folder, age)
    if as_json:
        print_json(pruned.to_json())
        return
    what = (
        f"{plural(pruned.articles, 'version')} of articles and {plural(pruned.bodies, 'raw page')} "
        f"from before {pruned.before[:10]}, {plural(pruned.embeddings, 'unused vector')}"
    )
    if dry_run:
        say(f"would remove {what}: about {pruned.bytes / 1e6:,.1f} MB; nothing was changed")
    else:
        when = ", once what reads in it now has ended" if pruned.waits else ""
        say(f"removed {what}; the library is {pruned.freed / 1e6:,.1f} MB smaller{when}")
