"""`indexer status`: whether the library is well, and which links are not."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any

import typer

from indexer.cli.inspect import loss_told, source_told
from indexer.cli.options import (
    CatalogueOption,
    DataOption,
    JsonOption,
    NoPagerOption,
    QuietOption,
    VerboseOption,
    configure,
    moment_since,
)
from indexer.cli.output import plural, print_json, print_lines, safe, stdout
from indexer.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from rich.text import Text

    from indexer.store.inspection import LinkState, Vitals


class Order(StrEnum):
    """What links are sorted by."""

    verdict = "verdict"
    date = "date"
    words = "words"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("status")(status_command)


def status_command(
    *,
    all_links: Annotated[bool, typer.Option("--all", help="Every link, also those that are well.")] = False,
    bad: Annotated[bool, typer.Option("--bad", help="Only the links that are not well.")] = False,
    changed: Annotated[
        bool, typer.Option("--changed", help="Only what is new, changed, moved, broken or recovered.")
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            help="Changes since a date (2026-01-31), or since so long ago: 12h, 3d, 1w.",
            show_default="the last run's beginning",
        ),
    ] = None,
    sort: Annotated[
        Order | None,
        typer.Option(help="Links by verdict, date (the oldest first) or words (the fewest first)."),
    ] = None,
    catalogue: CatalogueOption = None,
    data: DataOption = None,
    no_pager: NoPagerOption = False,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """The library's health, and the links that need a look: what their last fetch said, and what is held.

    Example: indexer status --all --sort date
    """
    from indexer.store import inspection
    from indexer.told import changes_told, links_of

    if all_links + bad + (changed or since is not None) > 1:
        raise UsageError("--all, --bad and --changed exclude each other; give one of them")
    config = configure(catalogue=catalogue, data=data)
    links = links_of(config)
    states = inspection.status(config.data, links)
    vitals = inspection.vitals(config.data)
    if changed or since is not None:
        began = since or vitals.started_at
        rows = changes_told(config.data, links, moment_since(began)) if began else []  # no run yet
        if as_json:
            print_json(rows)
        else:
            print_lines([*_changes_told(rows)], pager=not no_pager)
        return
    unwell = [state for state in states if not _is_well(state)]
    chosen = unwell if bad or not (all_links or as_json) else states
    chosen = sorted(chosen, key=_KEYS[sort]) if sort else chosen
    if as_json:
        print_json([asdict(state) for state in chosen])
        return
    lines = [] if bad else [*_health_told(states, vitals, config.data), *_lead(chosen, all_links=all_links)]
    since_when = inspection.bad_since(config.data, [state.url for state in chosen if not state.good])
    for state in chosen:
        lines += _link_told(state, since_when.get(state.url, ""))
    print_lines(lines, pager=not no_pager)


def _is_well(state: LinkState) -> bool:
    """Whether a link's last fetch was good, and most of its newest page is held."""
    return state.good and bool(state.words) and not loss_told(state.lost) and not state.uncut


_KEYS: Mapping[Order, Any] = {
    Order.verdict: lambda state: state.verdict,
    Order.date: lambda state: state.article_at,
    Order.words: lambda state: state.words,
}


# --------------------------------------------------------------------------- health


def _health_told(states: Sequence[LinkState], vitals: Vitals, folder: Path) -> Iterator[Text]:
    from rich.text import Text

    from indexer.store.inspection import LARGE_LOG, LOG_ADVICE

    answering = sum(1 for state in states if state.words)
    passages = plural(sum(state.passages for state in states), "passage")
    yield Text(f"{answering:,} of {plural(len(states), 'link')} answer with {passages}.", style="bold")
    counts = Counter(map(_condition, states))
    yield Text(
        f"  links      {' · '.join(f'{counts[each]:,} {each}' for each in _CONDITIONS if counts[each])}"
    )
    held = [state for state in states if state.words]
    if held:
        sources = Counter(source_told(state.source, rendered=state.rendered) for state in held)
        oldest = min(state.article_at for state in held)[:10]
        told = " · ".join(f"{count:,} {source}" for source, count in sources.most_common())
        yield Text(f"  texts      {told} · the oldest of {oldest}")
    yield Text(
        f"  size       {_megabytes(vitals.file + vitals.index)} "
        f"({_megabytes(vitals.file)} library, {_megabytes(vitals.index)} index)"
    )
    if vitals.log > LARGE_LOG:
        yield Text(f"  log        {_megabytes(vitals.log)} of it are not taken in yet; {LOG_ADVICE}")
    yield Text(safe(f"  folder     {folder.absolute()}"))
    yield Text(f"  last run   {_run_told(vitals)}")


