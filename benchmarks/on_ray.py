"""Pages a second of a crawl on Ray with 1, 2 and 4 processors offered, beside this machine's own engine.

    python benchmarks/on_ray.py [--pages 1000] [--hosts 200] [--rounds 3] [--write]

One process serves the pages of ``loopback_web.py``; the engines crawl them in turns, each in a process of its
own. Only the crawl is timed: fetched, read and stored. Ray's start is not in it. Needs the extra ``scale``.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bench
from crawl import web

from indexer import extract
from indexer.config import Config, CrawlConfig
from indexer.engine import Engine, Here
from indexer.pipeline import crawling, watching
from indexer.records import Link, Outcome, Source
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database

OFFERED = (1, 2, 4)


@contextmanager
def engine_of(config: Config, offered: int) -> Iterator[Engine]:
    """Ray with so many processors, this machine's own engine for none."""
    if not offered:
        yield Here()
        return
    import ray

    from indexer.scale import on_ray

    ray.init = partial(ray.init, num_cpus=offered)
    with on_ray(config) as engine:
        yield engine


def once(links_file: Path, data: Path, offered: int) -> None:
    """One crawl; prints its seconds and those of this process's processor."""
    links = [Link(url, "Benchmark", title=title) for url, title in json.loads(links_file.read_text())]
    config = Config(data=data, crawl=CrawlConfig(delay=0.0))
    with engine_of(config, offered) as engine, Database(data) as database:
        run = database.start_run(resume_within=timedelta(0))
        log = CrawlLog(database, run, extractor=extract.VERSION)
        good = 0

        def record(outcome: Outcome) -> None:
            nonlocal good
            log.record(outcome)
            good += outcome.fetch.verdict.good

        crawl: Any = crawling._fetch_pages  # noqa: SLF001 - the stage alone has no other door
        began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_SELF)
        asyncio.run(
            crawl(
                links, config, engine, log=log, record=record, traffic=watching.Nobody(), force=False,
                source=Source.LIVE, transport=None,
            )
        )  # fmt: skip
        seconds, after = time.monotonic() - began, resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - used.ru_utime - used.ru_stime
    print(json.dumps({"good": good, "seconds": seconds, "cpu": cpu}))


def measure(options: argparse.Namespace, folder: Path) -> str:
    """All runs in turns; the report as Markdown."""
    links = folder / "links.json"
    runs: dict[int, list[dict[str, float]]] = {offered: [] for offered in (0, *OFFERED)}
    with web(options.pages, options.hosts, links) as port:
        proxy = f"http://127.0.0.1:{port}"
        environment = os.environ | {"HTTP_PROXY": proxy, "http_proxy": proxy, "no_proxy": ""}
        # Ray reads these when it is imported, which here is before its cluster is made.
        environment |= {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "token", "RAY_ADDRESS": ""}
        for number in range(options.rounds):
            for offered, told in runs.items():
                data = folder / f"data-{offered}-{number}"
                command = [sys.executable, __file__, "--once", str(links), str(data), str(offered)]
                done = subprocess.run(command, env=environment, check=True, stdout=subprocess.PIPE, text=True)
                told.append(json.loads(done.stdout.splitlines()[-1]))
    return written(options, runs)


def written(options: argparse.Namespace, runs: dict[int, list[dict[str, float]]]) -> str:
    """The report."""
    setting = (
        f"{options.pages:,} pages on {options.hosts} hosts on loopback, no pauses; rounds in turns: "
        f"{options.rounds}, medians. The driver is the process that keeps the library, gives the hosts their "
        f"turns and judges the pages. All share {os.cpu_count()} processors with the server and Ray's own "
        "processes, however many are offered to tasks: so this shows what Ray costs, and not what more "
        "machines gain."
    )
    lines = [
        setting,
        "",
        "| engine | pages/s | to this machine's own | driver, CPU ms a page | pages without a text |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for offered, told in runs.items():
        rate = statistics.median(options.pages / one["seconds"] for one in told)
        ratio = statistics.median(
            alone["seconds"] / one["seconds"] for alone, one in zip(runs[0], told, strict=True)
        )
        cpu = statistics.median(one["cpu"] * 1000 / options.pages for one in told)
        missing = options.pages - min(one["good"] for one in told)
        name = f"Ray, {offered} offered" if offered else "this machine's own"
        lines.append(f"| {name} | {rate:.0f} | {ratio:.2f} | {cpu:.1f} | {missing:.0f} |")
    lines += ["", bench.machine("ray", "httpx", "trafilatura")]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=1000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--once", nargs=3, metavar=("LINKS", "DATA", "OFFERED"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        links, data, offered = options.once
        once(Path(links), Path(data), int(offered))
        return
    with tempfile.TemporaryDirectory() as folder:
        bench.report("ray", measure(options, Path(folder)), write=options.write)


if __name__ == "__main__":
    main()
