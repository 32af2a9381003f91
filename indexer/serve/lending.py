"""The library behind a request: the newest that is published, for as long as the request lasts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from fastapi import Depends, Request

from indexer.latest import Latest
from indexer.library import Library


def newest(request: Request) -> Iterator[Library]:
    """The newest published state, for the time of a request."""
    latest: Latest = request.app.state.latest
    with latest.library() as library:
        yield library


Newest = Annotated[Library, Depends(newest)]
