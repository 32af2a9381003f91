"""Make the fast path once: sentence-transformers model to ONNX, proved equal, else refused with a reason.

1. The model encodes probe texts: short, longer than the window, empty, foreign, code, with prompts.
2. It is exported whole (pooling and normalisation included) with plain attention, which onnxruntime's
   optimiser fuses: 60 nodes instead of 350, twice the speed, a third of the time to load.
3. The export encodes the same texts. Below a cosine of 0.9999 the next form is tried, then none.
4. What was made, or the refusal, is moved to ``exports/<fingerprint>`` in one rename.

The first two need torch, the third holds several copies of the weights: each is done by a process of its own,
this module run as a program, whose memory is given back before the crawl begins. Together they took 1.2 GB,
which stayed.
"""

from __future__ import annotations

import errno
import json
import logging
import os
import shutil
import subprocess
import sys
import warnings
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from indexer.embed.exported import GRAPH, TOKENIZER, ExportedEncoder, Manifest
from indexer.embed.models import Model
from indexer.embed.probes import MIN_COSINE, PROBES
from indexer.errors import ModelError
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
_TRACED, _EXPECTED = "traced.onnx", "expected.npz"

LEAST_ROOM: Final = 1 << 20
"""Free bytes below which a disk is taken to be full when something fails on it."""

logger = logging.getLogger(__name__)


class _Refused(Exception):
    """Why a model has no fast path, in words."""


def make_export(model: Model, exports: Path) -> Manifest:
    """Export a model into ``exports / model.fingerprint``; the manifest tells the outcome.

    Raises:
        ModelError: sentence-transformers cannot load the model.
        OSError: the folder cannot be written, or a process that makes the export was ended.
    """
    exports.mkdir(parents=True, exist_ok=True)
    with working_folder(exports) as temporary:
        folder = temporary / "export"
        folder.mkdir()
        try:
            for step in ("trace", "prove"):
                _raise(_in_a_process(step, model, folder))
        except _Refused as refusal:
            logger.warning("model %s runs through sentence-transformers, slowly: %s", model.name, refusal)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir()
            Manifest(refusal=str(refusal)).write(folder)
        final = exports / model.fingerprint
        if final.exists():
            final.rename(temporary / "replaced")
        folder.rename(final)
    manifest = Manifest.read(final)
    if manifest is None:
        raise OSError(errno.EIO, "what was just written there cannot be read")
    return manifest


@dataclass(frozen=True, slots=True)
class _Ended:
    """How a step ended; all is empty where it did what it should."""

    refusal: str = ""
    model_error: str = ""
    number: int = 0
    """Of the system's error, see :mod:`errno`."""


def _in_a_process(step: str, model: Model, folder: Path) -> _Ended:
    """Do a step in a process of its own."""
    path = os.pathsep.join(place for place in sys.path if place)
    command = [sys.executable, "-m", __name__, step, model.name, str(model.folder), model.fingerprint]
    done = subprocess.run(  # noqa: S603 - our own module
        [*command, str(folder)], env={**os.environ, "PYTHONPATH": path}, start_new_session=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    if done.returncode or not done.stdout:
        logger.info("%s", done.stderr.decode(errors="replace"))
        raise ChildProcessError(errno.ECHILD, f"the process that makes it ended with {done.returncode}")
    return _Ended(**json.loads(done.stdout))


def _raise(ended: _Ended) -> None:
    """Raise what a step that ended so would have raised, if anything."""
    if ended.number:
        raise OSError(ended.number, os.strerror(ended.number))
    if ended.model_error:
        raise ModelError(ended.model_error)
    if ended.refusal:
        raise _Refused(ended.refusal)


def _step(step: str, model: Model, folder: Path) -> _Ended:
    try:
        (_traced if step == "trace" else _proved)(model, folder)
    except _Refused as refusal:
        return _Ended(refusal=str(refusal))
    except ModelError as error:
        return _Ended(model_error=str(error))
    except OSError as error:
        return _Ended(number=error.errno or errno.EIO)
    return _Ended()


def _traced(model: Model, folder: Path) -> None:
    """Write the traced model, its tokenizer, what it needs besides, and the vectors to be equal to."""
    from indexer.embed.sentence import SentenceEncoder

    encoder = SentenceEncoder(model)
    manifest = _describe(encoder)
    config: Any = encoder.inner.config
    np.savez(
        folder / _EXPECTED,
        vectors=np.stack([*encoder.encode_passages(PROBES), *map(encoder.encode_query, PROBES)]),
        # What the optimiser does not see in the graph; 0 where the model has nothing of the kind.
        heads=[getattr(config, "num_attention_heads", 0), getattr(config, "hidden_size", 0)],
    )
    try:
        encoder.inner.tokenizer.backend_tokenizer.save(str(folder / TOKENIZER))
        _trace(encoder.inner, folder / _TRACED, manifest.inputs)
    except OSError:
        raise
    except Exception as error:
        raise _Refused(_reason("traced", error, folder)) from error
    manifest.write(folder)


def _proved(model: Model, folder: Path) -> None:
    """Make the graph of what was traced, in the first form that gives the same vectors."""
    manifest = Manifest.read(folder)
    if manifest is None:
        raise OSError(errno.EIO, "what was just written there cannot be read")
    expected, reasons = np.load(folder / _EXPECTED)["vectors"], []
    for form, make in (("fused", _fused_graph), ("plain", _plain_graph)):
        (folder / WEIGHTS_FILE).unlink(missing_ok=True)
        try:
            make(folder)
            exported = ExportedEncoder(model, folder, manifest)
            actual = np.stack([*exported.encode_passages(PROBES), *map(exported.encode_query, PROBES)])
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001 - optimiser and runtime fail in their own ways
            reasons.append(_reason(form, error, folder))
            continue
        cosine = float((expected * actual).sum(axis=1).min())
        if cosine >= MIN_COSINE:  # false for NaN as well
            hashes = Hashes(None)
            files = {name: hashes.sha256(folder / name) for name in sorted((GRAPH, TOKENIZER, WEIGHTS_FILE))}
            replace(manifest, form=form, cosine=round(cosine, 7), files=files).write(folder)
            for name in (_TRACED, _EXPECTED):
                (folder / name).unlink()
            return
        reasons.append(f"{form}: cosine {cosine:.5f} to the original")
    raise _Refused("; ".join(reasons))


def _reason(form: str, error: Exception, folder: Path) -> str:
    """Why a form cannot be had.

    Raises:
        OSError: it is only that the disk is full, which most errors don't say.
    """
    if shutil.disk_usage(folder).free < LEAST_ROOM:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder)) from error
    lines = str(error).strip().splitlines() or ["?"]
    return f"{form}: {type(error).__name__}: {lines[0][:200]}"


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


def _plain_graph(folder: Path) -> None:
    import onnx

    _save_graph(onnx.load(folder / _TRACED), folder)


def _fused_graph(folder: Path) -> None:
    from onnxruntime.transformers.optimizer import optimize_model

    heads, size = map(int, np.load(folder / _EXPECTED)["heads"])
    fused = optimize_model(
        str(folder / _TRACED), model_type="bert", num_heads=heads, hidden_size=size, opt_level=0
    )
    _save_graph(fused.model, folder)


def _save_graph(graph: onnx.ModelProto, folder: Path) -> None:
    import onnx

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


if __name__ == "__main__":
    step, name, source, fingerprint, target = sys.argv[1:]
    # By a pipe and not a file, which a full disk would not take; what libraries print goes elsewhere.
    told = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    ended = _step(step, Model(name, Path(source), fingerprint), Path(target))
    with told:
        json.dump(asdict(ended), told)
