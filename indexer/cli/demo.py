"""`indexer demo`: the product doing its whole job on sample articles, in one command."""

from __future__ import annotations

import shutil
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.options import JsonOption, QuietOption, VerboseOption, configure
from indexer.cli.output import plural, print_json, say
from indexer.cli.progress import watching


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("demo")(demo_command)


def demo_command(
    *,
    data: Annotated[Path, typer.Option("--data", help="The demo library's folder.")] = Path("data/demo"),
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Crawl sample articles in place of the real hosts, and ask them a question.

    The catalogue and the crawler are the real ones; only a loopback server answers for every host.

    Example: indexer demo
    """
    from indexer.catalogue import load
    from indexer.cli.answer_text import print_answer
    from indexer.cli.last_answer import remember
    from indexer.demo import QUESTION, sample_catalogue, sample_crawl
    from indexer.library import Library

    begun = time.monotonic()
    config = configure(data=data, catalogue=sample_catalogue())
    links = load(config.catalogue).links
    if not as_json:
        counted = plural(len(links), "link")
        say(f"Crawling the {counted} of the catalogue; sample articles answer for all hosts.")
    with watching("indexer demo") as watcher:
        summary = sample_crawl(links, config, watcher=watcher)
    with Library.open(data) as library:
        answer = library.search(QUESTION, k=3)
    if as_json:
        print_json({"data": str(data), "crawl": summary.to_json(), "answer": answer.to_json()})
        return
    say(
        f"{plural(summary.pages, 'page')} read, {plural(summary.passages, 'passage')} indexed "
        f"({summary.embedded:,} newly embedded), generation {summary.generation}."
    )
    say(f'\n$ indexer ask "{QUESTION}" --data {data}\n')
    remember(answer, data, config.cache)
    print_answer(answer)
    typer.echo()
    stages = {**summary.stages, "ask": answer.took_ms / 1000}
    times = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in stages.items())
    say(f"Time: {times}; {time.monotonic() - begun:.1f} s in all.\n")
    # As it was called, where a shell would not find it: `make demo` installs into .venv.
    name = "indexer" if shutil.which("indexer") or Path(sys.argv[0]).name != "indexer" else sys.argv[0]
    say(
        "Next:\n"
        f'  {name} ask "when should I not use a distributed lock" --data {data}\n'
        f'  {name} ask "who approves an RFC" -c Documentation --data {data}\n'
        f"  {name} serve --data {data}  # the same on a page\n"
        f"  {name} status --data {data}\n"
        f"  {name} crawl  # the real links, into ./data\n"
        f"  {name} catalogue import FILE  # your own list of links"
    )
