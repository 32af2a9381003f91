"""`indexer report`: what happened since a time, for a terminal, a mail, a page or a feed reader."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    IndexOption,
    JsonOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
    moment_since,
)
from indexer.cli.output import as_json_text, safe
from indexer.errors import NotWritable


class ReportForm(StrEnum):
    """How a report is written."""

    text = "text"
    markdown = "markdown"
    html = "html"
    atom = "atom"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("report")(report_command)


def report_command(
    *,
    since: Annotated[
        str, typer.Option(help="A date (2026-01-31), or so long ago: 12h, 3d, 1w, 2m (months), 1y.")
    ] = "1w",
    form: Annotated[
        ReportForm, typer.Option("--format", help="How it is written; atom is a feed.")
    ] = ReportForm.text,
    output: Annotated[Path | None, typer.Option(help="Write it to this file, in one step.")] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """What is new, changed, moved, gone or recovered, and what newly answers the questions you `watch`.

    Example: indexer report --since 1m --format atom --output ~/indexer.atom
    """
    from indexer.catalogue import load
    from indexer.files import replace_file
    from indexer.report import atom, forms, make_report

    beginning = moment_since(since)
    config = configure(catalogue=catalogue, data=data, model=model, index=index)
    loaded = load(config.catalogue)
    report = make_report(loaded.links, config, beginning, loaded.watch)
    write = {
        ReportForm.text: lambda told: safe(forms.as_text(told)),
        ReportForm.markdown: lambda told: safe(forms.as_markdown(told)),
        ReportForm.html: forms.as_html,
        ReportForm.atom: atom.as_atom,
    }[form]
    written = as_json_text(report.to_json()) if as_json else write(report)
    if output is None:
        typer.echo(written, nl=False)
        return
    try:
        replace_file(output, written.encode("utf-8", "replace"))
    except OSError as error:
        raise NotWritable(f"{output}: cannot be written ({error.strerror}); give another --output") from error
