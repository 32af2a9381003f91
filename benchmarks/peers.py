"""Asking from a shell beside others: the same thousand passages, the same model, a new process each time.

    python benchmarks/peers.py [FOLDER] [--write]

FOLDER is where ``scale.py`` put its material and its library of 1,000 passages (``data/scale``). The
peers are installed into ``data/peers``; what cannot be is left out, and so is a step that takes more than
five minutes. Rounds are interleaved, so that a busy machine is busy for all.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from importlib.metadata import version
from pathlib import Path

import bench
from bench import interpreter

from indexer.config import DEFAULT_MODEL
from indexer.embed.models import find_model

SIZE = 1_000
ROUNDS = 5
PATIENCE = 300
COLLECTION = "passages"
PEERS = ("sentence-transformers", "faiss-cpu", "txtai", "llm", "llm-sentence-transformers")

PLAIN_BUILD = """
import json, sys, faiss
from sentence_transformers import SentenceTransformer
texts = json.load(open(sys.argv[2])); model = SentenceTransformer(sys.argv[3], device="cpu")
vectors = model.encode(texts, normalize_embeddings=True)
index = faiss.IndexFlatIP(vectors.shape[1]); index.add(vectors)
faiss.write_index(index, sys.argv[1] + "/plain.faiss")
"""
PLAIN_ASK = """
import json, sys, faiss
from sentence_transformers import SentenceTransformer
texts = json.load(open(sys.argv[2])); model = SentenceTransformer(sys.argv[3], device="cpu")
index = faiss.read_index(sys.argv[1] + "/plain.faiss")
scores, places = index.search(model.encode([sys.argv[4]], normalize_embeddings=True), 5)
print([texts[place][:80] for place in places[0]])
"""
TXTAI_BUILD = """
import json, sys
from txtai import Embeddings
made = Embeddings(path=sys.argv[3], content=True, hybrid=True)
made.index(json.load(open(sys.argv[2]))); made.save(sys.argv[1] + "/txtai")
"""
TXTAI_ASK = """
import sys
from txtai import Embeddings
made = Embeddings(); made.load(sys.argv[1] + "/txtai"); print(made.search(sys.argv[4], 5))
"""


def peers(python: Path, folder: Path, model: Path) -> dict[str, tuple[list[list[str]], list[str]]]:
    """For each peer the commands that build its index, and the one that asks; the question comes last."""
    given = [str(folder), str(folder / "texts.json"), str(model)]
    llm = str(python.with_name("llm"))
    name = f"sentence-transformers/{model}"
    return {
        "sentence-transformers + FAISS": (
            [[str(python), "-c", PLAIN_BUILD, *given]], [str(python), "-c", PLAIN_ASK, *given],
        ),
        "txtai": ([[str(python), "-c", TXTAI_BUILD, *given]], [str(python), "-c", TXTAI_ASK, *given]),
        "llm, its sentence-transformers plugin": (
            [
                [llm, "sentence-transformers", "register", str(model), "--lazy"],
                [llm, "embed-multi", COLLECTION, given[1] + "l", "--format", "nl", "-m", name, "--store"],
            ],
            [llm, "similar", COLLECTION, "-n", "5", "-c"],
        ),
    }  # fmt: skip


def run(command: list[str], folder: Path) -> tuple[float, float]:
    """Wall seconds of a command, and its peak memory in MB."""
    quiet = {"HF_HUB_OFFLINE": "1", "TOKENIZERS_PARALLELISM": "false", "LLM_USER_PATH": str(folder / "llm")}
    begun = time.monotonic()
    process = subprocess.Popen(
        command, env={**os.environ, **quiet}, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
    )
    timer = time.monotonic() + PATIENCE
    while (ended := os.wait4(process.pid, os.WNOHANG))[0] == 0:
        if time.monotonic() > timer:
            process.kill()
        time.sleep(0.005)
    _, status, usage = ended
    if os.waitstatus_to_exitcode(status) not in (0, 3):  # 3: nothing answers, which took as long
        assert process.stderr is not None
        raise RuntimeError(process.stderr.read().decode().strip().splitlines()[-1:] or ["killed"])
    return time.monotonic() - begun, usage.ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", nargs="?", type=Path, default=Path("data/scale"))
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    given = parser.parse_args()
    library, folder = given.folder / f"library-{SIZE}", given.folder / "peers"
    if not library.is_dir():
        raise SystemExit(f"skipped: {library} is not there; run scale.py first")
    folder.mkdir(exist_ok=True)
    rows = json.loads((given.folder / "passages.json").read_text())[:SIZE]
    texts = [f"{context}\n\n{text}" for _, context, text in rows]
    (folder / "texts.json").write_text(json.dumps(texts))
    documents = (json.dumps({"id": str(number), "text": text}) for number, text in enumerate(texts))
    (folder / "texts.jsonl").write_text("\n".join(documents) + "\n")
    question = json.loads((given.folder / "questions.json").read_text())[7]

    asks = {"indexer": [str(Path(sys.executable).with_name("indexer")), "ask", "--data", str(library)]}
    model = find_model(DEFAULT_MODEL, memory=None).folder
    python = interpreter(Path("data/peers/search"), f"torch=={version('torch').split('+')[0]}", *PEERS)
    for name, (build, ask) in peers(python or Path(sys.executable), folder, model).items():
        try:
            for command in build:
                run(command, folder)
            run([*ask, question], folder)
        except (RuntimeError, OSError) as error:
            print(f"{name}: left out, {error}", file=sys.stderr)
            continue
        asks[name] = ask
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in asks}
    for _ in range(ROUNDS):
        for name, ask in asks.items():
            found[name].append(run([*ask, question], folder))
    ours = statistics.median(seconds for seconds, _ in found["indexer"])
    lines = ["| | cold question, s | times `indexer` | peak memory, MB |", "| --- | ---: | ---: | ---: |"]
    for name, rounds in found.items():
        seconds = statistics.median(seconds for seconds, _ in rounds)
        peak = max(peak for _, peak in rounds)
        lines.append(f"| {name} | {seconds:.2f} | {seconds / ours:.1f} | {peak:,.0f} |")
    lines += [
        "",
        f"{bench.machine('sentence-transformers', 'torch', 'onnxruntime')} {bench.versions(python, *PEERS)}",
    ]
    bench.report("peers", "\n".join(lines), write=given.write)


if __name__ == "__main__":
    main()
