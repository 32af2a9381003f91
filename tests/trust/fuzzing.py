"""Questions and arguments made at random: each is answered or told, and what only reads changes nothing.

Every command and every option is found by looking at the program's own commands, so that a new one is tried
as well. A command runs in a process of its own, forked from one that has imported the program, in a folder
with a small library and a catalogue; no host can be reached from it.
"""

from __future__ import annotations

import hashlib
import json
import math
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from typing import Any

import typer

from indexer import Library
from indexer.cli.commands import app
from indexer.config import Config
from indexer.encoding import exports_folder
from indexer.errors import CatalogueError, IndexerError
from tests.command import Ended
from tests.demo import demo_once
from tests.trust.trials import Trial, main

SECONDS = 120.0
"""After which a command counts as hanging; most end in one or two, the demo in ten to fifty."""
SERVING = 10.0
"""Seconds after which a command that serves is taken to do so, and is interrupted as by Ctrl-C."""
CODES = {
    0: "done",
    1: "told",
    2: "wrong use",
    3: "nothing answers",
    4: "links lost",
    75: "busy",
    130: "served until Ctrl-C",
}
"""The documented exit codes."""
WRITING = ("crawl", "reindex", "import", "restore", "prune", "demo", "doctor", "catalogue add",
    "catalogue remove", "catalogue import", "catalogue tidy")  # fmt: skip
"""Commands that may change library or catalogue; all others only read."""
SLOW = {"demo": 0.1, "reindex": 0.3, "crawl": 0.7}
"""How often a command is taken, where it is not always when its turn comes: these take seconds."""
CATALOGUE = """\
# By hand.
categories:
  Patterns:
    - url: http://one.invalid/   # mine
      note: redlock
      tags: [locks, "to read"]
    - http://two.invalid/a-page#part
  "Événements: stores":
    - {url: http://three.invalid/, title: An event store, archive: false}
watch: [event store]
"""
DEAD = "http://127.0.0.1:9"
"""Nobody answers there."""

LONG_AGO = datetime(1, 1, 1, tzinfo=UTC)
SIGNS = (*('"', "'", "`", "\\", "*", "(", ")", "[", "]", "{", "}", "<", ">", "|", "&", ";", ":", "^", "~",
    "-", "--", "+"), *(" AND ", " OR ", " NOT ", " NEAR(", "a*", '"a', "title:", "rowid:1",
    "' OR 1=1; DROP TABLE passages; --"), *("(a+)+$", ".*", "[^", "\\Q", "%s", "{0}", "${HOME}", "$(id)",
    "../../etc/passwd", "%00", "&lt;", "<b>", "](x)"), *("\U0001f600", "\U0001f1e9\U0001f1ea", "e\u0301",
    "\u0301", "\u05d0", "\u0644\u0627", "\u202e", "\u200b", "\ufeff"), *("\u6f22", "\u0e01\u0e31",
    "\ud55c", "\u00df", "\u0130", "\ufb03", "\u2028", "\t", "\n", "\r", "\x1b[31m", "\x07"), *("\udc80",
    "\udcff", "event store", "retry", "C++", "KIP-500", "node.js", "a ", "the ", "0", "1e309", "-1",
    "/x"),)  # fmt: skip
NUMBERS = ("nan", "inf", "-inf", "-1", "0", "1", "2", "3", "1.5", "1e309", "-0", "0x10", "1_000",
    "\u0663", "\u00b2", " 1 ", "9" * 19, "9" * 400, "", "true", "2147483648",
    "18446744073709551616")  # fmt: skip
MOMENTS = ("2026-01-31", "2026-02-30", "0000-00-00", "9999-12-31T23:59:59+14:00",
    "0001-01-01T00:00:00-23:59", "3d", "2w", "0h", "999999999y", "1e3d", "-1d", "yesterday", "now",
    "2026-01-31T25:00", "1970-01-01", "", "\u0663d", "1 y", "12:00", "24:00", "-1:00", "3:5")  # fmt: skip


