"""Fifty questioners at once for a minute, in one process and in ten: ``python -m tests.trust.load``.

Each asks one question after the other of the warm demo library and compares the answer with the one that the
question had when it was asked alone. Memory is looked at when all are warm and again at the end.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import psutil
import yaml

from indexer import Library
from indexer.demo.site import sample_folder
from tests.demo import demo_once
from tests.trust.trials import machine, tell

QUESTIONERS, PROCESSES, SECONDS = 50, 10, 60.0
WARM = 0.25
"""The share of the time after which caches and pools are what they will be."""
GROWTH = 1.05
"""Memory at the end to that of the warm library which is still flat."""


def questions() -> list[str]:
    """Those that come with the sample articles."""
    asked = yaml.safe_load((sample_folder() / "questions.yaml").read_text("utf-8"))
    return [one["question"] for one in asked]


@dataclass
class Asked:
    """What questioners saw: milliseconds of each answer, what went wrong, bytes of their processes."""

    times: list[float] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    warm: int = 0
    end: int = 0

    def add(self, other: Asked) -> None:
        """Take in what others saw."""
        self.times += other.times
        self.wrong += other.wrong
        self.warm += other.warm
        self.end += other.end


def told(library: Library, question: str) -> list[str]:
    """An answer, as far as it must be the same each time."""
    return [hit.link for hit in library.search(question, k=5)]


def ask(data: Path, *, questioners: int, seconds: float, among: Sequence[str]) -> Asked:
    """Ask with so many threads of this process, for so long."""
    seen, memory = Asked(), psutil.Process().memory_info
    with Library.open(data) as library, ThreadPoolExecutor(questioners) as pool:
        alone = {question: told(library, question) for question in among}
        begun = time.monotonic()

        def go_on(first: int) -> Asked:
            mine, number = Asked(), first
            while (now := time.monotonic()) < begun + seconds:
                question = among[number % len(among)]
                number += 1
                try:
                    answer = told(library, question)
                except Exception as error:  # noqa: BLE001 - whatever it is, it should not have come
                    mine.wrong.append(f"{question}: {type(error).__name__}: {error}")
                else:
                    if answer != alone[question]:
                        mine.wrong.append(f"{question}: another answer than alone")
                mine.times.append((time.monotonic() - now) * 1000)
                if not first and not mine.warm and now > begun + WARM * seconds:
                    mine.warm = memory().rss
            return mine

        for mine in pool.map(go_on, range(questioners)):
            seen.add(mine)
        seen.end = memory().rss
    return seen


def in_processes(data: Path, seconds: float) -> Asked:
    """The same over :data:`PROCESSES` processes, :data:`QUESTIONERS` in all."""
    each = QUESTIONERS // PROCESSES
    command = [sys.executable, "-m", __spec__.name, "--data", str(data), "--seconds", str(seconds)]
    running = [
        subprocess.Popen([*command, "--questioners", str(each)], stdout=subprocess.PIPE, text=True)
        for _ in range(PROCESSES)
    ]
    seen = Asked()
    for process in running:
        out, _ = process.communicate()
        seen.add(Asked(**json.loads(out)) if not process.returncode else Asked(wrong=["a process died"]))
    return seen


def row(how: str, seen: Asked, seconds: float) -> str:
    """A line of the table."""
    p50, p99 = np.percentile(seen.times, [50, 99])
    return (
        f"| {how} | {len(seen.times):,} | {len(seen.times) / seconds:.0f} | {p50:.0f} | {p99:.0f} | "
        f"{len(seen.wrong)} | {seen.warm / 2**20:.0f} | {seen.end / 2**20:.0f} |"
    )


def main() -> None:
    """Both ways, and their section of RELIABILITY.md."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--data", type=Path, help="be one of the processes, and print what was seen")
    parser.add_argument("--questioners", type=int, default=QUESTIONERS)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    if chosen.data:
        seen = ask(chosen.data, questioners=chosen.questioners, seconds=chosen.seconds, among=questions())
        print(json.dumps(asdict(seen)))
        return
    with TemporaryDirectory() as folder:
        data = demo_once(Path(folder) / "demo").library
        threads = ask(data, questioners=QUESTIONERS, seconds=chosen.seconds, among=questions())
        processes = in_processes(data, chosen.seconds)
    ways = {
        f"{QUESTIONERS} threads of one process": threads,
        f"{PROCESSES} processes of {QUESTIONERS // PROCESSES} threads": processes,
    }
    wrong = [one for seen in ways.values() for one in seen.wrong]
    wrong += [f"{how}: memory grew" for how, seen in ways.items() if seen.end > GROWTH * seen.warm]
    claim = (
        f"The demo library under {QUESTIONERS} questioners for {chosen.seconds:.0f} s, hybrid, each answer "
        "compared with the one that its question has alone. They share the processors, so one takes as "
        "long as all of them."
    )
    rows = [
        "| | answers | a second | p50, ms | p99, ms | wrong | MiB when warm | MiB at the end |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |",
        *(row(how, seen, chosen.seconds) for how, seen in ways.items()),
    ]
    text = "\n".join([claim, "", *rows, "", machine()])
    tell("load", text, write=chosen.write)
    for one in wrong[:20]:
        print(f"wrong: {one}", file=sys.stderr)
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
