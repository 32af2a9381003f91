"""Throughput of embedding and the cost of a cold question, as Markdown tables.

    python benchmarks/embedding.py [--texts 200] [--rounds 5] [--quality] [--write]

The texts are documents of BEIR-style collections (``ir/*/corpus.jsonl`` in the folder that
``INDEXER_SHARED_DATA`` names), cut to 60 to 230 tokens; ``--quality`` embeds whole collections. Every
round runs all the ways once, one after the other, so that what else the machine does hits all of them;
medians are reported, and cosines to ``SentenceTransformer.encode`` at its defaults, smallest over all.
"""

from __future__ import annotations

import argparse
import random
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from unittest.mock import patch

import bench
import ir_measures
import numpy as np
import onnxruntime
import torch
from retrieval import folders
from sentence_transformers import SentenceTransformer

from indexer.arrays import Vectors
from indexer.config import DEFAULT_MODEL
from indexer.embed import exported, load_encoder
from indexer.embed.bulk import BULK_FROM, BulkEncoder, for_bulk
from indexer.embed.models import find_model
from indexer.embed.sentence import SentenceEncoder
from indexer.evaluate import collections

COLD = {
    "indexer, exported": """
from pathlib import Path
from indexer.embed import load_encoder
load_encoder({model!r}, exports=Path({exports!r})).encode_query({question!r})
""",
    "sentence-transformers": """
from sentence_transformers import SentenceTransformer
SentenceTransformer({folder!r}, device="cpu").encode_query({question!r})
""",
}
# Not ru_maxrss: a child inherits the peak of the process that started it.
PEAK = """
for line in open("/proc/self/status"):
    if line.startswith("VmHWM"):
        print(int(line.split()[1]) // 1024)
"""


def read_texts(count: int) -> list[str]:
    """Documents of all collections, shuffled with a fixed seed, each cut to 60 to 230 tokens."""
    documents = [
        f"{document.title}. {document.text}"
        for collection in map(collections.load_collection, folders([]))
        for document in collection.documents
    ]
    chance = random.Random(7)
    chance.shuffle(documents)
    encoder = load_encoder(DEFAULT_MODEL, exports=None)
    texts = []
    for document in documents:
        words = document.split()
        tokens = encoder.count_tokens([document])[0]
        if tokens >= 60:
            texts.append(" ".join(words[: round(len(words) * chance.randint(60, 230) / tokens)]))
        if len(texts) == count:
            break
    return texts


def ways(texts: list[str], exports: Path) -> dict[str, Callable[[], Vectors]]:
    """Name to a function that embeds all the texts in that way; the yardstick is first."""
    folder = find_model(DEFAULT_MODEL, memory=None).folder
    reference = SentenceTransformer(str(folder), device="cpu")
    encoder = load_encoder(DEFAULT_MODEL, exports=exports)
    assert isinstance(encoder, exported.ExportedEncoder)
    bulk = BulkEncoder(SentenceEncoder(encoder.model))

    def in_bulk() -> Vectors:
        threads = torch.get_num_threads()
        torch.set_num_threads(1)  # as for_bulk does
        try:
            return bulk.encode_passages(texts)
        finally:
            torch.set_num_threads(threads)

    def bfloat16() -> Vectors:
        with torch.autocast("cpu", dtype=torch.bfloat16):
            return reference.encode(texts, batch_size=8, normalize_embeddings=True)

    def batches_of(size: int) -> Callable[[], Vectors]:
        def run() -> Vectors:
            with patch.object(exported, "MICRO_BATCH", size):
                return encoder.encode_passages(texts)

        return run

    def on(session: onnxruntime.InferenceSession, *, workers: int) -> Callable[[], Vectors]:
        def run() -> Vectors:
            with (
                patch.object(encoder, "_session", session),
                patch.object(exported, "processors", lambda: workers),
            ):
                return encoder.encode_passages(texts)

        return run

    graph = exports / encoder.fingerprint / exported.GRAPH
    both = onnxruntime.SessionOptions()
    both.intra_op_num_threads = exported.processors()
    return {
        "SentenceTransformer.encode, defaults": lambda: reference.encode(texts),
        "indexer, exported": lambda: encoder.encode_passages(texts),
        "indexer, bulk (bfloat16 products)": in_bulk,
        **{f"indexer, exported, batches of {size}": batches_of(size) for size in (1, 8, 32)},
        "indexer, exported, one run on all processors": on(
            onnxruntime.InferenceSession(str(graph), both), workers=1
        ),
        "torch, bfloat16 autocast, batches of 8": bfloat16,
    }


