"""Kills: a command that changes something is ended with SIGKILL, and called again.

What a killed process leaves depends on nothing but which of its calls to the system that change something
were done. So half of the kills are at such a call, before it is done, spread over all that the command makes
when it is let alone; strace(1) counts them and kills. The other half come at random while it works.
"""

from __future__ import annotations

import os
import random
import re
import shutil
import signal
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from pathlib import Path

import psutil

from tests.trust.changes import Change, changes, names_in
from tests.trust.trials import Trial, main

CHANGING = (
    "write,writev,pwrite64,pwritev,ftruncate,fallocate,fsync,fdatasync,rename,renameat,renameat2,unlink,unlinkat,"
    "mkdir,mkdirat,rmdir,link,linkat,symlink,symlinkat,chmod,fchmod,fchmodat"
)
"""The system calls that change files, or make it sure that they are changed."""
CALL = re.compile(r"(?P<name>\w+)\((?P<arguments>.*)")
NO_FILE = re.compile(r"\d+<(pipe|socket|anon_inode|/dev/(null|pts|tty))")
SPREAD = (5**0.5 - 1) / 2
"""Multiples of it, without their whole part, are spread evenly, however many there are."""
LONGEST = 120
"""Seconds that a command may take; then it hangs."""
TOO_LATE = "had ended"
CLAIM = """\
Commands were ended with SIGKILL, half of them at a call to the system that changes something and half at
random, and called again. After each kill SQLite finds the library whole, a reader is told what stood before
or what stands after and no mixture, and all is there that both have. The second call leaves what an
undisturbed one leaves, and no file more."""


@dataclass(frozen=True)
class Call:
    """A thread's n-th call of a name to the system."""

    name: str
    number: int


class Victim:
    """A command to be killed, in a folder of its own."""

    def __init__(self, change: Change) -> None:
        self.change = change
        self.folder = change.start.with_name("killed")

    @contextmanager
    def fresh(self) -> Iterator[None]:
        """A folder for it to work in, until the block ends."""
        shutil.copytree(self.change.start, self.folder)
        try:
            yield
        finally:
            shutil.rmtree(self.folder)

    @cached_property
    def calls(self) -> list[Call]:
        """All calls to the system that change a file, in order, made when it is let alone."""
        trace = self.folder.with_name("trace")
        with self.fresh():
            code = self._traced("-y", "-o", str(trace), "-e", f"trace={CHANGING}")
        assert code == 0, f"{self.change.name} under strace: exit code {code}"
        found, counted = [], Counter[str]()
        for line in trace.read_text().splitlines():
            if match := CALL.match(line):
                counted[match["name"]] += 1
                if not NO_FILE.match(match["arguments"]):
                    found.append(Call(match["name"], counted[match["name"]]))
        return found

    @cached_property
    def seconds(self) -> float:
        """How long it takes when it is let alone."""
        with self.fresh():
            begun = time.monotonic()
            assert self.let_alone() == 0
            return time.monotonic() - begun

    def let_alone(self) -> int:
        """Its exit code; what it said is in a file beside its folder."""
        process = self.change.called(self.folder)
        process.join(LONGEST)
        return process.exitcode or 0

    def killed_at(self, call: Call) -> int:
        """Kill it at that call; its exit code."""
        inject = f"inject={call.name}:signal=KILL:when={call.number}"
        return self._traced("-o", os.devnull, "-e", f"trace={CHANGING}", "-e", inject)

    def killed_after(self, seconds: float) -> int:
        """Kill its whole group so long after the start; its exit code."""
        process = self.change.called(self.folder)
        process.join(seconds)
        if process.exitcode is None:
            assert process.pid
            started: list[psutil.Process] = []
            with suppress(psutil.NoSuchProcess, ProcessLookupError):  # it may end just now
                started = psutil.Process(process.pid).children(recursive=True)
                os.killpg(process.pid, signal.SIGKILL)
            process.join()
            _, alive = psutil.wait_procs(started, timeout=10)
            assert not alive, "what it had started lives on"
        elif not process.exitcode:  # so fast it can be: what comes later kills nothing
            self.seconds = (self.seconds + seconds) / 2
        return process.exitcode or 0

    def _traced(self, *options: str) -> int:
        """Its exit code under strace, which follows what is called in its first thread: all that writes."""
        process = self.change.called(self.folder, waiting=True)
        assert process.pid
        seen = psutil.Process(process.pid)
        _until(lambda: seen.status() == psutil.STATUS_STOPPED)
        strace = ["strace", "-qq", "--signal=none", *options, "-p", str(process.pid)]
        with subprocess.Popen(strace, stderr=subprocess.PIPE) as tracer:
            status = Path(f"/proc/{process.pid}/status")
            _until(lambda: "TracerPid:\t0\n" not in status.read_text() or tracer.poll() is not None)
            os.kill(process.pid, signal.SIGCONT)
            process.join(LONGEST)
            _, said = tracer.communicate()
        assert not said, f"strace: {said.decode()}"
        return process.exitcode or 0


def _until(true: Callable[[], bool]) -> None:
    given_up = time.monotonic() + LONGEST
    while not true():
        assert time.monotonic() < given_up
        time.sleep(0.002)


def kill(victim: Victim, number: int, chance: random.Random) -> Trial:
    """A command's trial of that number: even ones at a call to the system, odd ones at random."""
    change = victim.change
    cache = Path(change.environment["INDEXER_CACHE"])
    cached = names_in(cache)
    how, calls, seconds = number % 2, victim.calls, chance.uniform(0, victim.seconds)
    with victim.fresh():
        if how:
            instant, code = f"after {seconds:.4f} s", victim.killed_after(seconds)
        else:
            call = calls[int(number // 2 * SPREAD % 1 * len(calls))]
            instant, code = f"at {call.name} number {call.number}", victim.killed_at(call)
        ended = TOO_LATE if code == 0 else "as before" if change.untouched(victim.folder) else "as after"
        wrong = "" if code in (0, -signal.SIGKILL) else f"exit code {code}"
        wrong = wrong or change.wrong(victim.folder) or _second(victim)
        if left := names_in(cache) - cached:
            wrong = wrong or f"left in the cache: {', '.join(left)}"
    kind = f"{change.name}, {('at a system call', 'at random')[how]}"
    return Trial(kind, ended, wrong and f"killed {instant}: {wrong}")


def _second(victim: Victim) -> str:
    """Call the command again; what is wrong with that."""
    change = victim.change
    backed_up = change.name.endswith("backup") and not change.untouched(victim.folder)
    if (code := victim.let_alone()) and not backed_up:  # a backup that is there is not made again
        return f"the next run ended with {code}: {change.said(victim.folder)}"
    return change.unfinished(victim.folder)


def trials(seed: int, *names: str) -> Iterator[Trial]:
    """Kills of each command in turn. One that came when the command had ended is none."""
    chance = random.Random(seed)
    with changes(*names) as made:
        victims = [Victim(change) for change in made]
        for number in count():
            for victim in victims:
                trial = kill(victim, number, chance)
                if trial.wrong or trial.ended != TOO_LATE:
                    yield trial


if __name__ == "__main__":
    main("kills", trials, count=520, claim=CLAIM)
