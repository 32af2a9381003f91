"""What a run is told by while it goes on: how far it is, and what it waits for.

On a terminal these are a few lines that are drawn again and again, elsewhere one line from time to time, and
Ctrl-C ends both with what is kept.
"""

from __future__ import annotations

import logging
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indexer.cli.interruption import telling
from indexer.cli.output import plural, safe, stderr

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.table import Table

    from indexer.records import Outcome
    from indexer.store.crawl_log import Effect

logger = logging.getLogger(__name__)

EVERY = 30.0
"""Seconds between two lines where there is no terminal."""
DRAWN = 8
"""Times a second that a terminal's lines are drawn."""
LONGEST_BAR, SHORTEST_BAR = 40, 5
"""Columns of a bar; where there is no room for the shortest there is none."""


@contextmanager
def watching(command: str) -> Iterator[RunProgress]:
    """A watcher of a run that ``command`` began: what it is told is shown until the block ends.

    Nothing is shown after ``-q``, and where stderr is no terminal nothing of a run that is soon done.
    """
    progress = RunProgress(command)
    with telling(progress.interrupted), _shown(progress):
        yield progress


@contextmanager
def _shown(progress: RunProgress) -> Iterator[None]:
    """The progress where and as far as somebody wants to see it."""
    if not logger.isEnabledFor(logging.WARNING):
        yield
        return
    console = stderr()
    if console.is_terminal and not console.is_dumb_terminal:
        with _drawn(progress, console):
            yield
    else:
        with telling_lines(progress):
            yield


@contextmanager
def _drawn(progress: RunProgress, console: Console) -> Iterator[None]:
    """Lines on a terminal that go when the block ends."""
    from rich.live import Live

    live = Live(
        console=console, get_renderable=lambda: progress.drawn(console.width), refresh_per_second=DRAWN,
        transient=True, redirect_stdout=False, vertical_overflow="crop",
    )  # fmt: skip
    handlers = [each for each in logging.getLogger().handlers if isinstance(each, logging.StreamHandler)]
    with live:
        # Live has put itself in stderr's place, and writes messages above its lines.
        before = [handler.setStream(sys.stderr) for handler in handlers]
        try:
            progress.remove = live.stop
            yield
        finally:
            for handler, stream in zip(handlers, before, strict=True):
                if stream:
                    handler.setStream(stream)


