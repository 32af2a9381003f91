"""A library whose index Milvus keeps answers as one with its index beside it."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from indexer.config import SearchConfig
from indexer.errors import IndexServerError, NoIndex
from indexer.milvus import index_elsewhere, index_written
from indexer.milvus.address import index_address
from indexer.milvus.server import Server
from indexer.passage_index import Allowed, Filters, ServedPassage
from indexer.records import Link
from indexer.search.searcher import Searcher
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder
from tests.scale.serving import QUESTIONS, TEXTS, both, config_of, filled, record, serve_too
from tests.store.shelving import AT, Shelf, article

pytestmark = pytest.mark.slow

LINKS = [*TEXTS]
FILTERS = [
    *(Filters(categories=(link.category,)) for link in LINKS),
    *(Filters(tags=(tag,)) for link in LINKS for tag in link.tags),
    Filters(tags=("stores", "café")),
    Filters(sites=("example.org",)),
    Filters(sites=("Docs.Example.org",)),
    Filters(sites=("test",)),
    Filters(since=AT),
    Filters(since=AT + timedelta(days=1)),
    Filters(since=AT + timedelta(days=2, microseconds=-1)),
    Filters(since=AT + timedelta(days=9)),
    Filters(tags=("ops",), sites=("example.org",), since=AT + timedelta(days=1)),
    Filters(categories=(LINKS[0].category,), tags=("stores",)),
]


@pytest.fixture
def served(tmp_path: Path, address: str) -> Path:
    """The folder of a library that is published beside itself and in Milvus."""
    shelf = filled(tmp_path / "data")
    shelf.publish(*LINKS)
    serve_too(shelf, address)
    shelf.database.close()
    return shelf.folder


def test_every_answer_is_the_same(served: Path, address: str) -> None:
    """Passages, scores, shares, confidence and what was corrected."""
    with both(served, address) as (here, there):
        for question in QUESTIONS:
            told = []
            for snapshot in (here, there):
                answer = Searcher(snapshot, HashEncoder, SearchConfig()).search(question, k=9)
                told.append(
                    (
                        answer.state,
                        answer.notices,
                        [hit.passage_id for hit in answer.hits],
                        answer.confidence,
                        *(hit.score for hit in answer.hits),
                        *(hit.shares["lexical"].score for hit in answer.hits),
                    )
                )
            assert told[0][:3] == told[1][:3], question
            assert told[0][3:] == pytest.approx(told[1][3:], abs=1e-5), question


def test_filters_let_the_same_passages_through(served: Path, address: str) -> None:
    vector = HashEncoder().encode_query("event")
    words = ["event", "lock", "c"]
    with both(served, address) as (here, there):
        for filters in FILTERS:
            allowed = here.allowed(filters)
            assert allowed
            found = there.dense(vector, limit=100, allowed=there.allowed(filters))
            assert sorted(number for number, _ in found) == allowed.ids.tolist(), filters
            one = here.lexical(words, limit=100, allowed=allowed)
            other = there.lexical(words, limit=100, allowed=there.allowed(filters))
            assert [number for number, _ in other] == [number for number, _ in one], filters
            assert [score for _, score in other] == pytest.approx([score for _, score in one])


def test_ids_can_be_what_is_allowed(served: Path, address: str) -> None:
    vector = HashEncoder().encode_query("event")
    with both(served, address) as (_, there):
        for ids in ([], [3, 5]):
            allowed = Allowed(lambda ids=ids: np.array(ids, np.int64))  # type: ignore[misc]
            found = there.dense(vector, limit=9, allowed=allowed)
            assert sorted(number for number, _ in found) == ids


def test_vectors_come_in_the_order_asked_for(served: Path, address: str) -> None:
    with both(served, address) as (here, there):
        ids = [5, 1, 9, 5]
        np.testing.assert_allclose(there.vectors(ids), here.vectors(ids), atol=1e-6)


# ------------------------------------------------------------------------- generations


def published(shelf: Shelf, address: str, *links: Link) -> int:
    """Publish to an index alone; the generation's number."""
    with index_written(config_of(shelf.folder, address)) as index:
        return shelf.publish(*links, index=index).generation


def test_a_reader_keeps_its_state_and_a_new_one_sees_the_next(tmp_path: Path, address: str) -> None:
    shelf = filled(tmp_path / "data")
    elsewhere = index_elsewhere(config_of(shelf.folder, address))
    vector = HashEncoder().encode_query("a text that came later")
    assert published(shelf, address, *LINKS) == 1
    assert published(shelf, address, *LINKS) == 1  # nothing changed, nothing is written
    with Snapshot(shelf.folder, open_index=elsewhere) as before:
        new = Link("https://later.test/", "Later")
        record(shelf, new, article("a text that came later"))
        assert published(shelf, address, *LINKS, new) == 2
        with Snapshot(shelf.folder, open_index=elsewhere) as after:
            assert after.generation.passages == before.generation.passages + 1
            [(best, _)] = after.dense(vector, limit=1)
            assert after.rows([best])[0].url == new.url
            assert best not in dict(before.dense(vector, limit=100))
    shelf.database.close()


