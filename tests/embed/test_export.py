"""The fast path gives the original's vectors without torch, mends itself, and says so where it cannot."""

from __future__ import annotations

import json
import logging
import shutil
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

import numpy as np
import pytest

from indexer.arrays import Vectors
from indexer.embed import bulk as bulk_module
from indexer.embed import export, how_it_runs, load_encoder, load_reranker
from indexer.embed.bulk import BULK_FROM, BulkEncoder, for_bulk, has_bfloat16
from indexer.embed.exported import ExportedEncoder
from indexer.embed.sentence import SentenceEncoder
from indexer.errors import ModelError
from indexer.records import Encoder
from tests.embed.tiny import tiny_transformer

pytestmark = pytest.mark.slow  # torch is imported, which takes seconds

TEXTS = [
    "",
    "an event",
    "The log of events is the state of the store, kept in order.",
    "événement 事件 😀",
    "in the log " * 200,
    "query: an event is in the store",
]


class Parts(TypedDict, total=False):
    """What a tiny model is made of."""

    pooling_mode: str
    include_prompt: bool
    dense: bool
    prompts: dict[str, str]


class MakeModel(Protocol):
    """Makes a model of these parts and returns its folder."""

    def __call__(self, **parts: Unpack[Parts]) -> Path: ...


@pytest.fixture(scope="module")
def make_model(tmp_path_factory: pytest.TempPathFactory) -> MakeModel:
    """Makes tiny sentence-transformers models: pooling, prompts, an added dense layer."""

    def make(**parts: Unpack[Parts]) -> Path:
        from sentence_transformers import SentenceTransformer
        from sentence_transformers.base.modules import Dense, Transformer
        from sentence_transformers.sentence_transformer.modules import Pooling
        from torch import nn

        folder = tmp_path_factory.mktemp("tiny")
        tiny_transformer(folder / "bert")
        pooling = Pooling(
            32, pooling_mode=parts["pooling_mode"], include_prompt=parts.get("include_prompt", True)
        )
        modules: list[nn.Module] = [Transformer(str(folder / "bert"), max_seq_length=24), pooling]
        if parts.get("dense"):
            modules.append(Dense(32, 16))
        made = SentenceTransformer(modules=modules, prompts=parts.get("prompts"), device="cpu")
        made.save_pretrained(str(folder / "model"))
        return folder / "model"

    return make


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports are made here, where torch is there already: a new process imports it for ten seconds.

    That of the default model is made as it is for users.
    """
    monkeypatch.setattr(export, "_in_a_process", export._step)


def vectors(encoder: Encoder) -> Vectors:
    return np.stack([*encoder.encode_passages(TEXTS), *map(encoder.encode_query, TEXTS)])


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    "parts",
    [
        {"pooling_mode": "mean", "dense": True},
        {"pooling_mode": "cls", "prompts": {"query": "query: ", "document": "passage: "}},
        {"pooling_mode": "max"},
        {"pooling_mode": "lasttoken"},
    ],
    ids=["mean and dense", "cls and prompts", "max", "lasttoken"],
)
def test_any_model_whose_export_is_proved_equal_runs_without_torch_and_gives_its_vectors(
    make_model: MakeModel, tmp_path: Path, parts: Parts
) -> None:
    model = str(make_model(**parts))
    original, exported = load_encoder(model, exports=None), load_encoder(model, exports=tmp_path)
    assert isinstance(exported, ExportedEncoder)
    assert (vectors(original) * vectors(exported)).sum(axis=1).min() >= 0.9999
    for name in ("name", "fingerprint", "dimension", "max_tokens"):
        assert getattr(original, name) == getattr(exported, name)
    assert original.count_tokens(TEXTS) == exported.count_tokens(TEXTS)
    for encoder in (original, exported):
        assert [*map(encoder.knows, ("event", "state", "unheardof", "in the"))] == [True, True, False, False]
    assert "cosine 1.0000" in how_it_runs(model, exports=tmp_path)


def test_what_a_model_knows_can_be_asked_while_it_embeds(make_model: MakeModel) -> None:
    """As a search does. A tokenizer that is set to cut in one thread and not in the other cuts in neither."""
    encoder = load_encoder(str(make_model(pooling_mode="mean")), exports=None)
    with ThreadPoolExecutor(1) as beside:
        embedded = [beside.submit(encoder.encode_query, "in the log " * 500) for _ in range(50)]
        while not all(each.done() for each in embedded):
            assert encoder.knows("event")
    assert {each.result().shape for each in embedded} == {(32,)}


@pytest.mark.usefixtures("in_this_process")
def test_static_embeddings_work(tmp_path: Path) -> None:
    """Their tokenizer is another, and may cut texts that the model itself would take whole."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import StaticEmbedding
    from tokenizers import Tokenizer
    from tokenizers.models import WordLevel
    from tokenizers.pre_tokenizers import Whitespace

    tokenizer = Tokenizer(WordLevel({"[UNK]": 0, "event": 1, "state": 2}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    tokenizer.enable_truncation(4)
    SentenceTransformer(modules=[StaticEmbedding(tokenizer, embedding_dim=8)], device="cpu").save_pretrained(
        str(tmp_path / "static")
    )
    encoder = load_encoder(str(tmp_path / "static"), exports=tmp_path / "exports")
    assert encoder.count_tokens(["", "event", "event " * 100]) == [0, 1, 100]
    assert [*map(encoder.knows, ("event", "unheardof", "event state"))] == [True, False, False]
    late, events = encoder.encode_passages(["event " * 9 + "state " * 90, "event"])
    assert float(late @ encoder.encode_query("state")) > float(events @ encoder.encode_query("state"))


@pytest.mark.usefixtures("in_this_process")
def test_a_model_that_cannot_be_exported_still_works_and_the_reason_is_kept(
    make_model: MakeModel, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Prompts left out of the pooling are nothing a graph of token ids can know."""
    model = str(make_model(pooling_mode="mean", include_prompt=False, prompts={"query": "query : the log "}))
    expected = vectors(load_encoder(model, exports=None))
    with caplog.at_level(logging.INFO, "indexer.embed"):
        first = load_encoder(model, exports=tmp_path)
    assert "preparing the model" in caplog.text, "it takes long enough to be told"
    assert "through sentence-transformers, slowly" in caplog.text
    np.testing.assert_allclose(vectors(first), expected, atol=1e-5)
    assert "cosine" in how_it_runs(model, exports=tmp_path)
    caplog.clear()
    np.testing.assert_allclose(vectors(load_encoder(model, exports=tmp_path)), expected, atol=1e-5)
    assert not caplog.text  # remembered, not tried again


@pytest.fixture(scope="module")
def exported(make_model: MakeModel, tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """A tiny model and the folder of its export."""
    model, exports = str(make_model(pooling_mode="mean")), tmp_path_factory.mktemp("exports")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "_in_a_process", export._step)
        load_encoder(model, exports=exports)
    return model, exports


@pytest.mark.usefixtures("in_this_process")
@pytest.mark.parametrize(
    ("file", "damage"),
    [
        ("model.onnx", "gone"),
        ("weights.bin", "altered"),
        ("tokenizer.json", "cut"),
        ("manifest.json", "altered"),
    ],
)
def test_a_damaged_export_is_made_again(
    exported: tuple[str, Path], tmp_path: Path, file: str, damage: str
) -> None:
    model, exports = exported[0], tmp_path / "exports"
    shutil.copytree(exported[1], exports)
    (folder,) = (path for path in exports.iterdir() if path.is_dir())
    sound = (folder / file).read_bytes()
    match damage:
        case "cut":
            (folder / file).write_bytes(sound[: len(sound) // 2])
        case "gone":
            (folder / file).unlink()
        case "altered":
            at = len(sound) // 2  # of the manifest a figure or a letter, by which it is another one
            (folder / file).write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
    encoder = load_encoder(model, exports=exports)
    np.testing.assert_allclose(vectors(encoder), vectors(load_encoder(model, exports=exported[1])), atol=1e-6)
    assert how_it_runs(model, exports=exports).startswith("exported")
    assert [path.name for path in exports.iterdir() if path.is_dir()] == [folder.name]


def test_where_no_export_can_be_kept_the_model_still_runs(
    exported: tuple[str, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").touch()
    encoder = load_encoder(exported[0], exports=tmp_path / "file" / "exports")
    assert encoder.encode_query("an event").shape == (32,)
    assert "cannot be kept" in caplog.text


def test_a_full_disk_is_no_reason_to_refuse_a_model_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What writes graphs fails on a full disk in its own words."""
    assert "iostream" in export._reason("fused", RuntimeError("iostream error"), tmp_path)
    monkeypatch.setattr(export, "LEAST_ROOM", 1 << 60)
    with pytest.raises(OSError, match="No space left"):
        export._reason("fused", RuntimeError("iostream error"), tmp_path)


def test_damaged_weights_are_one_plain_error(make_model: MakeModel) -> None:
    model = make_model(pooling_mode="mean")
    weights = model / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:1000])
    with pytest.raises(ModelError, match="cannot be loaded as a model") as caught:
        load_encoder(str(model), exports=None)
    assert "\n" not in str(caught.value)


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with the default model's export."""
    exports = tmp_path_factory.mktemp("real")
    load_encoder("all-MiniLM-L6-v2", exports=exports)
    return exports


def test_the_default_model_is_fused_and_equal_to_the_original_on_texts_it_was_not_proved_on(
    real: Path,
) -> None:
    original = load_encoder("all-MiniLM-L6-v2", exports=None)
    exported = load_encoder("all-MiniLM-L6-v2", exports=real)
    assert how_it_runs("all-MiniLM-L6-v2", exports=real).startswith("exported (fused)")
    assert (vectors(original) * vectors(exported)).sum(axis=1).min() >= 0.9999
    assert exported.dimension == 384
    assert exported.max_tokens == 256


def test_a_question_to_the_exported_default_model_imports_nothing_heavy(real: Path) -> None:
    code = (
        "import sys, json\nfrom pathlib import Path\nfrom indexer.embed import load_encoder\n"
        f"encoder = load_encoder('all-MiniLM-L6-v2', exports=Path({str(real)!r}))\n"
        "vector = encoder.encode_query('how do I design an event store')\n"
        "print(json.dumps([len(vector), sorted({name.split('.')[0] for name in sys.modules})]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    length, imported = json.loads(done.stdout)
    assert length == 384
    heavy = {"torch", "transformers", "sentence_transformers", "huggingface_hub", "onnx", "pandas", "scipy"}
    assert heavy.isdisjoint(imported)


def test_a_reranker_scores_each_passage_by_itself(tmp_path: Path) -> None:
    tiny_transformer(tmp_path / "reranker", classifier=True)
    reranker = load_reranker(str(tmp_path / "reranker"))
    texts = ["the log of events", "an event store", "order"]
    scores = reranker.score("an event", texts)
    backwards = reranker.score("an event", texts[::-1])
    assert len({round(score, 4) for score in scores}) == 3
    np.testing.assert_allclose(scores, backwards[::-1], atol=1e-5)
    assert list(reranker.score("an event", [])) == []


def test_a_reranker_with_damaged_weights_is_one_plain_error(tmp_path: Path) -> None:
    tiny_transformer(tmp_path / "reranker", classifier=True)
    (tmp_path / "reranker" / "model.safetensors").write_bytes(b"no weights")
    with pytest.raises(ModelError, match="cannot be loaded as a cross-encoder"):
        load_reranker(str(tmp_path / "reranker"))


def test_bulk_embedding_is_of_the_same_space_as_the_questions(real: Path) -> None:
    """Enough passages take the faster way, where the processor has it; nothing else changes."""
    import torch

    threads = torch.get_num_threads()
    encoder = load_encoder("all-MiniLM-L6-v2", exports=real)
    with for_bulk(encoder, BULK_FROM) as bulk:
        assert has_bfloat16() == isinstance(bulk, BulkEncoder)
        assert bulk.fingerprint == encoder.fingerprint
        cosines = (bulk.encode_passages(TEXTS) * encoder.encode_passages(TEXTS)).sum(axis=1)
        assert bulk.encode_passages([]).shape == (0, 384)
    assert cosines.min() >= 0.9999
    assert torch.get_num_threads() == threads
    with for_bulk(encoder, BULK_FROM - 1) as few:
        assert few is encoder


def test_many_passages_go_to_the_device_that_torch_has(
    exported: tuple[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """There is none here: the processor, by its name as a device, stands in for one."""
    monkeypatch.setattr(bulk_module, "accelerator", lambda: "cpu")
    encoder = load_encoder(exported[0], exports=exported[1])
    with for_bulk(encoder, BULK_FROM) as bulk:
        assert isinstance(bulk, SentenceEncoder)
        assert (bulk.encode_passages(TEXTS) * encoder.encode_passages(TEXTS)).sum(axis=1).min() >= 0.9999
    with for_bulk(encoder, BULK_FROM - 1) as few:
        assert few is encoder


@pytest.mark.parametrize("device", ["meta", "nonsense"])
def test_a_device_that_fails_is_left_with_a_warning(
    exported: tuple[str, Path], device: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """``meta`` is a device of torch's on which nothing is ever computed."""
    monkeypatch.setattr(bulk_module, "accelerator", lambda: device)
    monkeypatch.setattr(bulk_module, "has_bfloat16", lambda: False)
    encoder = load_encoder(exported[0], exports=exported[1])
    with for_bulk(encoder, BULK_FROM) as bulk:
        assert bulk is encoder
    [message] = caplog.messages
    assert f"does not run on the device {device}: " in message


@pytest.mark.parametrize("wrong", [np.nan, 0.9, 1.1])
def test_a_device_that_computes_wrongly_is_not_used(
    exported: tuple[str, Path],
    wrong: float,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """One text is enough."""

    def faulty(self: SentenceEncoder, texts: Sequence[str]) -> Vectors:
        vectors = right(self, texts)
        vectors[-1] *= wrong
        return vectors

    right = SentenceEncoder.encode_passages
    monkeypatch.setattr(SentenceEncoder, "encode_passages", faulty)
    monkeypatch.setattr(bulk_module, "accelerator", lambda: "cpu")
    monkeypatch.setattr(bulk_module, "has_bfloat16", lambda: False)
    encoder = load_encoder(exported[0], exports=exported[1])
    with caplog.at_level(logging.INFO, "indexer.embed"), for_bulk(encoder, BULK_FROM) as bulk:
        assert bulk is encoder
    assert "does not run on the device cpu: a cosine of" in caplog.text
