"""Full disks: a command that changes something gets a disk with little room, and is called again with enough.

The disk is one in memory, in a namespace of the trials' own; the command's folder lies on it. How much is
free is spread evenly up to the least with which the command was seen to succeed.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory

from indexer.embed import has_fast_form, how_it_runs, load_encoder
from indexer.hashes import CHECKED
from tests.embed.tiny import tiny_transformer
from tests.trust.changes import WARM, Change, changes, names_in
from tests.trust.kills import SPREAD
from tests.trust.machine import NAMESPACE
from tests.trust.trials import Trial, main

AMPLE = 1024
"""KiB that are enough for every command, more or less."""
SMALL = 300
"""KiB that are enough for the fast form of a tiny model, more or less."""
PAGE = 4
"""KiB by which such a disk is filled."""
TOLD = re.compile(r"(\S+ )?indexer: .*(the disk is full|No space left on device).*\n")
"""What is said: one line, after the time where it is a crawl's that nobody watches."""
MODELS = 3
"""Every so many rounds a model's fast form is made."""
INSIDE = "INDEXER_TRUST_INSIDE"
CLAIM = """\
Commands were given a disk on which some room was left, between none and enough. Where it is too little the
command ends with exit code 1 and one line that says so (`doctor` by its report); SQLite finds the library
whole, all that was there is there, a reader is told what stood before, and no temporary file is left. Called
again with room, it leaves what an undisturbed one leaves, and no file more."""


class Disk:
    """A disk in memory, for a command's folder."""

    def __init__(self, here: Path) -> None:
        self.folder = here / "disk"
        self.copy = here / "copy"
        self.enough = AMPLE
        """KiB: the least with which the command was seen to succeed."""

    @contextmanager
    def filled(self, start: Path, free: int) -> Iterator[None]:
        """The disk with a copy of ``start`` and so many KiB free, until the block ends."""
        self.folder.mkdir()
        _mount("-t", "tmpfs", "-o", "size=500m", "tmpfs", str(self.folder))
        try:
            shutil.copytree(start, self.folder, dirs_exist_ok=True)
            used = shutil.disk_usage(self.folder).used // 1024
            _mount("-o", f"remount,size={max(used + free, PAGE)}k", str(self.folder))  # 0 is no bound
            yield
        finally:
            subprocess.run(["umount", str(self.folder)], check=True)
            self.folder.rmdir()
            shutil.rmtree(self.copy, ignore_errors=True)

    def make_room(self) -> None:
        """Make it large."""
        _mount("-o", "remount,size=500m", str(self.folder))


def fill(disk: Disk, change: Change, share: float) -> Trial:
    """Call a command where that share is free of the least that was seen to be enough."""
    free = int(share * disk.enough) // PAGE * PAGE
    with disk.filled(change.start, free):
        code, said = _call(change, disk)
        # Looked at elsewhere: here a reader has no room for what SQLite shares with others.
        shutil.copytree(disk.folder, disk.copy)
        if code:
            ended, wrong = "told", change.wrong(disk.copy)
            report = change.name == "repair" and "the disk is full" in said and "Traceback" not in said
            if code != 1 or not (report or TOLD.fullmatch(said)):
                wrong = wrong or f"exit code {code}: {said}"
            if left := names_in(disk.copy) - names_in(change.start) - change.names:
                wrong = wrong or f"left: {', '.join(left)}"
            disk.make_room()
            code, said = _call(change, disk)
            wrong = wrong or (f"the next run ended with {code}: {said}" if code else "")
            wrong = wrong or change.unfinished(disk.folder)
        else:
            ended, wrong = "had room", change.unfinished(disk.copy)
            disk.enough = max(free, PAGE)
    return Trial(change.name, ended, wrong and f"with {free} KiB: {wrong}")


def _call(change: Change, disk: Disk) -> tuple[int, str]:
    process = change.called(disk.folder)
    process.join()
    return process.exitcode or 0, change.said(disk.folder)


def fill_cache(disk: Disk, model: Path, share: float) -> Trial:
    """Open a model whose fast form is to be made in a cache with little room: then it works without."""
    free = int(share * disk.enough) // PAGE * PAGE
    empty = model.with_name("empty")
    empty.mkdir(exist_ok=True)
    with disk.filled(empty, free):
        process = WARM.Process(target=_open_model, args=(model, disk.folder))
        process.start()
        process.join()
        made, left = has_fast_form(str(model), exports=disk.folder), names_in(disk.folder) - {CHECKED}
        wrong = f"exit code {process.exitcode}" if process.exitcode else ""
        if made:
            disk.enough = max(free, PAGE)
        elif left:
            wrong = wrong or f"left: {', '.join(left)}"
        disk.make_room()
        load_encoder(str(model), exports=disk.folder)
        runs = how_it_runs(str(model), exports=disk.folder)
        if not runs.startswith("exported"):
            wrong = wrong or f"with room it is not made: {runs}"
    ended = "had room" if made else "went without"
    return Trial("a model's fast form", ended, wrong and f"with {free} KiB: {wrong}")


def make_model(folder: Path) -> None:
    """Make a tiny model of the usual form."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.base.modules import Transformer
    from sentence_transformers.sentence_transformer.modules import Pooling

    with TemporaryDirectory() as bert:
        tiny_transformer(Path(bert) / "bert")
        modules = [Transformer(f"{bert}/bert", max_seq_length=24), Pooling(32, pooling_mode="mean")]
        SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(folder))


def _open_model(model: Path, exports: Path) -> None:
    vectors = load_encoder(str(model), exports=exports).encode_passages(["an event"])
    assert vectors.shape == (1, 32)


def _mount(*arguments: str) -> None:
    subprocess.run(["mount", *arguments], check=True)


def trials(seed: int, *names: str) -> Iterator[Trial]:
    """Each command in turn, on ever other disks; models seldom, for they take long."""
    with changes(*names) as made, TemporaryDirectory() as here:
        disks = [Disk(change.start.parent) for change in made]
        model, cache = Path(here) / "model", Disk(Path(here))
        cache.enough = SMALL
        for number in count():
            share = (seed + number) * SPREAD % 1
            for disk, change in zip(disks, made, strict=True):
                yield fill(disk, change, share)
            if number % MODELS == MODELS - 1:
                if not model.exists():
                    make_model(model)
                yield fill_cache(cache, model, share)


if __name__ == "__main__":
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp(NAMESPACE[0], [*NAMESPACE, sys.executable, "-m", "tests.trust.full_disks", *sys.argv[1:]])
    main("full_disks", trials, count=160, claim=CLAIM)