def test_an_article_whose_text_stays_is_filtered_by_its_new_date(tmp_path: Path, address: str) -> None:
    """A new version whose passages are the old ones; without an index elsewhere nothing would be written."""
    shelf = filled(tmp_path / "data")
    published(shelf, address, *LINKS)
    link, paragraphs = next(iter(TEXTS.items()))
    late = AT + timedelta(days=30)
    moved = article(*reversed(paragraphs), title=paragraphs[0][:20])
    record(shelf, link, moved, at=late)
    published(shelf, address, *LINKS)
    with Snapshot(shelf.folder, open_index=index_elsewhere(config_of(shelf.folder, address))) as snapshot:
        allowed = snapshot.allowed(Filters(since=late))
        found = snapshot.dense(HashEncoder().encode_query("lock"), limit=100, allowed=allowed)
        assert len(found) == len(paragraphs)
    shelf.database.close()


def test_the_alias_leads_to_the_newest_and_older_ones_go(tmp_path: Path, address: str) -> None:
    shelf = filled(tmp_path / "data")
    for count in range(1, 4):
        new = Link(f"https://later.test/{count}", "Later")
        record(shelf, new, article(f"text number {count}"))
        assert published(shelf, address, *LINKS, new) == count
    name = index_address(address).name
    server = Server(index_address(address))
    own = sorted(one for one in server.client.list_collections() if one.startswith(f"{name}_g"))
    assert own == [f"{name}_g2", f"{name}_g2_words", f"{name}_g3", f"{name}_g3_words"]
    assert server.client.describe_alias(name)["collection_name"] == f"{name}_g3"
    server.close()
    shelf.database.close()


class Killed(Exception):
    """A run that ends in the midst."""


def test_a_run_that_is_killed_while_filling_leaves_the_last_state(tmp_path: Path, address: str) -> None:
    shelf = filled(tmp_path / "data")
    published(shelf, address, *LINKS)
    new = Link("https://later.test/", "Later")
    record(shelf, new, article("a text that came later"))
    with index_written(config_of(shelf.folder, address)) as index:
        assert index
        fill = index.fill

        def half(generation: object, passages: list[ServedPassage]) -> None:
            def some() -> object:
                for number, passage in enumerate(passages):
                    if number == 5:
                        raise Killed
                    yield passage

            fill(generation, some())  # type: ignore[arg-type]

        index.fill = half  # type: ignore[assignment, method-assign]
        with pytest.raises(Killed):
            shelf.publish(*LINKS, new, index=index)
    elsewhere = index_elsewhere(config_of(shelf.folder, address))
    with Snapshot(shelf.folder, open_index=elsewhere) as snapshot:
        assert snapshot.generation.number == 1
        assert len(snapshot.dense(HashEncoder().encode_query("event"), limit=100)) == 9
    assert published(shelf, address, *LINKS, new) == 2
    with Snapshot(shelf.folder, open_index=elsewhere) as snapshot:
        found = snapshot.dense(HashEncoder().encode_query("event"), limit=100)
        assert len(found) == len(dict(found)) == snapshot.generation.passages == 10
    shelf.database.close()


def test_a_state_that_is_not_there_is_told_with_what_makes_it(tmp_path: Path, address: str) -> None:
    shelf = filled(tmp_path / "data")
    shelf.publish(*LINKS)
    elsewhere = index_elsewhere(config_of(shelf.folder, address))
    with pytest.raises(NoIndex, match="does not have generation 1 as indexer_test; run `indexer reindex`"):
        Snapshot(shelf.folder, open_index=elsewhere)
    other = filled(tmp_path / "other")
    published(other, address, *LINKS[:1])
    with pytest.raises(NoIndex, match="has another library's generation 1"):
        Snapshot(shelf.folder, open_index=elsewhere)
    shelf.database.close()
    other.database.close()


def test_a_library_without_segments_says_where_to_look_and_can_have_them_again(
    tmp_path: Path, address: str
) -> None:
    shelf = filled(tmp_path / "data")
    published(shelf, address, *LINKS)
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.sites() == ["docs.example.org", "example.org", "other.test"]  # rows need no index
        with pytest.raises(NoIndex, match="--index or INDEXER_INDEX, or run `indexer reindex`"):
            snapshot.lexical(["event"], limit=1)
    assert shelf.publish(*LINKS).generation == 1
    with Snapshot(shelf.folder) as snapshot:
        assert snapshot.lexical(["event"], limit=1)
    shelf.database.close()


def test_an_empty_library_can_be_served(tmp_path: Path, address: str) -> None:
    shelf = Shelf(tmp_path / "data")
    published(shelf, address)
    with Snapshot(shelf.folder, open_index=index_elsewhere(config_of(shelf.folder, address))) as snapshot:
        assert snapshot.dense(np.eye(8, dtype=np.float32)[0], limit=3) == []
        assert snapshot.lexical(["event"], limit=3) == []
    shelf.database.close()


def test_what_does_not_answer_is_told_in_one_line(tmp_path: Path, address: str) -> None:
    with pytest.raises(IndexServerError, match=r"Milvus at 127\.0\.0\.1:1: no answer .*start it"):
        Server(index_address("milvus://someone:secret@127.0.0.1:1"))
