"""Text to vectors: the encoder, its exported fast path, and the reranker. Sole importer of torch."""

from __future__ import annotations


from .models import find_model
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.records import Encoder
    from pathlib import Path

__all__ = ["load_encoder"]


def load_encoder(model: str, *, exports: Path | None) -> Encoder:
    """The encoder of a model's folder or hub name; ``exports`` is where its fast form is kept.

    Raises:
        ModelError: the model cannot be had, or is not one.
    """
    found = find_model(model, memory=exports / "checked.json" if exports else None)
    from .sentence import SentenceEncoder

    return SentenceEncoder(found)
