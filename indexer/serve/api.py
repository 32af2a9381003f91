"""JSON under /api/v1, as the command line's, with errors as problem+json (RFC 9457).

What is told stays the same until the library or the catalogue is written to, so an ETag is made of when that
was; who has the newest is told no more than that (304).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import fields
from datetime import datetime
from hashlib import sha256
from http import HTTPStatus
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import urlencode

from fastapi import APIRouter, FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    create_model,
)
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse

from indexer import __version__
from indexer.config import Config
from indexer.errors import (
    Busy,
    CatalogueError,
    EmptyQuestion,
    IndexerError,
    IndexServerError,
    LibraryError,
    MissingExtra,
    ModelError,
    NoMemory,
    UnknownName,
    UsageError,
)
from indexer.latest import Latest, last_written
from indexer.records import Article, Mode
from indexer.report import Report, make_report
from indexer.search.answer import AnswerTold, RelatedTold
from indexer.search.arguments import moment_or_ago
from indexer.search.query import analyse
from indexer.store import inspection
from indexer.store.inspection import History, LinkState
from indexer.summary import CHANGE_COLUMNS
from indexer.told import (
    Health,
    article_told,
    changes_told,
    health_told,
    history_told,
    links_of,
    links_told,
    watch_of,
)

PROBLEM = "application/problem+json"
LONGEST_QUESTION_TAKEN = 4_000
"""Characters: more than two pages of text; what is searched of a question are its first words."""
LONGEST_PAGE_ADDRESS = 4_000
"""Characters: browsers and servers refuse much less."""
MOST_HITS_TOLD = 1_000
MOST_BESIDE = 100
"""Neighbouring passages on each side: as many as a long article has."""
MOST_ROWS = 1_000
"""Rows of one page of a list."""

A_WORD = r"[\p{L}\p{N}]"
"""What is in every question, but for 25 signs of Unicode that are letters and no words."""
TYPE_OF_SINCE = {
    "anyOf": [
        {"type": "string", "format": "date"},
        {"type": "string", "format": "date-time"},
        {"type": "string", "pattern": "^[0-9]{1,3}[hdwmy]$"},
    ],
    "examples": ["2026-01-31", "2w"],
}


class Problem(BaseModel):
    """An error (RFC 9457). ``error`` is its name in the tree, ``exit_code`` that of the command line.

    ``near`` are the names nearest to one that is not there.
    """

    type: Literal["about:blank"] = "about:blank"
    title: str
    status: int
    detail: str
    error: str
    exit_code: int
    near: list[str]


def _problem_of(description: str) -> dict[str, Any]:
    return {"description": description, "content": {PROBLEM: {"schema": Problem.model_json_schema()}}}


resources = APIRouter(
    prefix="/api/v1",
    responses={
        304: {"description": "The client has it already (If-None-Match)."},
        404: _problem_of("There is no such category, tag, site, article or passage; the nearest are named."),
        422: _problem_of("A parameter is wrong."),
        503: _problem_of("The library, its index or its model cannot be had now."),
        "default": _problem_of("Something else was wrong."),
    },
)


# ------------------------------------------------------------------------- parameters


def _with_a_word(question: str) -> str:
    """The question, if there is a word in it."""
    try:
        analyse(question)
    except EmptyQuestion as error:
        raise ValueError(str(error)) from None
    return question


def _since_moment(text: str) -> datetime:
    """The moment that a date, a date and time, or a span until now names."""
    if re.fullmatch(r"\d{1,3}[hdwmy]|\d{4}-\d\d-\d\d.*", text, re.ASCII):
        with suppress(UsageError):
            return moment_or_ago("since", text)
    raise ValueError(f"{text!r} is no date; write it as 2026-01-31, or as 3d, 2w, 1m, 1y until now")


SinceMoment = Annotated[datetime, BeforeValidator(_since_moment), WithJsonSchema(TYPE_OF_SINCE)]
FilterName = Annotated[str, Field(max_length=300)]
PageAddress = Annotated[str, Field(min_length=1, max_length=LONGEST_PAGE_ADDRESS)]
From1 = Annotated[int, Field(ge=1, le=MOST_HITS_TOLD)]


class Parameters(BaseModel):
    """A parameter that is misspelt is an error, as an option of a command is."""

    model_config = ConfigDict(extra="forbid")


class AskParameters(Parameters):
    """A question, with the options of `indexer ask`."""

    q: Annotated[
        str,
        AfterValidator(_with_a_word),
        Field(
            max_length=LONGEST_QUESTION_TAKEN,
            description="The question, in plain words.",
            json_schema_extra={"pattern": A_WORD},
        ),
    ]
    k: Annotated[From1, Field(description="How many passages.")] = 5
    category: Annotated[list[FilterName], Field(description="Only these categories.")] = []
    tag: Annotated[list[FilterName], Field(description="Only links with one of these tags.")] = []
    site: Annotated[list[FilterName], Field(description="Only these hosts.")] = []
    since: Annotated[SinceMoment | None, Field(description="Only texts fetched since.")] = None
    mode: Annotated[Mode, Field(description="How passages are found.")] = "hybrid"
    per_article: Annotated[From1, Field(description="At most so many passages of one article.")] = 3
    context: Annotated[int, Field(ge=0, le=MOST_BESIDE, description="Neighbouring passages, each side.")] = 0
    rerank: Annotated[bool, Field(description="Let a cross-encoder read the best again.")] = False
    explain: Annotated[bool, Field(description="Tell each list's rank, score and share.")] = False


class PageParameters(Parameters):
    """The address of a link of the catalogue, or of a page under one."""

    url: PageAddress


class SimilarParameters(Parameters):
    """What others are to be near to."""

    to: Annotated[PageAddress, Field(description="The address of a link or page, or a passage's number.")]
    k: Annotated[From1, Field(description="How many articles.")] = 5


class RowParameters(Parameters):
    """A part of a long list; the header Link leads to the other parts."""

    limit: Annotated[int, Field(ge=1, le=MOST_ROWS)] = 100
    offset: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0


class ChangeParameters(RowParameters):
    """A part of what happened since a time; by default since the last run began."""

    since: SinceMoment | None = None


class ReportParameters(Parameters):
    """Since when; by default a week ago."""

    since: SinceMoment = Field(default="1w", validate_default=True)


# ------------------------------------------------------------------------ what is told

_HINTS = get_type_hints(Article)
_OF_ARTICLE: dict[str, Any] = {
    **{field.name: (_HINTS[field.name], ...) for field in fields(Article)},
    **dict.fromkeys(inspection.WHENCE, (str, ...)),
    "words": (int, ...),
}
_OF_CHANGE: dict[str, Any] = {**dict.fromkeys(CHANGE_COLUMNS, (str, ...)), "lines": (list[str], ...)}
ArticleTold = create_model("ArticleTold", **_OF_ARTICLE)
ChangeTold = create_model("ChangeTold", **_OF_CHANGE)


def _served(request: Request) -> tuple[Config, Latest]:
    return request.app.state.config, request.app.state.latest


def _state_tag(config: Config, *parts: object) -> str:
    """The ETag of what is asked for; taken before anything is read, so that it is never newer than that.

    Weak, as a question takes another time each time.
    """
    catalogue = [(stat.st_mtime_ns, stat.st_size) for stat in _stat(config)]
    told = repr((__version__, last_written(config.data), catalogue, parts))
    return f'W/"{sha256(told.encode()).hexdigest()[:32]}"'


def _stat(config: Config) -> Sequence[Any]:
    try:
        return [config.catalogue.stat()]
    except OSError:
        return []


def _tell(
    request: Request, parameters: Parameters, make: Callable[[], Any], rows: RowParameters | None = None
) -> Response:
    """The answer to a request, which is made only if the client does not have it already."""
    config, _ = _served(request)
    tag = _state_tag(config, request.url.path, parameters.model_dump())
    headers = {"ETag": tag}
    if tag in re.findall(r'W/"[^"]*"', request.headers.get("if-none-match", "")):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    value = make()
    if rows:
        if link := _leading_on(request, rows, len(value)):
            headers["Link"] = link
        value = value[rows.offset : rows.offset + rows.limit]
    return Response(_json(value), headers=headers, media_type="application/json")


def _leading_on(request: Request, rows: RowParameters, count: int) -> str:
    """The header that leads to the other parts of a list (RFC 8288)."""
    places = {
        "first": 0 if rows.offset else None,
        "prev": max(0, rows.offset - rows.limit) if rows.offset else None,
        "next": rows.offset + rows.limit if rows.offset + rows.limit < count else None,
        "last": (count - 1) // rows.limit * rows.limit if count > rows.limit else None,
    }
    kept = [pair for pair in request.query_params.multi_items() if pair[0] not in ("limit", "offset")]
    return ", ".join(
        f'<{request.url.path}?{urlencode([*kept, ("limit", rows.limit), ("offset", place)])}>; rel="{name}"'
        for name, place in places.items()
        if place is not None
    )


def _json(value: Any) -> bytes:
    """JSON that is no markup either, whatever takes it for some: no sign of its own is ``<``."""
    told = json.dumps(value, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")
    return told.encode("utf-8", "replace")


@resources.get("/ask", response_model=AnswerTold)
def tell_answer(request: Request, asked: Annotated[AskParameters, Query()]) -> Response:
    """The passages that answer a question, as `indexer ask --json` tells them."""

    def answer() -> dict[str, Any]:
        with _served(request)[1].library() as library:
            found = library.search(
                asked.q,
                k=asked.k,
                categories=asked.category,
                tags=asked.tag,
                sites=asked.site,
                since=asked.since,
                mode=asked.mode,
                per_article=asked.per_article,
                context=asked.context,
                rerank=asked.rerank,
            )
        return found.to_json(explain=asked.explain)

    return _tell(request, asked, answer)


@resources.get("/similar", response_model=RelatedTold)
def tell_related(request: Request, near: Annotated[SimilarParameters, Query()]) -> Response:
    """The other articles that are nearest to an article or a passage, as `indexer similar --json`."""
    to = int(near.to) if re.fullmatch("[0-9]{1,9}", near.to) else near.to

    def related() -> dict[str, Any]:
        with _served(request)[1].library() as library:
            return library.similar(to, k=near.k).to_json()

    return _tell(request, near, related)


@resources.get("/article", response_model=ArticleTold)
def tell_article(request: Request, of: Annotated[PageParameters, Query()]) -> Response:
    """The article of a link or of a page under one, as `indexer show --json`."""
    return _tell(request, of, lambda: article_told(_served(request)[0].data, of.url))


@resources.get("/history", response_model=History)
def tell_history(request: Request, of: Annotated[PageParameters, Query()]) -> Response:
    """The fetches of a page and the versions of its article, newest first, as `indexer history --json`."""
    return _tell(request, of, lambda: history_told(_served(request)[0].data, of.url))


@resources.get("/links", response_model=list[LinkState])
def tell_links(request: Request, rows: Annotated[RowParameters, Query()]) -> Response:
    """The state of each link, in the catalogue's order, as `indexer status --json`."""
    config, _ = _served(request)
    return _tell(request, rows, lambda: links_told(config.data, links_of(config)), rows)


