"""The application: its parts, its errors, the library behind it."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from threading import Thread

from fastapi import Depends, FastAPI
from fastapi.security import HTTPBearer

from indexer import __version__
from indexer.config import Config
from indexer.errors import IndexerError
from indexer.latest import Latest
from indexer.serve import api, pages
from indexer.serve.doors import Doors, guarded

logger = logging.getLogger(__name__)


def create_app(config: Config, doors: Doors) -> FastAPI:
    """The application over one library, which is opened now.

    Raises:
        NoLibrary: there is none. DamagedLibrary, StaleIndex: it cannot be read.
    """
    latest = Latest(config)

    @asynccontextmanager
    async def open_while_it_runs(_: FastAPI) -> AsyncIterator[None]:
        with latest:
            Thread(target=warm, args=(latest,), daemon=True).start()
            yield

    app = FastAPI(
        title="indexer",
        version=__version__,
        description="Ask a library of articles, and what became of its links. It only reads.",
        lifespan=open_while_it_runs,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    app.state.config, app.state.latest = config, latest
    shown = [Depends(HTTPBearer(auto_error=False, description="INDEXER_TOKEN"))] if doors.token else []
    app.include_router(api.resources, dependencies=shown)
    app.include_router(pages.router)
    api.add_problems(app)
    guarded(app, doors)
    return app


def warm(latest: Latest) -> None:
    """Ask a question, so that the first one that a person asks does not wait for the model."""
    try:
        with latest.library() as library:
            library.search("warm", k=1)
    except IndexerError as error:
        logger.warning("%s", error)
