"""Rows as pandas tables, where pandas is installed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from indexer.errors import MissingExtra

if TYPE_CHECKING:
    import pandas as pd


def table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str]) -> pd.DataFrame:
    """The rows as a table with these columns, also where there are no rows.

    Raises:
        MissingExtra: pandas is not installed.
    """
    try:
        import pandas as pd
    except ImportError as error:
        raise MissingExtra("tables need pandas; install it with: pip install 'indexer[notebook]'") from error
    return pd.DataFrame(list(rows), columns=list(columns))
