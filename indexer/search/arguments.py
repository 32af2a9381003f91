"""What a caller in Python may pass: checked once, with one clear line about what is wrong."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from operator import index
from typing import Any, get_args

from indexer.errors import UsageError
from indexer.records import Mode

LARGEST_NUMBER = 2**31 - 1
"""Of whole numbers: more than there can be passages, and small enough for SQLite and numpy."""

_SURROGATE = re.compile("[\ud800-\udfff]")


def plain_text(name: str, value: Any) -> str:
    """The argument as it is.

    Raises:
        UsageError: it is no text, or has halves of characters, which neither SQLite nor the index can hold.
    """
    if isinstance(value, str) and not _SURROGATE.search(value):
        return str(value)
    raise UsageError(f"{name}: {_as_written(value)} is no text")


def plain_texts(name: str, value: Any) -> tuple[str, ...]:
    """The texts of a list; a single text is a list of one, and None an empty one.

    Raises:
        UsageError: it is neither, or holds something else.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (plain_text(name, value),)
    if isinstance(value, Iterable) and not isinstance(value, bytes):
        return tuple(plain_text(name, one) for one in value)
    raise UsageError(f"{name}: {_as_written(value)} is neither a text nor a list of texts")


def whole_number(name: str, value: Any, *, least: int) -> int:
    """The argument as a plain integer.

    Raises:
        UsageError: it is no integer, or is out of bounds.
    """
    try:
        number = None if isinstance(value, bool) else index(value)
    except TypeError:
        number = None
    if number is None or not least <= number <= LARGEST_NUMBER:
        raise UsageError(f"{name}: {_as_written(value)} is no whole number from {least} on")
    return number


def yes_or_no(name: str, value: Any) -> bool:
    """The argument as it is.

    Raises:
        UsageError: it is neither True nor False.
    """
    if isinstance(value, bool):
        return value
    raise UsageError(f"{name}: {_as_written(value)} is neither True nor False")


def mode_of(value: Any) -> Mode:
    """The mode of that name.

    Raises:
        UsageError: there is none.
    """
    modes: tuple[Mode, ...] = get_args(Mode)
    for mode in modes:
        if value == mode:
            return mode
    raise UsageError(f"mode: {_as_written(value)} is none of {', '.join(modes)}")


def moment_of(name: str, value: Any) -> datetime:
    """A moment in UTC from a date, a datetime or either in ISO 8601; without a zone it is UTC.

    Raises:
        UsageError: it is none of them.
    """
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else value
        if isinstance(moment, date) and not isinstance(moment, datetime):
            moment = datetime(moment.year, moment.month, moment.day, tzinfo=UTC)
        # Of pandas' moments, NaT is one that equals nothing, itself included.
        if isinstance(moment, datetime) and moment == moment:  # noqa: PLR0124
            return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        pass
    raise UsageError(f"{name}: {_as_written(value)} is no date; write it as '2026-01-31'")


_AGO = re.compile(r"(\d{1,9})\s*([hdwmy])")
_HOURS = {"h": 1, "d": 24, "w": 7 * 24, "m": 30 * 24, "y": 365 * 24}


def ago(text: str) -> timedelta | None:
    """A span as ``2w``; None where it is none.

    Raises:
        OverflowError: it is longer than time.
    """
    span = _AGO.fullmatch(text.strip().lower())
    return timedelta(hours=int(span[1]) * _HOURS[span[2]]) if span else None


def moment_or_ago(name: str, text: str) -> datetime:
    """The moment that a text names: a date, or a span until now; in UTC where it says nothing else.

    Raises:
        UsageError: it is neither.
    """
    try:
        if (span := ago(text)) is not None:
            return datetime.now(UTC) - span
        return moment_of(name, text.strip())
    except (UsageError, OverflowError):
        raise UsageError(
            f"{name} {text!r} is no date; write it as 2026-01-31, or as 3d, 2w, 1m, 1y until now"
        ) from None


def _as_written(value: Any) -> str:
    """A value in a message of one line."""
    told = repr(value).partition("\n")[0]
    return told if len(told) <= 80 else f"{told[:77]}..."
