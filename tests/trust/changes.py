"""The commands that change what is kept, each with the folder that it begins in, and what must come of it.

Each is the real program; where it needs the model, with the real one, on a small library of pages that
servers on loopback have. What is there after it was broken off is compared with what was there before and
with what it leaves when it is let alone: a reader gets the one or the other and no mixture, and all that both
of them have is there.
"""

from __future__ import annotations

import ctypes
import hashlib
import multiprocessing
import os
import re
import shutil
import signal
import sqlite3
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from tempfile import TemporaryDirectory, mkdtemp
from urllib.parse import urlsplit

import numpy as np

from indexer.catalogue import load
from indexer.cli import main
from indexer.config import Config, CrawlConfig
from indexer.demo.server import ConnectTo
from indexer.encoding import exports_folder
from indexer.errors import IndexerError, ModelError
from indexer.pipeline.crawling import crawl_links
from indexer.records import Link
from indexer.store.backup import back_up, verify
from indexer.store.snapshot import Snapshot
from tests.store.shelving import Shelf, article, outcome
from tests.whole.large_web import Web, serving, write_catalogue

PAGES = 8
MEMORY = Path("/dev/shm")
"""Where there is one, trials are made in it: what comes of a kill does not depend on the disk."""
WORDS = ["event", "lock", "queue", "system"]
PUBLISHED = """
SELECT l.category, l.url, l.note, a.page_url, a.title, p.position, p.text, p.context, p.about, p.fragment
FROM passages p JOIN articles a ON a.id = p.article
JOIN current_articles c ON c.link_url = a.link_url AND c.page_url = a.page_url AND c.article = a.id
JOIN links l ON l.url = a.link_url ORDER BY l.position, a.page_url, p.position
"""
KEPT = {
    "fetches": "SELECT link_url, page_url, verdict, source, body_hash FROM fetches",
    "bodies": "SELECT hash, length(data) FROM bodies",
    "articles": "SELECT link_url, page_url, source, title, text, extractor FROM articles",
    "vectors": "SELECT fingerprint, hash, vector FROM embeddings",
}
"""What is kept of the web, without numbers and times."""
VARYING = re.compile(r"\d{8}(?=/|$)|\d{4}-\d\d-\d\dT[\d-]+")
PASSING = ("-wal", "-shm", ".lock")
"""Ends of the names of files that come and go with those who read and write."""


@dataclass(frozen=True)
class Seen:
    """What a folder holds."""

    told: object
    """What a reader is told: all that is published and some answers, or the error."""
    kept: frozenset[tuple[object, ...]]
    """What the library keeps of the web."""
    others: Mapping[str, object]
    """What the catalogue and the backups hold."""


@dataclass(frozen=True)
class Change:
    """A command, and what it makes of the folder ``start``."""

    name: str
    arguments: tuple[str, ...]
    start: Path
    environment: Mapping[str, str]
    before: Seen
    after: Seen
    names: frozenset[str]
    """The files that it leaves."""

    def untouched(self, folder: Path) -> bool:
        """Whether a folder has what was published before, in library, catalogue and backups."""
        seen = look(folder)
        return (seen.told, seen.others) == (self.before.told, self.before.others)

    def wrong(self, folder: Path) -> str:
        """What is wrong with a folder in which the command was broken off; empty where nothing is."""
        seen = look(folder)
        if seen.told not in (self.before.told, self.after.told):
            return f"readers get a mixture: {seen.told}"
        if lost := (self.before.kept & self.after.kept) - seen.kept:
            return f"{len(lost)} rows were lost, such as {next(iter(lost))}"
        if odd := seen.kept - (self.before.kept | self.after.kept):
            return f"{len(odd)} rows were made up, such as {next(iter(odd))}"
        if self.name in AT_ONCE and (seen.told, seen.kept) not in (
            (self.before.told, self.before.kept),
            (self.after.told, self.after.kept),
        ):
            return "what is published and what is kept are of two states"
        if seen.others not in (self.before.others, self.after.others):
            return f"beside the library: {seen.others}"
        return ""

    def unfinished(self, folder: Path) -> str:
        """How a folder differs from what the command should leave; empty where it does not."""
        seen = look(folder)
        if left := names_in(folder) ^ self.names:
            return f"files left or missing: {', '.join(sorted(left))}"
        if (seen.told, seen.kept) != (self.after.told, self.after.kept):
            return f"it differs from what the command makes when it is let alone: {seen.told}"
        return "" if seen.others == self.after.others else f"beside the library: {seen.others}"

    def called(self, folder: Path, *, waiting: bool = False) -> BaseProcess:
        """The program as a process and group of its own, in a copy of :attr:`start`."""
        return called(self.arguments, folder, self.environment, waiting=waiting)

    def said(self, folder: Path) -> str:
        """What the program that was called last in a folder wrote."""
        return said_in(folder).read_text()


PR_SET_PTRACER = 0x59616D61
"""From Linux's sys/prctl.h."""
WARM = multiprocessing.get_context("forkserver")
"""Has imported what the program imports, so that a call costs only what the program does."""
WARM.set_forkserver_preload(["tests.trust.warm"])


