"""Embed many texts in pieces that can be kept one by one, so that an interruption costs seconds."""

from __future__ import annotations

from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import numpy as np

from indexer.embed.bulk import Elsewhere, for_bulk

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

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
    batches = [order[start : start + size] for start in range(0, len(texts), size)]
    with for_bulk(encoder, len(texts)) as fastest:
        contents = ([texts[index] for index in indices] for indices in batches)
        at_once = fastest.at_once if texts and isinstance(fastest, Elsewhere) else 1
        yield from zip(batches, _ahead(fastest.encode_passages, contents, at_once), strict=True)


def _ahead(
    encode: Callable[[Sequence[str]], Vectors], batches: Iterable[Sequence[str]], at_once: int
) -> Iterator[Vectors]:
    """The batches' vectors in their order; while they are waited for, so many batches are under way."""
    if at_once == 1:
        yield from map(encode, batches)
        return
    with ThreadPoolExecutor(at_once) as pool:
        under_way: deque[Future[Vectors]] = deque()
        for batch in batches:
            under_way.append(pool.submit(encode, batch))
            if len(under_way) == at_once:
                yield under_way.popleft().result()
        while under_way:
            yield under_way.popleft().result()
