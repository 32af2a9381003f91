"""Pages for people, made on the server: they work without script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, HTTPException, Query, Request, Response
from fastapi.responses import HTMLResponse
from pydantic import BaseModel, Field, field_validator

from indexer.errors import IndexerError, UnknownName
from indexer.records import Mode
from indexer.search.arguments import moment_or_ago
from indexer.search.links import deep_link, readable
from indexer.search.marks import UNMARKED, Marker
from indexer.serve import chart
from indexer.serve.api import status_of
from indexer.serve.lending import Newest
from indexer.serve.markup import PageRoute, address, page, static_files
from indexer.serve.reading import contents, language, parts
from indexer.store import inspection
from indexer.told import links_of, watch_of
from indexer.wording import (
    brief,
    health_facts,
    health_line,
    held_told,
    is_well,
    loss_told,
    remarks_told,
    source_told,
    verdict_told,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from starlette.datastructures import State

    from indexer.config import Config
    from indexer.library import Library
    from indexer.records import Article, PassageRow
    from indexer.report import Report
    from indexer.search.plane import Placed

router = APIRouter(include_in_schema=False, route_class=PageRoute)

FEW_HITS, MANY_HITS = 8, 16
"""Passages of an answer, and after "more": with those beside them, a page stays below 100 KB."""
AGES = {"1d": "a day", "1w": "a week", "1m": "a month", "3m": "three months", "1y": "a year"}
"""Spans that the form offers."""
OFFERED = 200
"""Categories, tags and hosts that the form offers; others can be typed, or come by a link."""
LINKS_SHOWN = 60
"""Links of one page of the health: with long addresses each takes a kilobyte."""
ENTRIES, LINES_SHOWN = 25, 5
"""Entries of one section of the report, and lines of one entry; the command line tells them all."""
ON_THE_MAP = 200
"""Articles on the map: with long addresses and titles each takes a third of a kilobyte."""
RELATED = 5
"""Articles that are named as speaking of the same."""
CHANGED_LINES = 100
"""Lines of a difference between two versions that are shown."""
VERSIONS = 50
"""Versions and fetches of one page of a history."""

Numbered = Annotated[int, Query(alias="page", ge=1)]


# ------------------------------------------------------------------------------ ask


class QuestionAsked(BaseModel):
    """A question and its filters, as the address of a page tells them."""

    q: str | None = None
    category: list[str] = []
    tag: list[str] = []
    site: list[str] = []
    since: str = ""
    mode: Mode = "hybrid"
    k: int = Field(FEW_HITS, ge=1, le=MANY_HITS)
    fragment: bool = False
    """Only what answers is wanted, to be put into the page that is there."""

    @field_validator("category", "tag", "site")
    @classmethod
    def _chosen(cls, names: list[str]) -> list[str]:
        """A form tells what is not chosen as an empty name."""
        return [name for name in names if name]

    def address(self, **changes: Any) -> str:
        """The page that asks so, or with some changes."""
        told = {**self.model_dump(exclude_defaults=True, exclude={"fragment"}), **changes}
        return address("/", **told)


@router.get("/")
def ask_page(request: Request, library: Newest, asked: Annotated[QuestionAsked, Query()]) -> HTMLResponse:
    """The question, its filters and what answers."""
    answer, error, status = None, "", 200
    if asked.q is not None:
        try:
            answer = library.search(
                asked.q, asked.k, categories=asked.category, tags=asked.tag, sites=asked.site,
                since=moment_or_ago("since", asked.since) if asked.since else None,
                mode=asked.mode, context=1,
            )  # fmt: skip
        except IndexerError as problem:
            error, status = str(problem), status_of(problem)
    shown = {
        "asked": asked,
        "answer": answer,
        "marker": Marker(answer.words) if answer is not None else None,
        "error": error,
        "unmarked": UNMARKED,
        "many": MANY_HITS,
    }
    if asked.fragment:
        return page(request, "answer.html", status, **shown)
    return page(
        request, "ask.html", status, **shown,
        categories=library.categories[:OFFERED], tags=library.tags[:OFFERED],
        sites=library.sites[:OFFERED], ages=AGES, generation=library.generation,
    )  # fmt: skip


@router.get("/similar")
def similar_page(
    request: Request, library: Newest, url: str = "", passage: int | None = None
) -> HTMLResponse:
    """Other articles that speak of the same as an article or a passage."""
    related = library.similar(url if passage is None else passage, k=FEW_HITS)
    return page(request, "similar.html", related=related, marker=Marker({}), unmarked=UNMARKED)


# ----------------------------------------------------------------------------- read


class ReadAsked(BaseModel):
    """What of an article is to be read, as the address of a page tells it."""

    url: str
    passage: int | None = Field(None, ge=0)
    version: int | None = None
    """Counted from the oldest on; the newest that is published where there is none."""
    part: int | None = Field(None, ge=1)


@router.get("/article")
def article_page(request: Request, library: Newest, asked: Annotated[ReadAsked, Query()]) -> HTMLResponse:
    """An article to be read, with a passage marked; or an older version of it."""
    config: Config = request.app.state.config
    if asked.version is not None:
        return _version_page(request, config, asked.url, asked.version, asked.part)
    article, facts = inspection.article(config.data, asked.url)
    meant = _passage_of(library, asked.passage, article)
    marked = (meant.passage.start, meant.passage.end) if meant else NOTHING
    try:
        related = library.similar(facts["page_url"], k=RELATED).hits
    except UnknownName:  # it could not be cut into passages
        related = ()
    return page(
        request, "article.html", **_read(article, marked, asked.part), facts=facts,
        tags=inspection.tags(config.data, facts["link_url"]),
        original=deep_link(meant) if meant else readable(facts["final_url"]),
        lost_passage=asked.passage is not None and meant is None, loss=loss_told(article.lost),
        related=related, version=None, versions=0, changes=(), more_changes=0,
    )  # fmt: skip


def _passage_of(library: Library, number: int | None, article: Article) -> PassageRow | None:
    """A passage of an article; None where it is none of this text."""
    try:
        row = None if number is None else library.passage(number)
    except UnknownName:
        return None
    if row and article.text[row.passage.start : row.passage.end] == row.passage.text:
        return row
    return None


NOTHING = (0, 0)
"""A stretch of a text, where no passage is marked."""


def _read(article: Article, marked: tuple[int, int], part: int | None) -> dict[str, Any]:
    """What stands on one page: the part asked for, else that with the passage, else the first."""
    found = parts(article)
    number = part or next((at for at, one in enumerate(found, 1) if one.begins(marked)), 1)
    if number > len(found):
        raise UnknownName("part", str(number), ())
    return {
        "article": article,
        "language": language(article),
        "pieces": list(found[number - 1].pieces(marked)),
        "part": number,
        "part_count": len(found),
        "contents": contents(found),
    }


def _version_page(request: Request, config: Config, url: str, number: int, part: int | None) -> HTMLResponse:
    """An older version of an article; versions are counted from the oldest on."""
    versions = inspection.history(config.data, url).versions[::-1]
    if not 1 <= number <= len(versions):
        raise UnknownName("version", str(number), map(str, range(1, len(versions) + 1)))
    version = versions[number - 1]
    facts = {
        "page_url": url, "final_url": version.final_url, "source": version.source,
        "fetched_at": version.taken_at, "category": "", "note": "",
    }  # fmt: skip
    return page(
        request, "article.html", **_read(version.article, NOTHING, part), facts=facts, tags=(),
        original=readable(version.final_url), lost_passage=False, loss=loss_told(version.article.lost),
        related=(),
        version=number, versions=len(versions), changes=_shown_lines(version.changes),
        more_changes=max(0, len(version.changes) - CHANGED_LINES),
    )  # fmt: skip


def _shown_lines(lines: Sequence[str]) -> list[tuple[str, str]]:
    """The first changed lines, each ``+`` or ``-`` and its text."""
    return [(line[0], brief(line[1:])) for line in lines[:CHANGED_LINES] if line[1:].strip()]


@router.get("/history")
def history_page(request: Request, url: str, number: Numbered = 1) -> HTMLResponse:
    """The versions and fetches of a page, newest first."""
    past = inspection.history(request.app.state.config.data, url)
    start = (number - 1) * VERSIONS
    versions = list(enumerate(reversed(past.versions), 1))[::-1][start : start + VERSIONS]
    return page(
        request, "history.html", past=past, versions=versions,
        fetches=past.fetches[start : start + VERSIONS], number=number, source_told=source_told,
        more=start + VERSIONS < max(len(past.versions), len(past.fetches)),
    )  # fmt: skip


# --------------------------------------------------------------------------- health


@router.get("/links")
def links_page(request: Request, show: str = "bad", number: Numbered = 1) -> HTMLResponse:
    """The library's health, and the links that need a look or all of them."""
    config: Config = request.app.state.config
    if show not in ("bad", "all"):
        raise UnknownName("view", show, ("bad", "all"))
    states = inspection.status(config.data, links_of(config))
    unwell = [state for state in states if not is_well(state)]
    chosen = unwell if show == "bad" else states
    shown = chosen[(number - 1) * LINKS_SHOWN : number * LINKS_SHOWN]
    since = inspection.bad_since(config.data, [state.url for state in shown if not state.good])
    rows = [
        {
            "state": state,
            "well": is_well(state),
            "verdict": verdict_told(state, since.get(state.url, "")),
            "held": held_told(state),
            "remarks": remarks_told(state),
        }
        for state in shown
    ]
    facts = list(health_facts(states, inspection.vitals(config.data)))
    return page(
        request, "links.html", headline=health_line(states), facts=facts, rows=rows, show=show,
        unwell=len(unwell), count=len(states), number=number, more=number * LINKS_SHOWN < len(chosen),
    )  # fmt: skip


