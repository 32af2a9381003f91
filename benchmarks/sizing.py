"""Shards, replicas, memory and machines for a million to a billion passages, reckoned from what was measured.

    python benchmarks/sizing.py [--write]

What is measured or assumed stands in ``sizing.json``, each figure with its source; change it there.
``--write`` puts the table into ``docs/scale.md``. Nothing is measured here.
"""

from __future__ import annotations

import argparse
import json
import math
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "scale.md"
BEGIN, END = "<!-- sizing:begin -->", "<!-- sizing:end -->"

SIZES = (10**6, 10**7, 10**8, 10**9)
CORES, MEMORY, USABLE = 8, 64 * 10**9, 0.7
"""Of one machine: its processors, its bytes, and the share of both that work may take."""
FIRST_CRAWL = 7 * 86400
"""Seconds in which everything is to be fetched, read and embedded for the first time."""
QUESTIONS = 50
"""A second, at the busiest time."""
LEAST_REPLICAS = 2
"""So that a machine may be lost."""


@dataclass(frozen=True)
class Figures:
    """The figures of ``sizing.json``."""

    passages_per_page: float
    fetch_ms_per_page: float
    read_ms_per_page: float
    driver_ms_per_page: float
    publish_ms_per_passage: float
    embedded_per_second_and_core: float
    library_bytes_per_passage: float
    raw_bytes_per_page: float
    local_index_bytes_per_passage: float
    local_publish_peak_bytes: float
    local_publish_peak_bytes_per_passage: float
    served_bytes_per_passage: float
    inserted_per_second: float
    questions_per_second_and_replica: float
    ray_efficiency: float


@dataclass(frozen=True)
class Plan:
    """What so many passages take."""

    passages: int
    pages: float
    fetching_cores: int
    embedding_cores: int
    working_machines: int
    driver_days: float
    library_bytes: float
    one_machine_bytes: float
    """What publishing with the local index takes at its peak."""
    shards: int
    replicas: int
    shard_bytes: float
    filling_days: float
    """By the one run that publishes, whose processor bounds it."""

    @property
    def serving_machines(self) -> int:
        """One for each replica of each shard."""
        return self.shards * self.replicas


def plan(passages: int, known: Figures) -> Plan:
    """What so many passages take."""
    pages = passages / known.passages_per_page
    page_seconds = pages * (known.fetch_ms_per_page + known.read_ms_per_page) / 1000
    cutting_seconds = passages * known.publish_ms_per_passage / 1000
    embedding_seconds = passages / known.embedded_per_second_and_core
    reading = (page_seconds + cutting_seconds) / known.ray_efficiency / FIRST_CRAWL
    embedding = embedding_seconds / known.ray_efficiency / FIRST_CRAWL
    shards = math.ceil(passages * known.served_bytes_per_passage / (MEMORY * USABLE))
    return Plan(
        passages=passages,
        pages=pages,
        fetching_cores=math.ceil(reading),
        embedding_cores=math.ceil(embedding),
        working_machines=math.ceil((reading + embedding) / (CORES * USABLE)),
        driver_days=pages * known.driver_ms_per_page / 1000 / 86400,
        library_bytes=passages * known.library_bytes_per_passage + pages * known.raw_bytes_per_page,
        one_machine_bytes=known.local_publish_peak_bytes
        + passages * known.local_publish_peak_bytes_per_passage,
        shards=shards,
        replicas=max(LEAST_REPLICAS, math.ceil(QUESTIONS / known.questions_per_second_and_replica)),
        shard_bytes=passages * known.served_bytes_per_passage / shards,
        filling_days=passages / known.inserted_per_second / 86400,
    )


def table(plans: list[Plan]) -> list[str]:
    """The plans beside each other."""

    def row(name: str, *told: str) -> str:
        return f"| {name} | {' | '.join(told)} |"

    return [
        row("", *(f"{each.passages:,} passages" for each in plans)),
        f"| --- |{' ---: |' * len(plans)}",
        row("pages", *(f"{each.pages:,.0f}" for each in plans)),
        row("cores that fetch, read and cut", *(f"{each.fetching_cores:,}" for each in plans)),
        row("cores that embed", *(f"{each.embedding_cores:,}" for each in plans)),
        row("machines of Ray", *(f"{each.working_machines:,}" for each in plans)),
        row("the driver's processor, days", *(f"{each.driver_days:.2f}" for each in plans)),
        row("library.db with raw pages, GB", *(f"{each.library_bytes / 1e9:,.0f}" for each in plans)),
        row(
            "publishing beside the library, peak GB",
            *(f"{each.one_machine_bytes / 1e9:,.1f}" for each in plans),
        ),
        row("shards of Milvus", *(f"{each.shards:,}" for each in plans)),
        row("replicas of each", *(f"{each.replicas:,}" for each in plans)),
        row("memory of a shard, GB", *(f"{each.shard_bytes / 1e9:,.1f}" for each in plans)),
        row("machines that serve", *(f"{each.serving_machines:,}" for each in plans)),
        row("filling Milvus, by one process, days", *(f"{each.filling_days:.2f}" for each in plans)),
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    read = json.loads((HERE / "sizing.json").read_text("utf-8"))
    known = Figures(**{name: float(figure["value"]) for name, figure in read.items()})
    setting = (
        f"A machine has {CORES} cores and {MEMORY / 1e9:.0f} GB, of which work takes {USABLE:.0%}. The first "
        f"crawl is to be done in {FIRST_CRAWL / 86400:.0f} days, and {QUESTIONS} questions come a second:"
    )
    sources = [f"- `{name}` = {figure['value']:,} ({figure['source']})" for name, figure in read.items()]
    text = "\n".join([*table([plan(size, known) for size in SIZES]), "", setting, "", *sources])
    print(text)
    if options.write:
        head, _, rest = PAGE.read_text("utf-8").partition(BEGIN)
        _, _, tail = rest.partition(END)
        PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
