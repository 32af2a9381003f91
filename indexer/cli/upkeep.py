"""`indexer import`, `reindex` and `schedule`: what keeps a library good between crawls."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.crawl import ProgressBars
from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import plural, say
from indexer.errors import UsageError


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command("import")(import_page_command)
    app.command("reindex")(reindex_command)
    app.command("schedule")(schedule_command)


def import_page_command(
    url: Annotated[str, typer.Argument(help="A link of the catalogue.")],
    file: Annotated[Path, typer.Argument(help="The saved page: HTML, MHTML, PDF, Markdown or text.")],
    *,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Take a page saved by hand as the article of a link, for what only a person can reach.

    Example: indexer import https://medium.com/some/story story.html
    """
    from indexer.catalogue import load
    from indexer.pipeline import import_page

    config = configure(catalogue=catalogue, data=data)
    loaded = load(config.catalogue)
    summary = import_page(loaded.link(url), loaded.links, file, config)
    say(
        f"{url}: imported; {plural(summary.passages, 'passage')} in the index, "
        f"{summary.embedded:,} newly embedded"
    )


def reindex_command(
    *,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    model: ModelOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Read, cut and embed again what is kept, without the network.

    For another model, a newer version of this program, or an index file that was lost.

    Example: indexer reindex --model ./my-model
    """
    from indexer.catalogue import load
    from indexer.pipeline import reindex

    config = configure(catalogue=catalogue, data=data, model=model)
    with ProgressBars() as watcher:
        published = reindex(load(config.catalogue).links, config, watcher=watcher)
    say(
        f"generation {published.generation}: {plural(published.passages, 'passage')}, "
        f"{published.embedded:,} newly embedded"
    )


def schedule_command(
    *,
    at: Annotated[str, typer.Option(help="When, as HH:MM.")] = "03:00",
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Print the crontab line and the systemd timer of the nightly crawl; nothing is installed.

    Example: indexer schedule --at 04:30
    """
    import shlex
    import sys

    moment = re.fullmatch(r"([01]?\d|2[0-3]):([0-5]\d)", at)
    if not moment:
        raise UsageError(f"--at {at!r} is no time of day; write it as 03:00")
    config = configure(catalogue=catalogue, data=data)
    program = Path(sys.argv[0]).absolute()
    called = [sys.executable, "-m", "indexer"] if program.name == "__main__.py" else [str(program)]
    words = [*called, "crawl", "--due", "--catalogue", str(config.catalogue.absolute())]
    command = shlex.join([*words, "--data", str(config.data.absolute())])
    log = config.data.absolute() / "crawl.log"
    hour, minute = int(moment[1]), int(moment[2])
    # A per cent sign ends a crontab command, and starts a specifier in a unit file.
    line = f"{command} >> {shlex.quote(str(log))} 2>&1".replace("%", r"\%")
    command = command.replace("%", "%%")
    typer.echo(
        f"# crontab -e\n{minute} {hour} * * * {line}\n\n"
        "# or ~/.config/systemd/user/indexer.service\n"
        "[Unit]\nDescription=Nightly crawl of the link catalogue\n\n"
        f"[Service]\nType=oneshot\nExecStart={command}\n"
        "# 75: another run holds the lock, which is no failure\nSuccessExitStatus=75\nNice=10\n\n"
        "# and ~/.config/systemd/user/indexer.timer\n"
        "[Unit]\nDescription=Nightly crawl of the link catalogue\n\n"
        f"[Timer]\nOnCalendar=*-*-* {hour:02}:{minute:02}:00\nRandomizedDelaySec=15min\nPersistent=true\n\n"
        "[Install]\nWantedBy=timers.target\n\n"
        "# then: systemctl --user enable --now indexer.timer"
    )
