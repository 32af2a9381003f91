"""Embed many texts in pieces that can be kept one by one, so that an interruption costs seconds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from indexer.embed.bulk import for_bulk

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from indexer.arrays import Vectors
    from indexer.records import Encoder

BATCH: Final = 256
"""Passages between two commits: 3 to 10 seconds of work on two cores."""


def in_batches(
    encoder: Encoder, texts: Sequence[str], *, size: int = BATCH
) -> Iterator[tuple[npt.NDArray[np.int64], Vectors]]:
    """Embed all texts, giving ``(indices, vectors)`` of up to ``size`` of them as each is done.

    Longest first and texts of like length together, so that little is padded and the time left is
    not underestimated; ``indices`` (int64) say which texts the rows of ``vectors`` belong to.
    """
    lengths = np.fromiter((len(text) for text in texts), np.int64, len(texts))
    order = np.argsort(-lengths, kind="stable")
    with for_bulk(encoder, len(texts)) as fastest:
        for start in range(0, len(texts), size):
            indices = order[start : start + size]
            yield indices, fastest.encode_passages([texts[index] for index in indices])
