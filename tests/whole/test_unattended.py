"""Nights without a person: the lines that `indexer schedule` prints, run as cron and systemd run them."""

from __future__ import annotations

import os
import re
import shlex
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from indexer.demo import sample_catalogue
from tests.command import Ended, Run
from tests.replaying import Replay
from tests.store.shelving import change_rows

SMASHING = "https://www.smashingmagazine.com/2021/12/billing-management-saas-stripe-azure-functions/"
HOSTS = (
    "medium.com",
    "gitconnected.com",
    "smashingmagazine.com",
    "confluent.io",
    "thenewstack.io",
    "redis.io",
)
DEAD = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
"""Nobody listens on the discard port."""
DATED = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d{4} ")


@dataclass(frozen=True)
class Machine:
    """A machine whose user has scheduled the crawl, in a folder whose name needs quoting everywhere."""

    folder: Path

    @property
    def data(self) -> Path:
        return self.folder / 'my 100% "da\'ta" $HOME'

    @property
    def catalogue(self) -> Path:
        """Some of the sample links: such as come, move, are walled off or go while the nights pass."""
        path = self.folder / "catalogue.yaml"
        if not path.exists():
            whole = YAML(typ="safe").load(sample_catalogue())["categories"]
            with path.open("w", encoding="utf-8") as file:
                kept = {
                    name: [link for link in links if any(host in str(link) for host in HOSTS)]
                    for name, links in whole.items()
                }
                YAML().dump({"categories": kept}, file)
        return path

    def scheduled(self, **environment: str) -> str:
        """What `indexer schedule` prints in such a shell."""
        surroundings = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
        command = [sys.executable, "-m", "indexer", "schedule", "--data", str(self.data)]
        return subprocess.run(
            [*command, "--catalogue", str(self.catalogue)],
            env={**surroundings, **environment},
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    def cron(self, **environment: str) -> Ended:
        """The night by cron: its user's shell, and hardly any environment."""
        [line] = [
            line for line in self.scheduled(**environment).splitlines() if line.startswith("0 3 * * * ")
        ]
        assert "\n" not in line
        command = line.removeprefix("0 3 * * * ").replace(r"\%", "%")  # as cron hands it to the shell
        return self._run("/bin/sh", "-c", command)

    def systemd(self, **environment: str) -> Ended:
        """The night by systemd: the words of ExecStart, with the environment of the unit alone."""
        unit = self.scheduled(**environment).replace("%%", "%").splitlines()
        settings = [shlex.split(line)[0] for line in unit if line.startswith("Environment=")]
        [command] = [
            line.removeprefix("ExecStart=") for line in unit if "crawl --due" in line and "Exec" in line
        ]
        words = [word.replace("$$", "$") for word in shlex.split(command)]
        return self._run(*(setting.removeprefix("Environment=") for setting in settings), *words)

    def _run(self, *words: str) -> Ended:
        # Of the own environment only what shows Python these sources, which are not installed.
        shown = [f"{name}={os.environ[name]}" for name in ("PYTHONPATH",) if name in os.environ]
        ended = subprocess.run(
            ["env", "-i", *shown, *words], cwd="/", capture_output=True, text=True, check=False
        )
        return Ended(ended.returncode, ended.stdout, ended.stderr)

    @property
    def log(self) -> list[str]:
        return (self.data / "crawl.log").read_text(encoding="utf-8").splitlines()

    def a_month_passes(self) -> None:
        """Everything is due again."""
        with self._library() as library:
            for number, at in library.execute("SELECT id, fetched_at FROM fetches").fetchall():
                earlier = (datetime.fromisoformat(at) - timedelta(days=31)).isoformat()
                change_rows(library, "fetches", "SET fetched_at = ? WHERE id = ?", (earlier, number))

    def verdicts(self) -> list[tuple[str, str]]:
        with self._library() as library:
            return library.execute("SELECT link_url, verdict FROM fetches ORDER BY id").fetchall()

    @contextmanager
    def _library(self) -> Iterator[sqlite3.Connection]:
        with closing(sqlite3.connect(self.data / "library.db")) as library, library:
            yield library


@pytest.mark.slow
def test_nights_are_quiet_unless_something_is_newly_wrong(
    replay: Callable[[int], Replay], tmp_path: Path
) -> None:
    machine = Machine(tmp_path)

    first = machine.cron(**replay(1).environment)
    assert first.code == 4, "some links never had a copy, which is news on the first night"
    [mailed] = first.out.splitlines()
    assert "newly gone or without a copy" in mailed
    assert first.err == ""

    machine.a_month_passes()
    assert machine.cron(**replay(1).environment) == Ended(0, "", ""), "a good night; what is bad is known"

    machine.a_month_passes()
    before = machine.verdicts()
    dead = machine.cron(**DEAD)
    assert (dead.code, dead.err) == (1, "")
    [mailed] = dead.out.splitlines()
    assert "nothing is reachable" in mailed
    dead = machine.systemd(**DEAD)
    assert (dead.code, dead.out) == (1, "")
    assert len(dead.err.splitlines()) == 1
    assert machine.verdicts() == before, "no link is broken by it"

    gone = machine.cron(**replay(2).environment)
    assert gone.code == 4
    [mailed] = gone.out.splitlines()
    assert SMASHING in mailed
    assert mailed == machine.log[-1]

    machine.a_month_passes()
    assert machine.cron(**replay(2).environment) == Ended(0, "", "")

    machine.a_month_passes()
    walls = machine.systemd(**replay(3).environment)
    assert (walls.code, walls.err) == (0, ""), "walls before pages that are held lose nothing"

    heads = [line for line in machine.log if not line.startswith(" ")]
    assert all(DATED.match(line) for line in heads)
    assert sum(" indexer: " not in line for line in heads) == 4, "the dead night has only its error"


def test_a_line_has_what_the_crawl_needs_and_no_more_of_the_environment(
    run: Run, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("INDEXER_CONTACT", "me@example.org, 100%")
    monkeypatch.setenv("HF_TOKEN", "secret")
    said = run("schedule", "--at", "04:30", "--data", tmp_path, "--catalogue", sample_catalogue()).out
    assert "\n30 4 * * * " in said
    assert r"INDEXER_CONTACT='me@example.org, 100\%' " in said
    assert '\nEnvironment="INDEXER_CONTACT=me@example.org, 100%%"\n' in said
    assert "secret" not in said
    assert "\nOnFailure=" in said