_CONDITIONS = ("ok", "bad but held", "without a copy", "never crawled")


def _condition(state: LinkState) -> str:
    if not state.verdict and not state.words:
        return "never crawled"
    if not state.words:
        return "without a copy"
    return "ok" if state.good else "bad but held"


def _run_told(vitals: Vitals) -> str:
    if not vitals.run:
        return "none"
    told = f"{vitals.run} of {_minute(vitals.started_at)}"
    if not vitals.finished_at:
        return f"{told}, not ended (interrupted, or goes on); generation {vitals.generation}"
    lasted = datetime.fromisoformat(vitals.finished_at) - datetime.fromisoformat(vitals.started_at)
    minutes, seconds = divmod(round(lasted.total_seconds()), 60)
    ended = f"ended after {minutes} min {seconds} s" if minutes else f"ended after {seconds} s"
    return f"{told}, {ended}; generation {vitals.generation}"


def _minute(stamp: str) -> str:
    return f"{stamp[:10]} {stamp[11:16]} UTC"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"


# ---------------------------------------------------------------------------- links


def _lead(chosen: Sequence[LinkState], *, all_links: bool) -> Iterator[Text]:
    """What stands between the health and the links."""
    from rich.text import Text

    yield Text("")
    if all_links:
        return
    if chosen:
        verb = "needs" if len(chosen) == 1 else "need"
        yield Text(f"{plural(len(chosen), 'link')} {verb} a look (--all shows every link):", style="bold")
        yield Text("")
    else:
        yield Text("Nothing is wrong (--all shows every link).")


def _link_told(state: LinkState, bad_since: str) -> Iterator[Text]:
    """One link: on a terminal its address on a line of its own, else all on one line."""
    if state.good:
        verdict = f"{state.verdict} {state.fetched_at[:10]}"
    else:
        verdict = f"{state.verdict} since {bad_since[:10]}" if state.verdict else "never crawled"
    if state.words:
        pages = f" on {plural(state.pages, 'page')}" if state.pages > 1 else ""
        source = source_told(state.source, rendered=state.rendered)
        held = f"{plural(state.words, 'word')}{pages} of {state.article_at[:10]} ({source})"
    else:
        held = "no copy"
    uncut = f"its newest text could not be cut into passages ({state.uncut})" if state.uncut else ""
    reasons = [state.reason if state.verdict and not state.good else "", uncut, loss_told(state.lost)]
    style = "green" if _is_well(state) else "yellow" if state.words else "red"
    yield from _lines_of((verdict, style), (held, state.category), state.url, reasons)


def _lines_of(
    mark: tuple[str, str], facts: Sequence[str], url: str, remarks: Sequence[str]
) -> Iterator[Text]:
    """A thing with its mark, its facts, its address and its remarks, for a terminal or for a pipe."""
    from rich.style import Style
    from rich.text import Text

    console = stdout()
    url, *facts = map(safe, (url, *facts))
    remarks = [safe(" ".join(remark.split())) for remark in remarks if remark]
    if not console.is_terminal:
        yield Text("  ".join([f"{mark[0]:<30}", url, *facts, *remarks]))
        return
    head = Text.assemble(mark, *(part for fact in facts for part in (" · ", fact)))
    yield from _wrapped(head, console.width)
    yield Text.assemble("  ", (url, Style(color="blue", link=url)))
    for remark in remarks:
        for line in _wrapped(Text(remark), console.width - 2):
            yield Text.assemble("  ", line)


def _wrapped(text: Text, width: int) -> Iterator[Text]:
    """The text on lines of at most so many columns."""
    for line in text.wrap(stdout(), width):
        line.rstrip()
        yield line


# -------------------------------------------------------------------------- changes


def _changes_told(rows: Sequence[Mapping[str, Any]]) -> Iterator[Text]:
    from rich.text import Text

    for row in rows:
        lines = len(row["lines"])
        facts = (f"{plural(lines, 'line')} differ" if lines else row["title"], row["category"])
        style = "red" if row["change"] == "broken" else "green"
        yield from _lines_of(
            (f"{row['change']} {row['at'][:10]}", style), facts, row["page_url"], [row["reason"]]
        )
    if not rows:
        yield Text("Nothing has changed.")
