"""Whoever wants to see a run go on."""

from __future__ import annotations

from typing import Protocol

from indexer.records import Outcome, Traffic
from indexer.store.crawl_log import Effect


class Watcher(Traffic, Protocol):
    """Whoever wants to see a run go on, such as progress bars. What it does takes no time."""

    def started(self, links: int, *, resumed: bool) -> None:
        """The crawl of so many links begins, or goes on after an interruption."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """One page is done."""

    def embedding(self, done: int, total: int) -> None:
        """So many of so many new passages are embedded."""

    def stage(self, what: str) -> None:
        """Something begins that has no measure, such as a model's preparation; what comes next ends it."""


class Nobody:
    """A watcher that looks away."""

    def started(self, links: int, *, resumed: bool) -> None:
        """Look away."""

    def page(self, outcome: Outcome, effect: Effect) -> None:
        """Look away."""

    def embedding(self, done: int, total: int) -> None:
        """Look away."""

    def stage(self, what: str) -> None:
        """Look away."""

    def asked(self, host: str) -> None:
        """Look away."""

    def answered(self, host: str, size: int) -> None:
        """Look away."""

    def pausing(self, host: str, seconds: float) -> None:
        """Look away."""