def called(
    arguments: Sequence[str], folder: Path, environment: Mapping[str, str], *, waiting: bool = False
) -> BaseProcess:
    """The program with arguments, as a process and group of its own; ``waiting`` for SIGCONT."""
    ready, tell = WARM.Pipe(duplex=False)
    process = WARM.Process(target=_program, args=(tell, arguments, folder, environment, waiting))
    process.start()
    ready.recv()
    return process


def said_in(folder: Path) -> Path:
    """Where the program that works in a folder writes what it says."""
    return folder.with_name(f"{folder.name}.said")


def _program(
    tell: Connection, arguments: Sequence[str], folder: Path, environment: Mapping[str, str], waiting: bool
) -> None:
    os.setsid()
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    with said_in(folder).open("w") as said:
        for stream in (1, 2):
            os.dup2(said.fileno(), stream)
    tell.send("ready")
    tell.close()
    if waiting:
        # Where only a parent may trace a process (Linux with Yama), this one lets others do so.
        ctypes.CDLL(None).prctl(PR_SET_PTRACER, ctypes.c_ulong(-1))
        os.kill(os.getpid(), signal.SIGSTOP)
    sys.argv = ["indexer", *arguments]
    main()


SOURCES = Path(__file__).parents[2]
DATA = ("--data", "data")
CATALOGUE = ("--catalogue", "catalogue.yaml")
LINK_AT_HAND = "http://host-0.example/articles/0"
COMMANDS = {
    "crawl": ("crawl", *DATA, *CATALOGUE),
    "publish": ("crawl", "--offline", *DATA, *CATALOGUE),
    "reindex": ("reindex", *DATA, *CATALOGUE),
    "import of a list": ("catalogue", "import", "list.md", *CATALOGUE),
    "import of a page": ("import", LINK_AT_HAND, "page.md", *DATA, *CATALOGUE),
    "backup": ("backup", "backups/new.db", *DATA),
    "dated backup": ("backup", "backups", *DATA),
    "restore": ("restore", "backups/kept.db", "--yes", *DATA),
    "prune": ("prune", "--older-than", "1y", *DATA),
    "repair": ("doctor", "--repair", *DATA),
}
"""What is called, by what it is called in the tables."""
AT_ONCE = ("restore", "prune")
"""Those that change all that is kept in one step; the others keep more and more, and then publish it."""


def look(folder: Path) -> Seen:
    """What is in a folder.

    Raises:
        AssertionError: SQLite's check of the library fails.
    """
    others: dict[str, object] = {"catalogue": digest_of(folder / "catalogue.yaml")}
    for path in sorted((folder / "backups").glob("*.db")):
        try:
            verify(path)
            with closing(sqlite3.connect(path)) as connection:
                others[varied(path.name)] = hash(_kept(connection))
        except IndexerError as error:
            others[varied(path.name)] = str(error)
    return Seen(_told(folder / "data"), _kept_in(folder / "data"), others)


