"""Which encoder a library is made and asked with, and where its export is kept."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from indexer.config import DEFAULT_MODEL, Config

if TYPE_CHECKING:
    from indexer.records import Encoder


def exports_folder(config: Config) -> Path:
    """Where the fast forms of models are kept, for all libraries of the user."""
    return config.cache / "models"


def chosen_model(config: Config) -> str:
    """The model that was asked for, else the library's own, else the default; a folder as absolute path.

    Raises:
        DamagedLibrary, StaleIndex: the library that should name its model cannot be read.
    """
    # Here, not above: who asks names the library's model, and needs nothing of what this imports.
    from indexer.store.inspection import published_model

    if config.model and Path(config.model).is_dir():
        return str(Path(config.model).absolute())
    return config.model or published_model(config.data) or DEFAULT_MODEL


def is_prepared(config: Config) -> bool:
    """Whether the chosen model has its fast form here; else it is made when the model is first opened.

    Raises:
        ModelError: the model cannot be had, or is none.
    """
    from indexer.embed import has_fast_form

    return has_fast_form(chosen_model(config), exports=exports_folder(config))


def open_encoder(config: Config, model: str = "") -> Encoder:
    """The encoder of ``model``, by default the chosen one.

    Raises:
        ModelError: it cannot be had, or is none.
    """
    from indexer.embed import load_encoder

    return load_encoder(model or chosen_model(config), exports=exports_folder(config))
