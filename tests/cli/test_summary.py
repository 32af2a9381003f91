"""What a run tells of itself on one screen, and in JSON."""

from __future__ import annotations

import pytest

from indexer.cli.crawl import print_summary
from indexer.summary import Summary


def test_a_run_tells_what_could_not_be_cut(capsys: pytest.CaptureFixture[str]) -> None:
    uncut = {"https://a.example/": "cutting took longer than 30 s"}
    summary = Summary(
        run=1, seconds=1.0, links=1, pages=1, verdicts={}, articles={}, passages=0, embedded=0, generation=1,
        uncut=uncut,
    )  # fmt: skip
    print_summary(summary)
    assert "1 page not cut into passages" in capsys.readouterr().out
    assert summary.to_json()["uncut"] == uncut
