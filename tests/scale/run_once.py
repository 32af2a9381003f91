"""One run over a catalogue, on this machine or on Ray; prints its summary as JSON.

    python -m tests.scale.run_once CATALOGUE DATA [--engine ray] [--address HOST:PORT] [--delay 0.0]

As `indexer crawl`, but for the pause between requests, which the command line rightly does not have.
"""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import nullcontext
from pathlib import Path

from indexer.catalogue import load
from indexer.config import Config, CrawlConfig
from indexer.errors import IndexerError
from indexer.pipeline.crawling import crawl_links


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("catalogue", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", default="local")
    parser.add_argument("--address", default="")
    parser.add_argument("--delay", type=float, default=0.0)
    options = parser.parse_args()
    crawl = CrawlConfig(delay=options.delay, backoff=0.01, longest_wait=2.0, longest_crawl_delay=0.05)
    config = Config(data=options.data, catalogue=options.catalogue, crawl=crawl)
    links = load(options.catalogue).links
    try:
        if options.engine == "ray":
            from indexer.scale import on_ray

            with on_ray(config, address=options.address) as engine:
                summary = crawl_links(links, config, engine=engine)
        else:
            with nullcontext():
                summary = crawl_links(links, config)
    except IndexerError as error:
        sys.exit(f"indexer: {error}")
    print(json.dumps(summary.to_json()))


if __name__ == "__main__":
    main()
