"""How everything grows: libraries of 1,000 to 1,000,000 passages, built, changed, and asked.

    python benchmarks/scale.py [FOLDER] [--sizes 1000,10000,...] [--write]    # collections as in retrieval.py

Embedding a million passages takes hours, so large libraries are recombined from the passages of the
collections and their real vectors: a passage is a run of sentences from each of two or three passages
of different documents, and its vector the sum of theirs, each weighted by its share of the letters, plus
noise of length 0.15, at unit length. Words, lengths and directions stay those of real text; only rare
words do not grow rarer. Ten passages are an article, fifty articles a link that follows a site. The
questions are the collections' own.

Every step runs in a process of its own under FOLDER (default: ``data/scale``).
"""

from __future__ import annotations

import argparse
import json
import re
import resource
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import bench
import numpy as np

from indexer.arrays import Mask, Vectors
from indexer.config import DEFAULT_MODEL, Config
from indexer.encoding import open_encoder
from indexer.extract.blocks import ArticleBuilder
from indexer.library import Library
from indexer.records import Article, Fetch, Follow, Link, Outcome, Passage, Source, Verdict
from indexer.store.codec import now, text_hash
from indexer.store.crawl_log import CrawlLog
from indexer.store.database import Database
from indexer.store.opening import SEGMENTS
from indexer.store.publish import publish
from indexer.store.snapshot import Snapshot
from indexer.store.sums import summed

SIZES = (1_000, 10_000, 100_000, 1_000_000)
PER_ARTICLE, PER_LINK = 10, 50
QUESTIONS = 120
ROUNDS = 5
NOISE = 0.15
FINGERPRINT = "scale"


# ----------------------------------------------------------------- material


