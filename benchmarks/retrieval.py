"""How good retrieval is, and what each part of it is worth.

    python benchmarks/retrieval.py [--write] [COLLECTION_FOLDER...]   # else those in INDEXER_SHARED_DATA/ir

1. Collections: hybrid, each list alone, and hybrid with each feature off in turn. nDCG@10 with its 95 %
   bootstrap interval, and the difference to hybrid, question by question, with its own interval. Then the
   same where one of the retrievers is bad (``stress.py``): a part may be there for these alone.
2. The sample questions on the demo library, with the time that a warm question takes.

Indexes are made once, below ``data/evaluation``; a collection of 5,000 abstracts takes some minutes.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from dataclasses import replace
from itertools import chain
from pathlib import Path

import bench
import numpy as np
from stress import stressed

from indexer.arrays import Vectors
from indexer.catalogue import load
from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.demo import sample_catalogue, sample_crawl
from indexer.demo.site import sample_folder
from indexer.encoding import open_encoder
from indexer.evaluate import collections
from indexer.evaluate.evaluation import ask_all, evaluate_questions
from indexer.evaluate.metrics import compare
from indexer.records import Encoder, Mode
from indexer.store.snapshot import Snapshot

CACHE = Path("data/evaluation")
DEFAULT = SearchConfig()
SETTINGS: dict[str, tuple[Mode, SearchConfig]] = {
    "**hybrid**": ("hybrid", DEFAULT),
    "lexical alone": ("lexical", DEFAULT),
    "dense alone": ("dense", DEFAULT),
    "without feedback": ("hybrid", replace(DEFAULT, feedback_per_word=0.0)),
    "without rarity": ("hybrid", replace(DEFAULT, rarity_slope=0.0)),
    "without cohesion": ("hybrid", replace(DEFAULT, cohesion_slope=0.0)),
    "one fixed weight": ("hybrid", replace(DEFAULT, rarity_slope=0.0, cohesion_slope=0.0)),
    "half and half": ("hybrid", replace(DEFAULT, rarity_slope=0.0, cohesion_slope=0.0, lexical_weight=0.5)),
}


class CachedEncoder:
    """An encoder that embeds each question once, for it is asked in every setting."""

    def __init__(self, encoder: Encoder) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.max_tokens = encoder.dimension, encoder.max_tokens
        self.encode_passages, self.count_tokens = encoder.encode_passages, encoder.count_tokens
        self.knows = encoder.knows
        self._encoder = encoder
        self._known: dict[str, Vectors] = {}

    def encode_query(self, text: str) -> Vectors:
        if text not in self._known:
            self._known[text] = self._encoder.encode_query(text)
        return self._known[text]


def folders(named: list[Path]) -> list[Path]:
    """The collections named, or those in the folder that INDEXER_SHARED_DATA names."""
    found = named
    if not found and (shared := os.environ.get("INDEXER_SHARED_DATA")):
        found = sorted(path.parent for path in Path(shared).glob("ir/*/corpus.jsonl"))
    if not found:
        raise SystemExit("skipped: name collection folders, or set INDEXER_SHARED_DATA to a folder with ir/")
    return found


def opened(
    paths: list[Path], encoder: Encoder, cache: Path = CACHE
) -> Iterator[tuple[collections.Collection, Snapshot]]:
    """Each collection with its index, made first where it is not there yet."""
    for path in paths:
        collection = collections.load_collection(path)
        built = collections.build_library(
            collection, encoder, model=DEFAULT_MODEL, config=Config().passages, cache=cache
        )
        with Snapshot(built.folder) as snapshot:
            yield collection, snapshot


def ablation(paths: list[Path], encoder: Encoder) -> Iterator[str]:
    """A table for each collection."""
    for collection, snapshot in opened(paths, encoder):
        size = f"{len(collection.documents):,} documents, {len(collection.queries)} questions"
        yield f"\n### {collection.name}: {size}\n"
        yield "| setting | nDCG@10 | 95 % | recall@100 | to hybrid | 95 % | better / worse |"
        yield "| --- | ---: | ---: | ---: | ---: | ---: | ---: |"
        best = None
        for name, (mode, config) in SETTINGS.items():
            report = ask_all(collection, snapshot, encoder, config, mode=mode)
            best = best or report
            mean, recall = report.interval("ndcg@10"), report.interval("recall@100").mean
            row = f"| {name} | {mean.mean:.4f} | {mean.low:.3f} to {mean.high:.3f} | {recall:.3f} "
            if report is best:
                yield row + "| | | |"
                continue
            change = compare(report.queries, best.values["ndcg@10"], report.values["ndcg@10"])
            to = change.mean
            yield row + (
                f"| {to.mean:+.4f} | {to.low:+.3f} to {to.high:+.3f} | {change.gained} / {change.lost} |"
            )
        yield from _under_stress(collection, snapshot, encoder)


def _under_stress(collection: collections.Collection, snapshot: Snapshot, encoder: Encoder) -> Iterator[str]:
    """What each part is worth where one of the retrievers is bad."""
    hard = dict(stressed(collection, snapshot))
    yield f"\n| nDCG@10 under stress | {' | '.join(hard)} |"
    yield "| --- |" + " ---: |" * len(hard)
    for name, (mode, config) in SETTINGS.items():
        reports = (ask_all(one, snapshot, encoder, config, mode=mode) for one in hard.values())
        means = (f"{report.interval('ndcg@10').mean:.4f}" for report in reports)
        yield f"| {name} | {' | '.join(means)} |"


def sample_questions(encoder: Encoder) -> Iterator[str]:
    """The table of the sample questions; each is asked once before it is timed."""
    folder = CACHE / "demo"
    sample_crawl(load(sample_catalogue()).links, Config(data=folder))
    file = sample_folder() / "questions.yaml"
    with Snapshot(folder) as snapshot:
        modes: tuple[Mode, ...] = ("hybrid", "lexical", "dense")
        reports = {mode: evaluate_questions(file, snapshot, encoder, Config(), mode=mode) for mode in modes}
        warm = evaluate_questions(file, snapshot, encoder, Config())
        passages = snapshot.generation.passages
    told = {mode: report.to_json() for mode, report in reports.items()}
    yield (
        f"\n### Sample questions: {told['hybrid']['questions']} on the {passages} passages of the demo, "
        f"{told['hybrid']['answerable']} of them answerable\n"
    )
    yield "| | hybrid | 95 % | lexical alone | dense alone |"
    yield "| --- | ---: | ---: | ---: | ---: |"
    for name, words in {
        "page@1": "the expected page first",
        "heading@3": "the expected heading among three",
        "told_unanswerable": "without an answer, and told so",
        "refused_answerable": "with an answer, and refused",
    }.items():
        low, high = told["hybrid"]["intervals"][name]
        yield (
            f"| {words} | **{told['hybrid'][name]:.3f}** | {low:.3f} to {high:.3f} "
            f"| {told['lexical'][name]:.3f} | {told['dense'][name]:.3f} |"
        )
    taken = np.array([found.milliseconds for found in warm.outcomes])
    yield (
        f"\nA question in a warm process, embedding it included, takes {np.percentile(taken, 50):.0f} ms "
        f"(median; 95 %: {np.percentile(taken, 95):.0f} ms)."
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    paths = folders(options.folder)
    encoder = open_encoder(Config(), DEFAULT_MODEL)
    lines = chain(ablation(paths, CachedEncoder(encoder)), sample_questions(encoder))
    bench.report("retrieval", "\n".join(lines), write=options.write)


if __name__ == "__main__":
    main()
