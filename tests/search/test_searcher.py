"""What a person who asks is promised."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import NoReturn

import pytest

from indexer.errors import EmptyQuestion, ModelError, StaleIndex, UnknownName
from indexer.records import Link, Mode
from indexer.search.answer import Answer
from tests.fakes import HashEncoder
from tests.search.making import Make


def link(name: str, category: str = "Patterns", *, note: str = "", tags: tuple[str, ...] = ()) -> Link:
    return Link(f"https://example.org/{name}", category, note=note, tags=tags)


LOCKS = (
    link("locks", note="redlock"),
    "Distributed locks",
    [
        "A lock in Redis is set with an expiry and a random value.",
        "A paused client may hold an expired lock, so use a fencing token.",
        "Release the lock only if the random value is still yours.",
        "Five independent masters make the lock survive a crash.",
    ],
)
PROPOSALS = (
    link("kip", "Documentation", tags=("governance",)),
    "Kafka proposals",
    ["KIP-500 replaces ZooKeeper with a quorum of controllers.", "Votes stay open for three days."],
)
STREAMS = (
    Link("https://blog.example.com/streams", "Documentation"),
    "Event streams",
    ["An event stream is an ordered log of facts.", "Consumers read the log at their own pace."],
)
ALL = [LOCKS, PROPOSALS, STREAMS]


def found(answer: Answer) -> list[str]:
    return [hit.passage.text for hit in answer.hits]


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_the_passage_that_answers_comes_first(make: Make, mode: Mode) -> None:
    answer = make(ALL).search("paused client with an expired lock", mode=mode)
    assert found(answer)[0] == LOCKS[2][1]
    assert answer.answered
    assert [hit.rank for hit in answer.hits] == list(range(1, len(answer.hits) + 1))
    scores = [hit.score for hit in answer.hits]
    assert scores == sorted(scores, reverse=True)


def test_the_same_question_has_the_same_answer(make: Make) -> None:
    searcher = make(ALL)
    first, second = (searcher.search("ordered log of an event") for _ in range(2))
    assert first.hits == second.hits


def test_a_filter_applies_before_the_best_are_taken(make: Make) -> None:
    """A small category fills its answer, though a hundred passages elsewhere match better."""
    crowd = (link("crowd"), "Locks", [f"A lock in Redis with an expiry, number {n}." for n in range(300)])
    answer = make([crowd, PROPOSALS, STREAMS]).search("lock Redis expiry", categories=["Documentation"], k=4)
    assert {hit.category for hit in answer.hits} == {"Documentation"}
    assert len(answer.hits) == 4


def test_a_site_is_a_host_and_its_subdomains(make: Make) -> None:
    answer = make(ALL).search("log of events", sites=["example.com"])
    assert {hit.site for hit in answer.hits} == {"blog.example.com"}


def test_at_most_so_many_passages_of_an_article(make: Make) -> None:
    answer = make(ALL).search("lock", k=10, per_article=2)
    assert sum(hit.title == LOCKS[1] for hit in answer.hits) == 2


def test_a_repetition_within_an_article_is_shown_once(make: Make) -> None:
    again = (link("again"), "Again", ["Retry the failed payment."] * 3 + ["Something else entirely."])
    assert (
        found(make([again, STREAMS]).search("retry failed payment")).count("Retry the failed payment.") == 1
    )


def test_near_identical_passages_of_different_articles_both_stay(make: Make) -> None:
    one = (link("one"), "Retries in one system", ["Retry the failed payment after a pause."])
    two = (link("two"), "Retries in another", ["Retry the failed payment after a pause."])
    answer = make([one, two, STREAMS]).search("retry failed payment")
    assert {hit.url for hit in answer.hits[:2]} == {one[0].url, two[0].url}


def test_the_users_own_words_are_searched(make: Make) -> None:
    """Note, tags and category name of a link find its passages."""
    searcher = make(ALL)
    assert searcher.search("redlock", mode="lexical").hits[0].url == LOCKS[0].url
    assert searcher.search("governance").hits[0].url == PROPOSALS[0].url
    assert searcher.search("documentation", mode="lexical").hits[0].category == "Documentation"


def test_an_identifier_is_found_by_its_letters(make: Make) -> None:
    assert found(make(ALL).search("KIP-500"))[0] == PROPOSALS[2][0]


@pytest.mark.parametrize(
    ("question", "meant", "answer"),
    [
        ("five independent mastres", "master", LOCKS[2][3]),
        ("paused cleint", "client", LOCKS[2][1]),
        ("releaze it", "release", LOCKS[2][2]),  # its stem is "releas", and that one's stem "relea"
    ],
)
def test_a_mistyped_word_is_found_and_said(make: Make, question: str, meant: str, answer: str) -> None:
    told = make(ALL).search(question, mode="lexical")
    assert found(told)[0] == answer
    assert any(meant in notice for notice in told.notices)


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_nothing_in_the_library_answers(make: Make, mode: Mode) -> None:
    """A question on something else is told so, and the closest passages are shown all the same."""
    answer = make(ALL).search("random sourdough baking temperature in winter", mode=mode)
    assert not answer.answered
    assert answer.hits


def test_it_opens_at_the_passage(make: Make) -> None:
    assert make(ALL).search("fencing token").hits[0].link == "https://example.org/locks#part"


def test_context_brings_the_neighbours_in_reading_order(make: Make) -> None:
    hit = make(ALL).search("fencing token paused client", context=1).hits[0]
    assert [p.text for p in (*hit.before, hit.passage, *hit.after)] == LOCKS[2][0:3]


def test_explained_shares_add_up_to_the_score(make: Make) -> None:
    for hit in make(ALL).search("random value of a lock").hits:
        assert sum(share.share for share in hit.shares.values()) == pytest.approx(hit.score)


def test_an_empty_question(make: Make) -> None:
    with pytest.raises(EmptyQuestion):
        make(ALL).search("  ")


def test_an_unknown_category_offers_the_nearest(make: Make) -> None:
    with pytest.raises(UnknownName, match="Documentation"):
        make(ALL).search("lock", categories=["Documentaton"])
    with pytest.raises(UnknownName, match=r"blog\.example\.com"):
        make(ALL).search("lock", sites=["blog.exmaple.com"])


def test_another_model_than_the_index_was_made_with(make: Make) -> None:
    other = HashEncoder()
    other.fingerprint = "hash-2"
    with pytest.raises(StaleIndex, match="reindex"):
        make(ALL, encoder=other).search("lock")


def test_words_alone_need_no_model(make: Make) -> None:
    other = HashEncoder()
    other.fingerprint = "hash-2"
    assert make(ALL, encoder=other).search("fencing token", mode="lexical").hits


class Backwards:
    """Prefers what has fewer letters."""

    name = "backwards"

    def score(self, question: str, texts: Sequence[str]) -> list[int]:
        return [-len(text) for text in texts]


def test_the_reranker_orders_the_best_candidates(make: Make) -> None:
    answer = make(ALL, reranker=Backwards).search("lock", rerank=True, per_article=9, k=9)
    lengths = [len(f"{hit.title}\n\n{hit.passage.text}") for hit in answer.hits]
    assert lengths == sorted(lengths)
    assert answer.hits[0].shares["rerank"].rank == 1


def test_a_reranker_that_cannot_be_had_is_done_without_and_said(make: Make) -> None:
    def missing() -> NoReturn:
        raise ModelError("no such model")

    searcher = make(ALL, reranker=missing)
    answer = searcher.search("fencing token", rerank=True)
    assert answer.hits == searcher.search("fencing token").hits
    assert any("no such model" in notice for notice in answer.notices)


def test_json_has_every_field_of_the_interface(make: Make) -> None:
    told = json.loads(json.dumps(make(ALL).search("lock").to_json(explain=True)))
    assert {"question", "mode", "answered", "took_ms", "generation", "model", "results"} <= set(told)
    fields = "rank score text heading title url link category site note source fetched_at passage_id explain"
    assert set(fields.split()) <= set(told["results"][0])


def test_tables_escape_what_comes_from_the_web(make: Make) -> None:
    bad = (link("bad"), "<script>alert(1)</script>", ["Beware of the <b>lock</b>."])
    answer = make([bad, STREAMS]).search("beware lock")
    html = answer._repr_html_()
    assert "<script>" not in html
    assert "<b>lock" not in html
    assert len(answer.to_pandas()) == len(answer.hits)
