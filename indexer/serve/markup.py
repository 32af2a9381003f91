"""How texts get into pages: by templates that escape them, and never as markup.

Whatever a template shows is stripped of what could turn a line about, then escaped; addresses become links
only where they lead to the web. What browsers load beside a page lies in ``static``, under addresses that
change with the contents, so that it may be kept for ever.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse
from fastapi.routing import APIRoute
from jinja2 import Environment, PackageLoader, StrictUndefined

from indexer.errors import IndexerError
from indexer.escaping import safe, web_address
from indexer.search.as_html import paragraphs
from indexer.serve.api import status_of
from indexer.wording import age, brief, minute, plural

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml"}
"""Media types by the ends of names."""


def page(request: Request, template: str, status: int = 200, **values: Any) -> HTMLResponse:
    """A page made from a template."""
    shown = _templates().get_template(template).render(path=request.url.path, **values)
    return HTMLResponse(shown, status)


def address(path: str, **values: object) -> str:
    """An address on this server; what is empty is left out of its query, a list is told value by value."""
    told = {name: value for name, value in values.items() if value not in ("", None, (), [])}
    return f"{path}?{urlencode(told, doseq=True)}" if told else path


class PageRoute(APIRoute):
    """A route whose errors are told as a page with one line."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """What answers a request."""
        answer = super().get_route_handler()

        async def answered(request: Request) -> Response:
            try:
                return await answer(request)
            except IndexerError as error:
                return page(request, "error.html", status_of(error), message=str(error))
            except RequestValidationError as error:
                wrong = error.errors()[0]
                message = f"{wrong['loc'][-1]}: {wrong['msg']}"
                return page(request, "error.html", 422, message=message)

        return answered


@cache
def static_files() -> dict[str, tuple[bytes, str]]:
    """What browsers load beside the pages, by name: bytes and media type."""
    return {path.name: (path.read_bytes(), TYPES[path.suffix]) for path in STATIC.iterdir()}


@cache
def _static_address(name: str) -> str:
    return f"/static/{name}?v={hashlib.sha256(static_files()[name][0]).hexdigest()[:12]}"


@cache
def _templates() -> Environment:
    made = Environment(
        loader=PackageLoader("indexer.serve"),
        autoescape=True,
        finalize=_harmless,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters["brief"] = brief
    made.globals |= {
        "address": address,
        "age": lambda taken: age(taken, datetime.now(UTC)),
        "minute": minute,
        "paragraphs": paragraphs,
        "plural": plural,
        "static": _static_address,
        "web": web_address,
    }
    return made


def _harmless(value: Any) -> Any:
    """A value as it may be shown; what a macro has made is markup already (it has ``__html__``)."""
    return safe(value) if isinstance(value, str) and not hasattr(value, "__html__") else value
