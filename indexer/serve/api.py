"""JSON under /api/v1, as the command line's, with errors as problem+json (RFC 9457)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Depends, FastAPI, Request

from indexer.latest import Latest
from indexer.library import Library

router = APIRouter(prefix="/api/v1")


def newest(request: Request) -> Iterator[Library]:
    """The newest published state, for the time of a request."""
    latest: Latest = request.app.state.latest
    with latest.library() as library:
        yield library


Newest = Annotated[Library, Depends(newest)]


@router.get("/ask")
def ask(library: Newest, q: str, k: int = 5) -> dict[str, Any]:
    """The passages that answer a question."""
    return library.search(q, k=k).to_json()


def add_problems(app: FastAPI) -> None:
    """Tell every error as problem+json."""
