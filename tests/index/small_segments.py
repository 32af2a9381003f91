"""Small segments of texts, each with a vector of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from indexer.arrays import Vectors
from indexer.index import lexicon, segment
from indexer.index.lexicon import Lexicon
from indexer.index.segment import IndexedPassage, Segment

DIMENSION = 16


def unit_vectors(count: int, dimension: int = DIMENSION, seed: int = 0) -> Vectors:
    """Random directions: float32 ``(count, dimension)``."""
    rows = np.random.default_rng(seed).standard_normal((count, dimension))
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), np.float32)


def vector_of(passage: int) -> Vectors:
    """The vector that :func:`written` gives to a passage; half precision holds it."""
    return np.asarray(unit_vectors(1, seed=passage)[0].astype(np.float16), np.float32)


def written(folder: Path, texts: Mapping[int, str], merged: tuple[Segment, ...] = ()) -> Segment:
    """A segment of passages by their ids, and of those of ``merged``."""
    rows = [
        IndexedPassage(number, (text, "", ""), vector_of(number).astype(np.float16).tobytes())
        for number, text in texts.items()
    ]
    return Segment(folder, segment.write(folder, rows, DIMENSION, merged))


def without(whole: Segment, *dead: int) -> Segment:
    """The segment as a later generation lists it."""
    _, ordinals = whole.ordinals(np.array(dead, np.int64))
    return Segment(whole.folder, replace(whole.meta, dead=np.sort(ordinals).astype(np.int32).tobytes()))


def lexicon_of(folder: Path, *passages: tuple[str, str, str]) -> Lexicon:
    """A lexicon of passages by their columns text, context, about."""
    builder = lexicon.LexiconBuilder()
    for columns in passages:
        builder.add(columns)
    builder.write(folder)
    return Lexicon(folder)
