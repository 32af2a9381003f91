"""What of a text is marked for a question: its words however they are written, and the sentence with most."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index.words import Stems, words_and_forms
from indexer.records import Link
from indexer.search.marks import Marker
from tests.search.making import Make, Written


def marked(text: str, *words: str) -> list[str]:
    return [text[begin:end] for begin, end in Marker(dict.fromkeys(words, 1.0)).mark(text).words]


@pytest.mark.parametrize(
    ("text", "words", "found"),
    [
        ("Locks (distributed) are locked.", ["lock", "distribute"], ["Locks", "distributed", "locked"]),
        ("Write C++, not C, in the café.", ["cpp", "cafe"], ["C++", "café"]),
        ("Set maxOpenHandles or event-store.", ["handle", "store"], ["maxOpenHandles", "store"]),
        ("使用redis实现分布式锁。", ["redis", "分布", "布式", "式锁"], ["redis", "分布", "布式", "式锁"]),
        ("नमस्ते दुनिया", ["दुनिया"], ["दुनिया"]),
        ("Nothing of it.", ["lock"], []),
    ],
    ids=["inflected", "signs", "names", "Chinese", "Hindi", "none"],
)
def test_words_are_marked_where_they_stand(text: str, words: list[str], found: list[str]) -> None:
    assert marked(text, *words) == found


@pytest.mark.parametrize(
    ("rarities", "begins"),
    [({"lock": 1.0, "lease": 3.0}, "A lease"), ({"lock": 3.0, "lease": 1.0}, "Of a lock"), ({"x": 1.0}, "")],
    ids=["rare", "the other one", "no word"],
)
def test_the_sentence_with_the_rarest_words_answers(rarities: dict[str, float], begins: str) -> None:
    text = "Of a lock and a lock.\n  A lease ends. A lease again."
    sentence = Marker(rarities).mark(text).sentence
    assert (text[slice(*sentence)] if sentence else "").startswith(begins)
    assert (sentence is None) is (not begins)


SOME = st.text(st.sampled_from("lockLOCK e.!?\n、。锁分布ก่é\u0301-#+_😀"), max_size=60)


@given(text=SOME, words=st.lists(st.sampled_from(["lock", "锁分", "e", "csharp", "ก่"]), max_size=3))
def test_marks_lie_in_the_text_in_order_and_hold_a_word(text: str, words: list[str]) -> None:
    marks, stem = Marker(dict.fromkeys(words, 1.0)).mark(text), Stems()
    assert list(marks.words) == sorted(set(marks.words))
    wanted = {stem[word] for word in words}
    for begin, end in marks.words:
        assert 0 <= begin < end <= len(text)
        assert {stem[word] for some in words_and_forms(text[begin:end]) for word in some} & wanted
    assert (marks.sentence is None) is (not marks.words)
    if marks.sentence:
        begin, end = marks.sentence
        assert text[begin:end].strip() == text[begin:end]
        assert any(begin <= word < end for word, _ in marks.words)


def test_an_answer_tells_which_words_were_meant_and_how_rare_they_are(make: Make) -> None:
    """A mistyped word is marked as what was searched in its place."""
    articles: list[Written] = [
        (Link(f"https://example.org/{n}", "Patterns"), "Text", [f"The event store {word} here."])
        for n, word in enumerate(["distributed", "alone", "again"])
    ]
    answer = make(articles).search("distribted store")
    assert list(answer.words) == ["distributed", "store"]
    assert answer.words["distributed"] > answer.words["store"]
    assert not make(articles).search("of the 3").words


@given(text=st.text(st.sampled_from("lock, A事.\n"), max_size=80), data=st.data())
def test_runs_are_the_text_broken_where_marks_begin_and_end(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    marks = Marker({"lock": 2.0, "事": 1.0}).mark(text)
    runs = list(marks.runs(text, start, end))
    assert "".join(run.text for run in runs) == text[start:end]
    assert all(run.text for run in runs)
    first, last = marks.sentence or (0, 0)
    assert "".join(run.text for run in runs if run.answers) == text[max(first, start) : min(last, end)]
    inside = sorted({at for word in marks.words for at in range(*word) if start <= at < end})
    assert "".join(run.text for run in runs if run.word) == "".join(text[at] for at in inside)
