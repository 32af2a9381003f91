"""Milvus beside the segments of the library itself: filling, asking, memory.

    python benchmarks/milvus.py [FOLDER] [--size 100000] [--index milvus://...]... [--write]

The library is the one that ``benchmarks/scale.py`` makes in FOLDER, of so many passages. Milvus Lite's server
is started on loopback and ended afterwards; it stands in for Milvus, but is written in Python: what it takes
says little of Milvus itself. Each ``--index`` is one more, which runs already.
"""

from __future__ import annotations

import argparse
import json
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import bench
import numpy as np
import psutil

from indexer.config import Config
from indexer.errors import IndexServerError
from indexer.library import Library
from indexer.milvus import index_written
from indexer.milvus.address import index_address
from indexer.milvus.server import Server
from indexer.records import Mode
from indexer.store.database import Database
from indexer.store.generations import last_generation
from indexer.store.serving import serve

NAME = "benchmark"
MODES: tuple[Mode, ...] = ("hybrid", "dense", "lexical")


@contextmanager
def lite(folder: Path) -> Iterator[tuple[str, psutil.Process]]:
    """Milvus Lite's server: its address, and its process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-c", "import sys; from milvus_lite.cmdline import main; sys.exit(main())"]
    where = ["server", "--host", "127.0.0.1", "--port", str(port), "--data-dir", str(folder / "lite")]
    with subprocess.Popen([*command, *where], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(120):
                with socket.socket() as probe:
                    if not probe.connect_ex(("127.0.0.1", port)):
                        break
                time.sleep(0.5)
            yield f"milvus://127.0.0.1:{port}?name={NAME}", psutil.Process(server.pid)
        finally:
            server.terminate()


def fill(data: Path, index: str) -> dict[str, float]:
    """Write the published generation to the index, whatever is there."""
    with Database(data) as database, index_written(Config(index=index)) as writer:
        last = last_generation(database)
        if writer is None or last is None:
            raise SystemExit("nothing to write, or nowhere")
        begun = time.monotonic()
        serve(database, writer, last)
        writer.publish(last)
        return {"passages": last.passages, "seconds": time.monotonic() - begun, "peak": _peak()}


def ask(data: Path, index: str) -> dict[str, Any]:
    """Milliseconds by mode of questions to an open library that was asked others before, and memory."""
    questions = json.loads((data.parent / "questions.json").read_text())
    found: dict[str, Any] = {}
    with Library.open(data, config=Config(data=data, index=index)) as library:
        for mode in MODES:
            wall = []
            try:
                for question in questions[::2]:
                    library.search(question, mode=mode)
            except IndexServerError as error:  # Milvus before 2.5 searches no words
                print(error, file=sys.stderr)
                continue
            for question in questions[1::2]:
                begun = time.perf_counter()
                library.search(question, mode=mode)
                wall.append((time.perf_counter() - begun) * 1000)
            found[mode] = [*np.percentile(wall, [50, 95])]
    return {**found, "peak": _peak()}


STEPS = {"fill": fill, "ask": ask}


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def step(name: str, data: Path, index: str) -> dict[str, Any]:
    """One step in a process of its own."""
    command = [sys.executable, __file__, str(data), "--step", name, "--index", index]
    ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
    print(name, index, ended.stdout, file=sys.stderr, flush=True)
    found: dict[str, Any] = json.loads(ended.stdout)
    return found


def compare(data: Path, indexes: dict[str, psutil.Process | None]) -> str:
    """The table of the library's own index and of others, with the processes of those that run here."""
    here = step("ask", data, "")
    columns = {"beside the library": _column(here)}
    for index, server in indexes.items():
        filled = step("fill", data, index)
        asked = step("ask", data, index)
        connected = Server(index_address(index))
        columns[f"Milvus {connected.version}"] = _column(asked) | {
            "memory of the server, MB": f"{server.memory_info().rss / 1e6:,.0f}" if server else "elsewhere",
            "filling, passages a second": f"{filled['passages'] / filled['seconds']:,.0f}",
        }
        connected.close()
    names = dict.fromkeys(name for column in columns.values() for name in column)
    lines = [f"| | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    lines += [f"| {name} | " + " | ".join(c.get(name, "") for c in columns.values()) + " |" for name in names]
    passages = data.name.rpartition("-")[2]
    return "\n".join([*lines, "", f"{int(passages):,} passages. {bench.machine('pymilvus')}"])


def _column(asked: dict[str, Any]) -> dict[str, str]:
    """What asking took, by what it is called."""
    speeds = {mode: " / ".join(f"{value:.0f}" for value in asked.get(mode, ())) or "-" for mode in MODES}
    column = {f"{mode}, p50 / p95 ms": told for mode, told in speeds.items()}
    return column | {"memory of who asks, MB": f"{asked['peak']:,.0f}"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/scale"))
    parser.add_argument("--size", type=int, default=100_000)
    parser.add_argument("--index", action="append", default=[], help="that of a server, beside Lite's")
    parser.add_argument("--step", choices=STEPS, help="only this one, of the library in FOLDER")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    given = parser.parse_args()
    if not find_spec("pymilvus"):
        print("left out: pymilvus is not installed; pip install 'indexer[scale]'", file=sys.stderr)
        return
    if given.step:
        print(json.dumps(STEPS[given.step](given.folder, "".join(given.index))))
        return
    data = given.folder / f"library-{given.size}"
    if not data.exists():
        scale = [sys.executable, str(Path(__file__).with_name("scale.py")), str(given.folder)]
        subprocess.run([*scale, "--step", "build", "--sizes", str(given.size)], check=True)
    with lite(given.folder) as (index, server):
        told = compare(data, {index: server} | dict.fromkeys(given.index))
    bench.report("milvus", told, write=given.write)


if __name__ == "__main__":
    main()