@resources.get("/status", response_model=Health)
def tell_status(request: Request, nothing: Annotated[Parameters, Query()]) -> Response:
    """The library's health: its size, its last run, how many links answer, and their verdicts."""
    config, _ = _served(request)
    return _tell(request, nothing, lambda: health_told(config.data, links_of(config)))


@resources.get("/changes", response_model=list[ChangeTold])  # type: ignore[valid-type]  # made of the columns' names
def tell_changes(request: Request, since: Annotated[ChangeParameters, Query()]) -> Response:
    """What became of links and texts, as `indexer status --changed --json`."""
    config, _ = _served(request)

    def changed() -> list[dict[str, Any]]:
        began = inspection.vitals(config.data).started_at
        moment = since.since or (moment_or_ago("since", began) if began else None)
        return changes_told(config.data, links_of(config), moment) if moment else []  # no run yet

    return _tell(request, since, changed, since)


@resources.get("/report", response_model=Report)
def tell_report(request: Request, reported: Annotated[ReportParameters, Query()]) -> Response:
    """What happened since a time, and what newly answers watched questions, as `indexer report --json`."""
    config, _ = _served(request)

    def happened() -> dict[str, Any]:
        return make_report(links_of(config), config, reported.since, watch_of(config)).to_json()

    return _tell(request, reported, happened)