@contextmanager
def telling_lines(
    progress: RunProgress, *, pause: Callable[[threading.Event], bool] = lambda ended: ended.wait(EVERY)
) -> Iterator[None]:
    """A message from time to time; ``pause`` waits until then, and says whether the block has ended."""
    ended = threading.Event()

    def tell() -> None:
        while not pause(ended):
            if line := progress.line():
                # A message as others, so that it is dated where they are. It is no warning, but it is shown.
                logger.warning("%s", line)

    thread = threading.Thread(target=tell, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()
        thread.join()


class RunProgress:
    """How far a run is, as a :class:`~indexer.pipeline.watching.Watcher` is told. ``clock`` gives seconds."""

    def __init__(self, command: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._command, self._clock = command, clock
        self.remove: Callable[[], None] = lambda: None
        """Takes the lines from the screen."""
        self._links = self._passages = -1  # not begun
        self._pages = self._bytes = self._embedded = 0
        self._done: set[str] = set()
        self._resumed = False
        self._asked: dict[str, float] = {}
        """Since when which host owes an answer."""
        self._pausing: dict[str, float] = {}
        """Until when which host is left in peace, although somebody waits for it."""
        self._stage = ""
        self._embedding_since = self._stage_since = clock()

    # ------------------------------------------------------------- what the run tells

    def started(self, links: int, *, resumed: bool) -> None:
        """The crawl of so many links begins."""
        self._links, self._resumed = links, resumed

    def asked(self, host: str) -> None:
        """A request goes out."""
        self._pausing.pop(host, None)
        self._asked[host] = self._clock()

    def answered(self, host: str, size: int) -> None:
        """It has ended."""
        self._asked.pop(host, None)
        self._bytes += size

    def pausing(self, host: str, seconds: float) -> None:
        """The host is asked for nothing for so long."""
        self._pausing[host] = self._clock() + seconds

    def page(self, outcome: Outcome, effect: Effect) -> None:  # noqa: ARG002 - a watcher's
        """One page further; a link counts once, with its subpages."""
        self._pages += 1
        self._done.add(outcome.link.url)

    def embedding(self, done: int, total: int) -> None:
        """So many passages further."""
        if not done:
            self._embedding_since = self._clock()
        self._embedded, self._passages = done, total
        self._stage = "writing the index" if done == total else ""
        self._stage_since = self._clock()

    def stage(self, what: str) -> None:
        """Something begins that has no measure."""
        if what.partition(" http")[0] != self._stage.partition(" http")[0]:
            self._stage_since = self._clock()
        self._stage = what

    # ---------------------------------------------------------------- what is shown

    def interrupted(self) -> str:
        """Ends what is shown; what is kept."""
        self.remove()
        return self.kept()

    def kept(self) -> str:
        """What an interruption leaves at least, as a page may be on its way to the disk, and how to go on."""
        kept = []
        if self._resumed:
            kept.append("what was fetched before")
        if self._pages:
            kept.append(plural(self._pages, "page"))
        if self._embedded:
            kept.append(f"the vectors of {plural(self._embedded, 'passage')}")
        state = "the last published state stands"
        if not kept:
            return f"{state}; `{self._command}` starts again"
        many = len(kept) > 1 or self._pages > 1 or self._embedded
        verb = "are" if many else "is"
        return f"{' and '.join(kept)} {verb} kept, {state}; the same `{self._command}` goes on"

    def line(self) -> str:
        """All in one line; empty where nothing has begun."""
        if self._stage or self._passages >= 0:
            told = self._embedding_told()
            return "; ".join(filter(None, [f"embedding: {told}" if told else "", self._stage_told(1000)]))
        if self._links < 0:
            return ""
        done = f"{len(self._done):,} of {plural(self._links, 'link')} done, {_bytes_told(self._bytes)}"
        return f"crawling: {done}; {self._waits_for(1000)}"

    def drawn(self, width: int) -> RenderableType:
        """All on a few lines of at most so many columns."""
        from rich.console import Group
        from rich.text import Text

        lines: list[RenderableType] = []
        if self._links >= 0:
            ended = bool(self._stage) or self._passages >= 0
            lines.append(_bar_row("crawling", len(self._done), self._links, self._links_told(), width))
            if not ended:
                lines.append(Text(f"  {self._waits_for(width - 2)}", style="dim", no_wrap=True))
        if told := self._embedding_told():
            lines.append(_bar_row("embedding", self._embedded, self._passages, told, width))
        if self._stage:
            lines.append(Text(self._stage_told(width), no_wrap=True))
        return Group(*lines)

    def _links_told(self) -> str:
        return f"{len(self._done):,}/{self._links:,} {_bytes_told(self._bytes)}"

    def _embedding_told(self) -> str:
        if self._passages <= 0:
            return ""
        seconds = self._clock() - self._embedding_since
        told = f"{self._embedded:,}/{self._passages:,}"
        if not self._embedded or not seconds:
            return told
        rate = self._embedded / seconds
        left = (
            ""
            if self._embedded == self._passages
            else f" {_span((self._passages - self._embedded) / rate)} left"
        )
        return f"{told} {rate:,.0f}/s{left}"

    def _stage_told(self, width: int) -> str:
        if not self._stage:
            return ""
        since = f" ({_span(self._clock() - self._stage_since)})"
        return _fitted(self._stage, width - len(since)) + since

    def _waits_for(self, width: int) -> str:
        """Whom the crawl waits for longest, in at most so many columns."""
        now = self._clock()
        if asked := list(self._asked.items()):
            host, since = min(asked, key=lambda item: item[1])
            others = f" and {len(asked) - 1} more" if len(asked) > 1 else ""
            before, after = "waiting for ", f" ({_span(now - since)}){others}"
        elif pausing := [(host, until) for host, until in list(self._pausing.items()) if until > now]:
            host, until = max(pausing, key=lambda item: item[1])
            others = f" and {len(pausing) - 1} more" if len(pausing) > 1 else ""
            before, after = "pausing for ", f" ({_span(until - now)} left){others}"
        else:
            return "reading pages" if self._bytes else "beginning"
        return f"{before}{_fitted(host, width - len(before) - len(after))}{after}"


def _bar_row(label: str, done: int, total: int, told: str, width: int) -> Table:
    """A label, a bar as far as there is room, and the numbers."""
    from rich.progress_bar import ProgressBar
    from rich.table import Table

    row = Table.grid(padding=(0, 1, 0, 0))
    room = min(LONGEST_BAR, width - len(label) - len(told) - 3)
    if room < SHORTEST_BAR:
        row.add_column(no_wrap=True, overflow="ellipsis")
        row.add_row(f"{label} {told}")
        return row
    for _ in range(3):
        row.add_column(no_wrap=True)
    row.add_row(label, ProgressBar(total=total or 1, completed=done, width=room), told)
    return row


def _fitted(text: str, width: int) -> str:
    """The text on one line of at most so many columns, with "…" for what is cut off."""
    from rich.text import Text

    cut = Text(" ".join(safe(text).split()))
    cut.truncate(max(width, 1), overflow="ellipsis")
    return cut.plain


def _bytes_told(count: int) -> str:
    """Bytes for a person."""
    return f"{count / 1e3:,.0f} kB" if count < 1e6 else f"{count / 1e6:,.1f} MB"


def _span(seconds: float) -> str:
    """A time for a person."""
    whole = round(max(seconds, 0))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
