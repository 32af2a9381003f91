"""JSON under /api/v1, as the command line's, with errors as problem+json (RFC 9457)."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter, FastAPI

from indexer.serve.lending import Newest

router = APIRouter(prefix="/api/v1")


@router.get("/ask")
def ask(library: Newest, q: str, k: int = 5) -> dict[str, Any]:
    """The passages that answer a question."""
    return library.search(q, k=k).to_json()


def add_problems(app: FastAPI) -> None:
    """Tell every error as problem+json."""
