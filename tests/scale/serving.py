"""Libraries to serve: texts of many kinds, published beside the library and in Milvus."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from indexer.config import Config
from indexer.milvus import index_elsewhere, index_written
from indexer.records import Link
from indexer.store.generations import last_generation
from indexer.store.serving import serve
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder
from tests.store.shelving import AT, Shelf, article, outcome

TEXTS = {
    Link(
        "https://docs.example.org/locks",
        'Locks "and" leases',
        note="read me",
        tags=("ops", 'a "b"\\'),
        title="t",
    ): [
        "A lock with a lease expires; the holder of the lock must renew the lease in time.",
        "Fencing tokens guard what the lock protects. kip-500 and node.js are names, as is maxOpenHandles.",
        "C++ and C# are languages, and so is .NET; none of them is C.",
    ],
    Link("https://example.org/stores", "It's back\\slashed", tags=("ops", "stores")): [
        "An event store appends events. Reading a stream gives the events in order.",
        "Snapshots of the stream make reading it quick. An event is never changed, events are facts.",
        "事件存储是一个数据库。它保存事件。",
    ],
    Link("https://other.test/zeilen\tcafé", "Zeile\tzwei", tags=("café",)): [
        "Größe und Straße: ein Café über dem Fluß. The lock is closed.",
        "분산 잠금은 어렵다. ล็อกแบบกระจาย",
        "Distributed locking is hard. Distribution of events is harder. events events events events",
    ],
}
"""By each link the paragraphs of its article, a passage each."""

QUESTIONS = (
    "how does a lock expire", "event stroe", "C++", "what is kip500", "事件存储", "잠금", "Straße im Café",
    "distrbution of locks", "max open handles", "who was the first king of France", "events", "node.js .net",
)  # fmt: skip

SITES = ("docs.example.org", "example.org", "other.test")


def filled(folder: Path) -> Shelf:
    """A library of :data:`TEXTS`, recorded and not published."""
    shelf = Shelf(folder)
    shelf.encoder = HashEncoder()  # type: ignore[assignment]
    for days, (link, paragraphs) in enumerate(TEXTS.items()):
        read = replace(article(*paragraphs, title=paragraphs[0][:20]), site=SITES[days], language="en")
        record(shelf, link, read, at=AT + timedelta(days=days))
    return shelf


def record(shelf: Shelf, link: Link, read: object, at: datetime = AT) -> None:
    """Keep an article of a link."""
    shelf.log().record(outcome(link, read, at=at))  # type: ignore[arg-type]


def config_of(folder: Path, address: str) -> Config:
    """The configuration of a library with its index at an address."""
    return Config(data=folder, index=address)


def serve_too(shelf: Shelf, address: str) -> None:
    """Fill the index at an address with what is published."""
    last = last_generation(shelf.database)
    assert last
    with index_written(config_of(shelf.folder, address)) as index:
        assert index
        serve(shelf.database, index, last)
        index.publish(last)


@contextmanager
def both(folder: Path, address: str) -> Iterator[tuple[Snapshot, Snapshot]]:
    """The published state, asked beside the library and at an address."""
    elsewhere = index_elsewhere(config_of(folder, address))
    with Snapshot(folder) as here, Snapshot(folder, open_index=elsewhere) as there:
        yield here, there
