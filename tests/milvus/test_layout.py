"""Passages and filters as Milvus gets them. Needs no server."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.index.bm25 import norms_of, share_of, weight_of
from indexer.index.index_reader import IndexReader
from indexer.index.segment import IndexedPassage, Segment, write
from indexer.index.words import Stems
from indexer.milvus.layout import LONGEST, Vocabulary, expression, halves_in, sites_of
from indexer.passage_index import Filters, ServedPassage

COLUMN = st.text(st.sampled_from("ab c.#+-_A1é事件잠\n"), max_size=30)


def served(number: int, *columns: str) -> ServedPassage:
    text, context, about = columns
    vector = np.array([1, 0], np.float16).tobytes()
    return ServedPassage(
        number,
        (text, context, about),
        vector,
        "c",
        ("t",),
        "a.example.org",
        "en",
        datetime(2026, 1, 5, tzinfo=UTC),
    )


@given(st.lists(st.tuples(COLUMN, COLUMN, COLUMN), min_size=1, max_size=6), st.lists(COLUMN, max_size=3))
def test_stems_that_are_served_give_the_scores_of_the_segments(
    tmp_path_factory: pytest.TempPathFactory, passages: list[tuple[str, str, str]], asked: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("segment")
    vocabulary = Vocabulary()
    rows = [vocabulary.row(served(number, *columns)) for number, columns in enumerate(passages)]
    of_stems = {row["stem"]: row for row in vocabulary.rows()}
    local = reader(folder / "00000001", passages)
    words = [word for text in [*asked, *(columns[0] for columns in passages)] for word in text.split()][:8]
    stem = Stems()
    stems = Counter(stem[word] for word in words)
    lengths = np.array([row["length"] for row in rows], np.int32)
    held_in = [halves_in(row["words"]) for row in rows]
    scores = np.zeros(len(rows), np.float32)
    for one, times in sorted(stems.items()):
        held = of_stems.get(one, {"passages": 0})["passages"]
        weight = weight_of(held, times=times, passages=len(rows))
        scores += share_of(
            weight,
            np.array([halves[one] for halves in held_in], np.uint8),
            norms_of(lengths, words=vocabulary.words, passages=len(rows)),
        )
    found = local.scores(words, np.arange(len(rows)))
    assert {number: score for number, score in enumerate(scores.tolist()) if score > 0} == found
    assert [of_stems.get(stem[word], {"passages": 0})["passages"] for word in words] == local.counts(words)
    assert [of_stems.get(stem[word], {"halves": 0})["halves"] / 2 for word in words] == local.frequencies(
        words
    )


def reader(folder: Path, passages: list[tuple[str, str, str]]) -> IndexReader:
    vector = np.array([1, 0], np.float16).tobytes()
    indexed = [IndexedPassage(number, columns, vector) for number, columns in enumerate(passages)]
    return IndexReader([Segment(folder, write(folder, indexed, 2))])


def test_what_is_too_long_for_milvus_is_cut_between_words() -> None:
    text = " ".join(f"wort{number}é" for number in range(20_000))
    row = Vocabulary().row(served(1, text, "", ""))
    assert len(row["words"].encode()) <= LONGEST
    assert row["words"].split(" ")[-1].startswith("wort")
    endless = Vocabulary()
    assert endless.row(served(1, "x" * 100_000, "", ""))["words"] == ""
    assert [*endless.rows()] == []


def test_a_site_is_found_by_each_domain_it_is_a_part_of() -> None:
    assert sites_of("docs.example.org") == ["docs.example.org", "example.org", "org"]


@given(st.text(max_size=40))
def test_no_text_ends_its_literal(text: str) -> None:
    found = expression(Filters(categories=(text,)))
    assert json.loads(found.removeprefix("category in "), strict=False) == [text]
    assert "\n" not in found


def test_filters_are_joined_by_and() -> None:
    since = datetime(2026, 1, 5, 3, tzinfo=UTC)
    filters = Filters(("a", "b"), ("t",), ("Example.org",), since)
    assert expression(filters) == (
        'category in ["a", "b"] and array_contains_any(tags, ["t"]) and '
        'array_contains_any(sites, ["example.org"]) and fetched_at >= 1767582000'
    )
