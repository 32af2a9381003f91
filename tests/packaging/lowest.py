"""Whether the lower bounds of pyproject.toml are true: install the lowest versions and use the product.

Run by ``make test-lowest``, with nothing but the standard library, on the oldest Python there is support for.
Everything happens below ``build/lowest``, which is removed first and last:

1. uv installs the product and its extras, each at the lowest version that pyproject.toml admits;
2. every module of the package is imported, and what a short crawl does not come to is called;
3. ``indexer demo`` crawls the sample articles in an empty folder, ``indexer ask`` answers from them;
4. the tests that need neither the model nor much time run. Most bounds that were false showed only there.

Torch comes from the usual index with its CUDA libraries (3 GB to download) unless ``--torch-index`` names an
index that has it without. Such an index may lack the very lowest torch; then its lowest one is taken.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
WORK = ROOT / "build" / "lowest"
OLDEST = (3, 11)

IMPORTS = """
import importlib, pkgutil, indexer
for module in pkgutil.walk_packages(indexer.__path__, "indexer."):
    importlib.import_module(module.name)

# A crawl of a few articles embeds too little for torch's bulk path, and no segment is large enough for FAISS.
from indexer.embed.bulk import has_bfloat16
has_bfloat16()
import faiss
faiss.IO_FLAG_MMAP_IFC
"""

EXPORT = """
import sys
from pathlib import Path
import onnx
(graph,) = Path(sys.argv[1]).rglob("model.onnx")
nodes = len(onnx.load(graph, load_external_data=False).graph.node)
sys.exit(nodes > 100 and f"the export has {nodes} nodes: nothing was fused, questions are slow")
"""


def main() -> None:
    """Do all of it; the first thing that fails ends it."""
    options = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    options.add_argument("--torch-index", default="", help="an index that has torch without CUDA")
    options.add_argument("--keep", action="store_true", help="leave build/lowest for a look")
    given = options.parse_args()
    if sys.version_info[:2] != OLDEST:
        sys.exit(f"the lowest versions are built for Python {OLDEST[0]}.{OLDEST[1]} only; name one: "
                 "make test-lowest OLDEST_PYTHON=...")  # fmt: skip
    shutil.rmtree(WORK, ignore_errors=True)
    WORK.mkdir(parents=True)
    try:
        python = install(given.torch_index)
        use(python)
    finally:
        if not given.keep:
            shutil.rmtree(WORK, ignore_errors=True)
    print("\nThe lowest versions do.")


def install(torch_index: str) -> Path:
    """An environment with the lowest versions of everything declared; its Python."""
    say("Installing the lowest versions")
    uv = shutil.which("uv") or install_uv()
    python = WORK / "venv" / "bin" / "python"
    run(uv, "venv", "--quiet", "--python", sys.executable, python.parents[1])
    lowest = [uv, "pip", "install", "--quiet", "--python", python, "--resolution", "lowest-direct"]
    if torch_index:
        run(*lowest, "--no-deps", "--default-index", torch_index, declared()["torch"])
    run(*lowest, f"{ROOT}[dev,notebook]")
    run(uv, "pip", "install", "--quiet", "--python", python, "--no-deps", "--editable", ROOT)
    show(uv, python)
    return python


def install_uv() -> Path:
    """Uv, in an environment of its own."""
    tools = WORK / "tools"
    run(sys.executable, "-m", "venv", tools)
    run(tools / "bin" / "pip", "install", "--quiet", "uv")
    return tools / "bin" / "uv"


def use(python: Path) -> None:
    """Import, crawl, ask, test."""
    say("Importing every module")
    run(python, "-c", IMPORTS, cwd=WORK)
    say("The demo, and a question")
    indexer = python.with_name("indexer")
    run(indexer, "demo", "--quiet", "--data", "library", cwd=WORK)
    run(indexer, "ask", "how do I design an event store", "-k", "1", "--data", "library", cwd=WORK)
    run(python, "-c", EXPORT, "cache", cwd=WORK)
    say("The fast tests")
    run(
        python,
        "-m",
        "pytest",
        "-q",
        "-n",
        "2",
        "--dist",
        "loadfile",
        "-m",
        "not slow",
        "-p",
        "no:cacheprovider",
    )


def declared() -> dict[str, str]:
    """The requirements of pyproject.toml, those of the extras too, by name."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(one for extra in project["optional-dependencies"].values() for one in extra),
    ]
    return {normal(re.split(r"[\[<>=!~; ]", one)[0]): one for one in wanted}


def show(uv: str | Path, python: Path) -> None:
    """Print what was declared beside what was installed."""
    listed = subprocess.run(
        [uv, "pip", "list", "--quiet", "--python", python, "--format", "freeze"],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    versions = {
        normal(name): version for name, _, version in (line.partition("==") for line in listed.splitlines())
    }
    for name, requirement in sorted(declared().items()):
        print(f"  {requirement:32} {versions[name]}")


def normal(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a command, and end with its exit code if it fails."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("INDEXER_")}
    environment["INDEXER_CACHE"] = str(WORK / "cache")
    ended = subprocess.run(command, cwd=cwd, env=environment, check=False)
    if ended.returncode:
        sys.exit(f"failed ({ended.returncode}): {' '.join(map(str, command))[:200]}")


def say(what: str) -> None:
    """Head the output of a step."""
    print(f"\n{what} ...", flush=True)


if __name__ == "__main__":
    main()
