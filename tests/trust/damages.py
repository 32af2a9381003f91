"""Damages every kind of file in every way a disk might, asks, and follows the advice that is given.

Each trial has a library, a cache and a backup of its own; a forked process asks. What comes of it must be
what the sound library says, or one line that names the damage; and what that line advises must mend it.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

from indexer.catalogue import load
from indexer.cli import main as indexer_main
from indexer.config import Config, PassageConfig
from indexer.demo import sample_catalogue
from indexer.encoding import open_encoder
from indexer.errors import IndexerError
from indexer.library import Library
from indexer.pipeline.publishing import publish_articles
from indexer.store.backup import back_up
from indexer.store.database import Database
from tests.demo import demo_once
from tests.trust.trials import Trial, main

CLAIM = """\
Of a library, its cache, its backup and its catalogue, one file is damaged: a bit flipped, cut, 512 bytes
zeroed or random, emptied, removed, or with the content of another. Then four questions are asked, each in
four ways, and `similar`, `status`, `show` and `history`. Each gives what the sound library gives, or one line
that names the damage; and what that line advises is done, and mends it."""

QUESTIONS = (
    "how do I design an event store",
    "when should I not use a distributed lock",
    "who approves an RFC",
    "how does a saga undo its steps",
)

LONGEST = 300
"""Seconds until a process that asks is ended; making a model's export again takes up to a minute."""

MADE_INDEED = 0.1
"""The share of damaged exports that are made again, which takes 10 to 45 seconds; of others it is seen."""

Said = dict[str, Any]
"""By question, what came of it: an answer, or the line that told why there is none."""


# ------------------------------------------------------------------------------- damages


