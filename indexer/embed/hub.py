"""Models on the hub: from the local cache without a network, else downloaded, within a bounded time."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from indexer.errors import ModelError

CONNECT_SECONDS: Final = 5.0
"""How long the hub may take for its first answer. A hub that is up answers well within a second."""

_SETTINGS = ["*.json", "*.txt", "*.model", "*.npy"]
_NEVER = ["onnx/*", "openvino/*", "tf_*", "rust_*", "*.h5", "*.msgpack", "coreml/*"]


def download(repository: str) -> Path:
    """The folder of a hub repository's current revision, fetched if the cache does not hold it.

    Raises:
        ModelError: the hub does not know it, or cannot be reached and the cache does not hold it.
    """
    from huggingface_hub import HfApi, snapshot_download
    from huggingface_hub.constants import HF_HUB_OFFLINE
    from huggingface_hub.errors import GatedRepoError, LocalEntryNotFoundError, RepositoryNotFoundError

    try:
        cached = Path(snapshot_download(repository, local_files_only=True))
    except LocalEntryNotFoundError:
        pass
    else:
        if (cached / "config.json").is_file() and (
            any(cached.glob("*.safetensors")) or any(cached.glob("*.bin"))
        ):
            return cached
    unreachable = f"model {repository!r} is not in the local cache and the hub cannot be reached; give a folder with --model"
    if HF_HUB_OFFLINE:
        raise ModelError(unreachable)
    try:
        files = HfApi().model_info(repository, timeout=CONNECT_SECONDS).siblings or []
        safe = any(file.rfilename.endswith(".safetensors") for file in files)
        weights = "*.safetensors" if safe else "*.bin"
        return Path(
            snapshot_download(repository, allow_patterns=[*_SETTINGS, weights], ignore_patterns=_NEVER)
        )
    except GatedRepoError as error:
        raise ModelError(
            f"model {repository!r} needs the consent of its owner; log in to the hub first"
        ) from error
    except RepositoryNotFoundError as error:
        raise ModelError(f"no model {repository!r} on the hub, and no such folder") from error
    except (OSError, LocalEntryNotFoundError) as error:
        raise ModelError(unreachable) from error
