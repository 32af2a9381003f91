"""Whether the vectors of sentences help the ranking: an experiment, and no part of the product.

    python benchmarks/sentences.py [--write] [COLLECTION_FOLDER...]     # folders as for retrieval.py

Beside each passage stand the vectors of its context alone, of each sentence, and of each sentence behind its
context. The dense side of a candidate becomes a mixture of the passage's cosine and the best of these. The
vectors are made once, below ``data/evaluation``; 45,000 sentences take a quarter of an hour.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import bench
import numpy as np
import numpy.typing as npt
from retrieval import CACHE, CachedEncoder, folders, opened

from indexer.arrays import Doubles, Ids, Vectors
from indexer.config import DEFAULT_MODEL, Config, SearchConfig
from indexer.encoding import open_encoder
from indexer.evaluate.evaluation import ask_all
from indexer.records import Encoder, Passage
from indexer.search import retrieve
from indexer.sentences import sentences
from indexer.store.snapshot import Snapshot

AT_ONCE = 500
SETTINGS: dict[str, tuple[float, str]] = {
    "passages alone": (0.0, ""),
    "context and sentences, 0.2": (0.2, "cs"),
    "these and sentences in context, 0.35": (0.35, "csx"),
    "sentences in context, 0.35": (0.35, "x"),
}
"""The share of the best of the smaller vectors, and which: context, sentence, sentence in context."""


@dataclass(frozen=True)
class Smaller:
    """By the place of a passage: of ``at[n]`` to ``at[n + 1]`` its sentences, and its context."""

    ids: Ids
    at: npt.NDArray[np.int64]
    vectors: dict[str, Vectors]

    def best(self, ids: Ids, vector: Vectors, kinds: str) -> Doubles:
        """The best cosine of each passage's smaller vectors (n,)."""
        places = np.searchsorted(self.ids, ids)
        found = []
        for place in places:
            own = slice(self.at[place], self.at[place + 1])
            of = {kind: slice(place, place + 1) if kind == "c" else own for kind in kinds}
            found.append(max(float((self.vectors[kind][rows] @ vector).max()) for kind, rows in of.items()))
        return np.array(found)


def smaller(name: str, snapshot: Snapshot, encoder: Encoder) -> Smaller:
    """The smaller vectors of a collection, made first where they are not there yet."""
    path = CACHE / f"{name}-sentences.npz"
    if not path.exists():
        ids = [row["id"] for row in snapshot.query("SELECT id FROM passages ORDER BY id")]
        parts: list[list[str]] = []
        contexts: list[str] = []
        for start in range(0, len(ids), AT_ONCE):
            for row in snapshot.rows(ids[start : start + AT_ONCE]):
                parts.append(_sentences(row.passage))
                contexts.append(row.passage.embedded_text.removesuffix(row.passage.text).strip())
        behind = [f"{c}\n{each}" for c, own in zip(contexts, parts, strict=True) for each in own]
        texts = {"c": contexts, "s": [each for own in parts for each in own], "x": behind}
        made: dict[str, Any] = {
            kind: encoder.encode_passages(some).astype(np.float16) for kind, some in texts.items()
        }
        np.savez(path, ids=ids, at=np.cumsum([0, *map(len, parts)]), **made)
    held = np.load(path)
    return Smaller(held["ids"], held["at"], {kind: held[kind].astype(np.float32) for kind in "csx"})


def _sentences(passage: Passage) -> list[str]:
    found = [each.strip() for each in sentences(passage.text)]
    return [each for each in found if any(map(str.isalnum, each))] or [passage.text]


@contextmanager
def mixed(beside: Smaller, share: float, kinds: str) -> Iterator[None]:
    """The cosines of candidates are mixtures, as long as this is entered."""
    union, plain = vars(retrieve)["_union"], vars(retrieve)["_cosines"]
    candidates: list[Ids] = []

    def remembered(*values: Any, **named: Any) -> tuple[Ids, Doubles, Vectors]:
        found: tuple[Ids, Doubles, Vectors] = union(*values, **named)
        candidates[:] = [found[0]]
        return found

    def cosines(vectors: Vectors, vector: Vectors) -> Doubles:
        whole: Doubles = plain(vectors, vector)
        return (1 - share) * whole + share * beside.best(candidates[0], vector, kinds) if share else whole

    with patch.object(retrieve, "_union", remembered), patch.object(retrieve, "_cosines", cosines):
        yield


def table(paths: list[Path], encoder: Encoder) -> Iterator[str]:
    """nDCG@10 by setting and collection."""
    rows: dict[str, list[str]] = {name: [] for name in SETTINGS}
    names = []
    for collection, snapshot in opened(paths, encoder):
        names.append(collection.name)
        beside = smaller(collection.name, snapshot, encoder)
        for name, (share, kinds) in SETTINGS.items():
            with mixed(beside, share, kinds):
                report = ask_all(collection, snapshot, encoder, SearchConfig())
            rows[name].append(f"{report.interval('ndcg@10').mean:.4f}")
    yield f"| nDCG@10 | {' | '.join(names)} |"
    yield "| --- |" + " ---: |" * len(names)
    for name, cells in rows.items():
        yield f"| {name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folders", type=Path, nargs="*", help="collections")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    encoder = CachedEncoder(open_encoder(Config(), DEFAULT_MODEL))
    lines = table(folders(options.folders), encoder)
    bench.report("sentences", "\n".join(lines), write=options.write)


if __name__ == "__main__":
    main()
