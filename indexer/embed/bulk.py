"""Many passages at once: the original model on a graphics processor, or with bfloat16 matrix products.

Both are proved on the probe texts each time (cosine at least 0.9999 to the export that answers questions),
so the vectors are of one space; what fails that is left, for the next best way. Of bfloat16 only the linear
layers' products are; sums, softmax and normalisation stay float32. Measured by benchmarks/embedding.py, on
processors alone; torch's import is paid back after about :data:`BULK_FROM` passages.
"""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final, Protocol, runtime_checkable

import numpy as np

from indexer.embed.exported import ExportedEncoder, processors
from indexer.embed.probes import MIN_COSINE, PROBES
from indexer.embed.sentence import SentenceEncoder
from indexer.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from indexer.arrays import Vectors
    from indexer.records import Encoder


@runtime_checkable
class Elsewhere(Protocol):
    """An encoder whose work is done by others, each of which goes through :func:`for_bulk` itself."""

    @property
    def at_once(self) -> int:
        """The calls of ``encode_passages`` to be under way at a time, from so many threads."""

    def in_bulk(self, passages: int) -> Encoder:
        """The same encoder, for so many passages."""


BULK_FROM: Final = 2000
"""Passages from which torch is worth its 5 s of import and 0.7 GB: it gains 4 to 6 ms each on two cores."""

BULK_MICRO_BATCH: Final = 8
"""Passages in one run, alike in length. benchmarks/embedding.py: 8 and 16 are alike."""

logger = logging.getLogger(__name__)


@contextmanager
def for_bulk(encoder: Encoder, passages: int) -> Iterator[Encoder]:
    """The fastest encoder for so many passages, or the given one where there is no faster one."""
    if isinstance(encoder, Elsewhere):
        yield encoder.in_bulk(passages)
        return
    if passages < BULK_FROM or not isinstance(encoder, ExportedEncoder | SentenceEncoder):
        yield encoder
        return

    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # several runs at once, each on one processor, need no barriers
    try:
        proved = (_proved_equal(encoder, how, make) for how, make in _ways(encoder))
        yield next(filter(None, proved), encoder)
    finally:
        torch.set_num_threads(threads)


def _ways(encoder: ExportedEncoder | SentenceEncoder) -> Iterator[tuple[str, Callable[[], Encoder]]]:
    """How the model may run faster here, the fastest first."""
    if device := accelerator():
        yield f"on the device {device}", lambda: SentenceEncoder(encoder.model, device=device)
    if has_bfloat16():
        yield "in bfloat16", lambda: BulkEncoder(SentenceEncoder(encoder.model))


def _proved_equal(encoder: Encoder, how: str, make: Callable[[], Encoder]) -> Encoder | None:
    """An encoder that gives the same vectors; None, with the reason in the log, where it does not."""
    try:
        made = make()
        products = (made.encode_passages(PROBES) * encoder.encode_passages(PROBES)).sum(axis=1)
    except (ModelError, RuntimeError) as error:  # what torch makes of drivers and devices
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        logger.warning("model %s does not run %s: %s", encoder.name, how, reason)
        return None
    cosine = float((1 - abs(1 - products)).min())  # of unit vectors; one that is longer is as wrong
    if cosine >= MIN_COSINE:  # false for NaN as well
        return made
    logger.info("model %s does not run %s: a cosine of %.5f", encoder.name, how, cosine)
    return None


def accelerator() -> str:
    """The graphics processor that torch can use here, as torch names it; ``""`` where there is none."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else ""


def has_bfloat16() -> bool:
    """Whether the processor multiplies bfloat16 matrices itself (AVX-512 BF16 or AMX)."""
    import torch

    capabilities = torch.cpu.get_capabilities()
    return bool(capabilities.get("avx512_bf16") or capabilities.get("amx_bf16"))


class BulkEncoder:
    """records.Encoder that takes over a loaded model and rounds its linear layers to bfloat16."""

    def __init__(self, encoder: SentenceEncoder) -> None:
        self.name, self.fingerprint = encoder.name, encoder.fingerprint
        self.dimension, self.max_tokens = encoder.dimension, encoder.max_tokens
        self.encode_query, self.count_tokens = encoder.encode_query, encoder.count_tokens
        self.knows = encoder.knows
        self._inner, self._prompt = encoder.inner, encoder.passage_prompt
        _round_linear_layers(self._inner)

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors in the order of the texts: float32 ``(len(texts), dimension)``."""
        import torch

        vectors = np.empty((len(texts), self.dimension), np.float32)
        lengths = self.count_tokens(texts)
        order = sorted(range(len(texts)), key=lambda index: -lengths[index])

        def run(start: int) -> None:
            batch = order[start : start + BULK_MICRO_BATCH]
            with torch.inference_mode():
                features = self._inner.preprocess([texts[index] for index in batch], prompt=self._prompt)
                embeddings = self._inner(features)["sentence_embedding"]
                vectors[batch] = torch.nn.functional.normalize(embeddings, p=2, dim=1).numpy()

        with ThreadPoolExecutor(processors()) as pool:
            for _ in pool.map(run, range(0, len(order), BULK_MICRO_BATCH)):
                pass  # only to raise what a run raised
        return vectors


def _round_linear_layers(module: Any) -> None:
    """Replace every linear layer below ``module`` by one whose product is computed in bfloat16."""
    import torch

    class Rounded(torch.nn.Module):
        """float32 in and out."""

        def __init__(self, layer: torch.nn.Linear) -> None:
            super().__init__()
            self.layer = layer.to(torch.bfloat16)

        def forward(self, values: torch.Tensor) -> torch.Tensor:
            product: torch.Tensor = self.layer(values.to(torch.bfloat16))
            return product.float()

    for name, child in module.named_children():
        if isinstance(child, torch.nn.Linear):
            setattr(module, name, Rounded(child))
        else:
            _round_linear_layers(child)
