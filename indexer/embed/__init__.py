"""Text to vectors: the encoder, its exported fast path, and the reranker. Sole importer of torch.

``load_encoder`` finds the model (:mod:`.models`), runs its export if there is a sound one
(:mod:`.exported`), and else makes it (:mod:`.export`) from sentence-transformers (:mod:`.sentence`).
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from .batches import in_batches
from .exported import ExportedEncoder, Manifest
from .models import Hashes, find_model

if TYPE_CHECKING:
    from pathlib import Path

    from indexer.records import Encoder, Reranker

__all__ = ["how_it_runs", "in_batches", "load_encoder", "load_reranker"]

CHECKED = "checked.json"
"""In the folder of exports: the sha256 of files that were hashed before (see :class:`.models.Hashes`)."""

log = logging.getLogger(__name__)


def load_encoder(model: str, *, exports: Path | None) -> Encoder:
    """The encoder of a model's folder or hub name; ``exports`` is where its fast form is kept.

    Where a sound export is, neither torch nor transformers is imported and a question takes 0.3 s
    from a cold start. Where none is, it is made (10 to 30 s, once), or refused with a logged reason;
    then, and without ``exports``, the model runs through sentence-transformers. Both give the same
    vectors to a cosine of 0.9999 under one fingerprint.

    Raises:
        ModelError: the model cannot be had, or is not one.
    """
    # onnxruntime reports its use to its maker unless told not to before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    memory = exports / CHECKED if exports else None
    found = find_model(model, memory=memory)
    manifest = None
    if exports:
        folder = exports / found.fingerprint
        hashes = Hashes(memory)
        manifest = Manifest.read(folder)
        if manifest and not manifest.refusal and manifest.matches(folder, hashes):
            hashes.save()
            return ExportedEncoder(found, folder, manifest)

    from .sentence import SentenceEncoder

    encoder = SentenceEncoder(found)
    if exports is None or (manifest and manifest.refusal):
        return encoder

    from .export import make_export

    try:
        manifest = make_export(found, exports, encoder)
    except OSError as error:
        log.warning("model %s runs slowly: its export cannot be kept in %s: %s", found.name, exports, error)
        return SentenceEncoder(found)
    if manifest.refusal:
        return SentenceEncoder(found)
    return ExportedEncoder(found, exports / found.fingerprint, manifest)


def how_it_runs(model: str, *, exports: Path) -> str:
    """In words, for a health check: whether the model has its fast path here, and if not, why.

    Raises:
        ModelError: the model cannot be had, or is not one.
    """
    hashes = Hashes(exports / CHECKED)
    folder = exports / find_model(model, memory=exports / CHECKED).fingerprint
    manifest = Manifest.read(folder)
    if manifest is None:
        return "not exported yet: the next crawl does it"
    if manifest.refusal:
        return f"through sentence-transformers, slowly: {manifest.refusal}"
    if not manifest.matches(folder, hashes):
        return "its export is damaged: the next use makes it again"
    return f"exported ({manifest.form}), cosine {manifest.cosine:.6f} to the original"


def load_reranker(model: str) -> Reranker:
    """The cross-encoder of a folder or hub name, for the optional second stage.

    Raises:
        ModelError: it cannot be had, or is not one.
    """
    from .reranker import CrossEncoderReranker

    return CrossEncoderReranker(model)
