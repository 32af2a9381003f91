"""The demo library, made once with the real model, and the command line called in this process."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from indexer.cli import main
from tests.whole.command import Ended, Run


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
        said = capsys.readouterr()
        return Ended(code, said.out, said.err)

    return call


@pytest.fixture(scope="session")
def demo_library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a library crawled from the sample articles with the real model."""
    from indexer.catalogue import load
    from indexer.config import Config
    from indexer.demo import sample_catalogue, sample_crawl

    folder = tmp_path_factory.mktemp("demo")
    sample_crawl(load(sample_catalogue()).links, Config(data=folder))
    return folder
