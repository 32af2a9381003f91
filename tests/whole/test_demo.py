"""The whole way with the real model: crawl over loopback, ask, read the answer, come again."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from indexer import Library
from indexer.demo.site import SampleSite, sample_folder
from tests.command import Run
from tests.demo import Demo

pytestmark = pytest.mark.slow

QUESTION = "how do I design an event store"
STORE = "https://towardsdatascience.com/the-design-of-an-event-store-8c751c47db6f"

RESULT = {
    "rank": int, "score": float, "text": str, "heading": list, "title": str, "url": str, "link": str,
    "category": str, "site": str, "note": str, "source": str, "fetched_at": str, "passage_id": int,
}  # fmt: skip
ANSWER = {
    "question": str, "mode": str, "answered": bool, "took_ms": float, "generation": int, "model": str,
    "results": list,
}  # fmt: skip


def asked(run: Run, folder: Path, question: str, *options: str) -> dict[str, Any]:
    ended = run("ask", question, "--json", "--data", folder, *options)
    assert ended.code == 0, ended.err
    told: dict[str, Any] = json.loads(ended.out)
    return told


def test_the_demo_command_answers_and_comes_again(run: Run, demo: Demo, tmp_path: Path) -> None:
    """``indexer demo`` shows the right article first; its second run embeds nothing."""
    first = demo.ended
    assert first.code == 0, first.err
    answer = first.out.split("$ indexer ask")[1]
    assert answer.index("How to design an event store") < answer.index("  2  ")
    assert re.search(r"crawl \d+\.\d s, model \d+\.\d s, embed \d+\.\d s", first.out)
    folder = tmp_path / "copy"
    shutil.copytree(demo.library, folder)
    second = run("demo", "--data", folder)
    assert "(0 newly embedded), generation 1" in second.out


def test_every_field_of_the_interface_is_there(run: Run, demo_library: Path) -> None:
    answer = asked(run, demo_library, QUESTION)
    assert {name: type(answer[name]) for name in ANSWER} == ANSWER
    for result in answer["results"]:
        assert {name: type(result[name]) for name in RESULT} == RESULT
    best = answer["results"][0]
    assert (best["url"], best["category"], best["source"]) == (STORE, "Event strategies", "sample")
    assert {result["source"] for result in answer["results"]} == {"sample"}


def test_links_open_the_passage(run: Run, demo_library: Path) -> None:
    """An anchor of a link is on its page, right before the passage; a text fragment is in its text."""
    site = SampleSite(sample_folder())
    for result in asked(run, demo_library, QUESTION, "-k", "10", "--per-article", "10")["results"]:
        address, _, fragment = result["link"].partition("#")
        page = site.answer(address)
        assert page.status == 200
        if page.content_type == "application/pdf":
            assert re.fullmatch(r"page=\d+", fragment)
            continue
        anchor, _, directive = fragment.partition(":~:text=")
        begins = unquote(directive.split(",")[0])
        if anchor:  # the text after it may begin anywhere in the passage
            assert f'id="{anchor}"' in page.body.decode()
            assert begins in result["text"]
        else:
            assert begins
            assert result["text"].startswith(begins)


def test_filters_fill_the_answer_from_what_they_leave(run: Run, demo_library: Path) -> None:
    answer = asked(run, demo_library, "how do I charge customers", "-c", "Azure", "-k", "3")
    assert [result["category"] for result in answer["results"]] == ["Azure"] * 3
    hosts = asked(run, demo_library, "when is a lock safe", "--site", "redis.io", "-k", "2")
    assert {result["site"] for result in hosts["results"]} == {"redis.io"}


def test_the_users_own_words_are_searched(run: Run, demo_library: Path) -> None:
    """``technology radar`` is the user's note on a link."""
    best = asked(run, demo_library, "technology radar")["results"][0]
    assert best["url"] == "https://www.thoughtworks.com/radar/byor"


def test_what_nothing_answers_is_told_so(run: Run, demo_library: Path) -> None:
    ended = run("ask", "How long must sourdough rise before it goes into the oven?", "--data", demo_library)
    assert ended.code == 3
    assert ended.out.startswith("Nothing answers. The closest:")


