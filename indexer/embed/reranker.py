"""The optional second stage: a cross-encoder reads the question and a passage together."""

from __future__ import annotations

from typing import TYPE_CHECKING

from indexer.embed.hub import find_folder
from indexer.embed.models import kind_of, refuse_pickles
from indexer.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence


class CrossEncoderReranker:
    """records.Reranker through ``sentence_transformers.CrossEncoder``.

    Raises:
        ModelError: the model cannot be had, or is no cross-encoder.
    """

    def __init__(self, model: str) -> None:
        folder = find_folder(model, named_with="INDEXER_RERANKER")
        if kind_of(folder) != "CrossEncoder":
            raise ModelError(
                f"{folder} is not a cross-encoder, which a reranker is; name another with INDEXER_RERANKER"
            )
        refuse_pickles(folder)
        from sentence_transformers import CrossEncoder
        from transformers.utils.logging import disable_progress_bar

        disable_progress_bar()  # type: ignore[no-untyped-call] # transformers leaves it untyped
        try:
            self._inner = CrossEncoder(str(folder), device="cpu", local_files_only=True)
        except Exception as error:
            # A damaged model fails in as many ways as it has files.
            first_line = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise ModelError(f"{folder} cannot be loaded as a cross-encoder: {first_line}") from error
        if self._inner.num_labels != 1:
            raise ModelError(f"{folder} gives {self._inner.num_labels} labels; a reranker gives one score")
        self.name = model

    def score(self, question: str, texts: Sequence[str]) -> list[float]:
        """A relevance for each text, higher is better; only their order means something."""
        if not texts:
            return []
        scores = self._inner.predict([(question, text) for text in texts], show_progress_bar=False)
        return [float(score) for score in scores]
