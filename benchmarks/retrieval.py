"""The ablation table: lexical, dense, hybrid, and hybrid with each feature off in turn, as Markdown.

    python benchmarks/retrieval.py COLLECTION_FOLDER...   # or a folder of them in INDEXER_SHARED_DATA

Prints nDCG@10 with its 95 % bootstrap interval, and the difference to hybrid, query by query. The
collections are indexed once, below ``data/evaluation``.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.embed import load_encoder
from indexer.evaluate import collections
from indexer.evaluate.metrics import compare
from indexer.evaluate.reports import CollectionReport, ask_all
from indexer.store.snapshot import Snapshot

DEFAULT = SearchConfig()
SETTINGS = {
    "hybrid": ("hybrid", DEFAULT),
    "lexical alone": ("lexical", DEFAULT),
    "dense alone": ("dense", DEFAULT),
    "without feedback": ("hybrid", replace(DEFAULT, feedback_strength=0.0)),
    "without rarity": ("hybrid", replace(DEFAULT, rarity_slope=0.0)),
    "without cohesion": ("hybrid", replace(DEFAULT, lean_slope=0.0)),
    "one fixed weight": ("hybrid", replace(DEFAULT, rarity_slope=0.0, lean_slope=0.0)),
}


class CachedEncoder:
    """An encoder that embeds each question once, for it is asked in every setting."""

    def __init__(self, encoder) -> None:
        self._encoder, self._known = encoder, {}

    def __getattr__(self, name):
        return getattr(self._encoder, name)

    def encode_query(self, text):
        if text not in self._known:
            self._known[text] = self._encoder.encode_query(text)
        return self._known[text]


def folders(arguments: list[str]) -> list[Path]:
    """The collections named, or those in the folder that INDEXER_SHARED_DATA names."""
    found = [Path(text) for text in arguments]
    if not found and (shared := os.environ.get("INDEXER_SHARED_DATA")):
        found = sorted(path.parent for path in Path(shared).glob("ir/*/corpus.jsonl"))
    if not found:
        raise SystemExit("skipped: name collection folders, or set INDEXER_SHARED_DATA to a folder with ir/")
    return found


def opened(
    paths: list[Path], encoder, cache: Path = Path("data/evaluation")
) -> Iterator[tuple[collections.Collection, Snapshot]]:
    """Each collection with its index, made first where it is not there yet."""
    for path in paths:
        collection = collections.load(path)
        built = collections.build(
            collection, encoder, model=DEFAULT_MODEL, config=Config().passages, cache=cache
        )
        with Snapshot(built.folder) as snapshot:
            yield collection, snapshot


def main() -> None:
    encoder = CachedEncoder(load_encoder(DEFAULT_MODEL, exports=Path("data/models")))
    print("| collection | setting | nDCG@10 | 95 % | to hybrid | better / worse |\n|-|-|-|-|-|-|")
    for collection, snapshot in opened(folders(sys.argv[1:]), encoder):
        best: CollectionReport | None = None
        for name, (mode, config) in SETTINGS.items():
            report = ask_all(collection, snapshot, encoder, config, mode=mode)
            best = best or report
            mean = report.interval("ndcg@10")
            change = compare(report.queries, best.values["ndcg@10"], report.values["ndcg@10"])
            print(
                f"| {collection.name} | {name} | {mean.mean:.4f} | {mean.low:.3f} to {mean.high:.3f} "
                f"| {change.mean.mean:+.4f} | {change.gained} / {change.lost} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
