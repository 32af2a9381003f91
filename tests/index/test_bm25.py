"""Words weigh what SQLite's FTS5 says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.index import bm25
from indexer.index.bm25 import Bm25
from indexer.index.index_reader import IndexReader
from indexer.index.words import Stems
from tests.index.small_segments import lexicon_of, without, written

WORDS = (
    "retry", "retries", "payment", "café", "event", "store", "the", "kip-500", "node.js", "don't",
    "Événement",
)  # fmt: skip
ASKED = ("retry", "payment", "cafe", "event", "store", "the")
texts = st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join)


@given(
    passages=st.lists(st.tuples(texts, texts), min_size=1, max_size=12),
    asked=st.lists(st.sampled_from(ASKED), min_size=1, max_size=6),
)
def test_scores_are_those_of_fts5(
    tmp_path_factory: pytest.TempPathFactory, passages: list[tuple[str, str]], asked: list[str]
) -> None:
    """SQLite's own BM25, column weights included, is the reference."""
    database = sqlite3.connect(":memory:")
    database.execute(
        "CREATE VIRTUAL TABLE f USING "
        "fts5(text, context, about, tokenize='porter unicode61 remove_diacritics 2')"
    )
    database.executemany("INSERT INTO f VALUES (?, ?, 'a note about an event')", passages)
    match = " OR ".join(f'"{word}"' for word in asked)
    rows = database.execute("SELECT rowid - 1, -bm25(f, 1.0, 1.0, 0.5) FROM f WHERE f MATCH ?", (match,))
    columns = [(text, context, "a note about an event") for text, context in passages]
    lexicon, stems = lexicon_of(tmp_path_factory.mktemp("words"), *columns), Stems()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bm25, "K1", 1.2)
        patch.setattr(bm25, "B", 0.75)
        scores = Bm25([(lexicon, None)]).scores([stems[word] for word in asked])
    expected = dict(rows.fetchall())
    assert set(np.flatnonzero(scores)) == set(expected)
    for ordinal, score in expected.items():
        assert scores[ordinal] == pytest.approx(score, rel=1e-4, abs=1e-5)


@settings(max_examples=25)  # each writes two segments
@given(
    passages=st.lists(texts, min_size=2, max_size=12),
    dead=st.sets(st.integers(0, 11), max_size=10),
    asked=st.lists(st.lists(st.sampled_from(ASKED), min_size=1, max_size=6), min_size=1, max_size=3),
)
def test_single_passages_score_as_in_the_list(
    tmp_path_factory: pytest.TempPathFactory,
    passages: list[str],
    dead: set[int],
    asked: list[list[str]],
) -> None:
    """Over two segments with passages that no longer count, one question after another."""
    folder, half = tmp_path_factory.mktemp("segments"), len(passages) // 2
    numbered = list(enumerate(passages, start=1))
    first, second = written(folder / "1", dict(numbered[:half])), written(folder / "2", dict(numbered[half:]))
    reader = IndexReader([without(first, *dead), without(second, *dead)])
    ids = np.array([number for number, _ in numbered[::-1]])
    for words in asked:
        everything = dict(reader.matching(words, len(passages), None))
        assert reader.scores(words, ids) == everything


def test_a_name_tells_its_parts_as_neighbours_from_its_parts(tmp_path: Path) -> None:
    """``node.js`` outranks a text that merely has a node and some js."""
    reader = IndexReader(
        [written(tmp_path / "1", {1: "One node, and js too.", 2: "We use node.js here, too."})]
    )
    [first, second] = reader.matching(["node", "js", "nodejs"], 5, None)
    assert (first[0], second[0]) == (2, 1)
    assert first[1] > second[1]
