"""Stand-ins for what is slow, whose answers still mean something."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from functools import cache

import numpy as np

from indexer.arrays import Doubles, Vectors


class HashEncoder:
    """records.Encoder without a model: texts that share word stems lie close, others far apart.

    Every stem has a pseudo-random direction of its own, the same in every process; a text is the
    unit sum of its stems' directions, each once. Two texts' cosine is about the share of stems they
    have in common, so the order of answers can be told by reading them.
    """

    name = "hash"
    fingerprint = "hash-1"

    def __init__(self, *, dimension: int = 256, max_tokens: int = 128) -> None:
        self.dimension, self.max_tokens = dimension, max_tokens
        self.texts_encoded = 0
        """How many passages were embedded so far, for promises about work saved."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        self.texts_encoded += len(texts)
        return np.array([self._vector(text) for text in texts], np.float32).reshape(-1, self.dimension)

    def encode_query(self, text: str) -> Vectors:
        return self._vector(text)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        return [len(_words(text)) + 2 for text in texts]

    def knows(self, word: str) -> bool:
        return False

    def _vector(self, text: str) -> Vectors:
        stems = dict.fromkeys(map(_stem, _words(text)[: self.max_tokens - 2]))
        total = sum((_direction(stem, self.dimension) for stem in stems), np.zeros(self.dimension))
        if not stems:
            total = _direction("", self.dimension)
        return (total / np.linalg.norm(total)).astype(np.float32)


def _words(text: str) -> list[str]:
    return re.findall(r"\w+", text.lower())


def _stem(word: str) -> str:
    return re.sub(r"(?<=\w{3})(ing|ed|es|s|e)$", "", word)


@cache
def _direction(stem: str, dimension: int) -> Doubles:
    seed = int.from_bytes(hashlib.sha256(stem.encode()).digest()[:8], "big")
    return np.random.default_rng(seed).standard_normal(dimension)
