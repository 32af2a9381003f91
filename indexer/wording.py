"""What is said alike on a terminal and on a page: how many, how old, how a link fares, what is held of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

from indexer.escaping import safe

if TYPE_CHECKING:
    from indexer.records import Loss
    from indexer.store.inspection import LinkState, Vitals

ALARM = 0.25
"""The share of the main part's words that an article must lack to be worth a word. Of 513 real pages 78 lack
as much; 58 of them lack a tenth or more of what they should hold, and so do 41 of the 64 that lack three
tenths (``benchmarks/extraction.py --alarm``). Stories and comments beside the article are the rest."""


def plural(count: int, one: str, many: str = "") -> str:
    """A count with its noun: ``1 page``, ``28 pages``."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def age(taken: datetime, now: datetime) -> str:
    """How long ago a text was taken, in words: ``today``, ``3 days ago``, ``2 years ago``."""
    days = (now - taken).days
    if days < 2:
        return "yesterday" if days == 1 else "today"
    for unit, length, least in (("year", 365, 730), ("month", 30, 60), ("week", 7, 14)):
        if days >= least:
            return f"{days // length} {unit}s ago"
    return f"{days} days ago"


def brief(text: str, most: int = 200) -> str:
    """A text on one line, cut where it has more characters."""
    line = " ".join(safe(text).split())
    return line if len(line) <= most else f"{line[: most - 1].rstrip()}…"


def minute(stamp: str) -> str:
    """The minute of a stamp: ``2026-01-31 03:00 UTC``."""
    return f"{stamp[:10]} {stamp[11:16]} UTC"


# ------------------------------------------------------------------------- articles


def loss_told(lost: Loss) -> str:
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


def source_told(source: str, *, rendered: bool) -> str:
    """Where a text was taken from, and whether a browser had to show it."""
    return f"{source}, rendered" if rendered else source or "-"


# ---------------------------------------------------------------------------- links


def is_well(state: LinkState) -> bool:
    """Whether a link's last fetch was good, and most of its newest page is held."""
    return state.good and bool(state.words) and not loss_told(state.lost) and not state.uncut


def verdict_told(state: LinkState, bad_since: str) -> str:
    """What a link's last fetch said and when; of a bad one, since when all were bad."""
    if state.good:
        return f"{state.verdict} {state.fetched_at[:10]}"
    return f"{state.verdict} since {bad_since[:10]}" if state.verdict else "never crawled"


def held_told(state: LinkState) -> str:
    """What is held for a link, of when and from where."""
    if not state.words:
        return "no copy"
    pages = f" on {plural(state.pages, 'page')}" if state.pages > 1 else ""
    source = source_told(state.source, rendered=state.rendered)
    return f"{plural(state.words, 'word')}{pages} of {state.article_at[:10]} ({source})"


def remarks_told(state: LinkState) -> list[str]:
    """What a person should know of a link that is not well."""
    uncut = f"its newest text could not be cut into passages ({state.uncut})" if state.uncut else ""
    remarks = (state.reason if state.verdict and not state.good else "", uncut, loss_told(state.lost))
    return [remark for remark in remarks if remark]


# --------------------------------------------------------------------------- health


def health_line(states: Sequence[LinkState]) -> str:
    """How many links answer, with how much."""
    answering = sum(1 for state in states if state.words)
    passages = plural(sum(state.passages for state in states), "passage")
    return f"{answering:,} of {plural(len(states), 'link')} answer with {passages}."


def health_facts(states: Sequence[LinkState], vitals: Vitals) -> Iterator[tuple[str, str]]:
    """The library's health, each fact with its name."""
    from indexer.store.inspection import LARGE_LOG, LOG_ADVICE

    counts = Counter(map(_condition, states))
    yield "links", " · ".join(f"{counts[each]:,} {each}" for each in _CONDITIONS if counts[each])
    held = [state for state in states if state.words]
    if held:
        sources = Counter(source_told(state.source, rendered=state.rendered) for state in held)
        oldest = min(state.article_at for state in held)[:10]
        told = " · ".join(f"{count:,} {source}" for source, count in sources.most_common())
        yield "texts", f"{told} · the oldest of {oldest}"
    both, library, index = map(_megabytes, (vitals.file + vitals.index, vitals.file, vitals.index))
    yield "size", f"{both} ({library} library, {index} index)"
    if vitals.log > LARGE_LOG:
        yield "log", f"{_megabytes(vitals.log)} of it are not taken in yet; {LOG_ADVICE}"
    yield "last run", _run_told(vitals)


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
    told = f"{vitals.run} of {minute(vitals.started_at)}"
    if not vitals.finished_at:
        return f"{told}, not ended (interrupted, or goes on); generation {vitals.generation}"
    lasted = datetime.fromisoformat(vitals.finished_at) - datetime.fromisoformat(vitals.started_at)
    minutes, seconds = divmod(round(lasted.total_seconds()), 60)
    ended = f"ended after {minutes} min {seconds} s" if minutes else f"ended after {seconds} s"
    return f"{told}, {ended}; generation {vitals.generation}"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
