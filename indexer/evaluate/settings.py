"""How questions are asked in an evaluation, and one change of it, written ``NAME=VALUE``."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, fields, replace
from typing import Any, Self, get_args

from indexer.config import SearchConfig
from indexer.errors import UnknownName, UsageError
from indexer.records import Mode

LARGEST_FRACTION = 50.0
"""The size of a constant that is a fraction; beyond, exponents overflow. The largest is 10."""
MOST_COUNTED = 10_000
"""Passages, where a constant counts them."""

_YES_OR_NO = {"yes": True, "no": False}


@dataclass(frozen=True, slots=True)
class Setting:
    """A mode, whether a cross-encoder reads the best again, and the constants of the search."""

    mode: Mode
    rerank: bool
    search: SearchConfig

    def changed(self, written: str) -> Self:
        """The same with one change: ``mode=dense``, ``rerank=no``, or a constant, ``lexical_weight=0.3``.

        Raises:
            UnknownName: there is no such setting; offers the nearest.
            UsageError: it can't have that value, or nothing would change.
        """
        changed = self._with(written)
        if changed == self:
            raise UsageError(f"{written} is how it is already; name another value to compare with")
        if not changed.rerank and changed == replace(
            self, search=_reranked_like(self.search, changed.search)
        ):
            raise UsageError(f"{written} makes no difference without --rerank")
        return changed

    def _with(self, written: str) -> Self:
        name, sign, value = (part.strip() for part in written.partition("="))
        if not sign:
            raise UsageError(f"{written!r} is no setting; write NAME=VALUE, such as mode=dense")
        constants = {field.name: field.default for field in fields(SearchConfig)}
        match name:
            case "mode":
                return replace(self, mode=_one_of(name, value, {mode: mode for mode in get_args(Mode)}))
            case "rerank":
                return replace(self, rerank=_one_of(name, value, _YES_OR_NO))
            case _ if name in constants:
                constant: Any = _value(name, value, constants[name])
                return replace(self, search=replace(self.search, **{name: constant}))
        raise UnknownName("setting", name, ["mode", "rerank", *constants])


def _reranked_like(search: SearchConfig, other: SearchConfig) -> SearchConfig:
    return replace(search, reranker=other.reranker, rerank_depth=other.rerank_depth)


def _one_of(name: str, written: str, values: dict[str, Any]) -> Any:
    if written not in values:
        raise UsageError(f"{name} is {written!r}; it can be {' or '.join(values)}")
    return values[written]


def _value(name: str, written: str, default: object) -> int | float | str:
    """A constant's new value, of the kind that its default has."""
    if isinstance(default, str):
        return written
    whole = isinstance(default, int)
    with suppress(ValueError):
        value = int(written) if whole else float(written)
        if (1 <= value <= MOST_COUNTED) if whole else (abs(value) <= LARGEST_FRACTION):
            return value
    kind = (
        f"a whole number from 1 to {MOST_COUNTED:,}"
        if whole
        else f"a number from -{LARGEST_FRACTION:g} to {LARGEST_FRACTION:g}"
    )
    raise UsageError(f"{name} is {written!r}; it must be {kind}")
