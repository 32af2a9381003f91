"""Some calls at random of those that ``make trust`` tries."""

from __future__ import annotations

from itertools import islice

import pytest

from tests.command import Ended
from tests.trust.fuzzing import CODES, Call, commands, faults, trials


@pytest.mark.slow
def test_calls_at_random_end_as_documented() -> None:
    tried = list(islice(trials(1), 16))
    assert [trial.wrong for trial in tried if trial.wrong] == []
    assert {trial.ended for trial in tried} <= {*CODES.values(), "answered"}


def test_every_command_is_among_those_that_are_tried() -> None:
    assert {"ask", "crawl", "restore", "catalogue import", "catalogue tidy"} <= commands().keys()


@pytest.mark.parametrize(
    ("code", "out", "err"),
    [
        (1, "", "Traceback (most recent call last):\n"),
        (134, "", ""),
        (2, "", "indexer: one\nindexer: two\n"),
        (1, "", "no such file\n"),
        (1, "", "indexer: \x1b[2J\n"),
        (0, "not json", ""),
    ],
    ids=["traceback", "signal", "two lines", "not told as ours", "control signs", "no JSON"],
)
def test_a_fault_is_seen(code: int, out: str, err: str) -> None:
    assert faults(Call("status", ["status", "--json"]), Ended(code, out, err))
    assert not faults(Call("status", ["status", "--json"]), Ended(1, "", "indexer: no library\n"))
