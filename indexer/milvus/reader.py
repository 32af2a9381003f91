"""Asking one generation in Milvus: a :class:`indexer.passage_index.PassageIndex`."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from indexer.errors import DamagedLibrary, IndexServerError, NoIndex
from indexer.index.bm25 import norms_of, share_of, weight_of
from indexer.index.words import Stems
from indexer.milvus.layout import (
    ABOUT_ALL,
    LONGEST_STEM,
    MOST_FOUND,
    collections_of,
    expression,
    halves_in,
    identity,
)
from indexer.milvus.server import MILVUS_SECONDS, READ_AT_ONCE, WORK_SECONDS, Server

if TYPE_CHECKING:
    from indexer.arrays import Ids, Vectors
    from indexer.milvus.address import IndexAddress
    from indexer.passage_index import Allowed, ScoredIds
    from indexer.records import Generation

REINDEX_ELSEWHERE = "run `indexer reindex` with the same --index to make it from what is kept"

SEARCHED = 400
"""HNSW's ef, at least: how many neighbours are looked at. Twice the depth of a list (``SearchConfig``)."""

ASKED_FOR_ONE = 1.5
"""Passages asked of Milvus's BM25 for one that is wanted by ours, whose order differs a little. On SciFact
the same ten come in the same order for 0.993 of the questions, with 1.0 for 0.847, with 2.0 for no more."""

REMEMBERED = 2_000
"""Passages whose vectors and stems are kept for the next call: a question asks several times for the same few
hundred. 25 MB."""

_Key = TypeVar("_Key")
_Value = TypeVar("_Value")

HeldWords = tuple[Counter[str], int]
"""How often a passage holds each stem, in halves, and its length in words."""
StemRow = tuple[int, int]
"""In how many passages a stem is, and how often, in halves."""


