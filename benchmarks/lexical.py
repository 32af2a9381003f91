"""Our lexicon beside other engines for words: SQLite's FTS5, tantivy and bm25s, on the same passages.

    python benchmarks/lexical.py [FOLDER] [--size 1000000] [--write]

FOLDER is where ``scale.py`` put its library of that size (``data/scale``). Each engine indexes the text of
its passages, stemmed, in one process, and is asked for the best 200 in another; ours is asked as the
product asks it. What matters here: an answer within milliseconds however common the words are, and a
start at once. tantivy builds with two threads. The peers are installed into ``data/peers``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
from pathlib import Path

import bench

from indexer.search.query import analyse
from indexer.store.snapshot import Snapshot

LIMIT = 200

START = """
import json, sys, time
from pathlib import Path
folder, library, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
begun = time.perf_counter()
"""
BUILT = """
size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
print(json.dumps({"build": time.perf_counter() - begun, "cpu": time.process_time(), "size": size}))
"""
TEXTS = """
def texts():
    with open(folder.parent / "texts.jsonl") as lines:
        yield from map(json.loads, lines)
"""
ASKED = """
start = time.perf_counter() - begun
questions = json.load(open(folder.parent / "words.json"))
taken = []
for words in questions:
    begun = time.perf_counter()
    ask(words)
    taken.append(time.perf_counter() - begun)
warm = sorted(taken[1::2])  # half of them came before
# Not ru_maxrss: a child inherits the peak of the process that started it.
status = open("/proc/self/status").read().split()
peak = int(status[status.index("VmHWM:") + 1]) / 1024
p50, p95 = (warm[int(len(warm) * share)] * 1000 for share in (0.5, 0.95))
print(json.dumps({"first": start + taken[0], "p50": p50, "p95": p95, "peak": peak}))
"""

ENGINES = {
    "indexer": ("""
from indexer.index import lexicon
import numpy as np
parts, writer, held = [], lexicon.LexiconBuilder(), 0
def cut():
    run = folder / f"run-{len(parts)}"
    run.mkdir()
    writer.write(run)
    at = sum(len(moved) for _, moved in parts)
    parts.append((lexicon.Lexicon(run), np.arange(at, at + held, dtype=np.int32)))
for text in texts():
    writer.add((text, "", ""))
    held += 1
    if held == 32768:
        cut()
        writer, held = lexicon.LexiconBuilder(), 0
cut()
lexicon.merge_lexicons(folder, parts)
import shutil
for number in range(len(parts)):
    shutil.rmtree(folder / f"run-{number}")
""", """
from indexer.store.snapshot import Snapshot
snapshot = Snapshot(Path(library), checked=folder.parent / "checked")
def ask(words):
    return snapshot.lexical(words, limit=limit)
"""),
    "SQLite FTS5": ("""
import sqlite3
tables = sqlite3.connect(folder / "fts5.db")
tables.execute("CREATE VIRTUAL TABLE p USING fts5(text, content='', tokenize='porter unicode61')")
tables.executemany("INSERT INTO p(text) VALUES (?)", ((text,) for text in texts()))
tables.execute("INSERT INTO p(p) VALUES ('optimize')")
tables.commit()
""", """
import sqlite3
tables = sqlite3.connect(folder / "fts5.db")
def ask(words):
    match = " OR ".join(f'"{word}"' for word in words)
    sql = "SELECT rowid, bm25(p) FROM p WHERE p MATCH ? ORDER BY 2 LIMIT ?"
    return tables.execute(sql, (match, limit)).fetchall()
"""),
    "tantivy": ("""
import tantivy
schema = tantivy.SchemaBuilder().add_text_field("text", stored=False, tokenizer_name="en_stem").build()
index = tantivy.Index(schema, path=str(folder))
writer = index.writer(500_000_000, 2)
for text in texts():
    writer.add_document(tantivy.Document(text=text))
writer.commit()
writer.wait_merging_threads()
""", """
import tantivy
index = tantivy.Index.open(str(folder))
searcher = index.searcher()
def ask(words):
    return searcher.search(index.parse_query(" ".join(words), ["text"]), limit).hits
"""),
    "bm25s": ("""
import bm25s, Stemmer
stemmer = Stemmer.Stemmer("porter")
tokens = bm25s.tokenize(list(texts()), stopwords=None, stemmer=stemmer, show_progress=False)
index = bm25s.BM25()
index.index(tokens, show_progress=False)
index.save(folder)
""", """
import bm25s, Stemmer
stemmer = Stemmer.Stemmer("porter")
index = bm25s.BM25.load(folder, mmap=True)
def ask(words):
    tokens = bm25s.tokenize([" ".join(words)], stopwords=None, stemmer=stemmer, show_progress=False)
    return index.retrieve(tokens, k=limit, show_progress=False)
"""),
}  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/scale"))
    parser.add_argument("--size", type=int, default=1_000_000)
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    given = parser.parse_args()
    library, folder = given.folder / f"library-{given.size}", given.folder / "lexical"
    if not library.is_dir():
        raise SystemExit(f"skipped: {library} is not there; run scale.py first")
    folder.mkdir(exist_ok=True)
    with (
        Snapshot(library, checked=folder / "checked") as snapshot,
        (folder / "texts.jsonl").open("w") as lines,
    ):
        lines.writelines(
            json.dumps(row["text"]) + "\n" for row in snapshot.query("SELECT text FROM passages")
        )
    asked = json.loads((given.folder / "questions.json").read_text())
    (folder / "words.json").write_text(json.dumps([analyse(question).terms for question in asked]))

    peers = bench.interpreter(Path("data/peers/lexical"), "tantivy", "bm25s", "PyStemmer", "numba")
    head = "build, s (of processor) | size, MB | first, s | warm p50 / p95 ms | memory, MB"
    lines = [
        f"| {given.size:,} passages | {head} |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for name, (build, ask) in ENGINES.items():
        python = Path(sys.executable) if name in ("indexer", "SQLite FTS5") else peers
        if python is None:
            continue
        own = folder / name.replace(" ", "-")
        shutil.rmtree(own, ignore_errors=True)
        own.mkdir()
        built = told(python, START + TEXTS + build + BUILT, own, library)
        bench.read_through(own)
        bench.read_through(library / "segments")
        found = told(python, START + ask + ASKED, own, library)
        lines.append(
            f"| {name} | {built['build']:.0f} ({built['cpu']:.0f}) | {built['size'] / 1e6:,.0f} "
            f"| {found['first']:.2f} | {found['p50']:.0f} / {found['p95']:.0f} | {found['peak']:,.0f} |"
        )
    lines += ["", f"{bench.machine('numpy')} {bench.versions(peers, 'tantivy', 'bm25s')}"]
    bench.report("lexical", "\n".join(lines), write=given.write)


def told(python: Path, script: str, own: Path, library: Path) -> dict[str, float]:
    """What a script prints in a process of its own, with all it needs to import."""
    command = [str(python), "-c", script, str(own), str(library), str(LIMIT)]
    ended = subprocess.run(command, check=True, stdout=subprocess.PIPE)
    figures: dict[str, float] = json.loads(ended.stdout.splitlines()[-1])
    return figures


if __name__ == "__main__":
    main()
