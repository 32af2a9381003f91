"""Models that are real in form and small enough to be made in a test."""

from __future__ import annotations

from pathlib import Path

WORDS = "[PAD] [UNK] [CLS] [SEP] [MASK] query passage : . an event is kept in the log store state of order"


def tiny_transformer(folder: Path, *, classifier: bool = False) -> None:
    """A BERT of two layers with random weights: real in form, without meaning."""
    import torch
    from transformers import BertConfig, BertForSequenceClassification, BertModel, BertTokenizer

    folder.mkdir(parents=True)
    (folder / "vocab.txt").write_text("\n".join(WORDS.split()))
    torch.manual_seed(5)
    config = BertConfig(
        vocab_size=len(WORDS.split()),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=64,
        max_position_embeddings=64,
        initializer_range=0.5,  # far from zero, so that different texts get different vectors
    )
    config.num_labels = 1
    model = BertForSequenceClassification(config) if classifier else BertModel(config)
    model.save_pretrained(folder)
    BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