def flipped(content: bytes, chance: random.Random, other: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes([content[at] ^ (1 << chance.randrange(8))]) + content[at + 1 :]


def cut(content: bytes, chance: random.Random, other: bytes) -> bytes:
    return content[: chance.randrange(1, len(content))] if len(content) > 1 else b""


def zeroed(content: bytes, chance: random.Random, other: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + bytes(len(content[at : at + 512])) + content[at + 512 :]


def overwritten(content: bytes, chance: random.Random, other: bytes) -> bytes:
    at = chance.randrange(len(content))
    return content[:at] + chance.randbytes(len(content[at : at + 512])) + content[at + 512 :]


def emptied(content: bytes, chance: random.Random, other: bytes) -> bytes:
    return b""


def replaced(content: bytes, chance: random.Random, other: bytes) -> bytes:
    return other


def removed(content: bytes, chance: random.Random, other: bytes) -> None:
    return None


Damage = Callable[[bytes, random.Random, bytes], bytes | None]
"""A file's content, and that of another file, to what is there afterwards; None for no file."""

IN_PLACE: tuple[Damage, ...] = (flipped, zeroed, overwritten)
WHOLE: tuple[Damage, ...] = (cut, emptied, replaced, removed)


# ------------------------------------------------------------------------------- the place


@dataclass(frozen=True)
class Place:
    """One library with all that belongs to it; each trial has a copy."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / "data"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    @property
    def backup(self) -> Path:
        return self.folder / "backup.db"

    @property
    def catalogue(self) -> Path:
        return self.folder / "catalogue.yaml"

    def copy(self, to: Path, *, models: bool) -> Place:
        """The same place elsewhere; its ``models`` are shared unless they are to be damaged."""
        ours = Place(to)
        for name in ("data", "backup.db", "backup.db.sha256", "catalogue.yaml", "cache"):
            source = self.folder / name
            if source.is_dir():
                shutil.copytree(
                    source, to / name, ignore=None if models else shutil.ignore_patterns("models")
                )
            else:
                shutil.copy2(source, to / name)
        if not models:
            (ours.cache / "models").symlink_to(self.cache / "models")
        return ours

    def sums(self) -> dict[str, str]:
        """The sha256 of what no question may change."""
        kept = [self.data / "library.db", self.backup, self.catalogue, *(self.data / "segments").rglob("*")]
        return {
            str(path.relative_to(self.folder)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in kept
            if path.is_file()
        }


def sound_place(folder: Path, library: Path, cache: Path) -> Place:
    """A place with a copy of ``library``, its backup, and the model of ``cache``."""
    place = Place(folder)
    shutil.copytree(library, place.data)
    for name in ("library.db-wal", "library.db-shm"):
        (place.data / name).unlink(missing_ok=True)
    with Library.open(library, config=Config(cache=cache, data=library)) as opened:
        encoder = opened.generation.encoder
    shutil.copytree(cache / "models" / encoder, place.cache / "models" / encoder)
    (place.cache / "questions").write_text("\n".join(QUESTIONS) + "\n", encoding="utf-8")
    shutil.copy2(sample_catalogue(), place.catalogue)
    back_up(place.data, place.backup)
    return place


def with_log(place: Place) -> None:
    """Leave a published change in the library's log: a note of the first link, and what follows from it."""
    aside = place.folder / "aside"
    with Database(place.data) as database:
        connection = database.tables.conn
        connection.execute("PRAGMA wal_autocheckpoint = 0")
        links = load(place.catalogue).links
        noted = [replace(link, note=f"{link.note} {QUESTIONS[0]}") for link in links]
        encoder = open_encoder(Config(cache=place.cache, data=place.data))
        publish_articles(database, noted, encoder, model="all-MiniLM-L6-v2", config=PassageConfig())
        shutil.copytree(place.data, aside, ignore=shutil.ignore_patterns("lock", "*-shm"))
    shutil.rmtree(place.data)
    aside.replace(place.data)


# ------------------------------------------------------------------------------- asking


def asked(place: Place, *, fresh_export: bool) -> Said:
    """What a process of its own is told there."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:  # the process that asks
        os.close(reading)
        try:
            said = _all_said(place, fresh_export=fresh_export)
        except BaseException:  # noqa: BLE001 - what it is told is the trial
            said = {"asking": {"traceback": traceback.format_exc()}}
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writing)
    ended = None
    with os.fdopen(reading, encoding="utf-8") as pipe:
        signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
        signal.alarm(LONGEST)
        text = pipe.read()
        signal.alarm(0)
    _, ended = os.waitpid(child, 0)
    if ended or not text:
        return {"asking": {"traceback": f"ended by signal {os.waitstatus_to_exitcode(ended)}"}}
    return dict(json.loads(text))


def _all_said(place: Place, *, fresh_export: bool) -> Said:
    os.environ["INDEXER_CACHE"] = str(place.cache)
    os.environ["COLUMNS"] = "100"
    if not fresh_export:
        _no_export_is_made()
    said: Said = {}
    said["questions"] = _told(lambda: _answers(place))
    said["status"] = _command("status", "--json", "--data", place.data, "--catalogue", place.catalogue)
    said["show 2"] = _command("show", "2", "--json", "--data", place.data)
    said["show"] = _command("show", _A_LINK[0], "--json", "--data", place.data)
    said["history"] = _command("history", _A_LINK[0], "--json", "--data", place.data)
    return said


_A_LINK: list[str] = []
"""The link that is shown, chosen once."""


class _ExportWanted(Exception):
    """The model's export was found damaged and would be made again."""


def _no_export_is_made() -> None:
    embed: Any = import_module("indexer.embed")

    def wanted(*_: object) -> None:
        raise _ExportWanted

    embed._exported_now = wanted


def _told(call: Callable[[], Any]) -> Any:
    try:
        return {"answer": call()}
    except IndexerError as error:
        return {"told": f"{type(error).__name__}: {error}"}
    except _ExportWanted:
        return {"export": True}
    except Exception:  # noqa: BLE001 - what it is told is the trial
        return {"traceback": traceback.format_exc()}


def _answers(place: Place) -> list[Any]:
    config = Config(cache=place.cache, data=place.data)
    with Library.open(place.data, config=config) as library:
        found: list[Any] = []
        for number, question in enumerate(QUESTIONS):
            chosen = library.categories[number % len(library.categories)]
            for filters in ({}, {"mode": "lexical"}, {"categories": chosen}, {"since": "2020-01-01"}):
                answer = library.search(question, context=1, **filters)  # type: ignore[arg-type]
                found.append([answer.state, *map(_hit, answer)])
        link = found[0][1]["url"]
        found.append([_hit(hit) for hit in library.similar(link)])
        read = library.article(link)
        found.append([read.title, read.text, [[b.kind, b.start, b.end, b.headings] for b in read.blocks]])
        found.append([library.categories, library.tags])
    return found


def _hit(hit: Any) -> dict[str, Any]:
    row = hit.row
    return {
        "score": round(hit.score, 3), "link": hit.link, "text": row.passage.text, "title": row.title,
        "headings": list(row.passage.headings), "url": row.url, "category": row.category, "note": row.note,
        "tags": list(row.tags), "about": row.about, "at": str(row.fetched_at), "source": row.source,
        "around": [passage.text for passage in (*hit.before, *hit.after)],
    }  # fmt: skip


def _command(*arguments: object) -> Any:
    """What a command writes: its JSON, or its one line."""
    out, err = io.StringIO(), io.StringIO()
    own, sys.argv = sys.argv, ["indexer", *map(str, arguments)]
    code = 0
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            indexer_main()
        except SystemExit as ended:
            code = int(ended.code or 0)
        except _ExportWanted:
            return {"export": True}
        except BaseException:  # noqa: BLE001 - what it is told is the trial
            return {"traceback": traceback.format_exc()}
        finally:
            sys.argv = own
    lines = err.getvalue().splitlines()
    if "Traceback" in err.getvalue():
        return {"traceback": err.getvalue()}
    if code == 0:
        return {"answer": json.loads(out.getvalue()) if "--json" in arguments else out.getvalue()}
    told = [line for line in lines if line.startswith("indexer: ")]
    if len(told) != 1 and arguments[0] != "doctor":
        return {"traceback": f"exit {code} with {lines}"}
    return {"told": "".join(told) or out.getvalue(), "code": code}


def commanded(place: Place, *arguments: object) -> Any:
    """What a command says, in a process of its own."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        os.close(reading)
        os.environ["INDEXER_CACHE"] = str(place.cache)
        said = _command(*arguments)
        with os.fdopen(writing, "w", encoding="utf-8") as pipe:
            json.dump(said, pipe)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, encoding="utf-8") as pipe:
        text = pipe.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else {"traceback": "no word"}


# ------------------------------------------------------------------------------- one trial


@dataclass(frozen=True)
class Sound:
    """What is asked, and what must be said: as it was published last, or, where a log is lost, before."""

    place: Place
    said: Said
    before: Said | None = None


def attempt(sound: Sound, name: str, damage: Damage, chance: random.Random, at: Path) -> Trial:
    """Damage the file ``name`` of a copy, ask, follow the advice, ask again."""
    models = name.startswith("cache/models")
    place = sound.place.copy(at, models=models)
    path = place.folder / name
    kind = _group(name)
    content = path.read_bytes()
    others = [other for other in sorted(sound.place.sums()) if other != name]
    damaged: bytes | None = content
    while damaged == content:
        damaged = damage(content, chance, (sound.place.folder / chance.choice(others)).read_bytes())
    if damaged is None:
        path.unlink()
    else:
        path.write_bytes(damaged)
    repeat = f"{name}, {damage.__name__}"
    if name.startswith("backup.db"):
        return _restored(sound, place, kind, repeat)
    kept = place.sums()
    said = asked(place, fresh_export=False)
    if place.sums() != kept:
        return Trial(kind, "", f"{repeat}: asking changed a file")
    if name == "catalogue.yaml" and "answer" in said["status"]:
        said["status"] = sound.said["status"]  # of the links that it names now: it is the user's own text
    ended, wrong = _judged(sound, said)
    if ended == "export made again" and chance.random() < MADE_INDEED:
        ended, wrong = _judged(sound, asked(place, fresh_export=True))
        ended = "export made again"
    if wrong:
        return Trial(kind, "", f"{repeat}: {wrong}")
    if ended == "told":
        ended, wrong = _mended(sound, place, said, name)
    return Trial(kind, ended, f"{repeat}: {wrong}" if wrong else "")


def _judged(sound: Sound, said: Said) -> tuple[str, str]:
    """How it ended, and what was wrong."""
    ends = set()
    for name, word in said.items():
        if "traceback" in word:
            return "", f"{name}: {word['traceback'][-1500:]}"
        if "told" in word:
            if "\n" in word["told"].strip():
                return "", f"{name}: more than a line: {word['told']}"
            ends.add("told")
        elif "export" in word:
            ends.add("export made again")
        elif word == sound.said[name]:
            ends.add("answered as before")
        elif sound.before and word == sound.before[name]:
            ends.add("answered as published before")
        else:
            return "", f"{name}: another answer: {_difference(sound.said[name], word)}"
    for end in ("told", "export made again", "answered as published before"):
        if end in ends:
            return end, ""
    return "answered as before", ""


def _difference(true: Any, found: Any) -> str:
    one, two = json.dumps(true, sort_keys=True), json.dumps(found, sort_keys=True)
    at = next((at for at, pair in enumerate(zip(one, two, strict=False)) if pair[0] != pair[1]), 0)
    return f"{one[max(0, at - 80) : at + 80]} … {two[max(0, at - 80) : at + 80]}"


def _mended(sound: Sound, place: Place, said: Said, name: str) -> tuple[str, str]:
    """Follow what was advised, at most three times."""
    done: list[str] = []
    step: tuple[object, ...]
    for _ in range(3):
        told = next(word["told"] for word in said.values() if "told" in word)
        if "ask again" in told or "ask first" in told:
            step = ("ask", QUESTIONS[0], "--data", place.data)
        elif name == "catalogue.yaml":
            shutil.copy2(sound.place.catalogue, place.catalogue)  # the user's own file, mended by its user
            step = ("catalogue", "check", "--catalogue", place.catalogue)
        elif "indexer reindex" in told or "indexer crawl" in told:
            segments = (place.data / "segments").is_dir() and name.startswith("data/segments") and not done
            step = (
                ("doctor", "--repair", "--data", place.data)
                if segments
                else ("reindex", "--data", place.data, "--catalogue", place.catalogue)
            )
        elif "indexer restore" in told:
            step = ("restore", place.backup, "--yes", "--data", place.data)
        else:
            return "", f"no advice in {told!r}"
        word = commanded(place, *step)
        done.append(str(step[0]))
        if "traceback" in word:
            return "", f"{done}: {word['traceback'][-1500:]}"
        if "told" in word and step[0] != "doctor":
            said = {"mending": word}
            continue
        said = asked(place, fresh_export=False)
        ended, wrong = _judged(sound, said)
        if wrong:
            return "", f"{told} | {done}: {wrong}"
        if ended != "told":
            return f"told, mended by {done[-1]}", ""
    return "", f"{done} did not mend it: {said}"


def _restored(sound: Sound, place: Place, kind: str, repeat: str) -> Trial:
    """A damaged backup is refused, and the library that is there stays; or it holds all the same."""
    kept = place.sums()
    word = commanded(place, "restore", place.backup, "--yes", "--data", place.data)
    if "traceback" in word:
        return Trial(kind, "", f"{repeat}: {word['traceback'][-1500:]}")
    if "told" in word and place.sums() != kept:
        return Trial(kind, "", f"{repeat}: refused, and changed a file")
    ended, wrong = _judged(sound, asked(place, fresh_export=False))
    if not wrong and ended != "answered as before":
        wrong = f"after the restore it {ended}"
    return Trial(
        kind, "refused" if "told" in word else "restored whole", f"{repeat}: {wrong}" if wrong else ""
    )


def _group(name: str) -> str:
    """What a file is called in the table."""
    path = Path(name)
    if path.parts[:2] == ("data", "segments"):
        return "a file of a segment"
    if path.parts[:2] == ("cache", "models") and path.name != "checked.json":
        return f"{path.name} of the model"
    return path.name


# ------------------------------------------------------------------------------- all of them


def damages(
    library: Path, cache: Path, seed: int, numbers: Iterable[int] = range(sys.maxsize)
) -> Iterator[Trial]:
    """Trials on a library of the sample articles, with the model in ``cache``; by default without end."""
    with tempfile.TemporaryDirectory(prefix="damages-") as folder:
        still = sound_place(Path(folder, "still"), library, cache)
        with _warmed_up(still):
            logged = still.copy(Path(folder, "logged"), models=False)
            plain = _sound(still)
            with_log(logged)
            changed = _sound(logged, before=plain.said)
            for number in numbers:
                chance = random.Random(f"{seed} {number}")
                sound, name, damage = _drawn(plain, changed, number, chance)
                with tempfile.TemporaryDirectory(dir=folder) as own:
                    yield attempt(sound, name, damage, chance, Path(own))


@contextlib.contextmanager
def _warmed_up(place: Place) -> Iterator[None]:
    """Import and load here what each process that is forked would, but for what a trial damages.

    An export is looked at as ever, its files and its manifest; only loading the sound one takes no time.
    """
    embed: Any = import_module("indexer.embed")
    config = Config(cache=place.cache, data=place.data)
    with Library.open(place.data, config=config) as library:
        _A_LINK[:] = [library.search(QUESTIONS[0]).hits[0].row.url]
    loaded = open_encoder(config)
    load_export = embed.ExportedEncoder

    def encoder(model: Any, folder: Path, manifest: Any) -> Any:
        same = folder.resolve() == (place.cache / "models" / loaded.fingerprint).resolve()
        return loaded if same else load_export(model, folder, manifest)

    embed.ExportedEncoder = encoder
    surroundings = dict(os.environ)
    try:
        _all_said(place, fresh_export=True)
        os.environ.clear()
        os.environ.update(surroundings)
        yield
    finally:
        embed.ExportedEncoder = load_export


def _sound(place: Place, before: Said | None = None) -> Sound:
    commanded(place, "ask", QUESTIONS[0], "--data", place.data)
    said = asked(place, fresh_export=True)
    if any("answer" not in word for word in said.values()):
        raise SystemExit(f"the sound library does not answer: {said}")
    return Sound(place, said, before)


def _drawn(plain: Sound, changed: Sound, number: int, chance: random.Random) -> tuple[Sound, str, Damage]:
    """A file and a damage: in turn, so that each kind of file has its share."""
    damage = chance.choice(IN_PLACE + WHOLE)
    own = chance.choice(IN_PLACE)
    segment = [name for name in sorted(plain.place.sums()) if name.startswith("data/segments")]
    models = [
        str(path.relative_to(plain.place.folder))
        for path in sorted((plain.place.cache / "models").rglob("*"))
        if path.is_file() and path.suffix != ".lock"
    ]
    match number % 20:
        case 0 | 1 | 2 | 3 | 4 | 5:
            return plain, "data/library.db", own
        case 6:
            return plain, "data/library.db", damage
        case 7:
            return changed, "data/library.db-wal", chance.choice((own, damage))
        case 8:
            return changed, "data/library.db", own
        case 9 | 10 | 11 | 12 | 13:
            return plain, segment[(number // 20 * 5 + number % 20) % len(segment)], damage
        case 14 | 15:
            return plain, models[(number // 20 * 2 + number % 20) % len(models)], damage
        case 16:
            return plain, "cache/last_answer.json", damage
        case 17:
            return plain, chance.choice(("cache/checked.json", "cache/questions")), damage
        case 18:
            return plain, chance.choice(("backup.db", "backup.db", "backup.db.sha256")), damage
        case _:
            return plain, "catalogue.yaml", damage


def trials(seed: int) -> Iterator[Trial]:
    """:func:`damages` of a library that is made for it."""
    with tempfile.TemporaryDirectory(prefix="demo-") as folder:
        made = demo_once(Path(folder))
        if made.ended.code:
            raise SystemExit(made.ended.err)
        yield from damages(made.library, Config.from_environment().cache, seed)


if __name__ == "__main__":
    main("damages", trials, count=400, claim=CLAIM)
