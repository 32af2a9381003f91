"""Pages that only scripts fill, shown in a real Chromium over the replayed web: read, bounded, shut in."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import pytest

from indexer.config import Config, RenderConfig
from indexer.errors import UsageError
from indexer.records import Follow, Link, Outcome, RenderMode, Verdict
from indexer.render import find_browser, rendering_browser
from indexer.store import inspection
from tests.command import Run
from tests.crawl.crawling import QUICK, InMemory, article, crawled, outcomes, plain
from tests.replaying import ROOT, Replay
from tests.store.shelving import Shelf

pytest.importorskip("playwright", reason="playwright is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not find_browser(), reason="no Chromium is installed"),
]

BOUNDS = RenderConfig(seconds=4.0, longest=60.0, memory=512 << 20)
INTERNAL = {"127.0.0.1", "localhost", "::1", "0.0.0.0", "2130706433", "169.254.169.254", "10.0.0.1"}
START_REPLAY = Callable[[int], Replay]


def app(path: str = "", *, render: RenderMode | None = "auto", follow: Follow | None = None) -> Link:
    """A link to a page of the replayed applications."""
    link = plain(path if "://" in path else f"https://app.test/{path}", follow=follow or Follow())
    return replace(link, render=render, archive=False)


def shown(*links: Link, memory: InMemory | None = None, bounds: RenderConfig = BOUNDS) -> dict[str, Outcome]:
    """The outcomes of a crawl with a browser, by page URL."""

    async def crawling() -> list[Outcome]:
        async with rendering_browser(bounds) as render:
            return await outcomes(links, memory, config=QUICK, render=render)

    return {outcome.page_url: outcome for outcome in asyncio.run(crawling())}


def one(path: str = "", bounds: RenderConfig = BOUNDS) -> Outcome:
    return next(iter(shown(app(path), bounds=bounds).values()))


def asked(web: Replay) -> list[str]:
    """The addresses asked for, robots.txt left out."""
    return [entry["url"] for entry in web.entries() if not entry["url"].endswith("/robots.txt")]


# --------------------------------------------------------------------------- what is read


def test_text_that_comes_by_scripts_and_data_is_an_article(replay: START_REPLAY) -> None:
    web = replay(1)
    outcome = one()
    assert outcome.fetch.verdict is Verdict.OK
    assert outcome.fetch.rendered
    assert article(outcome).title == "Read from the data of an application"
    assert "no meaning of its own" in article(outcome).text
    assert "JavaScript" not in article(outcome).text
    parts = ["", "assets/app.js", "assets/part.js", "api/article"]
    assert asked(web) == [f"https://app.test/{part}" for part in parts]
    assert all(entry["user_agent"].startswith("indexer/") for entry in web.entries())
    assert web.entries()[0]["url"].endswith("/robots.txt")


def test_links_that_scripts_made_are_followed(replay: START_REPLAY) -> None:
    web = replay(1)
    found = shown(app(follow=Follow("site", allow=("/",))))
    assert article(found["https://app.test/late"]).title == "Late but there"
    assert len(asked(web)) == len(set(asked(web))), "each address once"


def test_what_components_show_is_read_in_its_place(replay: START_REPLAY) -> None:
    replay(1)
    read = article(one("components"))
    assert read.title == "Title in a slot"
    assert read.text.index("Words of the shadow tree") < read.text.index("Words of the slot come last")
    assert "color: red" not in read.text


def test_each_fragment_of_one_address_is_a_page_of_its_own(replay: START_REPLAY) -> None:
    web = replay(1)
    found = shown(app("routes#/one"), app("routes#/two"))
    titles = {url.rpartition("/")[2]: article(outcome).title for url, outcome in found.items()}
    assert titles == {"one": "Route one", "two": "Route two"}
    assert asked(web) == ["https://app.test/routes"], "asked for once"


@pytest.mark.parametrize(
    ("path", "title"),
    [
        ("late", "Late but there"),
        ("boxes", "Behind ninety boxes"),
        ("popups", "Before many windows"),
        ("download", "Beside a download"),
        ("leads-inward", "Stayed"),
        ("grows", "Growing"),
        ("hides", "Behind stumbling blocks"),
    ],
)
def test_whatever_else_a_page_does_its_text_is_read(replay: START_REPLAY, path: str, title: str) -> None:
    replay(1)
    assert article(one(path)).title == title


def test_a_page_that_leads_on_is_followed_and_its_address_kept(replay: START_REPLAY) -> None:
    web = replay(1)
    outcome = one("leads-on")
    assert article(outcome).title == "Late but there"
    assert outcome.fetch.final_url == "https://app.test/late"
    assert asked(web) == [f"https://app.test/{path}" for path in ("leads-on", "hop", "late")]


def test_a_rendered_page_is_looked_at_in_full_the_next_night(replay: START_REPLAY) -> None:
    """Its shell may be unchanged while the data is not; the text alone decides."""
    memory = InMemory()
    replay(1)
    first = shown(app(), memory=memory)
    web = replay(2)
    second = shown(app(), memory=memory)
    assert not [entry for entry in web.entries() if entry["if_none_match"] or entry["if_modified_since"]]
    assert article(*second.values()).hash == article(*first.values()).hash


# --------------------------------------------------------------------------- what is refused


class Witness:
    """A TCP and a UDP port of this machine that nobody may reach."""

    def __init__(self, tcp: socket.socket, udp: socket.socket) -> None:
        self._tcp, self._udp = tcp, udp
        self.port: int = tcp.getsockname()[1]

    def visits(self) -> int:
        """How often somebody came."""
        count = 0
        for take in (self._tcp.accept, lambda: self._udp.recv(4096)):
            with suppress(BlockingIOError):
                while take():
                    count += 1
        return count


@contextmanager
def watching() -> Iterator[Witness]:
    with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
        tcp.bind(("127.0.0.1", 0))
        udp.bind(tcp.getsockname())
        tcp.listen(100)
        tcp.setblocking(False)
        udp.setblocking(False)
        yield Witness(tcp, udp)


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_no_way_leads_inward_or_past_robots(replay: START_REPLAY, scheme: str) -> None:
    """Scripts, frames, sockets, workers, beacons, WebRTC, prefetching: nothing reaches what it may not."""
    web = replay(1)
    with watching() as witness:
        outcome = one(f"{scheme}://app.test/inward?port={witness.port}")
        assert witness.visits() == 0
    hosts = {urlsplit(entry["url"]).hostname for entry in web.entries()}
    assert not hosts & INTERNAL
    assert "https://disallow.test/private/page.html" not in asked(web)
    assert {entry["method"] for entry in web.entries()} == {"GET"}
    assert article(outcome).title.startswith("Asked inward")
    assert "CANARY" not in article(outcome).title
    assert "root:" not in article(outcome).title


# --------------------------------------------------------------------------- what is bounded


@pytest.mark.parametrize(
    ("path", "reason"),
    [("endless", "come to no end"), ("swells", "more than 512 MiB")],
)
def test_a_page_without_bounds_costs_itself_alone(replay: START_REPLAY, path: str, reason: str) -> None:
    """The same browser shows the next page."""
    replay(1)
    found = shown(app(path), app("late"))
    bad = found[f"https://app.test/{path}"].fetch
    assert bad.verdict is Verdict.SCRIPT_ONLY
    assert not bad.rendered
    assert reason in bad.reason
    assert found["https://app.test/late"].article


@pytest.mark.parametrize("path", ["many", "reloads", "ping"])
def test_requests_of_a_page_are_bounded(replay: START_REPLAY, path: str) -> None:
    web = replay(1)
    fetch = one(path, replace(BOUNDS, requests=30)).fetch
    assert fetch.verdict in (Verdict.OK, Verdict.SCRIPT_ONLY, Verdict.EMPTY)
    assert len(asked(web)) <= 31


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_the_browser_ends_with_the_run_however_it_ends(
    replay: START_REPLAY, tmp_path: Path, number: signal.Signals
) -> None:
    replay(1)
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(
        "categories:\n  Apps:\n    - {url: 'https://app.test/endless', render: auto, archive: false}\n",
        encoding="utf-8",
    )
    program = [sys.executable, "-c", "from indexer.cli import main; main()"]
    options = ["--catalogue", str(catalogue), "--data", str(tmp_path / "data")]
    with subprocess.Popen(
        [*program, "crawl", *options], cwd=ROOT, stderr=subprocess.DEVNULL, start_new_session=True
    ) as run:
        family = wait_for_renderer(psutil.Process(run.pid))
        os.killpg(run.pid, number)
        assert run.wait(60) == (130 if number == signal.SIGINT else -number)
    _, alive = psutil.wait_procs(family, timeout=30)
    assert not alive


def wait_for_renderer(run: psutil.Process) -> Sequence[psutil.Process]:
    """The processes of a run, once one of them shows a page."""
    while True:
        family: list[psutil.Process] = run.children(recursive=True)
        for process in family:
            with suppress(psutil.Error):
                if any("--type=renderer" in part for part in process.cmdline()):
                    return family
        with suppress(psutil.TimeoutExpired):
            assert run.wait(0.1) is None, "the run ended before"


# --------------------------------------------------------------------------- when, and how it is told


def test_only_what_is_asked_for_is_rendered(replay: START_REPLAY) -> None:
    web = replay(1)
    found = shown(app(render=None), app("late", render="never"))
    assert {outcome.fetch.verdict for outcome in found.values()} == {Verdict.SCRIPT_ONLY}
    assert len(asked(web)) == 2

    async def everything() -> list[Outcome]:
        async with rendering_browser(BOUNDS) as render:
            links = [app("late", render=None), app(render="never")]
            return await outcomes(links, config=replace(QUICK, render="auto"), render=render)

    rendered = {outcome.page_url: outcome.fetch.rendered for outcome in asyncio.run(everything())}
    assert rendered == {"https://app.test/late": True, "https://app.test/": False}


def test_the_environment_says_it_for_all_links() -> None:
    assert Config.from_environment({"INDEXER_RENDER": "auto"}).crawl.render == "auto"
    assert Config.from_environment({}).crawl.render == "never"
    with pytest.raises(UsageError, match="INDEXER_RENDER"):
        Config.from_environment({"INDEXER_RENDER": "always"})


def test_status_and_history_mark_it(replay: START_REPLAY, shelf: Shelf, run: Run, tmp_path: Path) -> None:
    replay(1)
    link = app("late")
    shelf.log().record(shown(link)[link.url])
    shelf.publish(link)
    assert inspection.status(shelf.folder, [link])[0].rendered
    assert [version.rendered for version in inspection.history(shelf.folder, link.url).versions] == [True]
    catalogue = tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories:\n  Apps:\n    - {link.url}\n", encoding="utf-8")
    assert "live, rendered" in run("status", "--data", shelf.folder, "--catalogue", catalogue).out
    history = run("history", link.url, "--data", shelf.folder).out.splitlines()
    assert len([line for line in history if "rendered" in line]) == 2, "the version and the fetch"


@pytest.mark.parametrize("missing", ["playwright", "browser"])
def test_what_is_missing_is_said_with_the_verdict(
    replay: START_REPLAY, monkeypatch: pytest.MonkeyPatch, missing: str
) -> None:
    replay(1)
    if missing == "browser":
        monkeypatch.setenv("PATH", "/nowhere")
    else:
        monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    fetch = one("late").fetch
    assert fetch.verdict is Verdict.SCRIPT_ONLY
    fix = "no Chromium or Chrome" if missing == "browser" else "pip install 'indexer[browser]'"
    assert fix in fetch.reason


def test_doctor_names_the_browser(run: Run, tmp_path: Path) -> None:
    assert find_browser() in run("doctor", "--data", tmp_path).out


def test_without_a_browser_nothing_changes(replay: START_REPLAY) -> None:
    replay(1)
    link = app("late")
    assert crawled([link])[link.url].fetch.verdict is Verdict.SCRIPT_ONLY