def test_the_score_is_for_who_asks_how_it_came_about(run: Run, demo_library: Path) -> None:
    asked_for = ("ask", QUESTION, "--data", demo_library)
    plain, explained = run(*asked_for).out, run(*asked_for, "--explain").out
    assert plain.startswith("The library answers:")
    assert "score" not in plain
    assert "score" in explained


@pytest.mark.parametrize("form", ["table", "plain", "markdown"])
def test_common_words_and_numbers_are_no_question(run: Run, demo_library: Path, form: str) -> None:
    """What is closest is shown, with what to do; the exit code is that of no answer."""
    ended = run("ask", "of the 3", "--format", form, "--data", demo_library)
    assert ended.code == 3
    assert "Nothing answers. The closest:" in ended.out
    assert "add a word" in ended.err


@pytest.mark.parametrize("question", ["", "   ", "?!"])
def test_an_empty_question_is_refused(run: Run, demo_library: Path, question: str) -> None:
    ended = run("ask", question, "--data", demo_library)
    assert (ended.code, ended.out) == (2, "")
    assert len(ended.err.splitlines()) == 1


def test_an_unknown_category_offers_the_nearest(run: Run, demo_library: Path) -> None:
    ended = run("ask", QUESTION, "-c", "Event strategy", "--data", demo_library)
    assert ended.code == 2
    assert "did you mean 'Event strategies'" in ended.err


@pytest.mark.parametrize(
    ("form", "holds"),
    [
        ("plain", lambda out: "\n1. How to design an event store" in out),
        ("jsonl", lambda out: [json.loads(line)["rank"] for line in out.splitlines()] == [1, 2, 3, 4, 5]),
        ("csv", lambda out: out.splitlines()[0].startswith("rank,score,title,headings,text,url")),
        ("markdown", lambda out: f"(<{STORE}#" in out),
    ],
)
def test_formats(run: Run, demo_library: Path, form: str, holds: Callable[[str], bool]) -> None:
    ended = run("ask", QUESTION, "--format", form, "--data", demo_library)
    assert ended.code == 0
    assert holds(ended.out), ended.out


def test_status_shows_every_link(run: Run, demo_library: Path) -> None:
    states = json.loads(run("status", "--json", "--data", demo_library).out)
    assert len(states) == 28
    assert {state["verdict"] for state in states} == {"ok"}
    assert all(state["words"] and state["passages"] and state["source"] == "sample" for state in states)
    pages = {state["url"]: state["pages"] for state in states}
    assert pages["https://c4model.com/"] == 5


def test_show_and_history(run: Run, demo_library: Path) -> None:
    shown = run("show", STORE, "--data", demo_library)
    assert "## Requirements" in shown.out
    past = json.loads(run("history", STORE, "--json", "--data", demo_library).out)
    assert len(past["versions"]) == 1


def test_the_pdf_keeps_its_pages(demo_library: Path) -> None:
    with Library.open(demo_library) as library:
        answer = library.search("why write down architecture decisions", k=3)
    assert answer.hits[0].url.startswith("https://cognitect.com/")
    assert re.search(r"#page=\d$", answer.hits[0].link)


def test_a_lost_index_is_told_and_mended_without_the_network(
    run: Run, demo_library: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "copy"
    shutil.copytree(demo_library, folder)
    before = asked(run, folder, QUESTION)["results"]
    next(folder.glob("segments/*/vectors.faiss")).unlink()
    ended = run("ask", QUESTION, "--data", folder)
    assert ended.code == 1
    assert "indexer reindex" in ended.err
    assert run("reindex", "--data", folder).code == 0
    assert asked(run, folder, QUESTION)["results"] == before


def test_a_page_saved_by_hand_becomes_the_article(run: Run, demo_library: Path, tmp_path: Path) -> None:
    folder, url = tmp_path / "copy", "https://www.thoughtworks.com/radar/byor"
    shutil.copytree(demo_library, folder)
    saved = tmp_path / "saved.html"
    words = " ".join(f"Zebrafish number {number} swims past the technology radar." for number in range(60))
    saved.write_text(
        f"<html><head><title>Radar</title></head><body><h1>Radar</h1><p>{words}</p></body></html>"
    )
    assert run("import", url, saved, "--data", folder).code == 0
    best = asked(run, folder, "zebrafish on the radar")["results"][0]
    assert (best["url"], best["source"]) == (url, "import")