class MilvusReader:
    """One generation, pinned by its number."""

    def __init__(self, address: IndexAddress, generation: Generation) -> None:
        """Connect.

        Raises:
            MissingExtra: pymilvus is not installed.
            IndexServerError: the server cannot be had. NoIndex: it does not have this generation.
        """
        self._server = Server(address)
        self._passages_in, self._words_in = collections_of(address, generation.number)
        self._stem = Stems()
        self._known_stems: dict[str, StemRow] = {}
        self._known_vectors: dict[int, Vectors] = {}
        self._known_words: dict[int, HeldWords] = {}
        try:
            about = self._about(generation)
        except BaseException:
            self._server.close()
            raise
        self._passages = int(about["passages"])
        self._length = int(about["length"])
        self._has_words = bool(about["bm25"])

    def _about(self, generation: Generation) -> dict[str, Any]:
        about, address = read_about(self._server, self._passages_in, self._words_in), self._server.address
        if about and about["generation"] == identity(generation):
            return about
        has = "has another library's" if about else "does not have"
        raise NoIndex(
            f"{address} {has} generation {generation.number} as {address.name}; {REINDEX_ELSEWHERE}"
        )

    def close(self) -> None:
        """Let go of the connection."""
        self._server.close()

    # ----------------------------------------------------------------- vectors

    def nearest(self, vector: Vectors, limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids nearest to ``vector`` (dimension,) with their cosines, best first."""
        found = self._search("vector", vector, limit, allowed, ["vector"])
        _remember(self._known_vectors, {hit["id"]: _vector_of(hit["entity"]) for hit in found})
        return _ordered((int(hit["id"]), float(hit["distance"])) for hit in found)

    def vectors(self, ids: Ids, dimension: int) -> Vectors:
        """The vectors of ``ids`` (n,), in their order: float32 ``(n, dimension)``.

        Raises:
            DamagedLibrary: one of them is not there.
        """
        vectors = np.zeros((len(ids), dimension), np.float32)
        for start in range(0, len(ids), READ_AT_ONCE):
            some = ids[start : start + READ_AT_ONCE].tolist()
            known = _looked_up(self._known_vectors, some, self._read_vectors)
            for position, number in enumerate(some, start):
                if number not in known:
                    raise DamagedLibrary(f"{self._passages_in} lacks passage {number}; {REINDEX_ELSEWHERE}")
                vectors[position] = known[number]
        return vectors

    def _read_vectors(self, ids: list[int]) -> dict[int, Vectors]:
        return {row["id"]: _vector_of(row) for row in self._server.rows(self._passages_in, ids, ["vector"])}

    # ------------------------------------------------------------------- words

    def matching(self, words: Sequence[str], limit: int, allowed: Allowed | None) -> ScoredIds:
        """The ids of passages that hold any of the words, with their BM25, best first.

        Raises:
            IndexServerError: this Milvus cannot search words.
        """
        if not self._has_words:
            raise IndexServerError(
                f"{self._server.address}: Milvus {self._server.version} cannot search words, which 2.5 and "
                "newer can; ask with --mode dense"
            )
        rows = self._rows_of(self._stemmed(words))
        known = [stem for stem, (passages, _) in rows.items() if passages]
        if not known:
            return []
        most = int(ASKED_FOR_ONE * limit)
        found = self._search("bm25", " ".join(known), most, allowed, ["words", "length"])
        _remember(self._known_words, {hit["id"]: _words_of(hit["entity"]) for hit in found})
        ids = np.array([hit["id"] for hit in found], np.int64)
        return _ordered(self.scores(words, ids).items())[:limit]

    def scores(self, words: Sequence[str], ids: Ids) -> dict[int, float]:
        """The BM25 of these passages; those without any of the words are absent."""
        asked = Counter(self._stemmed(words))
        rows = self._rows_of(asked)
        held = _looked_up(self._known_words, ids.tolist(), self._read_words)
        lengths = np.array([length for _, length in held.values()], np.int32)
        norms = norms_of(lengths, words=self._length, passages=self._passages)
        scores = np.zeros(len(held), np.float32)
        for stem, times in sorted(asked.items()):
            weight = weight_of(rows[stem][0], times=times, passages=self._passages)
            counts = np.array([halves[stem] for halves, _ in held.values()], np.uint8)
            scores += share_of(weight, counts, norms)
        return {number: float(score) for number, score in zip(held, scores, strict=True) if score > 0}

    def _read_words(self, ids: list[int]) -> dict[int, HeldWords]:
        rows = self._server.rows(self._passages_in, ids, ["words", "length"])
        return {row["id"]: _words_of(row) for row in rows}

    def counts(self, words: Sequence[str]) -> list[int]:
        """In how many passages each word occurs, in any form that has its stem."""
        stems = self._stemmed(words)
        rows = self._rows_of(stems)
        return [rows[stem][0] for stem in stems]

    def frequencies(self, words: Sequence[str]) -> list[float]:
        """How often each word occurs in all, in any form that has its stem."""
        stems = self._stemmed(words)
        rows = self._rows_of(stems)
        return [rows[stem][1] / 2 for stem in stems]

    def vocabulary(self, prefix: str) -> dict[str, str]:
        """By each stem that begins so, a word that it stands for."""
        known: dict[str, str] = {}
        with self._server.told("read words"):
            pages = self._server.client.query_iterator(
                self._words_in,
                batch_size=MOST_FOUND // 2,
                filter=f"stem like {json.dumps(prefix + '%', ensure_ascii=False)}",
                output_fields=["stem", "spelt"],
                timeout=MILVUS_SECONDS,
            )
            while rows := pages.next():
                known.update((row["stem"], row["spelt"]) for row in rows)
            pages.close()
        return known

    def _stemmed(self, words: Sequence[str]) -> list[str]:
        return [self._stem[word] for word in words]

    def _rows_of(self, stems: Iterable[str]) -> dict[str, StemRow]:
        """What is known of stems; one that no passage has is in none."""
        return _looked_up(self._known_stems, dict.fromkeys(stems), self._read_stems)

    def _read_stems(self, stems: list[str]) -> dict[str, StemRow]:
        short = [stem for stem in stems if len(stem) <= LONGEST_STEM]
        rows = self._server.rows(self._words_in, short, ["stem", "passages", "halves"])
        held = {row["stem"]: (int(row["passages"]), int(row["halves"])) for row in rows}
        return dict.fromkeys(stems, (0, 0)) | held

    # ------------------------------------------------------------------ both

    def _search(
        self, field: str, asked: Any, limit: int, allowed: Allowed | None, fields: list[str]
    ) -> list[Any]:
        if allowed and allowed.filters is None and not len(allowed.ids):
            return []
        most = min(limit, MOST_FOUND)
        dense = {"metric_type": "COSINE", "params": {"ef": max(SEARCHED, 2 * most)}}
        with self._server.told("search"):
            [found] = self._server.client.search(
                self._passages_in,
                data=[asked],
                anns_field=field,
                limit=most,
                filter=_expression_of(allowed),
                output_fields=fields,
                search_params=dense if field == "vector" else {"metric_type": "BM25", "params": {}},
                timeout=MILVUS_SECONDS,
            )
        return list(found)


def _expression_of(allowed: Allowed | None) -> str:
    if allowed is None:
        return ""
    return expression(allowed.filters) if allowed.filters else f"id in {allowed.ids.tolist()}"


def _vector_of(row: Any) -> Vectors:
    return np.asarray(row["vector"], np.float32)


def _words_of(row: Any) -> HeldWords:
    return halves_in(row["words"]), int(row["length"])


def _looked_up(
    known: dict[_Key, _Value], keys: Iterable[_Key], read: Callable[[list[_Key]], dict[_Key, _Value]]
) -> dict[_Key, _Value]:
    """By each of the keys that there is, in their order, what is known of it or else read."""
    asked = list(keys)
    missing = [key for key in asked if key not in known]
    fresh = read(missing) if missing else {}
    told = {key: known[key] if key in known else fresh[key] for key in asked if key in known or key in fresh}
    _remember(known, fresh)
    return told


def _remember(known: dict[_Key, _Value], more: dict[_Key, _Value]) -> None:
    if len(known) + len(more) > REMEMBERED:
        known.clear()
    known |= more


def _ordered(found: Iterable[tuple[int, float]]) -> ScoredIds:
    """Best first, the smaller id first where scores tie."""
    return sorted(found, key=lambda pair: (-pair[1], pair[0]))


def read_about(server: Server, passages_in: str, words_in: str) -> dict[str, Any] | None:
    """What was written of a generation when all of it was there; None where it is not.

    It is loaded, as it is not where Milvus Lite was started anew.
    """
    if not (server.has(words_in) and server.has(passages_in)):
        return None
    with server.told("load"):
        for collection in (passages_in, words_in):
            server.client.load_collection(collection, timeout=WORK_SECONDS)
    rows = server.rows(words_in, [ABOUT_ALL], ["passages", "halves", "spelt"])
    if not rows:
        return None
    return {"passages": rows[0]["passages"], "length": rows[0]["halves"], **json.loads(rows[0]["spelt"])}
