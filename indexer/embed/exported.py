"""The fast path: an exported encoder, run by onnxruntime and tokenizers without torch.

The exported graph holds the whole model, pooling and normalisation included, so nothing of it is
written twice. Made by :mod:`indexer.embed.export`; what it needs besides is in its manifest.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, Self

import numpy as np
import numpy.typing as npt

from indexer.hashes import sealed, unsealed

if TYPE_CHECKING:
    from pathlib import Path

    from tokenizers import Encoding, Tokenizer

    from indexer.arrays import Vectors
    from indexer.embed.models import Model
    from indexer.hashes import Hashes

EXPORT_VERSION: Final = 1
"""Raise it when an export of an older version must be made again."""

MICRO_BATCH: Final = 4
"""Passages in one run of the session, alike in length. benchmarks/embedding.py: 1 to 8 differ by a few
per cent, 16 and more lose to padding and to the processor's cache."""

GRAPH, TOKENIZER, MANIFEST = "model.onnx", "tokenizer.json", "manifest.json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What an export is, written beside it. With a ``refusal`` there are no other files.

    ``cosine`` is the smallest to the original over the probe texts; ``files`` maps names to sha256.
    """

    version: int = EXPORT_VERSION
    refusal: str = ""
    form: str = ""
    cosine: float = 0.0
    dimension: int = 0
    max_tokens: int = 0
    query_prompt: str = ""
    passage_prompt: str = ""
    inputs: tuple[str, ...] = ()
    pad_left: bool = False
    pad_id: int = 0
    pad_type: int = 0
    files: dict[str, str] = field(default_factory=dict)

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The manifest of a folder; None where there is none of this version as it was written."""
        try:
            values = unsealed((folder / MANIFEST).read_text(encoding="utf-8"))
            manifest = cls(**{**values, "inputs": tuple(values["inputs"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None
        return manifest if manifest.version == EXPORT_VERSION else None

    def write(self, folder: Path) -> None:
        """Write it into the folder, as its last file."""
        (folder / MANIFEST).write_text(sealed(asdict(self)), encoding="utf-8")

    def matches(self, folder: Path, hashes: Hashes) -> bool:
        """Whether every file is there as it was written."""
        try:
            return all(hashes.sha256(folder / name) == sha256 for name, sha256 in self.files.items())
        except OSError:
            return False


class ExportedEncoder:
    """records.Encoder on an export. Passages run on all processors, one question on one."""

    def __init__(self, model: Model, folder: Path, manifest: Manifest) -> None:
        from onnxruntime import InferenceSession, SessionOptions
        from tokenizers import Tokenizer

        self.model = model
        self.name, self.fingerprint = model.name, model.fingerprint
        self.dimension, self.max_tokens = manifest.dimension, manifest.max_tokens
        self._manifest = manifest
        options = SessionOptions()
        # One thread inside a run and several runs at once: as fast as one run with two threads on a quiet
        # machine (benchmarks/embedding.py), faster on a busy one, where two threads wait for each other;
        # and there is no pool to start for a question.
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self._session = InferenceSession(str(folder / GRAPH), options, providers=["CPUExecutionProvider"])
        self._tokenizer: Tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(manifest.max_tokens)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of the texts: float32 ``(len(texts), dimension)``."""
        encodings = self._tokenizer.encode_batch_fast(
            [self._manifest.passage_prompt + text for text in texts]
        )
        vectors = np.empty((len(texts), self.dimension), np.float32)
        order = sorted(range(len(texts)), key=lambda index: -len(encodings[index].ids))

        def run(start: int) -> None:
            batch = order[start : start + MICRO_BATCH]
            vectors[batch] = self._run([encodings[index] for index in batch])

        with ThreadPoolExecutor(processors()) as pool:
            for _ in pool.map(run, range(0, len(order), MICRO_BATCH)):
                pass  # only to raise what a run raised
        return vectors

    def encode_query(self, text: str) -> Vectors:
        """The unit vector of one question: float32 ``(dimension,)``."""
        (vector,) = self._run([self._tokenizer.encode(self._manifest.query_prompt + text)])
        return np.asarray(vector)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, special ones and the passage prompt included, before any cutting."""
        prompted = [self._manifest.passage_prompt + text for text in texts]
        return [len(encoding.ids) for encoding in self._uncut.encode_batch_fast(prompted)]

    def knows(self, word: str) -> bool:
        """Whether a word, in small letters, is one token."""
        return is_one_token(word, self._tokens_of, self._tokenizer.decode)

    def _tokens_of(self, texts: list[str]) -> list[list[int]]:
        made = self._tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [encoding.ids for encoding in made]

    @cached_property
    def _uncut(self) -> Tokenizer:
        tokenizer: Tokenizer = type(self._tokenizer).from_str(self._tokenizer.to_str())
        tokenizer.no_truncation()
        return tokenizer

    def _run(self, encodings: Sequence[Encoding]) -> Vectors:
        feed = self._padded(encodings)
        (vectors,) = self._session.run(None, {name: feed[name] for name in self._manifest.inputs})
        return np.asarray(vectors, dtype=np.float32)

    def _padded(self, encodings: Sequence[Encoding]) -> dict[str, npt.NDArray[np.int64]]:
        """The model's inputs, padded to the longest: int64 ``(len(encodings), tokens)`` each."""
        shape = len(encodings), max(len(encoding.ids) for encoding in encodings)
        ids = np.full(shape, self._manifest.pad_id, np.int64)
        types = np.full(shape, self._manifest.pad_type, np.int64)
        mask = np.zeros(shape, np.int64)
        for row, encoding in enumerate(encodings):
            length = len(encoding.ids)
            filled = slice(shape[1] - length, None) if self._manifest.pad_left else slice(length)
            ids[row, filled], types[row, filled], mask[row, filled] = encoding.ids, encoding.type_ids, 1
        return {"input_ids": ids, "token_type_ids": types, "attention_mask": mask}


def is_one_token(
    word: str, tokens_of: Callable[[list[str]], Iterable[list[int]]], decode: Callable[[list[int]], str]
) -> bool:
    """Whether a word, in small letters, is a single token, and not the one of all that is unknown.

    It is asked for as it begins a text, and within one: two tokens to tokenizers that work on bytes.
    """
    forms = [word, f" {word}"]
    return any(len(tokens) == 1 and decode(tokens).strip() == word for tokens in tokens_of(forms))


def processors() -> int:
    """How many processors this process may use."""
    affinity: Any = getattr(os, "sched_getaffinity", None)  # Linux alone has it
    return len(affinity(0)) if affinity else os.cpu_count() or 1