# ---------------------------------------------------------------------------- problems

_STATUSES: tuple[tuple[type[IndexerError], int], ...] = (
    (UnknownName, 404),
    (CatalogueError, 503),  # the server's, not the client's
    (UsageError, 422),
    (Busy, 503),
    (IndexServerError, 503),
    (LibraryError, 503),
    (ModelError, 503),
    (MissingExtra, 503),
    (NoMemory, 503),
)
"""The first that an error is one of tells its status; else it is 500."""


def status_of(error: IndexerError) -> int:
    """The status of HTTP for an error of the tree."""
    return next((status for kind, status in _STATUSES if isinstance(error, kind)), 500)


def problem(
    status: int,
    detail: str,
    *,
    error: str = "",
    exit_code: int = 1,
    near: Sequence[str] = (),
) -> Response:
    """An error as problem+json."""
    title = HTTPStatus(status).phrase
    told = Problem(
        title=title,
        status=status,
        detail=detail,
        error=error or title.replace(" ", ""),
        exit_code=exit_code,
        near=list(near),
    )
    headers = {"Retry-After": "5"} if status == HTTPStatus.SERVICE_UNAVAILABLE else {}
    return Response(_json(told.model_dump()), status, headers, PROBLEM)


def add_problems(app: FastAPI) -> None:
    """Tell every error of the API as problem+json; elsewhere in a line of text."""

    def told(request: Request, status: int, detail: str, **more: Any) -> Response:
        answer = problem(status, detail, **more)
        if request.url.path.startswith(f"{resources.prefix}/"):
            return answer
        headers = {name: answer.headers[name] for name in ("retry-after",) if name in answer.headers}
        return PlainTextResponse(f"{detail}\n", status, headers)

    @app.exception_handler(IndexerError)
    def of_the_tree(request: Request, error: IndexerError) -> Response:
        near = error.near if isinstance(error, UnknownName) else ()
        name, code = type(error).__name__, error.exit_code
        return told(request, status_of(error), str(error), error=name, exit_code=code, near=near)

    @app.exception_handler(RequestValidationError)
    def of_parameters(request: Request, error: RequestValidationError) -> Response:
        wrong = "; ".join(map(_wrong_with, error.errors()))
        return told(request, 422, wrong, error="UsageError", exit_code=2)

    @app.exception_handler(HTTPException)
    def of_http(request: Request, error: HTTPException) -> Response:
        return told(request, error.status_code, str(error.detail))


def _wrong_with(error: dict[str, Any]) -> str:
    """What is wrong with a parameter, in the manner of all other errors."""
    match error["type"]:
        case "value_error":  # said by this module, which names what it means
            return str(error["ctx"]["error"])
        case "extra_forbidden":
            return f"there is no parameter {error['loc'][-1]!r}"
    message = str(error["msg"])
    return f"{error['loc'][-1]}: {message[:1].lower()}{message[1:]}"
