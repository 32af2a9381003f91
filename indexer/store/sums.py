"""A CRC of every row, so that what a disk did to one is noticed where it is read.

SQLite keeps no checksums: a bit that flips in a title or a date is as good a title or date to it. So each row
has the CRC-32 of its values, written with them. Who reads the library sees its tables through views of the
same names (:func:`only_sound`), in which a row that is not as it was written ends the query with an error; so
no query can forget it. A CRC is against accidents: whoever can write the file can write that too.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Mapping
from typing import Any, Final

from indexer.store.codec import text_hash

SUMMED: Final[Mapping[str, tuple[str, ...]]] = {
    "links": ("url", "position", "category", "title", "note", "tags"),
    "current_articles": (
        "link_url", "page_url", "article", "site", "fetched_at", "source", "lost",
        "title", "final_url", "hash", "words", "rendered", "passages", "ids",
    ),
    # Their texts have a hash already, ``embedding``.
    "passages": (
        "id", "article", "position", "start", "end", "about", "headings", "anchor", "page", "fragment",
        "embedding",
    ),
    "generations": (
        "number", "fingerprint", "encoder", "model", "passages", "dimension", "created_at", "size",
        "links", "articles",
    ),
    "segments": ("generation", "position", "name", "passages", "size", "recall", "dead"),
    "embeddings": ("fingerprint", "hash", "vector"),
    "articles": (
        "link_url", "page_url", "final_url", "hash", "title", "author", "published", "language", "site",
        "words", "text", "blocks", "source", "fetch", "body_hash", "extractor", "fetched_at", "lost",
    ),
    "fetches": (
        "run", "link_url", "page_url", "url", "final_url", "verdict", "reason", "source", "status", "etag",
        "last_modified", "size", "seconds", "body_hash", "headers", "decisive", "fetched_at", "rendered",
    ),
    "runs": ("started_at", "finished_at", "summary"),
    "uncut": ("article", "fingerprint", "reason"),
}  # fmt: skip
"""By table the columns that its ``crc`` is of, in this order. Raw pages are named by the sha256 of theirs."""


REAL: Final = ("recall", "seconds")
"""Columns with fractions, which SQLite writes as text otherwise than Python."""


def row_sum(*values: object) -> int:
    """The CRC-32 of a row's values, each as text; SQL knows it by this name too."""
    return zlib.crc32(
        b"\0".join(value if isinstance(value, bytes) else str(value).encode() for value in values)
    )


def summed(table: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A row that is about to be written, with its ``crc``. Numbers must be as SQLite gives them back."""
    return {**row, "crc": row_sum(*(row[name] for name in SUMMED[table]))}


def sum_of(table: str, **values: str) -> str:
    """The SQL expression of what ``crc`` should be; with these expressions in place of these columns."""
    named = ((name, values.get(name, f'"{name}"')) for name in SUMMED[table])
    return f"row_sum({', '.join(value if name in REAL else as_bytes(value) for name, value in named)})"


def as_bytes(value: str) -> str:
    """The SQL expression of a value's bytes: what rotted need not be UTF-8, and could not be handed over."""
    return f"CAST({value} AS BLOB)"


TEXT_SUM: Final = f"text_sum({as_bytes('context')}, {as_bytes('text')})"


def teach(connection: sqlite3.Connection) -> None:
    """Let SQL of this connection use :func:`row_sum` and ``text_sum`` (of a passage's context and text)."""
    connection.create_function("row_sum", -1, row_sum, deterministic=True)
    connection.create_function("text_sum", 2, _text_sum, deterministic=True)


def only_sound(connection: sqlite3.Connection) -> None:
    """Let all that this connection reads be as it was written; ``main.links`` and so on are as they are."""
    teach(connection)
    connection.create_function("same", 2, _same, deterministic=True)
    for table in SUMMED:
        sound = f"same(crc, {sum_of(table)})"
        if table == "passages":
            sound += f" AND same(embedding, {TEXT_SUM})"
        # A subquery is worked out last, for rows that all else lets through, and by the row's own values:
        # those that a query asks for would be put in their place.
        connection.execute(f"CREATE TEMP VIEW {table} AS SELECT * FROM main.{table} WHERE (SELECT {sound})")


def is_unsound(table: str) -> str:
    """The SQL condition of a row that is not as it was written, on a connection that was taught."""
    text = f" OR embedding <> {TEXT_SUM}" if table == "passages" else ""
    return f"crc IS NOT {sum_of(table)}{text}"


def _same(written: object, found: object) -> bool:
    if written != found:
        raise ValueError(written, found)  # SQLite ends the query with an error of its own
    return True


def _text_sum(context: bytes, text: bytes) -> bytes:
    """The hash under which the vector of a passage is kept."""
    return text_hash(context + b"\n\n" + text if context else text)
