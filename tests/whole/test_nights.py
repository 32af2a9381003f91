"""Three nights of the replayed web, through the command line, with real pauses and the real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import defaultdict
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from indexer import load_catalogue
from indexer.demo import sample_catalogue
from tests.replaying import replaying

pytestmark = pytest.mark.slow

QUESTIONS = (
    "how do I design an event store",
    "when is a distributed lock safe",
    "who approves an improvement proposal",
    "how does pub/sub decouple services",
)
UNCHANGED = "https://redis.io/docs/reference/patterns/distributed-locks/"
COGNITECT = "https://cognitect.com/blog/2011/11/15/documenting-architecture-decisions"
ALTEXSOFT = "https://www.altexsoft.com/blog/event-driven-architecture-pub-sub/"
PHILCALCADO = "https://philcalcado.com/2018/11/19/a_structured_rfc_process.html"
SMASHING = "https://www.smashingmagazine.com/2021/12/billing-management-saas-stripe-azure-functions/"
NEWSTACK = "https://thenewstack.io/web3-architecture-and-how-it-compares-to-traditional-web-apps/"
CONFLUENT = "https://www.confluent.io/blog/journey-to-event-driven-part-2-programming-models-event-driven-architecture/"
KNOWN_HOSTS = {
    urlsplit(url).hostname
    for link in load_catalogue(sample_catalogue()).links
    for url in (link.url, *(fallback.url for fallback in link.fallbacks))
}
"""Nobody else is told anything: no library may call home."""
TOUCHED = {COGNITECT, ALTEXSOFT, PHILCALCADO}


@dataclass(frozen=True)
class Night:
    """What a night left behind."""

    summary: dict[str, Any]
    states: dict[str, dict[str, Any]]
    answers: dict[str, list[dict[str, Any]]]
    log: list[dict[str, Any]]

    @property
    def answering(self) -> int:
        return sum(1 for state in self.states.values() if state["words"])


def indexer(*arguments: str, data: Path, **environment: str) -> Any:
    """The JSON that a command of the installed program prints."""
    command = [sys.executable, "-c", "from indexer.cli import main; main()", *arguments, "--json"]
    surroundings = {name: value for name, value in os.environ.items() if "proxy" not in name.lower()}
    ended = subprocess.run(
        [*command, "--data", str(data)], env={**surroundings, **environment}, capture_output=True, check=False
    )
    assert ended.returncode == 0, ended.stderr.decode()
    return json.loads(ended.stdout)


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[Night]:
    """The first night twice, then the second and the third, in one library."""
    folder = tmp_path_factory.mktemp("nights")
    data, found = folder / "data", []
    for number, night in enumerate((1, 1, 2, 3)):
        place = folder / str(number)
        place.mkdir()
        with replaying(night, place) as web:
            summary = indexer("crawl", data=data, **web.environment)
            log = web.entries()
        states = {state["url"]: state for state in indexer("status", data=data)}
        answers = {question: indexer("ask", question, data=data)["results"] for question in QUESTIONS}
        found.append(Night(summary, states, answers, log))
    return found


def test_the_first_night_fills_the_library(nights: list[Night]) -> None:
    """At least 25 of 28 links answer; the others have a true reason."""
    first = nights[0]
    assert first.answering >= 25
    for url, state in first.states.items():
        assert state["reason"] or state["words"], url
    silent = {url: state["verdict"] for url, state in first.states.items() if not state["words"]}
    assert set(silent.values()) <= {"bot_wall", "robots"}
    assert {state["source"] for state in first.states.values()} >= {"live", "fallback", "archive"}


def test_the_same_night_again_embeds_nothing_and_changes_no_answer(nights: list[Night]) -> None:
    first, again = nights[0], nights[1]
    assert (again.summary["embedded"], again.summary["generation"]) == (0, first.summary["generation"])
    assert again.answers == first.answers
    conditional = [entry for entry in again.log if entry["if_none_match"] or entry["if_modified_since"]]
    assert len(conditional) >= 25
    assert sum(1 for entry in again.log if entry["status"] == 304) >= 25


def test_the_second_night_embeds_only_what_changed(nights: list[Night]) -> None:
    """A paragraph of one article, a section of another; a move and a removal are noted."""
    second = nights[2]
    assert set(second.summary["night"]["changed"]) == {COGNITECT, ALTEXSOFT}
    assert second.summary["night"]["moved"] == [PHILCALCADO]
    assert second.summary["night"]["broken"] == [SMASHING]
    assert 1 <= second.summary["embedded"] <= 6
    assert second.states[SMASHING]["verdict"] == "gone"
    assert second.states[SMASHING]["words"] == nights[0].states[SMASHING]["words"]
    assert second.states[PHILCALCADO]["final_url"].endswith("/writing/a-structured-rfc-process/")


def test_the_third_night_turns_no_wall_into_an_article(nights: list[Night]) -> None:
    third = nights[3]
    assert (third.states[NEWSTACK]["verdict"], third.states[CONFLUENT]["verdict"]) == ("bot_wall", "paywall")
    for url in (NEWSTACK, CONFLUENT):
        assert third.states[url]["words"] == nights[0].states[url]["words"]
        assert third.states[url]["article_at"] == nights[0].states[url]["article_at"]
    assert third.summary["embedded"] == 0


def test_unchanged_articles_answer_the_same_on_all_nights(nights: list[Night]) -> None:
    for question in QUESTIONS:
        steady = [
            [
                (result["text"], result["link"], result["passage_id"], result["fetched_at"])
                for result in night.answers[question]
                if result["url"] not in TOUCHED
            ]
            for night in nights
        ]
        shortest = min(map(len, steady))
        assert shortest
        assert len({tuple(results[:shortest]) for results in steady}) == 1


def test_the_log_shows_a_polite_crawler(nights: list[Night]) -> None:
    """robots.txt first, no request within a host's delay, no URL twice, an honest name."""
    for night in nights:
        by_host: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in night.log:
            parts = urlsplit(entry["url"])
            if parts.netloc:  # a refused CONNECT is logged as host:port
                by_host[parts.netloc].append(entry)
                assert entry["user_agent"].startswith("indexer/")
        urls = [entry["url"] for entry in night.log]
        assert {url.rpartition(":")[0] for url in urls if "://" not in url} <= KNOWN_HOSTS
        assert len(urls) == len(set(urls))
        for host, entries in by_host.items():
            assert urlsplit(entries[0]["url"]).path == "/robots.txt", host
            times = [entry["time"] for entry in entries]
            least = 2.0 if host == "cwiki.apache.org" else 1.0
            gaps = [after - before for before, after in pairwise(times)]
            assert min(gaps, default=least) >= least - 0.005, (host, gaps)
