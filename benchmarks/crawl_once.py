"""One run of the product over the pages of ``loopback_web.py``; prints what it did as JSON.

    python benchmarks/crawl_once.py PORT LINKS DATA [--real-encoder]

LINKS is a JSON file of ``[[url, title], ...]``, DATA an empty folder. Without ``--real-encoder`` the
passages are cut with the real tokenizer, but their vectors are made up: that shows what everything else
costs. Publishing is that of the product in both cases.
"""

from __future__ import annotations

import argparse
import json
import resource
import time
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np

from indexer.arrays import Vectors
from indexer.config import DEFAULT_MODEL, Config, CrawlConfig
from indexer.demo.server import ConnectTo
from indexer.embed import load_encoder
from indexer.pipeline import crawling
from indexer.records import Encoder, Fetch, Link, Outcome
from indexer.store.crawl_log import CrawlLog, Effect

Kept = tuple[Effect, Fetch]
Record = Callable[[CrawlLog, Outcome], Kept]
Work = Callable[[], Coroutine[Any, Any, None]]


class WithoutModel:
    """The encoder's tokenizer with vectors that mean nothing."""

    name, fingerprint = "made up", "made-up"

    def __init__(self, real: Encoder) -> None:
        self.dimension, self.max_tokens, self.count_tokens = (
            real.dimension,
            real.max_tokens,
            real.count_tokens,
        )

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = np.random.default_rng(7).standard_normal((len(texts), self.dimension), np.float32)
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def cpu(who: int = resource.RUSAGE_SELF) -> float:
    """CPU seconds of this process, or of its ended children, so far."""
    used = resource.getrusage(who)
    return used.ru_utime + used.ru_stime


class Clock:
    """Measures the crawl stage: CPU of this process, and the part of it that storing takes."""

    def __init__(self) -> None:
        self.storing = self.storing_cpu = self.crawl_cpu = 0.0

    def around_record(self, record: Record) -> Record:
        def timed(log: CrawlLog, outcome: Outcome) -> Kept:
            began, began_cpu = time.perf_counter(), time.process_time()
            try:
                return record(log, outcome)
            finally:
                self.storing += time.perf_counter() - began
                self.storing_cpu += time.process_time() - began_cpu

        return timed

    def around_run(self, run: Callable[[Work], None]) -> Callable[[Work], None]:
        def timed(work: Work) -> None:
            began = cpu()
            run(work)
            self.crawl_cpu = cpu() - began

        return timed


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("links", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--real-encoder", action="store_true")
    parser.add_argument("--exports", type=Path, required=True)
    options = parser.parse_args()
    links = [Link(url, "Benchmark", title=title) for url, title in json.loads(options.links.read_text())]
    config = Config(data=options.data, crawl=CrawlConfig(delay=0.0))
    real = load_encoder(DEFAULT_MODEL, exports=options.exports)
    encoder = real if options.real_encoder else WithoutModel(real)
    clock = Clock()
    with (
        patch.object(crawling, "watched_encoder", lambda *_: encoder),
        patch.object(crawling, "_run_async", clock.around_run(crawling._run_async)),  # noqa: SLF001 - no other seam around the stage
        patch.object(CrawlLog, "record", clock.around_record(CrawlLog.record)),
    ):
        summary = crawling.crawl_links(links, config, transport=ConnectTo(options.port))
    told = summary.to_json() | {
        "cpu": {
            "fetch": clock.crawl_cpu - clock.storing_cpu,
            "store": clock.storing_cpu,
            "read": cpu(resource.RUSAGE_CHILDREN),
        },
        "storing": clock.storing,
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