@router.get("/report")
def report_page(request: Request, since: str = "1w") -> HTMLResponse:
    """What is new, changed, moved, gone or recovered since a time."""
    report = _report(request, since)
    return page(
        request, "report.html", report=report, since=since, ages=AGES, most=ENTRIES, lines=LINES_SHOWN
    )


@router.get("/report.atom")
def report_feed(request: Request, since: str = "1m") -> Response:
    """The same as a feed."""
    from indexer.report.atom import as_atom

    return Response(as_atom(_report(request, since)), media_type="application/atom+xml")


def _report(request: Request, since: str) -> Report:
    from indexer.report import make_report

    config: Config = request.app.state.config
    return make_report(links_of(config), config, moment_or_ago("since", since), watch_of(config))


# ------------------------------------------------------------------------------ map


@router.get("/map")
def map_page(request: Request, library: Newest, category: str = "") -> HTMLResponse:
    """The articles as points, those that speak of the same close together."""
    if category and category not in library.categories:
        raise UnknownName("category", category, library.categories)
    placed = _placed(request.app.state, library)
    entries = chart.legend(placed)
    return page(
        request, "map.html", dots=chart.dots(placed, entries, category), legend=entries, category=category,
        most=ON_THE_MAP, width=chart.SHEET_WIDTH, height=chart.SHEET_HEIGHT, beside=chart.BESIDE,
    )  # fmt: skip


