"""Pages a second, memory and the share of each stage; beside it the same work by Scrapy and trafilatura.

    python benchmarks/crawl.py [--pages 2000] [--hosts 200] [--rounds 3] [--write]

One process serves the pages of ``loopback_web.py``; the product and Scrapy crawl them in turns, each in a
process of its own, with the same politeness. Scrapy is installed into ``data/peers``, and left out if
that fails.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import bench
import psutil
from bench import interpreter, machine

HERE = Path(__file__).parent
PEERS = Path("data/peers")
SAMPLE_SECONDS = 0.1


class Memory(threading.Thread):
    """Watches a process and its children from outside: the peak of their sum, and of the largest."""

    def __init__(self, pid: int) -> None:
        super().__init__(daemon=True)
        self._root = psutil.Process(pid)
        self.total = self.largest = 0
        self.start()

    def run(self) -> None:
        while self._root.is_running():
            try:
                sizes = [p.memory_info().rss for p in (self._root, *self._root.children(recursive=True))]
            except psutil.NoSuchProcess:
                continue  # one of them ended between the look and the question
            self.total, self.largest = max(self.total, sum(sizes)), max(self.largest, *sizes)
            if self._root.status() == psutil.STATUS_ZOMBIE:
                return
            time.sleep(SAMPLE_SECONDS)


def run(command: list[Any], environment: dict[str, str]) -> dict[str, Any]:
    """What a command prints as JSON, with its peak memory in MB and its CPU seconds."""
    before = psutil.Process().cpu_times()
    with subprocess.Popen(
        [str(part) for part in command], stdout=subprocess.PIPE, text=True, env=os.environ | environment
    ) as child:
        memory = Memory(child.pid)
        assert child.stdout is not None
        told = child.stdout.read()
    if child.returncode:
        sys.exit(f"{command[1]} ended with {child.returncode}")
    memory.join()
    after = psutil.Process().cpu_times()
    used = sum(after[2:4]) - sum(before[2:4])  # of children that have ended
    report: dict[str, Any] = json.loads(told)
    return report | {
        "total_mb": memory.total / 2**20, "largest_mb": memory.largest / 2**20, "cpu_seconds": used
    }  # fmt: skip


@contextmanager
def web(pages: int, hosts: int, links: Path) -> Iterator[int]:
    """The served pages: their links in a file, the port yielded."""
    command = [sys.executable, str(HERE / "loopback_web.py"), "--pages", str(pages), "--hosts", str(hosts)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        ready = json.loads(server.stdout.readline())
        links.write_text(json.dumps(ready["links"]))
        try:
            yield ready["port"]
        finally:
            server.terminate()


def measure(options: argparse.Namespace, folder: Path) -> str:
    """All runs; the report as Markdown."""
    links, exports = folder / "links.json", folder / "exports"
    wanted = ("scrapy", f"trafilatura=={version('trafilatura')}", "lxml_html_clean")
    python = interpreter(PEERS / "scrapy", *wanted)
    ours: list[dict[str, Any]] = []
    theirs: list[dict[str, Any]] = []
    product = [sys.executable, HERE / "crawl_once.py", "--exports", exports]
    with web(options.embedded, options.hosts, links) as port:  # also makes the encoder's export
        embedded = run([*product, port, links, folder / "embedded", "--real-encoder"], {})
    with web(options.pages, options.hosts, links) as port:
        for number in range(options.rounds):
            ours.append(run([*product, port, links, folder / f"data-{number}"], {}))
            if python:
                environment = {"http_proxy": f"http://127.0.0.1:{port}", "no_proxy": ""}
                scrapy = [python, HERE / "scrapy_once.py", links, folder / f"out-{number}.jsonl"]
                theirs.append(run(scrapy, environment))
    return written(options, ours, theirs, embedded)


def written(
    options: argparse.Namespace,
    ours: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
    embedded: dict[str, Any],
) -> str:
    def middle(runs: list[dict[str, Any]], name: str) -> float:
        return statistics.median(float(one[name]) for one in runs)

    for one in ours:
        one["crawl"] = one["stages"]["crawl"]
        one["rate"] = one["verdicts"].get("ok", 0) / one["crawl"]
    for one in theirs:
        one["rate"] = one["pages"] / one["seconds"]
    setting = (
        f"{options.pages:,} pages on {options.hosts} hosts on loopback, one request at a time for each host, "
        f"no delay, robots.txt obeyed, 32 requests in flight; {options.rounds} runs in turns, medians. "
        "Memory is resident, sampled from outside ten times a second; pages that processes share count "
        "once for each. Pages a second are those of the crawl: fetched, read, and stored (by Scrapy: "
        "written as JSON lines). CPU is that of the crawl; Scrapy's has its start in it."
    )
    versions = "".join(f" Scrapy {one['versions']['scrapy']}." for one in theirs[:1])
    lines = [
        setting,
        "",
        machine("httpx", "trafilatura", "lxml") + versions,
        "",
        "| | pages/s | CPU ms a page | peak MB, all processes | peak MB, largest | pages without a text |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
        row("indexer", ours, options.pages, middle(ours, "rate"), sum(1 for _ in ours[-1]["without_copy"])),
    ]
    if theirs:
        missing = options.pages - min(one["pages"] for one in theirs)
        lines += [row("Scrapy + trafilatura", theirs, options.pages, middle(theirs, "rate"), missing)]
        ratios = [a["rate"] / b["rate"] for a, b in zip(ours, theirs, strict=True)]
        apart = f"{min(ratios):.2f} to {max(ratios):.2f}"
        told = f"{statistics.median(ratios):.2f} (median of the rounds, which go from {apart})"
        lines += ["", f"Pages a second, indexer to Scrapy + trafilatura: {told}."]
    else:
        lines += ["", "Scrapy could not be installed here."]
    lines += ["", *stages(options, ours, embedded)]
    return "\n".join(lines)


def row(name: str, runs: list[dict[str, Any]], pages: int, rate: float, missing: int) -> str:
    cpu = statistics.median(
        (sum(one["cpu"].values()) if "cpu" in one else one["cpu_seconds"]) * 1000 / pages for one in runs
    )
    total, largest = (statistics.median(one[key] for one in runs) for key in ("total_mb", "largest_mb"))
    return f"| {name} | {rate:.0f} | {cpu:.1f} | {total:.0f} | {largest:.0f} | {missing} |"


def stages(options: argparse.Namespace, ours: list[dict[str, Any]], embedded: dict[str, Any]) -> list[str]:
    def cpu(name: str) -> float:
        return statistics.median(float(one["cpu"][name]) for one in ours)

    whole = sum(cpu(name) for name in ("fetch", "read", "store"))
    wall = {name: statistics.median(one["stages"][name] for one in ours) for name in ("crawl", "publish")}
    rate = embedded["embedded"] / embedded["stages"]["embed"]
    passages = ours[-1]["passages"]
    walls = (
        f"Wall seconds of one run: crawl {wall['crawl']:.1f}, publish {wall['publish']:.1f} "
        f"({passages:,} passages cut, indexed and written; their vectors made up). Embedding apart, with the "
        f"real encoder on {options.embedded} of the pages: {embedded['embedded']:,} passages in "
        f"{embedded['stages']['embed']:.1f} s, {rate:.0f} a second; at that rate the {passages:,} of all "
        f"pages take {passages / rate:.0f} s."
    )
    return [
        "The crawl's CPU; fetching, reading (in worker processes) and storing overlap:",
        "",
        "| stage | CPU seconds | share |",
        "| --- | ---: | ---: |",
        *(
            f"| {label} | {cpu(name):.1f} | {cpu(name) / whole:.0%} |"
            for name, label in (("fetch", "fetch and judge"), ("read", "read"), ("store", "store"))
        ),
        "",
        walls,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--embedded", type=int, default=100, help="pages embedded with the real encoder")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bench.report("crawl", measure(options, Path(folder)), write=options.write)


if __name__ == "__main__":
    main()
