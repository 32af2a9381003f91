"""Where the catalogue, the library and the cache are looked for, and why there.

Each of catalogue and library is the first of:

1. what is named by an option or an argument;
2. what ``INDEXER_CATALOGUE`` or ``INDEXER_DATA`` names;
3. the nearest ``catalogue.yaml``, going up from the working folder, and the ``data`` beside it;
4. the user's own: where the platform keeps configuration and data of programs.

A catalogue that is named brings its library along (the ``data`` beside it), for a library follows one
catalogue: published under another, it would lose its links.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

CATALOGUE, DATA = "catalogue.yaml", "data"
PROGRAM = "indexer"


@dataclass(frozen=True, slots=True)
class Places:
    """The catalogue's file and the library's folder, each with the reason why it was taken."""

    catalogue: Path
    catalogue_why: str
    data: Path
    data_why: str


def locate(catalogue: Path | None, data: Path | None, environment: Mapping[str, str], start: Path) -> Places:
    """Choose both, given what was named, the environment's variables, and the working folder."""
    file, file_why = _catalogue(catalogue, environment, start)
    if data is not None:
        return Places(file, file_why, data, "named")
    if value := environment.get("INDEXER_DATA"):
        return Places(file, file_why, Path(value), "INDEXER_DATA")
    if file_why == "the user's own":
        from platformdirs import user_data_path

        return Places(file, file_why, user_data_path(PROGRAM, appauthor=False), file_why)
    return Places(file, file_why, file.parent / DATA, "beside the catalogue")


def _catalogue(named: Path | None, environment: Mapping[str, str], start: Path) -> tuple[Path, str]:
    if named is not None:
        return named, "named"
    if value := environment.get("INDEXER_CATALOGUE"):
        return Path(value), "INDEXER_CATALOGUE"
    for folder in (start, *start.parents):
        # os.path: a folder that may not be read has none, which pathlib would raise.
        if os.path.isfile(folder / CATALOGUE):  # noqa: PTH113
            here = folder == start
            return (Path(CATALOGUE), "in this folder") if here else (folder / CATALOGUE, "the nearest above")
    from platformdirs import user_config_path

    return user_config_path(PROGRAM, appauthor=False) / CATALOGUE, "the user's own"


def cache_folder(environment: Mapping[str, str]) -> Path:
    """Where models' exports are kept for all libraries: ``INDEXER_CACHE``, else the user's cache."""
    if value := environment.get("INDEXER_CACHE"):
        return Path(value)
    from platformdirs import user_cache_path

    return user_cache_path(PROGRAM, appauthor=False)