def _placed(state: State, library: Library) -> Sequence[Placed]:
    """The articles' places, worked out once for each published state."""
    number = library.generation.number
    if getattr(state, "placed", (0, ()))[0] != number:
        state.placed = (number, library.plane(ON_THE_MAP))
    placed: Sequence[Placed] = state.placed[1]
    return placed


# --------------------------------------------------------------- what browsers load


@router.get("/opensearch.xml")
def opensearch(request: Request) -> Response:
    """How a browser's address bar asks this library (OpenSearch 1.1)."""
    told = page(request, "opensearch.xml", root=str(request.base_url))
    return Response(told.body, media_type="application/opensearchdescription+xml")


@router.get("/static/{name}")
def static_file(name: str) -> Response:
    """A file that pages load; its address changes with its contents."""
    if name not in static_files():
        raise UnknownName("file", name, static_files())
    content, media_type = static_files()[name]
    lasting = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(content, media_type=media_type, headers=lasting)


@router.get("/{path:path}")
def elsewhere(path: str) -> Response:
    """What no other route answers: told as a page, under ``/api/v1`` as all errors there."""
    if path.startswith("api/v1/"):
        raise HTTPException(404)
    raise UnknownName("page", f"/{path}", ("/", "/map", "/links", "/report", "/article", "/history"))
