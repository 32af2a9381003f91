"""Retrieval quality, measured: on collections with judgements, and on one's own library.

===========  ================================================================================
collections  a BEIR-style folder, read, and indexed by the same code as the user's articles
questions    a YAML file of questions on one's own library
metrics      nDCG, MRR, recall; bootstrap intervals; differences between two settings
reports      one evaluation from end to end, and what it came to
===========  ================================================================================
"""

from __future__ import annotations

__all__ = ["evaluate_collection", "evaluate_questions"]


def __getattr__(name: str) -> object:
    """Import the reports at first use: the metrics library is an optional extra."""
    if name in __all__:
        from indexer.evaluate import reports

        return getattr(reports, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
