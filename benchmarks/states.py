"""What the states of answers are worth, and from which confidence an answer counts as sure.

    python benchmarks/states.py [--write] [COLLECTION_FOLDER...]   # else those in INDEXER_SHARED_DATA/ir

The library of the demo and that of each collection are asked questions of which it is known whether
anything answers:

* their own; of the demo all files ``data/sample/*questions.yaml``, those that nothing answers apart;
* their own, with the documents that answer them left out (collections only);
* foreign ones: those of the collections that the library is not of.

The bound between ``answers`` and ``may answer`` is the smallest step of 0.05 that at most 2.5 % of the
foreign questions reach in any library, and from which the first passage is right for at least 95 % of the
sample questions that something answers.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import bench
import numpy as np
from retrieval import CACHE, folders, opened

from indexer.arrays import Doubles
from indexer.catalogue import load
from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.demo import sample_catalogue, sample_crawl
from indexer.demo.site import sample_folder
from indexer.encoding import open_encoder
from indexer.evaluate.collections import DOCUMENT, Collection
from indexer.evaluate.evaluation import evaluate_questions
from indexer.passage_index import Allowed, Filters
from indexer.records import Encoder
from indexer.search.searcher import Searcher
from indexer.store.snapshot import Snapshot

FOREIGN = 100
"""Questions asked of each other collection."""
MOST_FOREIGN, LEAST_RIGHT = 0.025, 0.95
STEPS = np.arange(10, 20) / 20


class Without(Snapshot):
    """A collection's library in which some documents are not found."""

    hidden: Sequence[str] = ()

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        sql = "SELECT p.id, a.link_url FROM passages p JOIN articles a ON a.id = p.article ORDER BY p.id"
        rows = self.query(sql)
        self._ids = np.array([row[0] for row in rows], dtype=np.int64)
        self._of = np.array([row[1] for row in rows])

    def allowed(self, _: Filters) -> Allowed:
        found = self._ids[~np.isin(self._of, [f"{DOCUMENT}{name}" for name in self.hidden])]
        return Allowed(lambda: found)


@dataclass(frozen=True)
class Told:
    """Confidences (questions,) of one kind of questions, and where the first passage was right."""

    library: str
    kind: str
    confidences: Doubles
    right: Sequence[bool] = ()


def on_the_demo(foreign: Sequence[str], encoder: Encoder) -> Iterator[Told]:
    folder = CACHE / "demo"
    sample_crawl(load(sample_catalogue()).links, Config(data=folder))
    with Snapshot(folder) as snapshot:
        outcomes = [
            outcome
            for file in sorted(sample_folder().glob("*questions.yaml"))
            for outcome in evaluate_questions(file, snapshot, encoder, Config()).outcomes
        ]
        for kind, answerable in (("own", True), ("own, nothing answers", False)):
            those = [outcome for outcome in outcomes if bool(outcome.asked.relevant) is answerable]
            confidences = np.array([outcome.confidence for outcome in those])
            yield Told("demo", kind, confidences, [outcome.page_rank == 1 for outcome in those])
        yield Told("demo", "foreign", asked(foreign, snapshot, encoder))


def asked(questions: Iterable[str], snapshot: Snapshot, encoder: Encoder) -> Doubles:
    searcher = Searcher(snapshot, lambda: encoder, SearchConfig())
    return np.array([searcher.search(question, k=1).confidence for question in questions])


def left_out(collection: Collection, folder: Path, encoder: Encoder) -> Doubles:
    """The confidences of queries where whatever is judged to answer them, however little, is hidden."""
    with Without(folder) as snapshot:
        searcher = Searcher(snapshot, lambda: encoder, SearchConfig())
        confidences = []
        for name, question in collection.queries.items():
            snapshot.hidden = [
                document for document, grade in collection.judgements[name].items() if grade > 0
            ]
            confidences.append(searcher.search(question, k=1).confidence)
        return np.array(confidences)


def everything(paths: list[Path], encoder: Encoder) -> Iterator[Told]:
    made = [(collection, snapshot.folder) for collection, snapshot in opened(paths, encoder)]
    some = {made.name: list(made.queries.values())[:FOREIGN] for made, _ in made}
    yield from on_the_demo([question for texts in some.values() for question in texts], encoder)
    for collection, folder in made:
        others = [question for name, texts in some.items() if name != collection.name for question in texts]
        with Snapshot(folder) as snapshot:
            yield Told(collection.name, "own", asked(collection.queries.values(), snapshot, encoder))
            yield Told(collection.name, "own, answer left out", left_out(collection, folder, encoder))
            if others:
                yield Told(collection.name, "foreign", asked(others, snapshot, encoder))


def tables(told: Sequence[Told], config: SearchConfig) -> Iterator[str]:
    yield "| library | questions | | nothing answers | may answer | answers |"
    yield "| --- | --- | ---: | ---: | ---: | ---: |"
    for those in told:
        refused, sure = those.confidences < config.answered, those.confidences >= config.sure
        shares = (share(refused), share(~refused & ~sure), share(sure))
        yield f"| {those.library} | {those.kind} | {len(refused)} | " + " | ".join(shares) + " |"
    own, others = (those for those in told if those.library == "demo" and those.kind != "foreign")
    right, confidences = np.array(own.right, np.bool_), own.confidences
    sure = confidences >= config.sure
    between = (confidences >= config.answered) & ~sure
    yield (
        f"\nOf the sample questions that something answers the first passage is on the right page for "
        f"{share(right[sure])} of those told `answers`, and for {share(right[between])} of those told "
        "`may answer`.\n"
    )
    yield "| confidence from | answerable samples, first right | samples nothing answers | foreign, at most |"
    yield "| ---: | ---: | ---: | ---: |"
    fitting = []
    for step in STEPS:
        reached = max(
            (float((those.confidences >= step).mean()) for those in told if those.kind == "foreign"),
            default=0.0,
        )
        first = float(right[confidences >= step].mean())
        if reached <= MOST_FOREIGN and first >= LEAST_RIGHT:
            fitting.append(step)
        yield f"| {step:.2f} | {first:.3f} | {share(others.confidences >= step)} | {reached:.3f} |"
    chosen = f"{fitting[0]:.2f}" if fitting else "none"
    yield f"\nThe smallest that fits is {chosen}; `SearchConfig.sure` is {config.sure:.2f}."


def share(those: Sequence[bool] | np.ndarray[tuple[int], np.dtype[np.bool_]]) -> str:
    return f"{np.mean(those):.3f}" if len(those) else ""


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="*", type=Path)
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    paths = folders(options.folder)
    encoder = open_encoder(Config(), DEFAULT_MODEL)
    told = list(everything(paths, encoder))
    bench.report("states", "\n".join(tables(told, SearchConfig())), write=options.write)


if __name__ == "__main__":
    main()
