"""The user's tags choose what is searched, and come with every answer."""

from __future__ import annotations

import json

import pytest

from indexer.errors import UnknownName
from indexer.records import Link
from tests.search.making import Make, Written


def tagged(name: str, *tags: str, note: str = "") -> Link:
    return Link(f"https://example.org/{name}", "Patterns", note=note, tags=tags)


CROWD: Written = (
    tagged("crowd"),
    "Locks",
    [f"A lock in Redis with an expiry, number {n}." for n in range(300)],
)
LOCKS: Written = (tagged("locks", "redis", "to read"), "Distributed locks", ["A lock may expire while held."])
LEASES: Written = (tagged("leases", 'quoted "word"', note="gray1989"), "Leases", ["A lease is a timed lock."])


@pytest.mark.parametrize(
    ("tags", "urls"),
    [
        (["redis"], {LOCKS[0].url}),
        (["to read", "redis"], {LOCKS[0].url}),
        (['quoted "word"'], {LEASES[0].url}),
        (["redis", 'quoted "word"'], {LOCKS[0].url, LEASES[0].url}),
    ],
)
def test_only_links_with_one_of_the_tags_are_searched(make: Make, tags: list[str], urls: set[str]) -> None:
    """Before the best are taken: three hundred passages without a tag match better."""
    answer = make([CROWD, LOCKS, LEASES]).search("a lock in Redis with an expiry", tags=tags)
    assert {hit.url for hit in answer.hits} == urls


def test_filters_hold_together(make: Make) -> None:
    other = (Link("https://example.org/other", "Other", tags=("redis",)), "Other", ["Another lock of Redis."])
    answer = make([LOCKS, other]).search("lock", tags=["redis"], categories=["Other"])
    assert {hit.url for hit in answer.hits} == {other[0].url}


def test_an_unknown_tag_offers_the_nearest(make: Make) -> None:
    with pytest.raises(UnknownName, match="no tag 'reddis'; did you mean 'redis'"):
        make([LOCKS]).search("lock", tags=["redis", "reddis"])


def test_an_answer_tells_the_tags_and_knows_the_users_own_words(make: Make) -> None:
    hit = make([LOCKS, LEASES]).search("timed lease").hits[0]
    assert hit.tags == ('quoted "word"',)
    assert set(hit.row.about.replace('"', " ").split()) >= {"gray1989", "quoted", "word", "Patterns"}
    told = json.loads(json.dumps(make([LOCKS]).search("lock").to_json()))
    assert told["results"][0]["tags"] == ["redis", "to read"]
