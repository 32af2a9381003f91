"""What the trials of trust share: one attempt and how it ended, their table, a section of RELIABILITY.md.

A module of trials does the same thing to the program many times, each time at another instant, place or
input, and looks at what came of it. ``make trust`` runs them all; the quick part of each is in ``make test``.
"""

from __future__ import annotations

import argparse
import os
import platform
import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

RELIABILITY = Path(__file__).parents[2] / "RELIABILITY.md"


@dataclass(frozen=True)
class Trial:
    """One attempt.

    Attributes:
        kind: what was done to what, a row of the table: "crawl killed", "library.db: bit flipped".
        ended: how it ended, a column: "whole", "told", "answered as before".
        wrong: what should not have come of it, with all that repeats the attempt; empty where all is well.
    """

    kind: str
    ended: str
    wrong: str = ""


Trials = Callable[[int], Iterator[Trial]]
"""Attempts without end, the same ones for the same seed."""


def table(trials: Iterable[Trial]) -> str:
    """Kinds by how they ended, as Markdown, with a sum; what went wrong stands in a column of its own."""
    counts = Counter((trial.kind, "**wrong**" if trial.wrong else trial.ended) for trial in trials)
    kinds, ends = (list(dict.fromkeys(pair[place] for pair in counts)) for place in (0, 1))
    rows = {kind: [counts[kind, end] for end in ends] for kind in kinds}
    rows["all"] = [sum(column) for column in zip(*rows.values(), strict=True)]
    lines = [["", *ends, "trials"], ["---", *["---:"] * (len(ends) + 1)]]
    lines += [[kind, *map(str, row), str(sum(row))] for kind, row in rows.items()]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def main(section: str, trials: Trials, *, count: int, claim: str, measured: Callable[[], str] = str) -> None:
    """Run ``count`` trials from the command line and tell them; exit 1 where any went wrong.

    Args:
        section: where in RELIABILITY.md the table goes, between its marks.
        trials: makes them.
        count: how many, unless ``--count`` says another number.
        claim: the sentence above the table: what was done, and what must hold.
        measured: measures what else belongs there, and gives the text below the table.
    """
    parser = argparse.ArgumentParser(description=claim)
    parser.add_argument("--count", type=int, default=count)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true", help=f"put the table into {RELIABILITY.name}")
    chosen = parser.parse_args()
    begun, done = time.monotonic(), []
    for trial in islice(trials(chosen.seed), chosen.count):
        done.append(trial)
        if trial.wrong:
            print(f"wrong: {trial.kind}: {trial.wrong}", file=sys.stderr, flush=True)
    minutes = (time.monotonic() - begun) / 60
    text = f"{claim}\n\n{table(done)}\n\n{minutes:.1f} minutes, seed {chosen.seed}; {machine()}"
    text = "\n\n".join(filter(None, (text, measured())))
    tell(section, text, write=chosen.write)
    sys.exit(any(trial.wrong for trial in done))


def tell(section: str, text: str, *, write: bool) -> None:
    """Print what was tried; ``write`` puts it between the section's marks in RELIABILITY.md too."""
    print(text)
    if write:
        begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
        head, mark, rest = RELIABILITY.read_text("utf-8").partition(begin)
        if not mark:
            raise SystemExit(f"{RELIABILITY} has no {begin}")
        RELIABILITY.write_text(f"{head}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def machine() -> str:
    """Where it was tried: processors, system, Python and SQLite."""
    return (
        f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors, "
        f"Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}."
    )
