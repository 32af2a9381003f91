"""`indexer similar`: other articles that speak of the same, by their vectors."""

from __future__ import annotations

from typing import Annotated

import typer

from indexer.cli.completion import complete_pages
from indexer.cli.last_answer import page_meant, remember
from indexer.cli.options import (
    DataOption,
    IndexOption,
    JsonOption,
    NoPagerOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import print_json


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("similar")(similar_command)


def similar_command(
    url: Annotated[
        str,
        typer.Argument(
            help="A link of the catalogue, a page under one, or a number of the last answer.",
            autocompletion=complete_pages,
        ),
    ],
    *,
    k: Annotated[int, typer.Option("-k", min=1, max=1000, help="How many articles.")] = 5,
    data: DataOption = None,
    index: IndexOption = None,
    no_pager: NoPagerOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """The other articles that are nearest to an article, each by its nearest passage.

    Their numbers are those of the last answer then, for `open`, `show` and `similar` again.

    Example: indexer similar https://c4model.com/, or after a question: indexer similar 2
    """
    from indexer.cli.answer_text import print_answer
    from indexer.library import Library

    config = configure(data=data, index=index)
    folder, url = page_meant(url, config)
    with Library.open(folder, config=config) as library:
        related = library.similar(url, k=k)
    if as_json:
        print_json(related.to_json())
        return
    remember(related, folder, config.cache)
    print_answer(related, pager=not no_pager)
