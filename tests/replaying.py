"""The replayed web as a child process."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]


@dataclass(frozen=True)
class Replay:
    """A running replay of the web, as tests/replay/README.md describes it."""

    proxy: str
    ca_file: str
    log: Path

    @property
    def environment(self) -> dict[str, str]:
        """What a client needs, in capitals and small letters: for ``subprocess`` or ``monkeypatch``."""
        names = ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy")
        return {**dict.fromkeys(names, self.proxy), "SSL_CERT_FILE": self.ca_file}

    def entries(self) -> list[dict[str, Any]]:
        """The requests so far, by the time they began."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        return sorted(map(json.loads, lines), key=lambda entry: entry["time"])


@contextmanager
def replaying(night: int, folder: Path) -> Iterator[Replay]:
    """The replay of a night on a free loopback port, its log and CA in the folder."""
    log, ca_file = folder.resolve() / f"night-{night}.jsonl", folder.resolve() / "ca.pem"
    command = [
        sys.executable,
        "-m",
        "tests.replay.replay_web",
        "--night",
        str(night),
        "--ca-file",
        str(ca_file),
        "--log",
        str(log),
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as child:
        try:
            assert child.stdout is not None
            ready = json.loads(child.stdout.readline())
            yield Replay(ready["proxy"], ready["ca_file"], log)
        finally:
            child.terminate()
