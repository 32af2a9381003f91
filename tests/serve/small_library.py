"""A small library of every kind of block, with an old version, a dead link and a page that means harm; served."""

from __future__ import annotations

import hashlib
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import uvicorn

from indexer.config import Config
from indexer.records import Article, Block, BlockKind, Link, Loss, Verdict
from indexer.serve.app import create_app
from indexer.serve.doors import Doors
from tests.store.shelving import AT, Shelf, outcome

LOCKS = Link("https://redis.io/locks", "Patterns", note="for the cache", tags=("to read", "locks"))
STORE = Link("https://example.org/store", "Event strategies")
DEAD = Link("https://dead.example/gone", "Patterns", title="A dead link")
HARM = "Run <script>alert(1)</script>\u202e\"' onmouseover=alert(2) \\](javascript:alert(3))"
"""A title, note, tag or text that tries to run, to leave its place and to turn the line about."""
HARMFUL = Link("https://evil.example/'\"><script>alert(4)</script>", HARM, note=HARM, tags=(HARM,))
SCHEME = "javascript:alert(document.domain)"
LINKS = (LOCKS, STORE, DEAD, HARMFUL)
PREFACE = "A lock that is held for too long is worse than none."


def blocks(*told: tuple[BlockKind, str], title: str, **more: str | Loss) -> Article:
    """An article of these blocks; a heading's text begins with as many ``#`` as it is deep."""
    text, made, path = "", [], ()
    for kind, words in told:
        if kind == "heading":
            depth = len(words) - len(words.lstrip("#"))
            words = words.lstrip("# ")  # noqa: PLW2901
            path = (*path[: depth - 1], words)
        text += "\n\n" if text else ""
        made.append(Block(kind, len(text), len(text) + len(words), path))
        text += words
    digest = hashlib.sha256(f"{title}\n{text}".encode()).hexdigest()
    return Article(title, text, tuple(made), site="example.org", hash=digest, **more)  # type: ignore[arg-type]


def locks(preface: str) -> Article:
    return blocks(
        ("paragraph", preface),
        ("heading", "# How a lock is taken"),
        ("list", "ask for it;\nwait for it;\ngive it back."),
        ("heading", "## In code"),
        ("code", "def take(lock):\n    return lock.acquire()"),
        ("quote", "Locks are for the honest."),
        ("table", "Need | Lock\nOne machine | a mutex\nMany | a lease"),
        title="Locks, and who holds them",
        author="Ada Writer",
        published="2025-11-02",
        language="en",
        lost=Loss(0.4, code=2),
    )


def fill(folder: Path) -> None:
    """Make the library."""
    shelf = Shelf(folder)
    with shelf.database:
        log = shelf.log()
        log.record(outcome(LOCKS, locks("An older beginning about a lock."), at=AT - timedelta(days=2)))
        log.record(outcome(LOCKS, locks(PREFACE)))
        log.record(outcome(STORE, blocks(("paragraph", "An event store keeps events."), title="An event store")))
        log.record(outcome(DEAD, verdict=Verdict.GONE))
        hostile = blocks(
            ("heading", f"# {HARM}"), ("paragraph", HARM), ("list", f"{HARM}\n{HARM}"), ("table", f"{HARM} | {HARM}"),
            ("code", f"</code></pre>{HARM}"), ("quote", HARM), title=HARM, author=HARM, published=HARM, language=HARM,
        )  # fmt: skip
        log.record(outcome(HARMFUL, hostile, final_url=SCHEME))
        shelf.publish(*LINKS)


def catalogue(path: Path) -> Path:
    """Where a catalogue would be; there is none, so that the library's own links are told."""
    return path / "catalogue.yaml"


@contextmanager
def served(folder: Path) -> Iterator[str]:
    """A server on a free port of loopback, ended on leaving; its address."""
    config = Config.from_environment(data=folder)
    server = uvicorn.Server(uvicorn.Config(create_app(config, Doors()), log_level="warning"))
    with socket.create_server(("127.0.0.1", 0)) as listening:
        # Who connects from now on waits until it answers.
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()
