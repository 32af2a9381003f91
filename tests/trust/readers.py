"""Readers beside a process that publishes: whatever they ask, all of it is one published state.

In state ``n`` of the library every second article says so, and there are as many links as ``n`` tells; the
other articles never change. So an answer, an article or a table that mixes two states gives itself away.
"""

from __future__ import annotations

import multiprocessing
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Event, Semaphore
from pathlib import Path
from queue import Empty
from random import Random
from threading import Thread
from typing import get_args

import indexer.library
from indexer import Config, Library
from indexer.records import Article, Link, Mode
from tests.store.shelving import CountingEncoder, Shelf, article, outcome
from tests.trust.trials import Trial, main

PUBLISHES = 20
"""In one round, beside eight readers: four processes, and four threads of a fifth."""
PROCESSES, THREADS = 4, 4
LINKS, MORE = 24, 5
"""Links in every state, and up to how many more in some."""
PATIENCE = 120.0
"""Seconds without a word from any reader after which a round counts as hanging."""

_SPAWNED = multiprocessing.get_context("spawn")


def links_of(state: int) -> list[Link]:
    """The catalogue of a state."""
    return [Link(f"https://host-{number}.example/", "All") for number in range(LINKS + state % MORE)]


def article_of(state: int, number: int) -> Article:
    """What the article of a link says in a state."""
    said = f"state{state} of {number}" if number % 2 else f"always the same of {number}"
    return article(
        *(f"Paragraph {n} says {said}, in so many words." for n in range(4)), title=f"Article {number}"
    )


def write(folder: Path, publishes: int, first: Event, came: Semaphore, readers: int) -> None:
    """In a process of its own: publish a state, wait until all readers came to it, publish the others."""
    shelf = Shelf(folder)
    with shelf.database:
        for state in range(1, publishes + 1):
            links = links_of(state)
            for number, link in enumerate(links):
                shelf.log(force=True).record(outcome(link, article_of(state, number)))
            assert shelf.publish(*links).generation == state
            if not first.is_set():
                first.set()
                for _ in range(readers):
                    came.acquire(timeout=PATIENCE)


def looks(library: Library, random: Random) -> Iterator[tuple[str, Callable[[], str]]]:
    """What a reader may ask, and what is wrong with what it got, if anything."""
    state = library.generation.number
    links = len(links_of(state))
    odd = random.randrange(1, LINKS, 2)

    def answer(mode: Mode) -> str:
        asked = f"state{state} says always"
        found = library.search(asked, k=1000, per_article=1000, mode=mode)
        texts = [hit.passage.text for hit in found]
        return (
            ""
            if texts and all(f"state{state} " in text or "always" in text for text in texts)
            else f"{texts[:3]}"
        )

    def whole_article() -> str:
        text = library.article(f"https://host-{odd}.example/").text
        return "" if text == article_of(state, odd).text else text

    def tables() -> str:
        passages = library.passages()
        sizes = (
            len(library.links()),
            len(library.articles()),
            len(library.status()),
            len(passages) // 4,
            len(library.embeddings()) // 4,
        )
        fit = all(f"state{state} " in text or "always" in text for text in passages["text"])
        return (
            ""
            if set(sizes) == {links} and fit
            else f"{sizes} in place of {links}, texts {'do' if fit else 'do not'} fit"
        )

    def similar() -> str:
        found = library.similar(f"https://host-{odd}.example/", k=1000)
        texts = [hit.passage.text for hit in found]
        return "" if all(f"state{state} " in text or "always" in text for text in texts) else f"{texts[:3]}"

    for mode in get_args(Mode):
        yield f"answer ({mode})", partial(answer, mode)
    yield "article", whole_article
    yield "tables", tables
    yield "similar", similar


def read(
    folder: Path, seed: str, told: Queue[Trial | None], came: Semaphore, ended: Event, threads: int
) -> None:
    """In a process of its own: open the library, look at it, and again, until all is published."""
    indexer.library._load_encoder = lambda config, made_with: CountingEncoder()

    def reading(thread: int) -> None:
        random = Random(f"{seed} {thread}")
        kind = "threads" if threads > 1 else "process"
        came.release()
        while True:
            try:
                with Library.open(
                    folder, config=Config(data=folder, cache=folder.with_name("cache"))
                ) as library:
                    state = library.generation.number
                    for _ in range(random.randrange(1, 4)):  # in the meantime others are published
                        for what, look in looks(library, random):
                            wrong = look()
                            told.put(
                                Trial(
                                    f"{what}, {kind}", "one state", wrong and f"state {state}: {wrong[:300]}"
                                )
                            )
            except Exception as error:  # noqa: BLE001 - whatever it is, a reader should not see it
                told.put(Trial(f"reading, {kind}", "one state", f"{type(error).__name__}: {error}"[:500]))
            if ended.is_set():
                return

    readers = [Thread(target=reading, args=(thread,)) for thread in range(threads)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    told.put(None)


def a_round(
    folder: Path, seed: str, *, publishes: int = PUBLISHES, processes: int = PROCESSES, threads: int = THREADS
) -> Iterator[Trial]:
    """So many publishes beside so many readers."""
    told: Queue[Trial | None] = _SPAWNED.Queue()
    first, ended, came = _SPAWNED.Event(), _SPAWNED.Event(), _SPAWNED.Semaphore(0)
    writer = _SPAWNED.Process(target=write, args=(folder, publishes, first, came, processes + threads))
    writer.start()
    first.wait(PATIENCE)
    crews = [1] * processes + [threads] * bool(threads)
    readers = [
        _SPAWNED.Process(target=read, args=(folder, f"{seed} {n}", told, came, ended, crew))
        for n, crew in enumerate(crews)
    ]
    for reader in readers:
        reader.start()
    left = len(readers)
    try:
        while left:
            if not writer.is_alive():
                ended.set()
            try:
                trial = told.get(timeout=PATIENCE)
            except Empty:
                yield Trial("reading", "", "no reader says anything any more")
                break
            if trial is None:
                left -= 1
            else:
                yield trial
        writer.join()
        for _ in range(publishes):
            yield Trial(
                "publish",
                "published",
                "" if writer.exitcode == 0 else f"the writer ended with {writer.exitcode}",
            )
    finally:
        ended.set()
        for process in (writer, *readers):
            process.kill()
            process.join()


def trials(seed: int) -> Iterator[Trial]:
    """Rounds without end."""
    for number in count():
        with tempfile.TemporaryDirectory() as folder:
            yield from a_round(Path(folder) / "data", f"{seed} {number}")


if __name__ == "__main__":
    main(
        "readers",
        trials,
        count=4_000,
        claim=f"Rounds of {PUBLISHES} publishes by one process beside {PROCESSES + THREADS} readers, "
        f"{PROCESSES} of them processes and {THREADS} threads, which open the library, ask it several times "
        "while others are published, and open it again. Whatever is asked must be that of the one state that "
        "was opened.",
    )
