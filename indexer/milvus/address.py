"""The address of an index: ``milvus://[user:password@]host[:port][/database][?name=...]``."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from urllib.parse import parse_qs, unquote, urlsplit

from indexer.credentials import without_credentials
from indexer.errors import UsageError

SCHEMES = {"milvus": "http", "milvus+https": "https"}
MILVUS_PORT = 19530
"""Milvus's own."""
USUAL_NAME = "indexer"
"""The alias where none is named."""

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
"""What Milvus takes for names, with room for what is put after ours (it allows 255 characters)."""
_FORM = "milvus://host:port/database?name=NAME, or milvus+https://..."


@dataclass(frozen=True, slots=True)
class IndexAddress:
    """Where an index is, and under which name."""

    uri: str
    """That of the server, as pymilvus takes it."""
    database: str
    """Empty for Milvus's default."""
    name: str
    token: str = field(default="", repr=False)
    """``user:password`` or a key; empty where none is needed."""

    def __str__(self) -> str:
        """For a person; without the token."""
        return f"Milvus at {self.uri.partition('://')[2]}{'/' * bool(self.database)}{self.database}"


def index_address(text: str, token: str = "") -> IndexAddress:
    """The address that a person wrote; ``token`` counts where no credentials stand in it.

    Raises:
        UsageError: it is none.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port or MILVUS_PORT
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError as error:
        raise _no_address(text) from error
    name, database = options.pop("name", [USUAL_NAME])[-1], unquote(parts.path.strip("/"))
    if parts.scheme not in SCHEMES or not host or options or parts.fragment:
        raise _no_address(text)
    for what in (name, *([database] if database else [])):
        if not _PLAIN_NAME.fullmatch(what):
            raise UsageError(
                f"--index: {what!r} is no name for Milvus; it takes letters, digits and _, up to 100, and no "
                "digit first"
            )
    if parts.username is not None:
        token = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
    shown = f"[{host}]" if ":" in host else host
    return IndexAddress(f"{SCHEMES[parts.scheme]}://{shown}:{port}", database, name, token)


def _no_address(text: str) -> UsageError:
    return UsageError(f"--index {without_credentials(text)!r} is no address of an index; write {_FORM}")
