"""The encoder as sentence-transformers makes it: any of its models, at the price of importing torch.

This is the reference: what the exported fast path must reproduce, and the fallback where it cannot.
"""

from __future__ import annotations

import math
from copy import deepcopy
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexer.embed.exported import is_one_token
from indexer.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sentence_transformers import SentenceTransformer

    from indexer.arrays import Vectors
    from indexer.embed.models import Model

NO_WINDOW: Final = 512
"""Tokens assumed for a model that names no window of its own (static embeddings): BERT's."""


class SentenceEncoder:
    """records.Encoder through ``SentenceTransformer``, with the model's own prompts."""

    def __init__(self, model: Model, *, device: str = "cpu") -> None:
        self.model = model
        self.name, self.fingerprint = model.name, model.fingerprint
        self.inner = load_sentence_transformer(model, device=device)
        if self._is_static:  # whatever text it was made with, all of a passage counts
            self.inner.tokenizer.no_truncation()
        window = self.inner.max_seq_length
        self.max_tokens = int(window) if window and math.isfinite(window) else NO_WINDOW
        dimension = self.inner.get_embedding_dimension()
        if not dimension:
            raise ModelError(f"model {model.name} does not say how long its vectors are")
        self.dimension = int(dimension)
        # As encode_query and encode_document choose them.
        self.query_prompt = self._prompt("query")
        self.passage_prompt = self._prompt("document", "passage", "corpus")

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of the texts: float32 ``(len(texts), dimension)``."""
        if not texts:
            return np.zeros((0, self.dimension), np.float32)
        vectors = self.inner.encode_document(list(texts), normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(vectors, dtype=np.float32)

    def encode_query(self, text: str) -> Vectors:
        """The unit vector of one question: float32 ``(dimension,)``."""
        vector = self.inner.encode_query(text, normalize_embeddings=True, show_progress_bar=False)
        return np.ascontiguousarray(vector, dtype=np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens of each text, special ones and the passage prompt included, before any cutting."""
        if not texts:
            return []
        prompted = [self.passage_prompt + text for text in texts]
        return [len(ids) for ids in self._tokens(prompted)]

    def knows(self, word: str) -> bool:
        """Whether a word, in small letters, is one token."""
        return is_one_token(word, partial(self._tokens, special=False), self._tokenizer.decode)

    def _tokens(self, texts: list[str], *, special: bool = True) -> list[list[int]]:
        """The numbers of each text's tokens; static embeddings know no special ones."""
        if self._is_static:
            return [made.ids for made in self._tokenizer.encode_batch(texts, add_special_tokens=False)]
        made = self._tokenizer(texts, add_special_tokens=special, verbose=False)
        numbers: list[list[int]] = made["input_ids"]
        return numbers

    @cached_property
    def _tokenizer(self) -> Any:
        """One beside the model's own, which is set to cut while another thread embeds."""
        return deepcopy(self.inner.tokenizer)

    @property
    def _is_static(self) -> bool:
        """Whether its vectors are looked up, each token's by itself; such models have a bare tokenizer."""
        from tokenizers import Tokenizer

        return isinstance(self.inner.tokenizer, Tokenizer)

    def _prompt(self, *names: str) -> str:
        prompts = self.inner.prompts
        for name in (*names, self.inner.default_prompt_name):
            if name in prompts:
                return prompts[name] or ""
        return ""


def load_sentence_transformer(model: Model, *, device: str = "cpu") -> SentenceTransformer:
    """The model in float32 on a device as torch names it, never asking the network.

    Raises:
        ModelError: sentence-transformers cannot make a model of the folder.
    """
    from sentence_transformers import SentenceTransformer
    from transformers.utils import logging

    logging.disable_progress_bar()  # type: ignore[no-untyped-call] # transformers leaves it untyped
    try:
        return SentenceTransformer(
            str(model.folder), device=device, local_files_only=True, model_kwargs={"dtype": "float32"}
        )
    except Exception as error:
        lines = str(error).strip().splitlines() or [type(error).__name__]
        raise ModelError(f"{model.folder} cannot be loaded as a model: {lines[0]}") from error
