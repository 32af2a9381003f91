"""Text to vectors: the encoder, its exported fast path, and the reranker. Sole importer of torch.

==========  ================================================================================
models      from a model's name to its folder: found, complete, and fingerprinted
hub         from a name to a folder: on this disk, in the hub's cache, or from the hub
sentence    the encoder as sentence-transformers makes it: the reference
export      makes the fast path once, and proves it equal to the reference
exported    the fast path: an export run without torch
bulk        many passages at once: on a graphics processor, or with bfloat16 products
batches     many texts in pieces that can be kept one by one
probes      the texts on which a faster form must prove itself equal
reranker    the optional second stage
==========  ================================================================================
"""

from __future__ import annotations

import logging
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

from indexer.embed.batches import in_batches
from indexer.embed.bulk import for_bulk
from indexer.embed.exported import ExportedEncoder, Manifest
from indexer.embed.models import find_model
from indexer.hashes import CHECKED, Hashes

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from indexer.embed.models import Model
    from indexer.records import Encoder, Reranker

__all__ = ["for_bulk", "has_fast_form", "how_it_runs", "in_batches", "load_encoder", "load_reranker"]

logger = logging.getLogger(__name__)


def load_encoder(model: str, *, exports: Path | None) -> Encoder:
    """The encoder of a model's folder or hub name; ``exports`` is where fast forms are kept.

    Where a sound export is, neither torch nor transformers is imported and a question takes 0.3 s
    from a cold start. Where none is, it is made (10 to 45 s, once), or refused with a logged reason;
    then, and without ``exports``, the model runs through sentence-transformers. Both give the same
    vectors to a cosine of 0.9999 under one fingerprint. Processes that need one export at the same time
    wait for the one that makes it.

    Raises:
        ModelError: the model cannot be had, or is not one.
    """
    # onnxruntime reports its use to its maker unless told not to before it is imported.
    os.environ["ORT_DISABLE_TELEMETRY"] = "1"
    checked = find_model(model, memory=exports / CHECKED if exports else None)
    if exports is None:
        return _reference(checked)
    if encoder := _fast_form(checked, exports):
        return encoder
    try:
        with _alone(exports, checked):
            return _fast_form(checked, exports) or _exported_now(checked, exports)
    except OSError as error:
        logger.warning(
            "model %s runs slowly: its export cannot be kept in %s (%s)",
            checked.name,
            exports,
            error.strerror,
        )
        return _reference(checked)


def _reference(model: Model) -> Encoder:
    from indexer.embed.sentence import SentenceEncoder

    return SentenceEncoder(model)


def _fast_form(model: Model, exports: Path) -> Encoder | None:
    """The model by its export, or as it is where that was refused; None where an export is to be made."""
    folder = exports / model.fingerprint
    manifest = Manifest.read(folder)
    if manifest is None:
        return None
    if manifest.refusal:
        return _reference(model)
    hashes = Hashes(exports / CHECKED)
    if not manifest.matches(folder, hashes):
        return None
    hashes.save()
    return ExportedEncoder(model, folder, manifest)


def _exported_now(model: Model, exports: Path) -> Encoder:
    from indexer.embed.export import make_export

    logger.info("preparing the model %s for this machine, once, which takes up to a minute", model.name)
    manifest = make_export(model, exports)
    if manifest.refusal:
        return _reference(model)
    return ExportedEncoder(model, exports / model.fingerprint, manifest)


@contextmanager
def _alone(exports: Path, model: Model) -> Iterator[None]:
    """Only one process at a time makes the export of a model.

    Raises:
        OSError: nothing can be kept there.
    """
    from filelock import FileLock

    exports.mkdir(parents=True, exist_ok=True)
    with FileLock(exports / f"{model.fingerprint}.lock"):
        yield


def has_fast_form(model: str, *, exports: Path) -> bool:
    """Whether the fast form of a model was made, or refused, before.

    Raises:
        ModelError: the model cannot be had, or is not one.
    """
    fingerprint = find_model(model, memory=exports / CHECKED).fingerprint
    return Manifest.read(exports / fingerprint) is not None


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
    from indexer.embed.reranker import CrossEncoderReranker

    return CrossEncoderReranker(model)
