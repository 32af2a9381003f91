"""Politeness: one request at a time to a host, and a pause after each.

The pause is counted from the end of one request to the start of the next. It grows to the host's
``Crawl-delay``, doubles when the host answers 429, and comes back when the host is at ease again.
Whoever waits for one host keeps nobody else waiting.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from indexer.config import CrawlConfig
from indexer.records import Traffic


@dataclass(slots=True)
class _Host:
    pause: float
    ended: float = float("-inf")
    """When the last request ended, by the event loop's clock in seconds."""
    held_until: float = float("-inf")
    factor: float = 1.0
    good_in_a_row: int = 0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Pace:
    """When which host may be asked next. Turns at one host are given in the order they were asked for."""

    def __init__(self, config: CrawlConfig, traffic: Traffic | None = None) -> None:
        self._config, self._traffic = config, traffic
        self._hosts: defaultdict[str, _Host] = defaultdict(lambda: _Host(config.delay))

    @asynccontextmanager
    async def turn(self, host: str) -> AsyncIterator[None]:
        """The exclusive right to send one request to the host, once its pause is over."""
        state = self._hosts[host]
        async with state.turn:
            # While this one slept, the host may have asked for a longer pause.
            while (wait := self._free_at(state) - _now()) > 0:
                if self._traffic:
                    self._traffic.pausing(host, wait)
                await asyncio.sleep(wait)
            try:
                yield
            finally:
                state.ended = _now()

    def _free_at(self, state: _Host) -> float:
        pause = min(state.pause * state.factor, max(state.pause, self._config.max_delay))
        return max(state.ended + pause, state.held_until)

    def crawl_delay(self, host: str, seconds: float) -> None:
        """Takes over what the host's robots.txt asks for, up to the stated bound."""
        state = self._hosts[host]
        state.pause = max(state.pause, min(seconds, self._config.longest_crawl_delay))

    def hold(self, host: str, seconds: float) -> None:
        """Sends the host nothing for so many seconds from now."""
        state = self._hosts[host]
        state.held_until = max(state.held_until, _now() + seconds)

    def slow_down(self, host: str) -> None:
        """The host complained (429): doubles its pause, up to the bound."""
        state = self._hosts[host]
        state.good_in_a_row = 0
        if state.pause * state.factor < self._config.max_delay:
            state.factor *= 2

    def speed_up(self, host: str) -> None:
        """The host answered well: after a few such answers, halves a doubled pause."""
        state = self._hosts[host]
        state.good_in_a_row += 1
        if state.factor > 1 and state.good_in_a_row >= self._config.recovery:
            state.good_in_a_row = 0
            state.factor /= 2


def _now() -> float:
    return asyncio.get_running_loop().time()
