"""Rows as pandas tables, where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indexer.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd


def table(
    rows: Iterable[Mapping[str, Any]], columns: Sequence[str], moments: Sequence[str] = ()
) -> pd.DataFrame:
    """The rows as a table with these columns, also where there are no rows.

    ``moments`` are the columns of moments in ISO 8601; they become pandas' own in UTC, and empty ones NaT.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("tables need pandas", "notebook") from error
    frame = pd.DataFrame(list(rows), columns=list(columns))
    for name in moments:
        frame[name] = pd.to_datetime(frame[name].tolist(), utc=True, format="ISO8601")
    return frame