def digest_of(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _told(data: Path) -> object:
    try:
        with Snapshot(data) as snapshot:
            rows = [tuple(row) for row in snapshot.query(PUBLISHED)]
            vector = np.random.default_rng(1).standard_normal(snapshot.generation.dimension)
            near = snapshot.dense((vector / np.linalg.norm(vector)).astype(np.float32), limit=9)
            found = snapshot.lexical(WORDS, limit=9)
            assert len(rows) == snapshot.generation.passages
            answers = sorted(
                (row.url, row.position, round(score, 3))
                for hits in (near, found)
                for row, (_, score) in zip(snapshot.rows([number for number, _ in hits]), hits, strict=True)
            )
            return rows, answers
    except IndexerError as error:
        return f"{type(error).__name__}: {str(error).rpartition('; ')[2]}"


def _kept_in(data: Path) -> frozenset[tuple[object, ...]]:
    if not (data / "library.db").exists():
        return frozenset()
    with closing(sqlite3.connect(data / "library.db")) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        return _kept(connection)


def _kept(connection: sqlite3.Connection) -> frozenset[tuple[object, ...]]:
    return frozenset((name, *row) for name, sql in KEPT.items() for row in connection.execute(sql))


def varied(name: str) -> str:
    """A name without numbers and dates."""
    return VARYING.sub("#", name)


def names_in(folder: Path) -> frozenset[str]:
    """The files and folders in a folder, however segments are numbered and what is dated is called."""
    found = (path.relative_to(folder).as_posix() for path in folder.rglob("*"))
    return frozenset(varied(name) for name in found if not name.endswith(PASSING))


@contextmanager
def changes(*names: str) -> Iterator[list[Change]]:
    """Those of these names, by default all; their folders are there until the block ends."""
    with ExitStack() as open_until:
        elsewhere = Path(open_until.enter_context(TemporaryDirectory(prefix="indexer-trust-")))
        place = MEMORY if MEMORY.is_dir() else None
        here = Path(open_until.enter_context(TemporaryDirectory(prefix="indexer-trust-", dir=place)))
        maker = _Maker(here, _cache(elsewhere), open_until)
        yield [maker.change(name) for name in names or COMMANDS]


def _cache(folder: Path) -> Path:
    """A cache of our own, so that whatever is left in it is seen; the model's fast form is that of all."""
    made, cache = exports_folder(Config.from_environment()), folder / "cache"
    if made.is_dir():
        shutil.copytree(made, cache / "models", ignore=shutil.ignore_patterns(".*", "*.lock"))
    return cache


class _Maker:
    """Makes the folders that the commands begin in, and lets each command alone once."""

    def __init__(self, here: Path, cache: Path, open_until: ExitStack) -> None:
        self._here, self._cache, self._open_until = here, cache, open_until
        own = {"INDEXER_CACHE": str(cache), "HF_HUB_OFFLINE": "1", "PYTHONDONTWRITEBYTECODE": "1"}
        sources = os.pathsep.join(filter(None, [str(SOURCES), os.environ.get("PYTHONPATH")]))
        outer = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        self._environment = {**outer, **own, "PYTHONPATH": sources}

    @cached_property
    def _webs(self) -> list[Web]:
        """The same addresses with ever longer pages."""
        sizes = (serving(self._here, pages=PAGES, hosts=PAGES, words=words) for words in (20, 60, 120))
        return [self._open_until.enter_context(web) for web in sizes]

    def change(self, name: str) -> Change:
        """Let the command of this name alone, and see what it makes."""
        arguments, start, environment = COMMANDS[name], self._start_of(name), self._environment
        if name == "crawl":
            environment = {**environment, **self._webs[1].environment}
        done = self._copied(start)
        process = called(arguments, done, environment)
        process.join()
        assert process.exitcode == 0, f"{arguments}: {said_in(done).read_text()}"
        return Change(name, arguments, start, environment, look(start), look(done), names_in(done))

    def _start_of(self, name: str) -> Path:
        """The folder in which the command of this name begins."""
        match name:
            case "crawl":
                return self._first
            case "publish":
                return self._unpublished(self._first, web=1)
            case "reindex":
                return self._unpublished(self._second, web=2)
            case "import of a page":
                folder = self._copied(self._second)
                (folder / "page.md").write_text("# By hand\n\n" + "A lock is held by one process alone. " * 9)
            case "repair":
                folder = self._copied(self._second)
                for file in folder.glob("data/segments/*/ids.npy"):
                    file.write_bytes(file.read_bytes()[:-1] + b"\xff")
            case "import of a list":
                folder = self._shelved(2026)
                (folder / "list.md").write_text("- <https://example.org/a>\n- <https://example.org/b>\n")
            case "restore":
                folder = self._shelved(2025, 2026)
                back_up(self._shelved(2024) / "data", folder / "backups" / "kept.db")
            case "prune":
                return self._shelved(2022, 2023, 2026)
            case _:
                return self._shelved(2025, 2026)
        return folder

    def _shelved(self, *years: int) -> Path:
        """A library written without program and model, with a version of each page for each year."""
        folder = Path(mkdtemp(dir=self._here)) / "folder"
        (folder / "backups").mkdir(parents=True)
        links = [Link(f"https://example.org/articles/{number}", "Some") for number in range(PAGES)]
        write_catalogue(folder / "catalogue.yaml", {"Some": [link.url for link in links]})
        shelf = Shelf(folder / "data")
        for year in years:
            for link in links:
                read = article(*(f"In {year} a lock of {link.url} said {line}." for line in range(3)))
                at = datetime(year, 6, 1, tzinfo=UTC)
                shelf.log().record(outcome(link, read, body=f"{link.url} {year}".encode() * 99, at=at))
            shelf.publish(*links)
        shelf.database.close()
        return folder

    @cached_property
    def _first(self) -> Path:
        """Half the links, crawled; all of them in the catalogue."""
        folder = self._here / "first"
        (folder / "backups").mkdir(parents=True)
        links = self._webs[0].links
        write_catalogue(folder / "catalogue.yaml", {"Some": links[: PAGES // 2]})
        self._crawl(folder, web=0)
        write_catalogue(folder / "catalogue.yaml", {"Some": links})
        return folder

    @cached_property
    def _second(self) -> Path:
        """All links, crawled after their pages were written anew."""
        folder = self._copied(self._first)
        self._crawl(folder, web=1)
        return folder

    def _unpublished(self, start: Path, *, web: int) -> Path:
        """What came of a crawl is kept and not published, for there was no model."""
        folder = self._copied(start)
        with suppress(ModelError):
            self._crawl(folder, web=web, model="nowhere")
        return folder

    def _crawl(self, folder: Path, *, web: int, model: str = "") -> None:
        """Crawl in this process, without pauses."""
        impatient = CrawlConfig(delay=0.0)
        config = Config(data=folder / "data", cache=self._cache, model=model, crawl=impatient)
        port = urlsplit(self._webs[web].proxy).port
        assert port
        crawl_links(load(folder / "catalogue.yaml").links, config, transport=ConnectTo(port))

    def _copied(self, start: Path) -> Path:
        return Path(shutil.copytree(start, Path(mkdtemp(dir=self._here)) / "folder"))
