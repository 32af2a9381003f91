"""Servers for the tests of a file, and a name on one for each test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.scale import milvus_servers
from tests.scale.milvus_servers import MilvusServer, NamedServer


@pytest.fixture(scope="module", params=["lite", "named"])
def milvus(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[object]:
    """A Milvus that searches words: Lite's server, and the one that ``INDEXER_MILVUS_URI`` names."""
    if request.param == "named":
        yield milvus_servers.named()
        return
    with milvus_servers.lite(tmp_path_factory.mktemp("lite")) as server:
        yield server


@pytest.fixture(scope="module")
def standalone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[MilvusServer]:
    """The real server, of a version before it searched words."""
    with milvus_servers.standalone(tmp_path_factory.mktemp("standalone")) as server:
        yield server


@pytest.fixture
def address(milvus: MilvusServer | NamedServer) -> Iterator[str]:
    """What ``--index`` takes; what is written under this name is dropped afterwards."""
    found = milvus.address("indexer_test")
    yield found
    milvus_servers.forget(found)
