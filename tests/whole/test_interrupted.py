"""Ctrl-C at a terminal: one line says what is kept and how to go on; nothing is lost or left behind."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import sqlite3
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import psutil
import pytest

from indexer.catalogue import load
from indexer.demo import sample_catalogue
from indexer.store import inspection
from tests.command import Run
from tests.whole.large_web import Web, serving, write_catalogue
from tests.whole.terminal import PROGRAM, surroundings

pytestmark = pytest.mark.slow  # each is several processes

PAGES, HOSTS = 24, 12
LONGEST = 120
"""Seconds until a program that should have got somewhere is given up."""
CONTROLLING = """
import fcntl, os, sys, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
os.execv(sys.argv[1], sys.argv[1:])
"""
IMPORT = re.compile(r"import time:.*\r?\n")


QUESTIONS = Path(__file__).parents[2] / "data" / "sample" / "questions.yaml"


class Terminal:
    """A program on a terminal of its own, which gets what is typed there as from a person."""

    def __init__(self, *arguments: object, imports: bool, **variables: str) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        command = [sys.executable, *(["-X", "importtime"] if imports else []), *PROGRAM[1:]]
        self._process = subprocess.Popen(
            [sys.executable, "-c", CONTROLLING, *command, *map(str, arguments)],
            stdin=slave, stdout=slave, stderr=slave, env=surroundings(**variables), start_new_session=True,
        )  # fmt: skip
        self._slave = slave
        self._modes = termios.tcgetattr(slave)
        self.written = ""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                self.written += os.read(self._master, 1 << 16).decode(errors="replace")
            except OSError:
                return

    def until(self, condition: Callable[[], bool]) -> None:
        """Wait until something has come to pass, however fast the machine is."""
        given_up = time.monotonic() + LONGEST
        while not condition():
            assert self._process.poll() is None, f"it ended before: {self.written}"
            assert time.monotonic() < given_up, self.written
            time.sleep(0.005)

    def interrupt(self) -> int:
        """Type Ctrl-C; the exit code, once the program and all that it had started have ended."""
        started = psutil.Process(self._process.pid).children(recursive=True)
        os.write(self._master, b"\x03")
        code = self._process.wait(LONGEST)
        _, alive = psutil.wait_procs(started, timeout=10)
        assert not alive, "somebody was left behind"
        assert termios.tcgetattr(self._slave) == self._modes
        os.close(self._slave)
        self._reader.join()
        os.close(self._master)
        return code

    @property
    def lines(self) -> list[str]:
        """What the program wrote, without the names of what it imported and without what it took back."""
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "\n", IMPORT.sub("", self.written)).replace("\r", "\n")
        return [line for line in text.splitlines() if line.startswith(("indexer:", "Traceback", "Exception"))]


Instant = tuple[str, Callable[[Terminal, Web | None], bool]]


@pytest.fixture(scope="module")
def web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Web]:
    with serving(tmp_path_factory.mktemp("web"), pages=PAGES, hosts=HOSTS) as running:
        yield running


@pytest.fixture
def catalogue(tmp_path: Path, web: Web, demo_library: Path) -> Path:
    """Of the links of the web; the model's fast form was made for the demo."""
    web.log.write_text("")
    return write_catalogue(tmp_path / "catalogue.yaml", {"All": web.links})


def _imported(name: str) -> Instant:
    line = re.compile(rf"\| +{re.escape(name)}\r")
    return name, lambda terminal, _: bool(line.search(terminal.written))


def _asked(count: int) -> Instant:
    return f"{count} pages", lambda _, web: web is not None and len(web.requests()) >= count


INSTANTS: list[Instant] = [
    _imported("indexer.cli"),  # before it knows any command
    _imported("typer"),
    _imported("indexer.cli.ask"),
    _imported("indexer.catalogue"),
    _imported("sqlite_utils"),
    _asked(1),
    _asked(HOSTS // 2),
    _asked(HOSTS + 2),
    _imported("onnxruntime"),
    ("embedding", lambda terminal, _: "embedding" in terminal.written),
]


@pytest.mark.parametrize("instant", INSTANTS, ids=[name for name, _ in INSTANTS])
def test_a_crawl_says_what_is_kept_and_goes_on(
    instant: Instant, web: Web, catalogue: Path, tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, reached = instant
    data = tmp_path / "data"
    command = ("crawl", "--catalogue", catalogue, "--data", data)
    terminal = Terminal(*command, imports="." in name or name.isidentifier(), **web.environment)
    terminal.until(lambda: reached(terminal, web))
    code = terminal.interrupt()
    [line] = terminal.lines
    assert code == 130
    assert "Traceback" not in terminal.written
    assert terminal.written.rfind("\x1b[?25h") >= terminal.written.rfind("\x1b[?25l"), "the cursor is back"
    assert re.fullmatch(
        r"indexer: interrupted.*; the last published state stands.*(just start again|starts again)"
        r"|indexer: interrupted; .* kept, the last published state stands; the same `indexer crawl` goes on",
        line,
    )
    kept = _kept(data)
    told = re.search(r"(\d+) pages? ", line)
    # No more is told than is kept; one page may be on its way to the disk while the line is written.
    assert kept - (int(told[1]) if told else 0) in (0, 1)

    web.log.write_text("")
    for variable, value in web.environment.items():
        monkeypatch.setenv(variable, value)
    summary = json.loads(run(*command, "--json").out)
    assert len(web.requests()) == PAGES - kept, "what was kept is not asked for again"
    assert (summary["run"], summary["links"], summary["without_copy"]) == (1, PAGES, [])
    states = inspection.status(data, load(catalogue).links)
    assert all(state.verdict == "ok" and state.passages for state in states)
    assert run("doctor", "--data", data).code == 0


def _kept(data: Path) -> int:
    """The pages in the library, of which none was published."""
    if not (data / "library.db").exists():
        return 0
    with closing(sqlite3.connect(data / "library.db")) as library:
        try:
            return int(library.execute("SELECT count(*) FROM fetches").fetchone()[0])
        except sqlite3.OperationalError:  # it was broken off before it had tables
            return 0


@pytest.mark.parametrize(
    ("command", "instant"),
    [
        (["ask", "how do I design an event store"], "indexer.cli.ask"),
        (
            ["ask", "how do I design an event store"],
            "numpy._core.overrides",
        ),  # which makes an ImportError of it
        (["ask", "how do I design an event store"], "onnxruntime"),
        (["status"], "indexer.catalogue"),
        (["eval", "--questions", QUESTIONS], "onnxruntime"),
        (["reindex", "--catalogue", sample_catalogue()], "sqlite_utils"),
        (["reindex", "--catalogue", sample_catalogue()], "onnxruntime"),
    ],
    ids=str,
)
def test_other_commands_end_in_one_line(command: list[object], instant: str, demo_library: Path) -> None:
    terminal = Terminal(*command, "--data", demo_library, imports=True)
    _, reached = _imported(instant)
    terminal.until(lambda: reached(terminal, None))
    assert terminal.interrupt() == 130
    [line] = terminal.lines
    assert re.match(r"indexer: interrupted.*; the last published state stands", line)
    assert "Traceback" not in terminal.written
