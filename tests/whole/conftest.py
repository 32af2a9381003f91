"""The command line called in this process."""

from __future__ import annotations

import signal
import sys

import pytest

from indexer.cli import main
from tests.command import Ended, Run


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Calls ``indexer`` with arguments, as the console script does."""
    for name in ("INDEXER_DATA", "INDEXER_CATALOGUE", "INDEXER_MODEL"):
        monkeypatch.delenv(name, raising=False)

    def call(*arguments: object) -> Ended:
        monkeypatch.setattr(sys, "argv", ["indexer", *map(str, arguments)])
        capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        finally:
            signal.signal(signal.SIGINT, signal.default_int_handler)  # an interrupted program ignores more
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call
