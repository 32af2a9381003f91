"""`indexer crawl`: one full run, with progress and a summary of one screen."""

from __future__ import annotations

import logging
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from indexer.cli.completion import complete_chosen
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
from indexer.cli.output import is_terminal, on_one_line, plural, print_json, safe, say
from indexer.cli.progress import watching
from indexer.errors import IndexerError, LostLinks, UsageError

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.engine import Engine
    from indexer.pipeline.watching import Watcher
    from indexer.summary import Summary


class WorkedBy(StrEnum):
    """Who does the work of a run."""

    local = "local"
    ray = "ray"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("crawl")(crawl_command)


def crawl_command(
    *,
    only: Annotated[
        list[str] | None,
        typer.Option(help="Only this URL or category; repeatable.", autocompletion=complete_chosen),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only links whose last fetch was bad.")] = False,
    due: Annotated[
        bool, typer.Option("--due", help="Only links whose revisit interval has passed; for nightly runs.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Fetch even what is unchanged, and take shrunken texts.")
    ] = False,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing; publish what is kept under today's catalogue.")
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="Exit with 4 if a link is newly gone or without a copy.")
    ] = False,
    engine: Annotated[
        WorkedBy, typer.Option(help="Who does the work: this machine, or a Ray cluster.")
    ] = WorkedBy.local,
    address: Annotated[
        str | None,
        typer.Option(
            help="The Ray cluster's; else RAY_ADDRESS, else one is started here.", metavar="HOST:PORT"
        ),
    ] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Fetch, extract, embed and publish: one full run.

    Example: indexer crawl --failed
    """
    with dated_messages():
        with watching("indexer crawl") as watcher:
            from indexer.catalogue import load
            from indexer.pipeline.crawling import choose_links, crawl_links

            config = configure(catalogue=catalogue, data=data, model=model, index=index)
            links = load(config.catalogue).links
            chosen = choose_links(links, config, only=only or (), failed=failed, due=due)
            with _engine(engine, address, config, watcher) as chosen_engine:
                summary = crawl_links(
                    links, config, chosen=chosen, force=force, offline=offline, engine=chosen_engine,
                    watcher=watcher,
                )  # fmt: skip
        if as_json:
            print_json(summary.to_json())
        else:
            print_summary(summary)
        if strict and (lost := summary.night.lost):
            named = ", ".join(map(safe, lost[:3])) + (f" and {len(lost) - 3:,} more" if lost[3:] else "")
            raise LostLinks(
                f"{plural(len(lost), 'link')} newly gone or without a copy: {named}; "
                "`indexer status` says why"
            )


@contextmanager
def _engine(
    engine: WorkedBy, address: str | None, config: Config, watcher: Watcher
) -> Iterator[Engine | None]:
    """The engine that was asked for, until the run has ended; None for this machine's own."""
    if engine is WorkedBy.local:
        if address is not None:
            raise UsageError("--address is a Ray cluster's; it needs --engine ray")
        yield None
        return
    from indexer.scale import on_ray

    watcher.stage("joining the Ray cluster" if address else "starting Ray")
    with on_ray(config, address=address or "") as joined:
        yield joined


@contextmanager
def dated_messages() -> Iterator[None]:
    """Messages with their date before them where nobody watches: they go to a log or a mail.

    The journal dates its lines itself.
    """
    if is_terminal() or _is_journal():
        yield
        return
    handlers = logging.getLogger().handlers
    before = [handler.formatter for handler in handlers]
    for handler in handlers:
        handler.setFormatter(logging.Formatter("%(asctime)s indexer: %(message)s", "%Y-%m-%dT%H:%M:%S%z"))
    try:
        yield
    except IndexerError as error:
        typer.echo(f"{_local_time()} indexer: {on_one_line(error)}", err=True)
        raise typer.Exit(error.exit_code) from error
    finally:
        for handler, formatter in zip(handlers, before, strict=True):
            handler.setFormatter(formatter)


def _is_journal() -> bool:
    """Whether stderr goes to systemd's journal: it names the stream, as a child may write elsewhere."""
    try:
        stream = os.fstat(sys.stderr.fileno())
    except (OSError, ValueError):
        return False
    return os.environ.get("JOURNAL_STREAM") == f"{stream.st_dev}:{stream.st_ino}"


def _local_time() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def print_summary(summary: Summary) -> None:
    """The run on one screen: what was fetched, what changed, what is missing."""
    articles = ", ".join(f"{count} {name}" for name, count in summary.articles.items() if count)
    verdicts = ", ".join(f"{count} {name}" for name, count in sorted(summary.verdicts.items()))
    stages = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in summary.stages.items())
    counts = f"{plural(summary.links, 'link')}, {plural(summary.pages, 'page')} fetched"
    say(f"{_local_time()} run {summary.run}: {counts}")
    say(f"  verdicts   {verdicts or 'none'}")
    say(f"  articles   {articles or 'none'}")
    say(
        f"  index      {plural(summary.passages, 'passage')}, {summary.embedded:,} newly embedded, "
        f"generation {summary.generation}"
    )
    say(f"  time       {summary.seconds:.1f} s ({stages})")
    for name in ("new", "changed", "moved", "broken", "recovered"):
        urls: tuple[str, ...] = getattr(summary.night, name)
        if urls:
            say(f"  {name:<10} {plural(len(urls), 'link')}")
            for url in urls[:5]:
                say(f"             {safe(url)}")
            if len(urls) > 5:
                say(f"             and {len(urls) - 5} more")
    if summary.without_copy:
        say(f"  {plural(len(summary.without_copy), 'link')} without a copy; `indexer status` says why")
    if summary.uncut:
        say(f"  {plural(len(summary.uncut), 'page')} not cut into passages; `indexer status` says why")
