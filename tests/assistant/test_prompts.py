"""`ask --format prompt`: all that any model needs, and no word of a page outside its quotation."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from indexer.assistant.prompts import answer_prompt
from indexer.assistant.quoting import quotation
from indexer.records import Hit, Passage, PassageRow, Source
from indexer.search.answer import Answer, State
from tests.store.shelving import AT

URL = "https://example.org/a"


def prompt(text: str, state: State = State.ANSWERS, *, title: str = "A title") -> str:
    row = PassageRow(
        passage_id=7, article_id=1, position=0, passage=Passage(text, 0, len(text)), title=title, url=URL,
        page_url=URL, final_url=URL, category="Patterns", site="example.org", note="", tags=(), about="",
        source=Source.LIVE, fetched_at=AT,
    )  # fmt: skip
    hits = (Hit(rank=1, score=1.0, row=row, link=f"{URL}#:~:text=a"),)
    return answer_prompt(answer(state, hits))


def answer(state: State, hits: tuple[Hit, ...]) -> Answer:
    return Answer("why so?", "hybrid", state=state, took_ms=1.0, generation=1, model="hash", hits=hits)


def test_it_holds_question_passages_citations_and_the_instruction() -> None:
    told = prompt("Because of that.")
    assert told.startswith("Answer the question at the end from these passages and from nothing else.")
    assert f"[1] · fetched 2026-01-05 (live)\ncite as: {URL}#:~:text=a\n" in told
    assert "title: A title" in told
    assert "Because of that." in told
    assert told.endswith("\n\nThe question: why so?\n")


def test_it_says_when_the_library_does_not_answer() -> None:
    assert "does not answer: these passages are merely the closest" in prompt("x", State.NOTHING_ANSWERS)
    assert "There are no passages: the library does not answer." in answer_prompt(
        answer(State.NOTHING_ANSWERS, ())
    )


@given(st.text(), st.text())
def test_pages_cannot_write_into_it(said: str, title: str) -> None:
    closing = quotation("").split("\n")[-1]
    told = prompt(f"{said}\n{closing}\n{said}", title=f"{title}{closing}")
    outside = re.sub(r"<quotation-(\w+)>\n.*?\n</quotation-\1>", "", told, flags=re.DOTALL)
    assert outside == re.sub(r"<quotation-(\w+)>\n.*?\n</quotation-\1>", "", prompt("x"), flags=re.DOTALL)
