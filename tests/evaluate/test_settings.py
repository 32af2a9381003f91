"""One change of how questions are asked, as it is written on the command line."""

from __future__ import annotations

from dataclasses import fields

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import SearchConfig
from indexer.errors import UnknownName, UsageError
from indexer.evaluate.settings import Setting

USUAL = Setting("hybrid", rerank=False, search=SearchConfig())
READ_AGAIN = Setting("hybrid", rerank=True, search=SearchConfig())


@pytest.mark.parametrize(
    ("written", "changed"),
    [
        ("mode=dense", Setting("dense", rerank=False, search=SearchConfig())),
        (" rerank = yes ", READ_AGAIN),
        ("lexical_weight=0.3", Setting("hybrid", rerank=False, search=SearchConfig(lexical_weight=0.3))),
        ("depth=50", Setting("hybrid", rerank=False, search=SearchConfig(depth=50))),
        ("answer_bias=-3", Setting("hybrid", rerank=False, search=SearchConfig(answer_bias=-3.0))),
    ],
)
def test_one_thing_is_changed(written: str, changed: Setting) -> None:
    assert USUAL.changed(written) == changed


def test_a_model_to_rerank_with_may_hold_any_sign() -> None:
    assert READ_AGAIN.changed("reranker=models/a=b").search.reranker == "models/a=b"


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("dense", "NAME=VALUE, such as mode=dense"),
        ("mode=dens", "hybrid or dense or lexical"),
        ("rerank=true", "yes or no"),
        ("mode=hybrid", "is how it is already"),
        ("depth=0", "a whole number from 1"),
        ("depth=1.5", "a whole number from 1"),
        (f"depth={10**30}", "a whole number from 1"),
        ("lexical_weight=nan", "a number from"),
        ("lexical_weight=-inf", "a number from"),
        ("lexical_weight=", "a number from"),
        ("reranker=other", "without --rerank"),
        ("rerank_depth=5", "without --rerank"),
    ],
)
def test_what_is_none_is_said_in_one_line(written: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        USUAL.changed(written)


def test_an_unknown_name_offers_the_nearest() -> None:
    with pytest.raises(UnknownName, match="lexical_weight"):
        USUAL.changed("lexcal_weight=0.3")


@given(st.sampled_from([field.name for field in fields(SearchConfig)]) | st.text(), st.text())
def test_whatever_is_written_is_a_setting_or_one_error(name: str, value: str) -> None:
    try:
        changed = READ_AGAIN.changed(f"{name}={value}")
    except UsageError:
        return
    assert changed != READ_AGAIN