def throughput(texts: list[str], exports: Path, rounds: int) -> Iterator[str]:
    """The table of passages per second."""
    all_ways = ways(texts, exports)
    rates: dict[str, list[float]] = {name: [] for name in all_ways}
    results: dict[str, Vectors] = {}
    for round_ in range(rounds + 1):  # the first warms up
        for name, run in all_ways.items():
            began = time.perf_counter()
            results[name] = run()
            if round_:
                rates[name].append(len(texts) / (time.perf_counter() - began))
    yardstick, *_ = all_ways
    yield f"{len(texts)} passages, {rounds} interleaved rounds, medians:\n"
    yield "| way | passages/s | ratio (median of rounds) | smallest cosine |"
    yield "| --- | ---: | ---: | ---: |"
    for name, values in rates.items():
        ratio = statistics.median(a / b for a, b in zip(values, rates[yardstick], strict=True))
        cosine = (results[name] * results[yardstick]).sum(axis=1).min()
        yield f"| {name} | {statistics.median(values):.1f} | {ratio:.2f} | {cosine:.6f} |"


def quality(exports: Path) -> Iterator[str]:
    """nDCG@10 of dense retrieval alone, questions by the export, documents in each way."""
    encoder = load_encoder(DEFAULT_MODEL, exports=exports)
    yield "nDCG@10, whole documents, dense alone:\n"
    yield "| collection | exported | bulk | difference |\n| --- | ---: | ---: | ---: |"
    for collection in map(collections.load_collection, folders([])):
        questions = {name: encoder.encode_query(text) for name, text in collection.queries.items()}
        texts = [f"{document.title}. {document.text}" for document in collection.documents]
        with for_bulk(encoder, BULK_FROM) as bulk:
            scores = [_ndcg(way.encode_passages(texts), questions, collection) for way in (encoder, bulk)]
        yield f"| {collection.name} | {scores[0]:.4f} | {scores[1]:.4f} | {scores[1] - scores[0]:+.4f} |"


def _ndcg(vectors: Vectors, questions: dict[str, Vectors], collection: collections.Collection) -> float:
    judged = [
        ir_measures.Qrel(query, document, grade)
        for query, grades in collection.judgements.items()
        for document, grade in grades.items()
    ]
    run = []
    for question, vector in questions.items():
        similar = vectors @ vector
        for index in np.argsort(-similar, kind="stable")[:10]:
            found = collection.documents[index].id
            run.append(ir_measures.ScoredDoc(question, found, float(similar[index])))
    return ir_measures.calc_aggregate([ir_measures.nDCG @ 10], judged, run)[ir_measures.nDCG @ 10]


def cold(exports: Path, rounds: int) -> Iterator[str]:
    """The table of a first question in a fresh process."""
    seconds: dict[str, list[float]] = {name: [] for name in COLD}
    peaks: dict[str, int] = {}
    values = {
        "model": DEFAULT_MODEL,
        "folder": str(find_model(DEFAULT_MODEL, memory=None).folder),
        "exports": str(exports),
        "question": "how do I design an event store",
    }
    for _ in range(rounds):
        for name, code in COLD.items():
            began = time.perf_counter()
            command = [sys.executable, "-c", code.format(**values) + PEAK]
            done = subprocess.run(command, check=True, capture_output=True, text=True)
            seconds[name].append(time.perf_counter() - began)
            peaks[name] = int(done.stdout)
    yield "\nOne question embedded in a fresh process, everything imported:\n"
    yield "| way | seconds | peak MB |\n| --- | ---: | ---: |"
    for name, taken in seconds.items():
        yield f"| {name} | {statistics.median(taken):.2f} | {peaks[name]} |"


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--texts", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--quality", action="store_true", help="nDCG on the whole collections too")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    texts = read_texts(options.texts)
    with tempfile.TemporaryDirectory() as folder:
        exports = Path(folder)
        load_encoder(DEFAULT_MODEL, exports=exports)
        lines = [*throughput(texts, exports, options.rounds), *cold(exports, options.rounds)]
        lines += ["", bench.machine("torch", "sentence-transformers", "onnxruntime", "tokenizers")]
        bench.report("embedding", "\n".join(lines), write=options.write)
        if options.quality:
            bench.report("embedding-quality", "\n".join(quality(exports)), write=options.write)


if __name__ == "__main__":
    main()
