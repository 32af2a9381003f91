"""The demo library, made once by the command that makes it, with the real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from tests.command import Ended


@dataclass(frozen=True)
class Demo:
    """A library of the sample articles, and how the command that made it ended."""

    library: Path
    ended: Ended


def demo_once(folder: Path) -> Demo:
    """``indexer demo`` into the folder, by the first process that asks; the others wait and have the same.

    Nobody may open the library in this folder: a reader leaves files beside it for a moment, which break a
    copy that is just being made.
    """
    folder.mkdir(exist_ok=True)
    library, told = folder / "library", folder / "ended.json"
    with FileLock(folder / "lock"):
        if not told.exists():
            command = [sys.executable, "-c", "from indexer.cli import main; main()", "demo"]
            chosen = ("INDEXER_DATA", "INDEXER_CATALOGUE", "INDEXER_MODEL", "INDEXER_CONTACT")
            surroundings = {name: value for name, value in os.environ.items() if name not in chosen}
            done = subprocess.run(
                [*command, "--data", str(library)],
                env=surroundings, capture_output=True, text=True, check=False,
            )  # fmt: skip
            told.write_text(json.dumps(asdict(Ended(done.returncode, done.stdout, done.stderr))))
    return Demo(library, Ended(**json.loads(told.read_text())))
