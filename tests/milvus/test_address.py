"""What ``--index`` takes, and what becomes of it. Needs no server, and no extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import Config
from indexer.credentials import without_credentials
from indexer.errors import MissingExtra, UsageError
from indexer.milvus import index_told, index_written
from indexer.milvus.address import IndexAddress, index_address


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("milvus://localhost", IndexAddress("http://localhost:19530", "", "indexer")),
        ("milvus://host:1/db?name=mine", IndexAddress("http://host:1", "db", "mine")),
        ("milvus+https://host/", IndexAddress("https://host:19530", "", "indexer")),
        ("milvus://[::1]:7?name=a_1", IndexAddress("http://[::1]:7", "", "a_1")),
        ("milvus://me:p%40ss@host", IndexAddress("http://host:19530", "", "indexer", "me:p@ss")),
    ],
)
def test_addresses(text: str, meant: IndexAddress) -> None:
    assert index_address(text) == meant


@pytest.mark.parametrize(
    "text",
    ["localhost:19530", "http://host", "milvus://", "milvus://host:port", "milvus://h?title=x", "milvus://h#x",
     "milvus://h?name", "milvus://h?name=a-b", "milvus://h/a.b", "milvus://h?name=1a", "milvus://[h",
     "x" * 999],
)  # fmt: skip
def test_what_is_no_address_is_said_with_what_is_one(text: str) -> None:
    with pytest.raises(UsageError, match=r"milvus://host:port/database\?name=NAME|takes letters"):
        index_address(text)


def test_credentials_come_from_the_environment_or_the_address_and_are_never_shown() -> None:
    assert index_address("milvus://host", "me:secret").token == "me:secret"
    assert index_address("milvus://you:other@host", "me:secret").token == "you:other"
    config = Config(index="milvus://me:secret@host/db", index_token="me:secret")
    told = [
        repr(config),
        index_told(config),
        repr(index_address(config.index)),
        str(index_address(config.index)),
    ]
    assert "secret" not in " ".join(told)
    assert index_told(config) == "Milvus at host:19530/db, indexer"
    for scheme in ("milvus", "milvus+https"):
        assert without_credentials(f"no {scheme}://me:secret@host/db") == f"no {scheme}://host/db"
    with pytest.raises(UsageError) as raised:
        index_address("milvus://me:secret@host:x")
    assert "secret" not in str(raised.value)


@given(st.text(max_size=50))
def test_any_text_is_an_address_or_refused(text: str) -> None:
    for wrong in (text, f"milvus://{text}", f"milvus://host/{text}", f"milvus://host?{text}"):
        try:
            index_address(wrong)
        except UsageError:
            continue


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pymilvus", None)
    with (
        pytest.raises(MissingExtra, match=r"pip install 'indexer\[scale\]'"),
        index_written(Config(data=Path(), index="milvus://127.0.0.1")),
    ):
        pass
