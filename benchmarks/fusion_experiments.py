"""The experiments behind the constants of ``SearchConfig``, to be run again.

    python benchmarks/fusion_experiments.py [--held-out] [--write] COLLECTION_FOLDER...   # as retrieval.py

1. *Sweep*: each constant moved alone, nDCG@10 on every collection; a good constant is a flat optimum.
2. *Stress*: questions for which one retriever is bad (``stress.py``). Hybrid is to keep up with the better.
3. *No answer*: queries of one collection on another have no answer. The confidence's constants are
   judged by how many of these are told so while 1 % of the answerable ones are refused.
4. *Held out*: BM25's constants and the lexical share, chosen on all collections but one and verified on
   that one; and chosen on every other question of all, verified on the rest.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import bench
import numpy as np
from retrieval import CachedEncoder, folders, opened
from stress import stressed

from indexer.arrays import Doubles
from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.encoding import open_encoder
from indexer.evaluate.collections import Collection
from indexer.evaluate.evaluation import ask_all
from indexer.index import bm25
from indexer.records import Encoder, Mode
from indexer.search.searcher import Searcher
from indexer.store.snapshot import Snapshot

SWEEP: dict[str, tuple[Any, ...]] = {
    "lexical_weight": (0.33, 0.36, 0.388, 0.43, 0.53),
    "rarity_slope": (0.0, 1.0, 2.0, 3.0, 5.0),
    "rare": (0.6, 0.65, 0.7, 0.75),
    "cohesion_slope": (0.0, 0.2, 0.4, 0.6),
    "feedback_per_word": (0.0, 0.04, 0.06, 0.08, 0.1),
    "feedback_passages": (2, 3, 5),
    "feedback_slope": (0.0, 0.5, 0.75, 1.0),
    "most_deviations": (4.5, 5.5, 6.0, 6.5, 100.0),
    "depth": (100, 200, 400),
}
Setting = tuple[float, float, float]
GRID: list[Setting] = [
    (k1, b, weight)
    for k1, b in ((1.2, 0.75), (1.2, 0.5), (0.9, 0.75), (0.9, 0.5), (0.9, 0.4), (0.6, 0.4))
    for weight in (0.35, 0.39, 0.43, 0.47)
]
"""BM25's k1 and b, and the lexical share where both lists cohere alike."""
CUSTOMARY: Setting = (1.2, 0.75, 0.43)
MODES: tuple[Mode, ...] = ("lexical", "dense", "hybrid")
QUESTIONS = 60


def ndcg(
    collection: Collection, snapshot: Snapshot, encoder: Encoder, config: SearchConfig, mode: Mode = "hybrid"
) -> float:
    return ask_all(collection, snapshot, encoder, config, mode=mode).interval("ndcg@10").mean


def sweep(name: str, collection: Collection, snapshot: Snapshot, encoder: Encoder) -> None:
    for constant, values in SWEEP.items():
        settings = {value: replace(SearchConfig(), **{constant: value}) for value in values}
        found = (f"{v}: {ndcg(collection, snapshot, encoder, config):.4f}" for v, config in settings.items())
        print(f"{name}  {constant}  " + "  ".join(found), flush=True)


def stress(name: str, collection: Collection, snapshot: Snapshot, encoder: Encoder) -> None:
    for kind, hard in stressed(collection, snapshot):
        found = {mode: ndcg(hard, snapshot, encoder, SearchConfig(), mode) for mode in MODES}
        short = found["hybrid"] - max(found.values())
        print(f"{name}  {kind}  {found}  hybrid to the best: {short:+.4f}", flush=True)


def confidences(
    name: str, snapshot: Snapshot, encoder: Encoder, queries_of: dict[str, list[str]]
) -> tuple[list[float], list[float]]:
    """The confidence in answers to a collection's own queries, and to those of the others."""
    searcher = Searcher(snapshot, lambda: encoder, SearchConfig())
    own: list[float] = []
    foreign: list[float] = []
    for other, queries in queries_of.items():
        for text in queries[:: max(1, len(queries) // QUESTIONS)]:
            (own if other == name else foreign).append(searcher.search(text).confidence)
    return own, foreign


def held_out(paths: list[Path], encoder: Encoder) -> Iterator[str]:
    """What a choice is worth on questions that had no part in it, as a table."""
    found: dict[str, dict[Setting, Doubles]] = {
        collection.name: {} for collection, _ in opened(paths, encoder)
    }
    shipped = bm25.K1, bm25.B
    for setting in GRID:
        bm25.K1, bm25.B, weight = setting
        config = replace(SearchConfig(), lexical_weight=weight)
        for collection, snapshot in opened(paths, encoder):
            found[collection.name][setting] = ask_all(collection, snapshot, encoder, config).values["ndcg@10"]
    bm25.K1, bm25.B = shipped

    def chosen(part: slice, names: Iterable[str]) -> Setting:
        return max(GRID, key=lambda setting: np.mean([found[name][setting][part].mean() for name in names]))

    def row(what: str, name: str, setting: Setting, part: slice) -> str:
        ours, other, most = (
            found[name][each][part].mean()
            for each in (setting, CUSTOMARY, max(GRID, key=lambda one: found[name][one][part].mean()))
        )
        return f"| {name} | {what} | {', '.join(map(str, setting))} | {ours:.4f} | {other:.4f} | {most:.4f} |"

    yield "| verified on | chosen on | k1, b, share | nDCG@10 | customary | best of the grid |"
    yield "| --- | --- | --- | ---: | ---: | ---: |"
    for name in found:
        others = [other for other in found if other != name]
        yield row("the others", name, chosen(slice(None), others), slice(None))
    for first in (0, 1):
        best = chosen(slice(first, None, 2), found)
        for name in found:
            yield row(f"every other question from {first}", name, best, slice(1 - first, None, 2))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="*", help="collections")
    parser.add_argument("--held-out", action="store_true", help="experiment 4 alone")
    parser.add_argument("--write", action="store_true", help="its table into BENCHMARKS.md too")
    options = parser.parse_args()
    paths = folders(options.folders)
    encoder = CachedEncoder(open_encoder(Config(), DEFAULT_MODEL))
    queries = {made.name: list(made.queries.values()) for made, _ in opened(paths, encoder)}
    for collection, snapshot in () if options.held_out else opened(paths, encoder):
        own, foreign = map(np.array, confidences(collection.name, snapshot, encoder, queries))
        told = (foreign < SearchConfig().answered).mean() if len(foreign) else float("nan")
        refused = (own < SearchConfig().answered).mean()
        print(f"{collection.name}  no answer: told {told:.3f}, answerable refused {refused:.3f}", flush=True)
        stress(collection.name, collection, snapshot, encoder)
        sweep(collection.name, collection, snapshot, encoder)
    bench.report("held-out", "\n".join(held_out(paths, encoder)), write=options.write)


if __name__ == "__main__":
    main()
