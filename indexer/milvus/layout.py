"""The collections of a generation: their fields, and how passages and words become rows.

A passage's stems stand in one field, as often as each counts in halves (``HALVES`` of the lexicon): so the
user's own words count half, and Milvus's BM25, told twice our k1, ranks as ours does.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.index.bm25 import K1, B
from indexer.index.lexicon import HALVES
from indexer.index.vectors import EXACT
from indexer.index.words import Stems, words_and_forms

if TYPE_CHECKING:
    from indexer.milvus.address import IndexAddress
    from indexer.passage_index import Filters, ServedPassage
    from indexer.records import Generation

LONGEST = 65_535
"""Bytes of a text in Milvus. A passage of 256 tokens has 3,000 bytes of stems; what is longer is cut."""
LONGEST_STEM = 512
"""Bytes of a stem; a longer one is a line of data, and is left out."""
MOST_VALUES = 4_096
"""Values of a list in Milvus."""
MOST_FOUND = 16_384
"""What Milvus gives to one search or query."""

GRAPH_LINKS, GRAPH_BUILD = 32, 200
"""HNSW's M and efConstruction, for more passages than are compared one and all: twice the usual links, by
which recall under filters gains."""

ABOUT_ALL = " "
"""The row among the stems that tells of all passages; no stem is a blank."""


def collections_of(address: IndexAddress, generation: int) -> tuple[str, str]:
    """The names of the collections of a generation: passages, words."""
    return f"{address.name}_g{generation}", f"{address.name}_g{generation}_words"


def passages_schema(dimension: int, *, by_words: bool, tokenizer: str) -> Any:
    """The fields of the passages; ``by_words`` with Milvus's BM25 over their stems."""
    from pymilvus import DataType, Function, FunctionType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("id", DataType.INT64, is_primary=True)
    schema.add_field("vector", DataType.FLOAT_VECTOR, dim=dimension)
    analysed = {"enable_analyzer": True, "analyzer_params": {"tokenizer": tokenizer}} if by_words else {}
    schema.add_field("words", DataType.VARCHAR, max_length=LONGEST, **analysed)
    schema.add_field("length", DataType.INT64)
    schema.add_field("category", DataType.VARCHAR, max_length=LONGEST)
    for name in ("tags", "sites"):
        kind = {"element_type": DataType.VARCHAR, "max_capacity": MOST_VALUES, "max_length": LONGEST}
        schema.add_field(name, DataType.ARRAY, **kind)
    schema.add_field("language", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("fetched_at", DataType.INT64)
    if by_words:
        schema.add_field("bm25", DataType.SPARSE_FLOAT_VECTOR)
        schema.add_function(
            Function(
                name="bm25_of_words",
                function_type=FunctionType.BM25,
                input_field_names=["words"],
                output_field_names=["bm25"],
            )
        )
    return schema


def passages_index(passages: int, *, by_words: bool) -> Any:
    """How the passages are searched."""
    from pymilvus import MilvusClient

    params = MilvusClient.prepare_index_params()
    kind = (
        {"index_type": "FLAT", "params": {}}
        if passages <= EXACT
        else {"index_type": "HNSW", "params": {"M": GRAPH_LINKS, "efConstruction": GRAPH_BUILD}}
    )
    params.add_index("vector", metric_type="COSINE", **kind)
    if by_words:
        bm25 = {"bm25_k1": 2 * K1, "bm25_b": B}
        params.add_index("bm25", index_type="SPARSE_INVERTED_INDEX", metric_type="BM25", params=bm25)
    return params


def words_schema() -> Any:
    """The fields of the stems. Milvus wants a vector in every collection; here it says nothing."""
    from pymilvus import DataType, MilvusClient

    schema = MilvusClient.create_schema(auto_id=False, enable_dynamic_field=False)
    schema.add_field("stem", DataType.VARCHAR, is_primary=True, max_length=LONGEST_STEM)
    schema.add_field("passages", DataType.INT64)
    schema.add_field("halves", DataType.INT64)
    schema.add_field("spelt", DataType.VARCHAR, max_length=LONGEST)
    schema.add_field("nothing", DataType.FLOAT_VECTOR, dim=2)
    return schema


def words_index() -> Any:
    """How the stems are searched: not at all."""
    from pymilvus import MilvusClient

    params = MilvusClient.prepare_index_params()
    params.add_index("nothing", index_type="FLAT", metric_type="L2", params={})
    return params


# ------------------------------------------------------------------------------ rows


class Vocabulary:
    """The words of all passages, counted while these are made into rows."""

    def __init__(self) -> None:
        self._stems = Stems()
        self._passages: Counter[str] = Counter()
        self._halves: Counter[str] = Counter()
        self._spelt: Counter[str] = Counter()
        self.words = 0
        """Those of all passages, without forms."""
        self.passages = 0

    def row(self, passage: ServedPassage) -> dict[str, Any]:
        """A passage as Milvus takes it."""
        halves: Counter[str] = Counter()
        length = 0
        for column, weight in zip(passage.columns, HALVES, strict=True):
            words, forms = words_and_forms(column)
            length += len(words)
            for some in (words, forms):
                for word in some:
                    halves[self._stems[word]] += weight
                self._spelt.update(some)
        counts = {stem: min(count, 255) for stem, count in halves.items() if _fits(stem)}
        self._passages.update(counts.keys())
        self._halves.update(counts)
        self.words += length
        self.passages += 1
        return {
            "id": passage.id,
            "vector": np.frombuffer(passage.vector, np.float16).astype(np.float32),
            "words": _as_long_as_fits(" ".join(stem for stem, count in counts.items() for _ in range(count))),
            "length": length,
            "category": _as_long_as_fits(passage.category),
            "tags": [_as_long_as_fits(tag) for tag in passage.tags[:MOST_VALUES]],
            "sites": sites_of(passage.site),
            "language": _as_long_as_fits(passage.language),
            "fetched_at": int(passage.fetched_at.timestamp()),
        }

    def rows(self) -> Iterator[dict[str, Any]]:
        """The stems as Milvus takes them."""
        spelt: dict[str, str] = {}
        # Of the words of a stem, the most frequent is written last and stays.
        for word, _ in sorted(self._spelt.items(), key=lambda item: item[1]):
            spelt[self._stems[word]] = word
        for stem, count in self._passages.items():
            yield _word_row(stem, count, self._halves[stem], spelt[stem])

    def about(self, generation: Generation, *, by_words: bool) -> dict[str, Any]:
        """The row that tells of all passages. It is written last: where it stands, nothing is missing."""
        told = {"generation": identity(generation), "bm25": by_words}
        return _word_row(ABOUT_ALL, self.passages, self.words, json.dumps(told))


def identity(generation: Generation) -> str:
    """What tells a generation from one of the same number, of another library or of a backup."""
    told = (generation.number, generation.created_at.isoformat(), generation.passages, generation.fingerprint)
    return " ".join(map(str, told))


def _word_row(stem: str, passages: int, halves: int, spelt: str) -> dict[str, Any]:
    return {"stem": stem, "passages": passages, "halves": halves, "spelt": spelt, "nothing": [0.0, 0.0]}


def halves_in(words: str) -> Counter[str]:
    """How often each stem counts in a passage with these ``words``, in halves."""
    return Counter(words.split(" "))


def sites_of(host: str) -> list[str]:
    """A host and the domains that it is a part of: whoever asks for one of these means it, too."""
    labels = host.split(".")
    return [_as_long_as_fits(".".join(labels[at:])) for at in range(len(labels))][:MOST_VALUES]


def _fits(stem: str) -> bool:
    return len(stem) <= LONGEST_STEM and len(stem.encode()) <= LONGEST_STEM


def _as_long_as_fits(text: str) -> str:
    """As much of a text as Milvus takes, in whole words where there are several."""
    if len(text) * 4 <= LONGEST or len(data := text.encode()) <= LONGEST:
        return text
    cut = data[:LONGEST].decode(errors="ignore")
    return cut.rpartition(" ")[0] or cut


# ------------------------------------------------------------------------------ filters


def expression(filters: Filters) -> str:
    """Filters as Milvus reads them."""
    parts = []
    if filters.categories:
        parts.append(f"category in {_literals(filters.categories)}")
    if filters.tags:
        parts.append(f"array_contains_any(tags, {_literals(filters.tags)})")
    if filters.sites:
        hosts = [site.lower() for site in filters.sites]
        parts.append(f"array_contains_any(sites, {_literals(hosts)})")
    if filters.since:
        parts.append(f"fetched_at >= {int(filters.since.timestamp())}")
    return " and ".join(parts)


def _literals(values: Sequence[str]) -> str:
    return f"[{', '.join(_literal(_as_long_as_fits(value)) for value in values)}]"


def _literal(text: str) -> str:
    """A text as a literal: nothing in it ends it."""
    # What need not be is not escaped: not each version of Milvus knows all escapes.
    for sign, written in (("\\", "\\\\"), ('"', '\\"'), ("\n", "\\n"), ("\r", "\\r")):
        text = text.replace(sign, written)
    return f'"{text}"'
