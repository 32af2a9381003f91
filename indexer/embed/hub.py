"""From a name to a folder: a folder as it is, else the hub's cache, else the hub within a bounded time."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

from indexer.errors import ModelError

ANSWER_SECONDS: Final = 5.0
"""How long the hub may take for its first answer. One that is up answers well within a second."""

_NAME = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?", re.ASCII)
_SETTINGS_FILES = ["*.json", "*.txt", "*.model"]
_SAFE = "*.safetensors"
"""The only form of weights that is taken: others can run code."""
_OTHER_FORMATS = ["onnx/*", "openvino/*", "coreml/*"]


def find_folder(name: str, *, named_with: str = "--model") -> Path:
    """The folder that a model's name or path stands for; what is in it is not looked at.

    ``named_with`` is what an error tells to name another one with.

    Raises:
        ModelError: there is none, nor can one be downloaded.
    """
    if not name.strip():
        raise ModelError("no model is named; give a folder or a hub name")
    path = Path(name).expanduser()
    if path.is_dir():
        return path.resolve()
    if path.exists():
        raise ModelError(f"{name} is a file; a model is a folder or a hub name")
    if not _NAME.fullmatch(name):
        raise ModelError(f"no model {name!r}: there is no such folder, and it is not a hub name")
    return _cached(name) or _download(name, named_with)


def _cached(repository: str) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        folder = Path(snapshot_download(repository, local_files_only=True))
    except (LocalEntryNotFoundError, HFValidationError):
        return None
    return folder if any(folder.rglob(_SAFE)) else None


def _download(repository: str, named_with: str) -> Path:
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError

    unreachable = f"model {repository!r} is not in the local cache and the hub cannot be reached"
    if HF_HUB_OFFLINE:
        raise ModelError(f"{unreachable} (HF_HUB_OFFLINE is set); give a folder with {named_with}")
    try:
        files = HfApi().model_info(repository, timeout=ANSWER_SECONDS).siblings or []
        if any(file.rfilename.endswith(_SAFE[1:]) for file in files):
            wanted = [*_SETTINGS_FILES, _SAFE]
            return Path(snapshot_download(repository, allow_patterns=wanted, ignore_patterns=_OTHER_FORMATS))
    except GatedRepoError as error:
        raise ModelError(
            f"model {repository!r} needs its owner's consent: log in to the hub first"
        ) from error
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise ModelError(f"no model {repository!r}: neither a folder nor known to the hub") from error
    except Exception as error:
        # The hub client's network errors have no common base of its own, and vary with its version.
        raise ModelError(
            f"{unreachable} ({type(error).__name__}); give a folder with {named_with}"
        ) from error
    raise ModelError(
        f"model {repository!r} has no safetensors on the hub, and weights in other forms can run code; "
        f"name another with {named_with}"
    )