def anything(random: Random, longest: int = 100_000) -> str:
    """A text of any signs, as the system hands bytes that are no text over; seldom a very long one."""
    size = (
        int(random.choice((1, 3, 10, 10, 40, 200)))
        if random.random() < 0.95
        else random.randint(longest // 2, longest)
    )
    match random.randrange(4):
        case 0:
            text = "".join(random.choices(SIGNS, k=size))
        case 1:
            text = random.choice(SIGNS) * size
        case 2:
            planes = ((1, 0x7F), (0x80, 0x2FFF), (0x3000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x10FFFF))
            text = "".join(chr(random.randint(*random.choice(planes))) for _ in range(size))
        case _:
            text = random.choice(("how do I design an event store", "who approves an RFC", "what is a saga"))
            at = random.randrange(len(text))
            text = text[:at] + "".join(random.choices(SIGNS, k=min(size, 10))) + text[at:]
    return text[:longest].replace("\0", "")


# ------------------------------------------------------------------------------ commands


@dataclass
class Call:
    """One call of the program."""

    kind: str
    arguments: list[str]
    environment: dict[str, str] = field(default_factory=dict)
    stdin: bytes = b""
    catalogue: bytes = CATALOGUE.encode()
    reads: bool = True
    """Whether library and catalogue must be after it as they were before."""


def commands() -> dict[str, Any]:
    """Every command by its words, with what it takes."""
    found: dict[str, Any] = {}
    waiting: list[tuple[str, Any]] = [("", typer.main.get_command(app))]
    while waiting:
        name, command = waiting.pop()
        if hasattr(command, "commands"):
            waiting += [(f"{name} {word}".strip(), below) for word, below in command.commands.items()]
        else:
            found[name] = command
    return dict(sorted(found.items()))


def arguments_of(random: Random, command: Any) -> list[str]:
    """Some of what a command takes, each with a value that may fit."""
    given: list[str] = []
    for parameter in command.params:
        optional = parameter.param_type_name == "option"
        if random.random() > (0.25 if optional else 0.9) or parameter.name in ("help", "data"):
            continue
        times = random.choice((1, 1, 1, 2)) if not getattr(parameter, "is_flag", False) else 1
        for _ in range(times):
            given += [random.choice(parameter.opts)] if optional else []
            if not getattr(parameter, "is_flag", False) and not getattr(parameter, "count", False):
                given.append(value_of(random, parameter))
    if random.random() < 0.1:
        given.insert(
            random.randrange(len(given) + 1),
            random.choice((*SIGNS, "--", "-", "--nope", "-kq", anything(random, 200))),
        )
    return given


def value_of(random: Random, parameter: Any) -> str:
    """A value for an option or argument, by its type."""
    kind = parameter.type.name
    if random.random() < 0.15 and kind != "path":
        return anything(random, 2000)
    if kind == "path" or parameter.name in ("file", "path"):
        return random.choice(PATHS)
    if kind.startswith("int"):
        return random.choice(NUMBERS)
    if kind == "choice":
        return str(random.choice([*parameter.type.choices, "nope", ""]))
    if parameter.name == "model":
        return random.choice(("", "all-MiniLM-L6-v2", "model", "nobody/nothing", "../x", "folder", "\udcff"))
    pool = {
        "url": URLS,
        "to": URLS,
        "only": (*URLS, "Patterns"),
        "since": MOMENTS,
        "at": MOMENTS,
        "older_than": MOMENTS,
    }
    if parameter.name in pool:
        return random.choice(pool[parameter.name])
    return random.choice(
        (
            *NUMBERS,
            *MOMENTS,
            *URLS,
            "Patterns",
            "locks",
            "mode=dense",
            "rerank=no",
            "a=b",
            anything(random, 200),
        )
    )


PATHS = ("missing", "catalogue.yaml", "folder", "file", "file/below", "/dev/null", "/dev/full",
    "/proc/self/mem", "empty", "noise", "page.html", "data", "data/library.db", "x" * 300, "dangling",
    "loop", "", ".", "caf\udce9", "a\nb", "-", "out/of/place", "questions.yaml", "list.csv",
    "backup.file")  # fmt: skip
"""Relative ones lie in the trial's folder; nothing elsewhere can be written by any of them."""
URLS = ("http://one.invalid/", "http://two.invalid/a-page", "http://three.invalid",
    "https://c4model.com/", "1", "2", "99", "0", "-1", "javascript:alert(1)", "http://", "http://[::1",
    "http://a b/", "http://u:secret@one.invalid/", "HTTP://ONE.invalid", "http://\u6f22.invalid/",
    "http://127.0.0.1/", "\udcff", "", "http://x.invalid/" + "a" * 5000)  # fmt: skip


def question_call(random: Random) -> Call:
    """A question by arguments, or by a pipe, where it may hold any bytes."""
    asked, rest = anything(random), ["--json"] * random.randrange(2)
    match random.randrange(4):
        case 0:
            stdin = (
                asked.encode("utf-8", "surrogateescape") + random.randbytes(random.choice((0, 1, 9))) + b"\0"
            )
            return Call("question by a pipe", ["ask", "-", *rest], stdin=stdin)
        case 1:
            lines = "\n".join(anything(random, 300) for _ in range(4))
            return Call(
                "questions in turn", ["ask", "-i", *rest], stdin=lines.encode("utf-8", "surrogateescape")
            )
        case 2:
            return Call("question", ["ask", *rest, "--", asked])
        case _:
            return Call("question in words", ["ask", *rest, *asked.split(" ")[:50]])


def command_call(random: Random, name: str, command: Any) -> Call:
    """A command with arguments of any kind."""
    stdin = random.choice(
        (b"", b"y\n", b"n\n", random.randbytes(50), anything(random, 500).encode("utf-8", "surrogateescape"))
    )
    return Call(name, [*name.split(), *arguments_of(random, command)], stdin=stdin, reads=name not in WRITING)


def environment_call(random: Random) -> Call:
    """A question or look in a strange environment."""
    names = ("INDEXER_DATA", "INDEXER_CATALOGUE", "INDEXER_MODEL", "INDEXER_RERANKER",
        "INDEXER_CONTACT", "INDEXER_RENDER", "NO_COLOR", "PAGER", "COLUMNS", "LINES", "TERM",
        "TZ", "LANG", "LC_ALL", "BROWSER", "_INDEXER_COMPLETE", "HOME", "XDG_DATA_HOME",
        "HTTP_PROXY", "PYTHONIOENCODING")  # fmt: skip
    values = (*(path for path in PATHS if "\0" not in path), *NUMBERS, "auto", "never", "C", "ascii",
        "x:y", "complete_bash", DEAD, "socks9://x", "://")  # fmt: skip
    chosen = {name: random.choice(values) for name in random.sample(names, random.choice((1, 2, 5)))}
    asked = random.choice((["ask", "event", "store"], ["status"], ["doctor"], ["catalogue",
        "check"], ["catalogue", "list"], ["report"], ["schedule"], ["crawl", "--offline"],
        ["show", "1"], []))  # fmt: skip
    return Call("environment", asked, environment=chosen, reads=asked[:1] != ["crawl"])


YAML = ("a: &a [*a]", "? ", "- ", "!!python/object:os.system x", "<<: *x", "&x ", "*x", "{", "[", "]",
    "}", ": ", "|\n", ">", "%YAML 9", "---\n", "...\n", "\t", "\0", "\ufeff", "\x85", "\u2028", "'", '"',
    "#", "url:", "https://", "follow:", "expect:", "~", "null", "yes", "0x1F", "1e999", ".nan",
    "2026-02-30", "!!binary |", "!!set {a, b}", "!!timestamp x", "\\", "@", "`")  # fmt: skip


def catalogue_call(random: Random) -> Call:
    """A command with a catalogue that was changed by no editor."""
    whole = bytearray(CATALOGUE.encode())
    for _ in range(random.choice((0, 1, 1, 1, 2, 5))):
        at = random.randrange(len(whole) + 1)
        match random.randrange(6):
            case 0:
                whole[at:at] = random.choice(YAML).encode() * random.choice((1, 1, 1, 50, 5000))
            case 1:
                del whole[at : at + random.randrange(1, 60)]
            case 2:
                whole[at:at] = anything(random, 300).encode("utf-8", "surrogateescape")
            case 3:
                whole[at : at + 1] = random.randbytes(1)
            case 4:
                lines = whole.split(b"\n")
                random.shuffle(lines)
                whole = bytearray(b"\n".join(lines))
            case _:
                whole[at:at] = whole[: random.randrange(len(whole) + 1)]
    content = bytes(whole)
    if random.random() < 0.1:
        content = content.decode("utf-8", "replace").encode(
            random.choice(("utf-16", "latin-1", "utf-32", "cp037")), "replace"
        )
    asked: list[str] = random.choice((["catalogue", "check"], ["catalogue", "list", "--json"],
        ["catalogue", "tidy", "--yes"], ["status", "--json"], ["crawl", "--offline"], ["catalogue", "add",
        "http://new.invalid/", "-c", "New: one"], ["catalogue", "remove", "http://one.invalid/"],
        ["report"], ["catalogue", "import", "list.csv"],))  # fmt: skip
    return Call(
        "catalogue: " + " ".join(asked[:2]),
        asked,
        catalogue=content,
        reads=" ".join(asked[:2]) not in WRITING and asked[0] != "crawl",
    )


class Place:
    """A folder with a library, a catalogue and some files, fresh for each call."""

    def __init__(self, library: Path, folder: Path) -> None:
        self._library, self.folder = library, folder
        self._backup = folder.with_name("backup.file")
        self._models = exports_folder(Config.from_environment())
        self.prepare(Call("", []))
        run(Call("", ["backup", str(self._backup)]), self)

    def prepare(self, call: Call) -> None:
        """Make everything as it should be before a call."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copytree(self._library, self.folder / "data")
        (self.folder / "catalogue.yaml").write_bytes(call.catalogue)
        (self.folder / "cache").mkdir()
        (self.folder / "cache" / "models").symlink_to(self._models.absolute())
        if self._backup.exists():
            shutil.copy(self._backup, self.folder)
        (self.folder / "folder").mkdir()
        (self.folder / "file").write_text("in the way")
        (self.folder / "empty").touch()
        (self.folder / "noise").write_bytes(Random(1).randbytes(5000))
        (self.folder / "page.html").write_text(
            "<h1>A page</h1>" + "<p>It says why a queue holds what can't be done.</p>" * 9
        )
        (self.folder / "list.csv").write_text(
            "title,url\nOne,http://one.invalid/\nFour,http://four.invalid/\n"
        )
        (self.folder / "questions.yaml").write_text("- {question: what is a saga, kind: x, relevant: []}\n")
        (self.folder / "dangling").symlink_to("nowhere")
        (self.folder / "loop").symlink_to("loop")

    def marks(self) -> dict[str, str]:
        """What library and catalogue hold. A reader's own files beside the library are none of it."""
        files = [path for path in (self.folder / "data").rglob("*") if path.is_file()] + [
            self.folder / "catalogue.yaml"
        ]
        kept = (path for path in files if not path.name.endswith(("-wal", "-shm", ".lock")))
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in kept}


