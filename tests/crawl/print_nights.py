"""Prints what becomes of each link of a catalogue on the replayed nights. Not a test: for people.

python -m tests.crawl.print_nights [--delay 0.02] [--catalogue catalogue.yaml] [--nights 1 2 3]
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from indexer.catalogue import load
from tests.crawl.crawling import QUICK, InMemory, crawled
from tests.replaying import replaying


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--delay", type=float, default=0.02)
    parser.add_argument("--catalogue", type=Path, default=Path("catalogue.yaml"))
    parser.add_argument("--nights", type=int, nargs="*", default=[1, 2, 3])
    options = parser.parse_args()
    links, memory = load(options.catalogue).links, InMemory()
    with tempfile.TemporaryDirectory() as folder:
        for night in options.nights:
            with replaying(night, Path(folder)) as web:
                os.environ.update(web.environment)
                began = time.monotonic()
                found = crawled(links, memory, config=replace(QUICK, delay=options.delay))
                seconds = time.monotonic() - began
            print(f"\n== night {night}: {seconds:.1f} s, {len(web.entries())} requests")
            for outcome in found.values():
                fetch = outcome.fetch
                words = outcome.article.words if outcome.article else "-"
                own = "  " if outcome.page_url == outcome.link.url else "   ^"
                print(
                    f"{fetch.verdict:13}{fetch.source:9}{words!s:>6}{own}{outcome.page_url[:70]:72}{fetch.reason[:110]}"
                )
            own_pages = [found[link.url].fetch.verdict.good for link in links]
            print(f"{sum(own_pages)} of {len(links)} links answer")


if __name__ == "__main__":
    main()
