"""The real standalone server, in the last version to be had as a package: 2.3.5, which searches no words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from indexer.config import SearchConfig
from indexer.errors import DamagedLibrary, IndexServerError
from indexer.milvus import index_elsewhere, index_written
from indexer.milvus.address import index_address
from indexer.milvus.server import Server
from indexer.records import Generation
from indexer.search.searcher import Searcher
from indexer.store.serving import serve_again
from indexer.store.snapshot import Snapshot
from tests.fakes import HashEncoder
from tests.scale import milvus_servers
from tests.scale.milvus_servers import MilvusServer
from tests.scale.serving import QUESTIONS, TEXTS, both, config_of, filled, serve_too
from tests.scale.test_milvus import FILTERS
from tests.store.shelving import Shelf

pytestmark = pytest.mark.slow


@pytest.fixture
def address(standalone: MilvusServer) -> Iterator[str]:
    found = standalone.address("indexer_test")
    yield found
    milvus_servers.forget(found)


@pytest.fixture
def served(tmp_path: Path, address: str) -> Iterator[Shelf]:
    """A library that is published beside itself and in Milvus."""
    shelf = filled(tmp_path / "data")
    shelf.publish(*TEXTS)
    serve_too(shelf, address)
    yield shelf
    shelf.database.close()


def all_is_as_beside_the_library(folder: Path, address: str) -> None:
    with both(folder, address) as (here, there):
        for question in QUESTIONS:
            ids = []
            for snapshot in (here, there):
                searcher = Searcher(snapshot, HashEncoder, SearchConfig())
                answer = searcher.search(question, k=9, mode="dense")
                ids.append((answer.state, answer.notices, [hit.passage_id for hit in answer.hits]))
            assert ids[0] == ids[1], question
        for filters in FILTERS:
            allowed = here.allowed(filters)
            vector = HashEncoder().encode_query("event")
            found = there.dense(vector, limit=100, allowed=there.allowed(filters))
            assert allowed
            assert sorted(number for number, _ in found) == allowed.ids.tolist(), filters


def test_dense_answers_and_filters_are_the_same_also_after_a_kill(
    served: Shelf, address: str, standalone: MilvusServer
) -> None:
    all_is_as_beside_the_library(served.folder, address)
    standalone.kill()
    standalone.start()
    all_is_as_beside_the_library(served.folder, address)


def test_words_are_refused_with_what_can_be_done(served: Shelf, address: str) -> None:
    elsewhere = index_elsewhere(config_of(served.folder, address))
    with Snapshot(served.folder, open_index=elsewhere) as snapshot:
        searcher = Searcher(snapshot, HashEncoder, SearchConfig())
        with pytest.raises(IndexServerError, match=r"Milvus v2\.3\.5-lite cannot search words.*--mode dense"):
            searcher.search("how does a lock expire")


def test_what_is_written_twice_is_there_once_and_what_is_lost_is_written_again(
    served: Shelf, address: str
) -> None:
    server = Server(index_address(address))
    client, name = server.client, "indexer_test_g1"
    rows = client.query(name, filter="id >= 0", output_fields=["*"])
    client.upsert(name, rows)
    [counted] = client.query(name, filter="", output_fields=["count(*)"], consistency_level="Strong")
    assert counted["count(*)"] == len(rows) == 9
    client.delete(name, ids=[4])
    client.query(name, ids=[4], consistency_level="Strong")  # waits until it is seen
    server.close()
    elsewhere = index_elsewhere(config_of(served.folder, address))
    with (
        Snapshot(served.folder, open_index=elsewhere) as snapshot,
        pytest.raises(DamagedLibrary, match="lacks passage 4; run `indexer reindex` with the same --index"),
    ):
        snapshot.vectors([3, 4])
    with index_written(config_of(served.folder, address)) as index:
        assert index
        serve_again(served.database, index)
        index.publish(served_generation(served))
    all_is_as_beside_the_library(served.folder, address)


def served_generation(shelf: Shelf) -> Generation:
    with Snapshot(shelf.folder) as snapshot:
        return snapshot.generation


def test_who_is_not_let_in_is_told_what_to_set(standalone: MilvusServer) -> None:
    with pytest.raises(IndexServerError, match=r"it does not let us in.*INDEXER_INDEX_TOKEN") as raised:
        Server(index_address(standalone.address("x", credentials="root:wrong@")))
    assert "wrong" not in str(raised.value)
