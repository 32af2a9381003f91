"""How many clients a server answers at once, how fast, and what that takes.

    python benchmarks/serving.py [--write] [--seconds 60] [--clients 50]

One `indexer serve` over a copy of the demo's library on loopback. Each client asks the sample questions
one after the other, on a connection that stays. In the middle a page is added and published by `indexer
import`; what is asked after that must be answered from the new state. Then `ask` and `ask --server` are
started ten times each. Clients and server share the machine's processors.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

import bench
import psutil

from indexer.catalogue import load
from indexer.config import Config
from indexer.demo import sample_catalogue, sample_crawl
from indexer.demo.site import sample_folder
from indexer.evaluate.questions import load_questions

INDEXER = [sys.executable, "-m", "indexer"]
STARTS = 10
PAGE = (
    "# Published in the middle\n\n"
    + "A heron stands in the shallows and waits for the fish to forget it. " * 12
)


@dataclass
class Measured:
    """What the clients saw: begun and took, in seconds, and the generation of each answer."""

    answers: list[tuple[float, float, int]] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    memory: list[int] = field(default_factory=list)


def ask_on(place: str, questions: list[str], measured: Measured, until: float) -> None:
    """One client, until a moment of the monotonic clock."""
    connection = HTTPConnection(place, timeout=30)
    number = 0
    while time.monotonic() < until:
        begun = time.monotonic()
        try:
            connection.request("GET", "/api/v1/ask?" + urlencode({"q": questions[number % len(questions)]}))
            reply = connection.getresponse()
            told = json.loads(reply.read())
            if reply.status == 200:
                measured.answers.append((begun, time.monotonic() - begun, told["generation"]))
            else:
                measured.errors.append(f"{reply.status} {told['detail']}")
        except (OSError, HTTPException, ValueError) as error:
            measured.errors.append(repr(error))
            connection.close()
        number += 1
    connection.close()


def publish(folder: Path, link: str) -> float:
    """Add a page and publish it; the moment at which that was done."""
    page = folder / "page.md"
    page.write_text(PAGE)
    command = [*INDEXER, "import", link, str(page), "--data", str(folder / "data"), "-q"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.monotonic()


def start_seconds(*options: str) -> float:
    """The median of several starts of `ask`, wall time."""
    took = []
    for _ in range(STARTS):
        begun = time.monotonic()
        subprocess.run([*INDEXER, "ask", "how do I design an event store", *options], check=True,
                       stdout=subprocess.DEVNULL)  # fmt: skip
        took.append(time.monotonic() - begun)
    return statistics.median(took)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--clients", type=int, default=50)
    given = parser.parse_args()
    questions = [one.question for one in load_questions(sample_folder() / "questions.yaml")]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        data, catalogue = folder / "data", load(sample_catalogue())
        sample_crawl(catalogue.links, Config(data=data))
        os.environ["INDEXER_CATALOGUE"] = str(sample_catalogue())
        server = subprocess.Popen([*INDEXER, "serve", "--port", "0", "--data", str(data)],
                                  stderr=subprocess.PIPE, text=True)  # fmt: skip
        assert server.stderr
        try:
            line = server.stderr.readline()
            found = re.search(r"http://([^/]+)/", line)
            if not found:
                raise SystemExit(line)
            text = told(
                found[1], folder, catalogue.links[0].url, questions, psutil.Process(server.pid), given
            )
        finally:
            server.terminate()
            server.wait()
    bench.report("serving", text, write=given.write)


def told(
    place: str,
    folder: Path,
    link: str,
    questions: list[str],
    server: psutil.Process,
    given: argparse.Namespace,
) -> str:
    """What was measured, as Markdown."""
    measured = Measured()
    ask_on(place, questions, Measured(), time.monotonic() + 2)  # the model is loaded
    begun = time.monotonic()
    until = begun + given.seconds
    turned = [questions[number:] + questions[:number] for number in range(given.clients)]
    clients = [threading.Thread(target=ask_on, args=(place, own, measured, until)) for own in turned]
    for client in clients:
        client.start()
    published: list[float] = []
    while time.monotonic() < until:
        measured.memory.append(server.memory_info().rss)
        if not published and time.monotonic() > begun + given.seconds / 2:
            published.append(publish(folder, link))
        time.sleep(0.5)
    for client in clients:
        client.join()
    before = measured.answers[0][2]
    stale = [one for one in measured.answers if one[0] > published[0] and one[2] == before]
    took = sorted(one[1] for one in measured.answers)
    tenth = max(1, len(measured.memory) // 10)
    early, late = (
        statistics.median(measured.memory[tenth : 2 * tenth]),
        statistics.median(measured.memory[-tenth:]),
    )
    cold = start_seconds("--data", str(folder / "data"))
    asked = start_seconds("--server", f"http://{place}")
    for error in measured.errors[:5]:
        print(error, file=sys.stderr)
    rows = {
        "clients, seconds": f"{given.clients}, {given.seconds:.0f}",
        "answers": f"{len(took):,}",
        "answers a second": f"{len(took) / given.seconds:,.0f}",
        "median, p95, p99": ", ".join(
            f"{1000 * took[int(share * len(took))]:,.0f} ms" for share in (0.5, 0.95, 0.99)
        ),
        "errors": f"{len(measured.errors):,}",
        "answers of the old state to what was asked after the publish": f"{len(stale):,}",
        "memory in the second tenth and the last": f"{early / 1e6:,.0f} MB, {late / 1e6:,.0f} MB",
        f"`ask --server`, median of {STARTS} starts": f"{1000 * asked:,.0f} ms",
        f"`ask`, median of {STARTS} starts": f"{1000 * cold:,.0f} ms",
    }
    table = "\n".join(["| | |", "| --- | --- |", *(f"| {name} | {value} |" for name, value in rows.items())])
    return f"{table}\n\n{bench.machine('fastapi', 'uvicorn', 'onnxruntime')}"


if __name__ == "__main__":
    main()