def material(folder: Path) -> None:
    """The collections' passages, vectors and questions, as files in ``folder``."""
    from retrieval import folders, opened

    encoder = open_encoder(Config(), DEFAULT_MODEL)
    passages, vectors, questions = [], [], []
    for collection, snapshot in opened(folders([]), encoder, folder / "evaluation"):
        rows = snapshot.query("SELECT id, article, context, text FROM passages ORDER BY id")
        passages += [[f"{collection.name} {row['article']}", row["context"], row["text"]] for row in rows]
        vectors.append(snapshot.vectors([row["id"] for row in rows]))
        questions += list(collection.queries.values())[: QUESTIONS // 3]
    (folder / "passages.json").write_text(json.dumps(passages))
    (folder / "questions.json").write_text(json.dumps(questions))
    np.save(folder / "vectors.npy", np.concatenate(vectors))


class Recombined:
    """Passages made of real ones; ``batch`` gives the next as (title, text) with their vectors."""

    def __init__(self, folder: Path) -> None:
        rows = json.loads((folder / "passages.json").read_text())
        self._titles = [context or "Untitled" for _, context, _ in rows]
        self._sentences = [re.split(r"(?<=[.!?])\s+", text) for _, _, text in rows]
        self._vectors = np.load(folder / "vectors.npy")
        self._chance = np.random.default_rng(1)

    def batch(self, count: int) -> tuple[list[tuple[str, str]], Vectors]:
        chance = self._chance
        how_many = chance.integers(2, 4, count)
        of = chance.integers(0, len(self._sentences), (count, 3))
        where = chance.random((count, 3))
        weights = np.zeros((count, 3), np.float32)
        said = []
        for number in range(count):
            parts = []
            for part in range(how_many[number]):
                sentences = self._sentences[of[number, part]]
                length = max(1, round(len(sentences) / how_many[number]))
                start = int(where[number, part] * (len(sentences) - length + 1))
                parts.append(" ".join(sentences[start : start + length]))
                weights[number, part] = len(parts[-1]) + 1
            said.append((self._titles[of[number, 0]], " ".join(" ".join(parts).split()) or "nothing"))
        vectors = _unit(np.einsum("np,npd->nd", weights, self._vectors[of]))
        noise = chance.standard_normal(vectors.shape).astype(np.float32)
        return said, _unit(vectors + np.float32(NOISE) * _unit(noise))


def _unit(rows: Vectors) -> Vectors:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


# -------------------------------------------------------------------- steps


def _links(articles: int) -> list[Link]:

    count = max(1, articles // PER_LINK)
    follow = Follow(mode="site")
    return [Link(f"https://example.org/{n}", f"Category {n % 20}", follow=follow) for n in range(count)]


def _article(said: list[tuple[str, str]]) -> Article:

    writer = ArticleBuilder(said[0][0])
    for _, text in said:
        writer.add("paragraph", text)
    return writer.article()


def _cut(article: Article) -> list[Passage]:

    texts = [(article.text[b.start : b.end], b) for b in article.blocks]
    return [Passage(text, b.start, b.end, (article.title,), context=article.title) for text, b in texts]


def _outcome(link: Link, number: int, article: Article) -> Outcome:

    url = link.url if number % PER_LINK == 0 else f"{link.url}/{number}"
    fetch = Fetch(url, url, Verdict.OK, "", now(), source=Source.SAMPLE)
    return Outcome(link, url, (fetch,), article=article)


def _publish(database: Database, links: Sequence[Link]) -> dict[str, float]:

    encoder = open_encoder(Config(), DEFAULT_MODEL)
    begun, cpu = time.monotonic(), time.process_time()
    done = publish(database, links, encoder=encoder, model=DEFAULT_MODEL, cut=_cut, fingerprint=FINGERPRINT)
    took = {"seconds": time.monotonic() - begun, "cpu": time.process_time() - cpu}
    return {**took, "embedded": done.embedded, "generation": done.generation}


def build(folder: Path, size: int) -> dict[str, object]:
    """Keep the articles and their vectors, then publish; what publishing took."""

    data = folder / f"library-{size}"
    source, links = Recombined(folder), _links(size // PER_ARTICLE)
    fingerprint = open_encoder(Config(), DEFAULT_MODEL).fingerprint
    with Database(data) as database:
        log = CrawlLog(database, database.start_run(resume_within=timedelta(0)), extractor="1")
        for start in range(0, size // PER_ARTICLE, 500):
            count = min(500, size // PER_ARTICLE - start)
            said, vectors = source.batch(count * PER_ARTICLE)
            halves = vectors.astype(np.float16)
            with database.atomic() as tables:
                for number in range(count):
                    mine = slice(number * PER_ARTICLE, (number + 1) * PER_ARTICLE)
                    article = _article(said[mine])
                    log.record(
                        _outcome(
                            links[(start + number) % len(links)], (start + number) // len(links), article
                        )
                    )
                    names = [text_hash(passage.embedded_text) for passage in _cut(article)]
                    tables.table("embeddings").insert_all(
                        (
                            summed(
                                "embeddings",
                                {"fingerprint": fingerprint, "hash": name, "vector": vector.tobytes()},
                            )
                            for name, vector in zip(names, halves[mine], strict=True)
                        ),
                        ignore=True,
                    )
        took = _publish(database, links)
    index = sum(path.stat().st_size for path in (data / "segments").rglob("*.*"))
    return {**took, "library": (data / "library.db").stat().st_size, "index": index, "peak": _peak()}


def change(folder: Path, size: int) -> dict[str, object]:
    """Publish again with nothing changed, then with one new paragraph in one article."""
    from indexer.store import inspection

    data, links = folder / f"library-{size}", _links(size // PER_ARTICLE)
    with Database(data) as database:
        idle = _publish(database, links)
        run = database.start_run(resume_within=timedelta(0))
        held = inspection.article(data, links[0].url)[0]
        said = [(held.title, held.text[b.start : b.end]) for b in held.blocks]
        changed = _article([*said[1:], (held.title, f"A paragraph of {time.time()} that nobody knew.")])
        CrawlLog(database, run, extractor="1", force=True).record(_outcome(links[0], 0, changed))
        one = _publish(database, links)
    return {"idle": idle, "one": one, "peak": _peak()}


def ask(folder: Path, size: int) -> dict[str, object]:
    """Questions to an open library that was asked others before: milliseconds by mode, recall, memory."""

    data = folder / f"library-{size}"
    questions = json.loads((folder / "questions.json").read_text())
    found: dict[str, object] = {}
    bench.read_through(data)
    with Library.open(data, config=Config(data=data)) as library:
        for mode in ("hybrid", "dense", "lexical"):
            wall, cpu = [], []
            for question in questions[::2]:
                library.search(question, mode=mode)
            for question in questions[1::2]:
                begun, used = time.perf_counter(), time.process_time()
                library.search(question, mode=mode)
                wall.append((time.perf_counter() - begun) * 1000)
                cpu.append((time.process_time() - used) * 1000)
            found[mode] = [*np.percentile(wall, [50, 95]), *np.percentile(cpu, [50, 95])]
        found["peak"] = _peak()
    with Snapshot(data) as snapshot:
        encoder = open_encoder(Config(data=data))
        found["recall"] = _recall(snapshot, np.stack([encoder.encode_query(text) for text in questions]))
        found["segments"] = [[state.alive, state.recall] for state in snapshot.segments]
    return found


def _recall(snapshot: Snapshot, asked: Vectors) -> float:
    """The share of the true ten nearest to the vectors ``asked`` among the ten that are found."""
    ids = [int(row["id"]) for row in snapshot.query("SELECT id FROM passages")]
    best = np.zeros((len(asked), 0), np.float32)
    for start in range(0, len(ids), 50_000):
        cosines = asked @ snapshot.vectors(ids[start : start + 50_000]).T
        best = np.sort(np.concatenate([best, cosines], axis=1), axis=1)[:, -10:]
    hits = 0
    for vector, cosines in zip(asked, best, strict=True):
        hits += sum(score >= cosines[0] - 1e-6 for _, score in snapshot.dense(vector, limit=10))
    return hits / best.size


def _peak() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def cold(folder: Path, size: int) -> dict[str, object]:
    """`indexer ask` in a new process: the median of wall seconds, and the memory it takes."""
    command = [str(Path(sys.executable).with_name("indexer")), "ask", "--json", "--data"]
    question = json.loads((folder / "questions.json").read_text())[7]
    seconds = []
    for _ in range(ROUNDS + 1):
        begun = time.monotonic()
        subprocess.run(
            [*command, str(folder / f"library-{size}"), question], stdout=subprocess.DEVNULL, check=False
        )
        seconds.append(time.monotonic() - begun)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return {"seconds": float(np.median(seconds[1:])), "best": min(seconds[1:]), "peak": peak}


# ------------------------------------------------------------------- report


def constants(folder: Path, size: int) -> dict[str, object]:
    """What ``EXACT`` and ``FEW`` rest on: milliseconds of processor for each way of searching one segment."""
    from indexer.index import vectors

    with Snapshot(folder / f"library-{size}") as snapshot:
        name = snapshot.segments[0].name
    near = vectors.VectorFile(folder / f"library-{size}" / SEGMENTS / name)
    chance = np.random.default_rng(0)
    pairs = chance.integers(0, len(near), (2, 60))
    asked = _unit(near.rows(pairs[0]) + near.rows(pairs[1]))
    copied = near.rows(np.arange(len(near)))  # as a small segment has them once they were all compared

    def took(search: Callable[[Vectors], object]) -> float:
        used = []
        for vector in asked:
            begun = time.process_time()
            search(vector)
            used.append((time.process_time() - begun) * 1000)
        return float(np.median(used))

    def exact(count: int) -> Callable[[Vectors], object]:
        return lambda vector: np.argpartition(-vectors.cosines(copied[:count], vector), 300)

    def gathered(mask: Mask) -> Callable[[Vectors], object]:
        ordinals = np.flatnonzero(mask)
        return lambda vector: vectors.cosines(near.rows(ordinals), vector)

    found: dict[str, object] = {f"exact {count}": took(exact(count)) for count in (10_000, 30_000, 100_000)}
    found["index"] = took(lambda vector: near.nearest(vector, 200, None))
    for count in (5_000, 20_000, 50_000):
        mask = np.zeros(len(near), np.bool_)
        mask[chance.choice(len(mask), count, replace=False)] = True
        found[f"few {count}"] = took(gathered(mask))
        found[f"index, {count} allowed"] = took(partial(near.nearest, limit=200, counted=mask))
    return found


STEPS = {"build": build, "cold": cold, "ask": ask, "change": change}
EXTRA = {"constants": constants}


def measure(folder: Path, size: int) -> dict[str, Any]:
    found: dict[str, Any] = {"size": size}
    for step in STEPS:
        command = [sys.executable, __file__, str(folder), "--step", step, "--sizes", str(size)]
        ended = subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True)
        found[step] = json.loads(ended.stdout)
        print(size, step, ended.stdout, file=sys.stderr, flush=True)
    return found


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.0f}"


def table(found: dict[int, dict[str, Any]]) -> str:
    def speed(mode: str) -> Callable[[dict[str, Any]], str]:
        return lambda m: "{:.0f} / {:.0f} ({:.0f} / {:.0f})".format(*m["ask"][mode])

    rows: dict[str, Callable[[dict[str, Any]], str]] = {
        "publishing all, s": lambda m: f"{m['build']['seconds']:.1f}",
        "of which processor, s": lambda m: f"{m['build']['cpu']:.1f}",
        "peak memory of publishing, MB": lambda m: f"{m['build']['peak']:,.0f}",
        "library, MB": lambda m: _megabytes(m["build"]["library"]),
        "index beside it, MB": lambda m: _megabytes(m["build"]["index"]),
        "bytes a passage, both": lambda m: (
            f"{(m['build']['library'] + m['build']['index']) / m['size']:,.0f}"
        ),
        "cold `ask`, s": lambda m: f"{m['cold']['seconds']:.2f}",
        "peak memory of a cold `ask`, MB": lambda m: f"{m['cold']['peak']:,.0f}",
        "warm hybrid, p50 / p95 ms": speed("hybrid"),
        "warm dense": speed("dense"),
        "warm lexical": speed("lexical"),
        "memory after all questions, MB": lambda m: f"{m['ask']['peak']:,.0f}",
        "recall@10, dense, on the questions": lambda m: f"{m['ask']['recall']:.3f}",
        "recall@10 stored at build, on its probes": lambda m: f"{m['ask']['segments'][0][1]:.3f}",
        "publishing with nothing new, s": lambda m: f"{m['change']['idle']['seconds']:.2f}",
        "publishing one changed article, s": lambda m: f"{m['change']['one']['seconds']:.2f}",
    }
    lines = ["| | " + " | ".join(f"{size:,}" for size in found) + " |", "| --- |" + " ---: |" * len(found)]
    lines += [f"| {name} | " + " | ".join(map(cell, found.values())) + " |" for name, cell in rows.items()]
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/scale"))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)))
    parser.add_argument("--step", choices=STEPS | EXTRA, help="only this one, of the first size")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    given = parser.parse_args()
    sizes = [int(size) for size in given.sizes.split(",")]
    given.folder.mkdir(parents=True, exist_ok=True)
    if not (given.folder / "vectors.npy").exists():
        material(given.folder)
    if given.step:
        print(json.dumps((STEPS | EXTRA)[given.step](given.folder, sizes[0])))
        return
    found = table({size: measure(given.folder, size) for size in sizes})
    told = f"{found}\n\n{bench.machine('faiss-cpu', 'numpy')} SQLite {sqlite3.sqlite_version}.\n\n{NOTES}"
    bench.report("scale", told, write=given.write)


NOTES = """Passages are recombined from real ones: runs of sentences from two or three passages of different
documents joined, the vector the sum of theirs weighted by their shares of the text, plus noise, at unit
length. The vectors count as embedded already, so publishing is cutting, indexing and writing. Warm: a
process that answered the other half of the questions before, and files that were read before. In
brackets: milliseconds of processor, which other programs on the machine disturb less."""


if __name__ == "__main__":
    main()
