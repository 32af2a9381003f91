"""Pages for people, made on the server: they work without script."""

from __future__ import annotations

from fastapi import APIRouter

router = APIRouter(include_in_schema=False)
