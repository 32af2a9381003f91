"""The arrays that travel between packages, by what they hold; shapes are told where they are used."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Vectors: TypeAlias = npt.NDArray[np.float32]
"""Embeddings ``(n, dimension)``, every row of unit length; or one of them ``(dimension,)``."""
Halves: TypeAlias = npt.NDArray[np.float16]
"""The same in half precision, as they are stored."""
Ids: TypeAlias = npt.NDArray[np.int64]
"""Passages by their ids ``(n,)``."""
Ordinals: TypeAlias = npt.NDArray[np.int64]
"""Passages by their place in a segment, counted from 0 ``(n,)``."""
PackedOrdinals: TypeAlias = npt.NDArray[np.int32]
"""The same as they are stored ``(n,)``."""
PackedCounts: TypeAlias = npt.NDArray[np.uint8]
"""How often passages hold a word, as it is stored ``(n,)``."""
Mask: TypeAlias = npt.NDArray[np.bool_]
"""Which of a segment's passages are meant, by ordinal ``(passages,)``."""
Scores: TypeAlias = npt.NDArray[np.float32]
"""What an index gives: cosines or BM25 ``(n,)``."""
Doubles: TypeAlias = npt.NDArray[np.float64]
"""What is reckoned from scores ``(n,)``."""
