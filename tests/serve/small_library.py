"""A small library of every kind of block, with an old version, a dead link and a page that means harm."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import cast

import pytest
import uvicorn

from indexer.config import Config
from indexer.records import Article, Block, BlockKind, Encoder, Link, Loss, Verdict
from indexer.serve.app import create_app
from indexer.serve.doors import Doors
from tests.store.shelving import AT, CountingEncoder, Shelf, outcome

LOCKS = Link("https://redis.io/locks", "Patterns", note="for the cache", tags=("to read", "locks"))
STORE = Link("https://example.org/store", "Event strategies")
LONG = Link("https://example.org/long", "Event strategies")
DEAD = Link("https://dead.example/gone", "Patterns", title="A dead link")
HARM = "Run <script>alert(1)</script>\u202e\"' onmouseover=alert(2) \\](javascript:alert(3))"
"""A title, note, tag or text that tries to run, to leave its place and to turn the line about."""
HARMFUL = Link("https://evil.example/'\"><script>alert(4)</script>", HARM, note=HARM, tags=(HARM,))
SCHEME = "javascript:alert(5)"
LINKS = (LOCKS, STORE, LONG, DEAD, HARMFUL)
PREFACE = "A lock that is held for too long is worse than none."
OLD_PREFACE = "An older beginning about a lock."


def blocks(*told: tuple[str, str], title: str, **more: str) -> Article:
    """An article of these blocks; a heading begins with as many ``#`` as it is deep."""
    text, made, path = "", list[Block](), tuple[str, ...]()
    for kind, words in told:
        shown = words.lstrip("#") if kind == "heading" else words
        if kind == "heading":
            path = (*path[: len(words) - len(shown) - 1], shown)
        text += "\n\n" * bool(text)
        made.append(Block(cast(BlockKind, kind), len(text), len(text) + len(shown), path))
        text += shown
    digest = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    lost = Loss(0.4, code=2)
    return Article(title, text, tuple(made), site="example.org", hash=digest, lost=lost, **more)


def locks(preface: str) -> Article:
    return blocks(
        ("paragraph", preface),
        ("heading", "#How a lock is taken"),
        ("list", "ask for it;\nwait for it;\ngive it back."),
        ("heading", "##In code"),
        ("code", "def take(lock):\n    return lock.acquire()"),
        ("quote", "Locks are for the honest."),
        ("heading", "#Which one"),
        ("table", "Need | Lock\nOne machine | a mutex\nMany | a lease"),
        ("heading", "#What is left"),
        ("paragraph", "All else."),
        title="Locks, and who holds them",
        author="Ada Writer",
        published="2025-11-02",
        language="en",
    )


def harmful() -> Article:
    return blocks(
        ("heading", f"#{HARM}"),
        ("paragraph", HARM),
        ("list", f"{HARM}\n{HARM}"),
        ("table", f"{HARM} | {HARM}\n{HARM}"),
        ("code", f"</code></pre>{HARM}"),
        ("quote", HARM),
        title=HARM,
        author=HARM,
        published=HARM,
        language=HARM,
    )


def fill(folder: Path, articles: Mapping[Link, Article] | None) -> None:
    """Make the library: of these articles alone, or of the usual ones."""
    shelf = Shelf(folder)
    with shelf.database:
        log = shelf.log()
        if not articles:
            log.record(outcome(LOCKS, locks(OLD_PREFACE), at=AT - timedelta(days=2)))
            log.record(outcome(DEAD, verdict=Verdict.GONE))
        for link, read in (articles or usual()).items():
            log.record(outcome(link, read, final_url=SCHEME if link is HARMFUL else ""))
        shelf.publish(*(articles or LINKS))


def usual() -> dict[Link, Article]:
    many = (("paragraph", f"Event {number} & what follows. " * 40) for number in range(200))
    store = blocks(("paragraph", "An event store keeps events."), title="Event store")
    return {LOCKS: locks(PREFACE), STORE: store, LONG: blocks(*many, title="A long one"), HARMFUL: harmful()}


@contextmanager
def served(
    folder: Path,
    encoder: type[Encoder] = CountingEncoder,
    articles: Mapping[Link, Article] | None = None,
) -> Iterator[str]:
    """The library, made and served on a free port of loopback until the block ends; yields the address.

    Questions are encoded as its passages were, if by no other ``encoder``.
    """
    fill(folder / "data", articles)
    config = Config(
        data=folder / "data", catalogue=folder / "none.yaml", catalogue_why="", cache=folder / "cache"
    )
    with pytest.MonkeyPatch.context() as patched, socket.create_server(("127.0.0.1", 0)) as listening:
        patched.setattr("indexer.library._load_encoder", lambda *_: encoder())
        server = uvicorn.Server(uvicorn.Config(create_app(config, Doors()), log_config=None))
        # Who connects from now on is answered once it runs.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join()