def called(call: Call, folder: str) -> None:
    """In a process of its own: be the program."""
    os.chdir(folder)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        os.environ[name] = DEAD
    for name in [name for name in os.environ if name.startswith("INDEXER_")]:
        del os.environ[name]
    own = ("HOME", "XDG_DATA_HOME", "XDG_CONFIG_HOME", "XDG_CACHE_HOME")
    os.environ |= dict.fromkeys(own, folder) | {
        "BROWSER": "true",
        "INDEXER_DATA": "data",
        "INDEXER_CACHE": "cache",
    }
    os.environ |= call.environment
    Path("stdin").write_bytes(call.stdin)
    for number, (name, mode) in enumerate(
        (("stdin", os.O_RDONLY), ("stdout", os.O_WRONLY), ("stderr", os.O_WRONLY))
    ):
        os.dup2(os.open(name, mode | (os.O_CREAT | os.O_TRUNC if number else 0)), number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        kind = "w" if number else "r"
        setattr(sys, name, os.fdopen(number, kind, encoding="utf-8", errors="surrogateescape"))
    sys.argv = ["indexer", *call.arguments]
    from indexer.cli import main as program

    try:
        program()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()


_FORKS = multiprocessing.get_context("forkserver")


def run(call: Call, place: Place) -> Ended | None:
    """How a call ended; None where it had to be ended."""
    process = _FORKS.Process(target=called, args=(call, str(place.folder)))
    process.start()
    serves = call.kind == "serve" or (call.kind == "mcp" and "--http" in call.arguments)
    if serves:
        process.join(SERVING)
    if serves and process.exitcode is None and process.pid:
        os.kill(process.pid, signal.SIGINT)
    process.join(SECONDS)
    if process.exitcode is None:
        process.kill()
        process.join()
        return None
    said = [(place.folder / name).read_bytes().decode("utf-8", "replace") for name in ("stdout", "stderr")]
    return Ended(process.exitcode, *said)


def command_trial(call: Call, place: Place, number: int) -> Trial:
    """Call the program and look at what it did."""
    place.prepare(call)
    before = place.marks()
    ended = run(call, place)
    wrong = "it hangs" if ended is None else faults(call, ended)
    if not wrong and ended:
        if call.reads and place.marks() != before:
            wrong = "it changed what it should only read"
        elif not call.reads:
            wrong = left_broken(call, ended, place)
    shown = f"trial {number}, indexer {' '.join(map(ascii, call.arguments))[:400]} {call.environment or ''}"
    told = ended.err.strip()[-300:] if ended else ""
    print(f"{shown[:200]}: {ended.code if ended else None} {told[:150]!r}", file=sys.stderr)
    column = CODES.get(ended.code, str(ended.code)) if ended else "hangs"
    return Trial(call.kind, column, wrong and f"{shown}: {wrong}: {told}")


def faults(call: Call, ended: Ended) -> str:
    """What is wrong with the way in which a call ended, if anything."""
    lines = ended.err.splitlines()
    several = {"-i", "--interactive", "-v", "--verbose"} & set(call.arguments)
    if "Traceback" in ended.err or (ended.code not in CODES):
        return f"ended with {ended.code}"
    if ended.code == 2 and len(lines) > 1 and not several:
        return f"wrong use is told in {len(lines)} lines"
    if (
        ended.code
        and not several
        and not all(re.match(r"(\d{4}-\d\d-\d\dT\S+ )?indexer: ", line) for line in lines)
    ):
        return "an error that is not told as one"
    if re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", ended.err):
        return "stderr has signs that steer a terminal"
    if (
        "--json" in call.arguments
        and ended.code in (0, 3)
        and not {"-i", "--interactive", "-h", "--help"} & set(call.arguments)
    ):
        try:
            json.loads(ended.out)
        except ValueError as error:
            return f"what --json gives is no JSON ({error}): {ended.out[:100]!r}"
    return ""


def left_broken(call: Call, ended: Ended, place: Place) -> str:
    """What a call that may write left broken, if anything."""
    from indexer.catalogue import load

    catalogue = place.folder / "catalogue.yaml"
    if ended.code and catalogue.read_bytes() != call.catalogue:
        return "it failed and changed the catalogue"
    if not ended.code and call.kind.startswith("catalogue") and "check" not in call.arguments:
        try:
            load(catalogue)
        except CatalogueError as error:
            return f"it left a catalogue that cannot be read: {error}"
    try:
        with Library.open(place.folder / "data") as library:
            library.search("event store", mode="lexical")
    except IndexerError as error:
        return f"it left a library that cannot be asked: {error}"
    return ""


# -------------------------------------------------------------------------------- Python


def any_value(random: Random) -> Any:
    """A value of any type."""
    return random.choice((anything(random, 3000), anything(random, 3000) + "\0\ud800", "", "event store",
        None, True, 0, 1, -1, 3, 10**30, 1.5, math.nan, math.inf, b"bytes", [], ["Patterns"], [None],
        {"a": 1}, {1, 2}, (), object(), int, lambda: 1, date(2026, 1, 31), LONG_AGO,
        LONG_AGO.replace(tzinfo=None), timedelta(1), Path("x"), "hybrid", "2026-01-31", range(3), iter(["x"]),
        "http://one.invalid/",))  # fmt: skip


def api_trial(random: Random, library: Library, number: int) -> Trial:
    """Call a method of the library with any values."""
    names = ("k", "categories", "tags", "sites", "since", "mode", "per_article", "context")
    chosen = {name: any_value(random) for name in random.sample(names, random.choice((0, 1, 1, 2)))}
    calls: Sequence[tuple[str, Callable[[], object]]] = (
        ("search", lambda: library.search(asked, **chosen)),
        ("search", lambda: library.search(asked, **chosen)),
        ("similar", lambda: library.similar(asked, any_value(random))),
        ("article", lambda: library.article(asked)),
        ("history", lambda: library.history(asked)),
        ("changes", lambda: library.changes(asked)),
        ("open", lambda: Library.open(asked)),
    )
    asked = anything(random) if random.random() < 0.4 else any_value(random)
    name, call = random.choice(calls)
    begun, wrong, ended = time.monotonic(), "", "answered"
    try:
        call()
    except IndexerError as error:
        ended = "told"
        if "\n" in str(error) or len(str(error)) > 1000:
            wrong = f"told in {len(str(error)):,} characters: {str(error)[:200]!r}"
    except Exception as error:  # noqa: BLE001 - this is what must not happen
        wrong = f"{type(error).__name__}: {error}"[:300]
    if time.monotonic() - begun > SECONDS / 6:
        wrong = wrong or f"took {time.monotonic() - begun:.0f} s"
    given = [ascii(asked)[:200], *[ascii(chosen)[:200]] * (name == "search")]
    shown = f"trial {number}, Library.{name}({', '.join(given)})"
    return Trial(f"Library.{name}", ended, wrong and f"{shown}: {wrong}")


def trials(seed: int) -> Iterator[Trial]:
    """Calls without end."""
    _FORKS.set_forkserver_preload(
        ["indexer.cli.commands", "indexer.library", "indexer.search", "indexer.catalogue", "numpy"]
    )
    known = commands()
    with tempfile.TemporaryDirectory() as folder:
        made = demo_once(Path(folder) / "demo")
        place = Place(made.library, Path(folder) / "place")
        own = Path(folder) / "own"
        shutil.copytree(made.library, own)
        with Library.open(own) as library:
            names: list[str] = []
            for number in count():
                random = Random(f"{seed} {number}")
                match number % 8:
                    case 0 | 1:
                        yield api_trial(random, library, number)
                    case 2:
                        yield command_trial(question_call(random), place, number)
                    case 3:
                        yield command_trial(catalogue_call(random), place, number)
                    case 4:
                        yield command_trial(environment_call(random), place, number)
                    case _:
                        names = names or [name for name in known if random.random() < SLOW.get(name, 1)]
                        name = names.pop()
                        yield command_trial(command_call(random, name, known[name]), place, number)


if __name__ == "__main__":
    main(
        "fuzzing",
        trials,
        count=1_200,
        claim="Questions of any signs, every command with any of its options and values, strange "
        "environments, catalogues that no editor wrote, and calls from Python with values of any type. Each "
        "must end with a documented exit code, an error in one line and no traceback, within two minutes; "
        "what only reads must leave every file as it was, what writes a library that answers and a catalogue "
        "that can be read.",
    )
