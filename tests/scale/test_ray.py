"""A run on Ray leaves the library that a run on one machine leaves, whoever is lost meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path

import psutil
import pytest

from tests.replaying import ROOT, Replay
from tests.scale.running import (
    RunOnce,
    TwoNodes,
    fetched,
    needs_ray,
    published_passages,
    stored_rows,
    two_nodes,
)
from tests.scale.timed_web import TimedWeb, timed_web
from tests.whole.large_web import serving, write_catalogue

pytestmark = needs_ray

PAGES, HOSTS = 2000, 400
PAUSE = 0.1


def settled(data: Path) -> tuple[object, object]:
    return fetched(data), published_passages(data)


def requests(web: Replay) -> Counter[str]:
    """What was asked for, but for Ray's own question whether the machine is a cloud's."""
    return Counter(entry["url"] for entry in web.entries() if "//169.254.169.254/" not in entry["url"])


def test_the_replayed_catalogue_gives_the_same_library(
    replay: Callable[[int], Replay], tmp_path: Path
) -> None:
    """Walls, notices, redirects to other hosts, fallbacks, captures, subpages; then a night's changes."""
    catalogue = ROOT / "catalogue.yaml"
    here, there = tmp_path / "here", tmp_path / "there"
    for night in (1, 2):
        web = replay(night)
        alone = RunOnce(catalogue, here, web.environment).summary()
        asked = requests(web)
        web.log.write_text("")
        spread = RunOnce(catalogue, there, web.environment, "--engine", "ray").summary()
        assert requests(web) == asked
        for name in ("links", "pages", "verdicts", "articles", "passages", "embedded", "without_copy"):
            assert spread[name] == alone[name], name
        assert settled(there) == settled(here)


def test_two_thousand_pages_give_the_same_library(tmp_path: Path) -> None:
    with serving(tmp_path, pages=PAGES, hosts=HOSTS) as web:
        catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"Large": web.links})
        here, there = tmp_path / "here", tmp_path / "there"
        RunOnce(catalogue, here, web.environment).summary()
        web.log.write_text("")
        summary = RunOnce(catalogue, there, web.environment, "--engine", "ray").summary()
        assert summary["articles"]["new"] == PAGES
        assert max(Counter(web.requests()).values()) == 1
    assert settled(there) == settled(here)


def test_the_command_says_what_it_says_on_one_machine_and_leaves_nobody_behind(tmp_path: Path) -> None:
    with serving(tmp_path, pages=20, hosts=10) as web:
        catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"Few": web.links})
        environment = {**os.environ, **web.environment, "RAY_ADDRESS": ""}
        command = [sys.executable, "-m", "indexer", "crawl", "--catalogue", str(catalogue), "--json"]
        told = {}
        for name in ("local", "ray"):
            done = subprocess.run(
                [*command, "--data", str(tmp_path / name), "--engine", name],
                env=environment, capture_output=True, text=True, check=False, cwd=tmp_path,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            assert done.stderr == ""
            told[name] = json.loads(done.stdout)
    assert told["ray"].keys() == told["local"].keys()
    assert told["ray"]["verdicts"] == told["local"]["verdicts"] == {"ok": 20}
    left = [process.info["name"] for process in psutil.process_iter(["name"])]
    assert not {"raylet", "gcs_server"} & set(left)


# ------------------------------------------------------------------------- what is lost


@pytest.fixture(scope="module")
def slow_web(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimedWeb]:
    with timed_web(tmp_path_factory.mktemp("web"), pages=300, hosts=10, seconds=0.03) as web:
        yield web


@pytest.fixture
def nodes(tmp_path: Path, slow_web: TimedWeb) -> Iterator[TwoNodes]:
    with two_nodes(tmp_path, slow_web.environment) as cluster:
        yield cluster


def test_processes_and_a_node_are_lost_and_no_page_is(
    nodes: TwoNodes, slow_web: TimedWeb, tmp_path: Path
) -> None:
    """The server is the witness: at no time two requests to a host, and its pause after each."""
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"Slow": slow_web.links})
    whole = tmp_path / "whole"
    RunOnce(catalogue, whole, slow_web.environment).summary()
    slow_web.log.write_text("")

    run = RunOnce(
        catalogue, tmp_path / "data", nodes.environment,
        "--engine", "ray", "--address", nodes.address, "--delay", str(PAUSE),
    )  # fmt: skip
    run.until(lambda: run.pages >= 40)
    run.until(lambda: nodes.lose_process("SendingActor"))
    run.until(lambda: run.pages >= 80)
    run.until(lambda: nodes.lose_process("read_in_task"))
    run.until(lambda: run.pages >= 120)
    nodes.lose_node()
    assert run.pages < len(slow_web.links) - 50, "it was lost in the middle"
    summary = run.summary()
    assert summary["verdicts"] == {"ok": len(slow_web.links)}
    assert summary["articles"]["new"] == len(slow_web.links)
    assert settled(tmp_path / "data") == settled(whole)
    assert stored_rows(tmp_path / "data", "SELECT page_url FROM fetches GROUP BY 1 HAVING count(*) > 1") == []

    by_host = slow_web.by_host()
    assert len(by_host) == 10
    for visits in by_host.values():
        for before, after in pairwise(visits):
            assert after.begun - (before.ended if before.whole else before.begun) >= PAUSE
    repeated = sum(map(len, by_host.values())) - len(slow_web.links) - len(by_host)
    assert repeated <= 20, "only what was under way was asked for again"


def test_a_cluster_that_is_lost_costs_nothing_that_was_kept(
    nodes: TwoNodes, slow_web: TimedWeb, tmp_path: Path
) -> None:
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"Slow": slow_web.links})
    options = ("--engine", "ray", "--address", nodes.address, "--delay", str(PAUSE))
    run = RunOnce(catalogue, tmp_path / "data", nodes.environment, *options)
    run.until(lambda: run.pages >= 40)
    nodes.lose_all()
    code, out, err = run.ended()
    assert (code, out) == (1, "")
    [line] = err.splitlines()
    assert line.startswith("indexer: the Ray cluster was lost")
    kept = run.pages
    slow_web.log.write_text("")
    heir = RunOnce(catalogue, tmp_path / "data", slow_web.environment).summary()
    assert (heir["run"], heir["without_copy"]) == (1, [])
    assert len(slow_web.visits()) <= len(slow_web.links) - kept + 10


def test_a_cluster_that_is_not_there_is_one_line(tmp_path: Path) -> None:
    catalogue = write_catalogue(tmp_path / "catalogue.yaml", {"One": ["http://a.example/"]})
    run = RunOnce(catalogue, tmp_path / "data", {}, "--engine", "ray", "--address", "127.0.0.1:9")
    code, _, err = run.ended()
    assert code == 1
    [line] = err.splitlines()
    assert line.startswith("indexer: the Ray cluster at 127.0.0.1:9 cannot be joined")
