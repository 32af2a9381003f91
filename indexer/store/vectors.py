"""FAISS files: one file a generation, made from the library's embeddings and never changed.

This module is the only one that knows FAISS. Ids in a file are passage ids; the metric is the inner
product, which for unit vectors is the cosine.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from indexer.errors import DamagedLibrary

if TYPE_CHECKING:
    from indexer.records import Vectors

Ids = npt.NDArray[np.int64]
MENDS_IT = "run `indexer reindex` to make it again from what is kept"


def path_of(folder: Path, number: int) -> Path:
    """Where generation ``number`` of the library in ``folder`` stands."""
    return folder / "generations" / f"{number:06d}.faiss"


def write(path: Path, ids: Ids, vectors: Vectors) -> int:
    """Write a file for ``vectors`` (n, dimension) under ``ids`` (n,); its size in bytes.

    The file appears under its name complete or not at all: written beside it, fsynced, renamed.
    """
    import faiss

    index = faiss.IndexIDMap2(faiss.IndexFlatIP(vectors.shape[1]))
    index.add_with_ids(np.ascontiguousarray(vectors, dtype=np.float32), ids)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    faiss.write_index(index, str(partial))
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    size = partial.stat().st_size
    partial.replace(path)
    sync_folder(path.parent)
    return size


def sync_folder(folder: Path) -> None:
    """Make renames in a folder survive a power cut (POSIX: the folder has to be fsynced too)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class VectorFile:
    """A generation's file, opened for searching."""

    def __init__(self, path: Path, *, passages: int, size: int) -> None:
        """Open ``path``, memory-mapped.

        Raises:
            DamagedLibrary: the file is missing, of another size than was written, or no FAISS index.
        """
        import faiss

        if not path.exists():
            raise DamagedLibrary(f"{path}: the index file is missing; {MENDS_IT}")
        if path.stat().st_size != size:
            raise DamagedLibrary(
                f"{path}: the index file has {path.stat().st_size} bytes instead of {size}; {MENDS_IT}"
            )
        try:
            index = faiss.read_index(str(path), faiss.IO_FLAG_MMAP)
        except RuntimeError as error:
            raise DamagedLibrary(f"{path}: the index file is damaged; {MENDS_IT}") from error
        if index.ntotal != passages:
            raise DamagedLibrary(
                f"{path}: the index holds {index.ntotal} passages instead of {passages}; {MENDS_IT}"
            )
        self._index: Any = index

    def search(self, vector: Vectors, *, limit: int, allowed: Ids | None = None) -> list[tuple[int, float]]:
        """The ids nearest to ``vector`` (dimension,) with their cosines, best first, ties by id.

        With ``allowed``, only those ids count: the filter is applied before the nearest are taken.
        """
        import faiss

        limit = min(limit, self._index.ntotal if allowed is None else len(allowed))
        if limit == 0:
            return []
        params = None
        if allowed is not None:
            # The stub knows the C++ constructor only; the Python one takes fields by name.
            params = faiss.SearchParameters(sel=faiss.IDSelectorBatch(allowed))  # type: ignore[call-arg]
        scores, ids = self._index.search(vector.reshape(1, -1), limit, params=params)
        found = [(int(i), float(s)) for i, s in zip(ids[0], scores[0], strict=True) if i >= 0]
        return sorted(found, key=lambda hit: (-hit[1], hit[0]))

    def vectors(self, ids: Ids) -> Vectors:
        """The vectors of ``ids`` (n,), in their order: float32 ``(n, dimension)``."""
        found: Vectors = self._index.reconstruct_batch(np.ascontiguousarray(ids, dtype=np.int64))
        return found
