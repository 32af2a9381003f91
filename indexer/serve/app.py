"""The application: its parts, its errors, the library behind it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from indexer import __version__
from indexer.config import Config
from indexer.latest import Latest
from indexer.serve import api, pages
from indexer.serve.doors import Doors, guarded


def create_app(config: Config, doors: Doors) -> FastAPI:
    """The application over one library, which is opened now.

    Raises:
        NoLibrary: there is none. DamagedLibrary, StaleIndex: it cannot be read.
    """
    latest = Latest(config)

    @asynccontextmanager
    async def open_while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        with latest:
            yield

    app = FastAPI(
        title="indexer", version=__version__, lifespan=open_while_it_runs,
        openapi_url="/api/v1/openapi.json", docs_url=None, redoc_url=None,
    )  # fmt: skip
    app.state.config, app.state.latest = config, latest
    app.include_router(api.router)
    app.include_router(pages.router)
    api.add_problems(app)
    guarded(app, doors)
    return app
