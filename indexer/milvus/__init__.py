"""Milvus in place of the segments beside a library: its vectors, its words, and its filters.

SQLite stays the truth. Of each published generation Milvus keeps two collections, filled from the library
before that generation is published, and named by its number:

=================  ======================================================================
``NAME_gN``        the passages: vectors, the stems of their words for Milvus's BM25, what is filtered by
``NAME_gN_words``  the stems: in how many passages each is, how often, and how it is written
``NAME``           an alias of the newest ``NAME_gN``, for other programs
=================  ======================================================================

Milvus tells which passages come into question; their BM25 is reckoned here, from their stems and from the
statistics of all, by the formula of :mod:`indexer.index.bm25`. So an answer has the scores that the segments
would give, and does not change with how Milvus spreads the passages over its nodes.

address   what ``--index`` and ``INDEXER_INDEX`` say
layout    the collections and their rows
server    one Milvus: its version, its errors
reader    asking a generation
writer    filling and publishing one
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.passage_index import IndexWriter, OpenIndex, PassageIndex
    from indexer.records import Generation

__all__ = ["index_elsewhere", "index_told", "index_written"]


def index_elsewhere(config: Config) -> OpenIndex | None:
    """What opens the index that the configuration names; None where it names none.

    Raises:
        UsageError: what it names is no address of an index.
    """
    if not config.index:
        return None
    from indexer.milvus.address import index_address

    address = index_address(config.index, config.index_token)

    def open_index(generation: Generation) -> PassageIndex:
        from indexer.milvus.reader import MilvusReader

        return MilvusReader(address, generation)

    return open_index


def index_told(config: Config) -> str:
    """Where the index is that the configuration names, for a person; empty where it names none.

    Raises:
        UsageError: what it names is no address of an index.
    """
    if not config.index:
        return ""
    from indexer.milvus.address import index_address

    address = index_address(config.index)
    return f"{address}, {address.name}"


@contextmanager
def index_written(config: Config) -> Iterator[IndexWriter | None]:
    """What fills the index that the configuration names, for the time of the block; None where it names none.

    Raises:
        UsageError: what it names is no address of an index.
        MissingExtra: pymilvus is not installed. IndexServerError: the server cannot be had.
    """
    if not config.index:
        yield None
        return
    from indexer.milvus.address import index_address
    from indexer.milvus.writer import MilvusWriter

    with closing(MilvusWriter(index_address(config.index, config.index_token))) as writer:
        yield writer
