"""A question to a server in place of the library: an answer for the time of a request.

By the standard library alone, since what it takes to import is what a person waits for.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Any
from urllib.parse import SplitResult, urlencode, urlsplit

from indexer.errors import IndexerError, UsageError
from indexer.escaping import safe
from indexer.search.answer import Answer

LARGEST_ANSWER = 1 << 26
"""Bytes: a thousand passages with all their neighbours take less."""
PATIENCE = 60.0
"""Seconds: a server that just begins loads its model first, and makes its fast form where there is none."""


PARAMETERS = {"categories": "category", "tags": "tag", "sites": "site"}
"""What is called otherwise in an address, where it is given once for each value."""


def ask_server(
    server: str, token: str, question: str, *, options: Mapping[str, Any], explain: bool
) -> Answer:
    """The answer of the server at this address.

    Args:
        server: where it begins, such as ``http://127.0.0.1:8470``.
        token: what it is shown; empty for nothing.
        question: in plain words.
        options: those of :meth:`indexer.library.Library.search`.
        explain: whether to ask how each retriever saw each hit.

    Raises:
        UsageError: this is no address of a server, or the server says that it was asked wrongly.
        IndexerError: it does not answer, or not as a server of this version.
    """
    place = _server_place(server)
    wanted = {PARAMETERS.get(name, name): _as_parameter(value) for name, value in options.items()}
    query = urlencode({"q": question, **wanted, "explain": _as_parameter(explain)}, doseq=True)
    path = f"{place.path.rstrip('/')}/api/v1/ask?{query}"
    headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
    try:
        kind = HTTPSConnection if place.scheme == "https" else HTTPConnection
        connection = kind(place.hostname or "", place.port, timeout=PATIENCE)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        status, body = answer.status, answer.read(LARGEST_ANSWER + 1)
        connection.close()
    except (OSError, HTTPException, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise IndexerError(
            f"the server {server} does not answer ({safe(why)}); start it with `indexer serve`, "
            "or ask the library itself, without --server and INDEXER_SERVER"
        ) from error
    try:
        told = json.loads(body)
        if status == 200:
            return Answer.from_json(told)
        raise _refusal(server, told)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise IndexerError(
            f"the server {server} does not answer as an indexer of this version (status {status})"
        ) from error


def _as_parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return () if value is None else str(value).lower() if isinstance(value, bool) else value


def _server_place(server: str) -> SplitResult:
    try:
        place = urlsplit(server)
        _ = place.port
    except ValueError:
        place = SplitResult("", "", "", "", "")
    if place.scheme not in ("http", "https") or not place.hostname or place.query or place.fragment:
        raise UsageError(f"--server {server!r} is no address of a server; it begins as http://127.0.0.1:8470")
    return place


def _refusal(server: str, told: Mapping[str, Any]) -> IndexerError:
    """What a server says of an error, as the error that it is here."""
    code, detail = int(told["exit_code"]), " ".join(safe(str(told["detail"])).split())
    if code == UsageError.exit_code:
        return UsageError(detail)
    error = IndexerError(f"the server {server} refuses: {detail}")
    error.exit_code = code
    return error
