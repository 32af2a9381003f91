"""Make the fast path once: sentence-transformers model to ONNX, proved equal, else refused with a reason.

1. The model encodes probe texts: short, longer than the window, empty, foreign, code, with prompts.
2. It is exported whole (pooling and normalisation included) with plain attention, which onnxruntime's
   optimiser fuses: 60 nodes instead of 350, twice the speed, a third of the time to load.
3. The export encodes the same texts. Below a cosine of 0.9999 the next form is tried, then none.
4. What was made, or the refusal, is moved to ``exports/<fingerprint>`` in one rename.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexer.embed.exported import GRAPH, TOKENIZER, ExportedEncoder, Manifest
from indexer.embed.models import Model
from indexer.embed.probes import MIN_COSINE, PROBES
from indexer.files import working_folder
from indexer.hashes import Hashes

if TYPE_CHECKING:
    from pathlib import Path

    import onnx
    from sentence_transformers import SentenceTransformer

    from indexer.embed.sentence import SentenceEncoder

WEIGHTS_FILE: Final = "weights.bin"
"""Kept outside the graph, so that onnxruntime maps it into memory: 0.06 s to load instead of 0.2 s."""

OPSET: Final = 17

LEAST_ROOM: Final = 1 << 20
"""Free bytes below which a disk is taken to be full when something fails on it."""

logger = logging.getLogger(__name__)


class _Refused(Exception):
    """Why a model has no fast path, in words."""


def make_export(model: Model, exports: Path, encoder: SentenceEncoder) -> Manifest:
    """Export a loaded model into ``exports / model.fingerprint``; the manifest tells the outcome.

    The encoder is used up: it computes attention in a slower way afterwards.

    Raises:
        OSError: the folder cannot be written.
    """
    exports.mkdir(parents=True, exist_ok=True)
    with working_folder(exports) as temporary:
        folder = temporary / "export"
        try:
            manifest = _export(model, folder, encoder)
        except _Refused as refusal:
            logger.warning("model %s runs through sentence-transformers, slowly: %s", model.name, refusal)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            manifest = Manifest(refusal=str(refusal))
        manifest.write(folder)
        final = exports / model.fingerprint
        if final.exists():
            final.rename(temporary / "replaced")
        folder.rename(final)
    return manifest


def _export(model: Model, folder: Path, encoder: SentenceEncoder) -> Manifest:
    inner = encoder.inner
    manifest = _describe(encoder)
    expected = np.stack([*encoder.encode_passages(PROBES), *map(encoder.encode_query, PROBES)])
    reasons = []
    for form, make in (("fused", _fused_graph), ("plain", _plain_graph)):
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        try:
            inner.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
            make(inner, folder, manifest.inputs)
            exported = ExportedEncoder(model, folder, manifest)
            actual = np.stack([*exported.encode_passages(PROBES), *map(exported.encode_query, PROBES)])
        except OSError:
            raise
        except Exception as error:
            if shutil.disk_usage(folder).free < LEAST_ROOM:  # which most of them don't say, and is no refusal
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
            lines = str(error).strip().splitlines() or ["?"]
            reasons.append(f"{form}: {type(error).__name__}: {lines[0][:200]}")
            continue
        cosine = float((expected * actual).sum(axis=1).min())
        if cosine >= MIN_COSINE:  # false for NaN as well
            hashes = Hashes(None)
            files = {path.name: hashes.sha256(path) for path in sorted(folder.iterdir())}
            return replace(manifest, form=form, cosine=round(cosine, 7), files=files)
        reasons.append(f"{form}: cosine {cosine:.5f} to the original")
    raise _Refused("; ".join(reasons))


def _describe(encoder: SentenceEncoder) -> Manifest:
    """How texts become the model's inputs, and what comes out."""
    if encoder.inner.transformers_model is None:
        raise _Refused("it is no transformer")
    tokenizer: Any = encoder.inner.tokenizer
    if getattr(tokenizer, "backend_tokenizer", None) is None:
        raise _Refused("its tokenizer has no fast form")
    features = encoder.inner.preprocess(["probe"])
    return Manifest(
        dimension=encoder.dimension,
        max_tokens=encoder.max_tokens,
        query_prompt=encoder.query_prompt,
        passage_prompt=encoder.passage_prompt,
        inputs=tuple(name for name in ("input_ids", "attention_mask", "token_type_ids") if name in features),
        pad_left=tokenizer.padding_side == "left",
        pad_id=tokenizer.pad_token_id or 0,
        pad_type=tokenizer.pad_token_type_id or 0,
    )


def _plain_graph(inner: SentenceTransformer, folder: Path, inputs: tuple[str, ...]) -> None:
    import onnx

    _trace(inner, folder / "traced.onnx", inputs)
    _save_graph(onnx.load(folder / "traced.onnx"), folder)


def _fused_graph(inner: SentenceTransformer, folder: Path, inputs: tuple[str, ...]) -> None:
    from onnxruntime.transformers.optimizer import optimize_model

    config: Any = inner.config
    _trace(inner, folder / "traced.onnx", inputs)
    fused = optimize_model(
        str(folder / "traced.onnx"),
        model_type="bert",
        num_heads=config.num_attention_heads,
        hidden_size=config.hidden_size,
        opt_level=0,
    )
    _save_graph(fused.model, folder)


def _save_graph(graph: onnx.ModelProto, folder: Path) -> None:
    import onnx

    (folder / "traced.onnx").unlink()
    onnx.save_model(graph, folder / GRAPH, save_as_external_data=True, location=WEIGHTS_FILE)
    # onnx makes it readable by its owner alone.
    (folder / WEIGHTS_FILE).chmod((folder / GRAPH).stat().st_mode)


def _trace(inner: SentenceTransformer, path: Path, inputs: tuple[str, ...]) -> None:
    """Export by tracing: the graphs of torch's newer exporter are not understood by the optimiser."""
    import torch

    class Whole(torch.nn.Module):
        """Token ids in, unit vector out."""

        def __init__(self) -> None:
            super().__init__()
            self.inner = inner

        def forward(self, *tensors: torch.Tensor) -> torch.Tensor:
            features = self.inner(dict(zip(inputs, tensors, strict=True)))
            return torch.nn.functional.normalize(features["sentence_embedding"], p=2, dim=1)

    features = inner.preprocess(["a short probe", "and another one that is rather longer than the first"])
    names: dict[str, dict[int, str]] = {name: {0: "batch", 1: "tokens"} for name in inputs}
    if inner.transformers_model is not None:
        inner.transformers_model.set_attn_implementation("eager")  # the one the optimiser knows
    with warnings.catch_warnings(), torch.inference_mode():
        warnings.simplefilter("ignore")  # what tracing could get wrong, the probe texts find
        torch.onnx.export(
            Whole().eval(),
            tuple(features[name] for name in inputs),
            str(path),
            input_names=list(inputs),
            output_names=["embedding"],
            dynamic_axes={**names, "embedding": {0: "batch"}},
            opset_version=OPSET,
            dynamo=False,
        )
