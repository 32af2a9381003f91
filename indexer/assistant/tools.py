"""What the tools do; whoever offers them adds nothing.

Every answer (:mod:`indexer.assistant.results`) is bounded, whatever the library holds, and what it quotes is
marked (see :mod:`indexer.assistant.quoting`).
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence, Set
from typing import TYPE_CHECKING, Any

from indexer.assistant.citing import LONGEST_PASSAGE, cited_address, found
from indexer.assistant.quoting import as_one_line, quotation
from indexer.assistant.results import (
    ArticlePart,
    Change,
    ChangeList,
    Listed,
    Listing,
    Neighbours,
    OutlineEntry,
    Reply,
)
from indexer.crawl.urls import host_of
from indexer.errors import UnknownName, UsageError
from indexer.records import GOOD_VERDICTS
from indexer.search.arguments import moment_or_ago, whole_number
from indexer.store import inspection
from indexer.told import changes_told, links_of, links_told

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.latest import Latest
    from indexer.library import Library
    from indexer.records import Article, Link, PassageRow

MOST_RESULTS = 20
"""Passages of one answer: at most some 10,000 tokens, as clients take them."""
LONGEST_PART = 12_000
"""Characters of an article read at once, some 3,000 tokens: it must not crowd out the question."""
MOST_LISTED = 100
"""Links or changes on one page of a list."""
MOST_HEADINGS = 60
"""Headings of an article's outline; where it has more, those of the highest levels that fit."""
LONGEST_HEADING = 100
"""Characters of a heading in an outline."""
MOST_TAGS = 20
"""Tags of one link."""
MOST_CHANGED_LINES = 12
"""Lines of the difference between two versions of a text."""

_PASSAGE_ID = re.compile(r"p(\d{1,10})")


class Tools:
    """The tools over one library, warm between calls. Threads may call at once."""

    def __init__(self, config: Config, latest: Latest) -> None:
        self._config = config
        self._latest = latest

    def search(
        self,
        question: str,
        k: int = 5,
        *,
        categories: Sequence[str] = (),
        tags: Sequence[str] = (),
        sites: Sequence[str] = (),
        since: str = "",
    ) -> Reply:
        """The passages that answer a question, see :meth:`indexer.library.Library.search`.

        Raises:
            UsageError: an argument is none. EmptyQuestion, UnknownName, LibraryError, ModelError: as there.
        """
        _bounded_number("k", k, MOST_RESULTS)
        oldest = moment_or_ago("since", since) if since else None
        with self._latest.library() as library:
            answer = library.search(question, k, categories=categories, tags=tags, sites=sites, since=oldest)
        return Reply(
            answer.state.value,
            round(answer.confidence, 3),
            answer.generation,
            [as_one_line(notice, 2 * LONGEST_PASSAGE) for notice in answer.notices],
            [found(hit) for hit in answer],
        )

    def similar(self, id_or_url: str, k: int = 5) -> Neighbours:
        """The other articles nearest to a passage (its id) or to an article (an address).

        Raises:
            UsageError: ``k`` is none. UnknownName: there is no such passage or article.
        """
        _bounded_number("k", k, MOST_RESULTS)
        with self._latest.library() as library:
            row = _passage_meant(library, id_or_url)
            related = library.similar(row.passage_id if row else id_or_url, k)
        return Neighbours(as_one_line(related.to), [found(hit) for hit in related])

    def read(self, id_or_url: str, part: int = 0) -> ArticlePart:
        """A part of an article by its address or by the id of a passage; 0 is the part with that passage.

        Raises:
            UsageError: there is no such part, or no such passage any more. UnknownName: no article is held
            under this address. LibraryError: the library cannot be read.
        """
        whole_number("part", part, least=0)
        with self._latest.library() as library:
            row = _passage_meant(library, id_or_url)
        article, facts = inspection.article(self._config.data, row.page_url if row else id_or_url)
        text, starts, place = _with_marked_headings(article, row.passage.start if row else 0)
        ends = part_ends(text)
        number = part or bisect_right(ends[:-1], place) + 1
        if number > len(ends):
            raise UsageError(f"part: there is no part {number}, the last one is {len(ends)}")
        outline = _outline_of(article, starts, ends) if number == 1 else []
        return ArticlePart(
            title=as_one_line(article.title),
            link=cited_address(facts["final_url"] or facts["page_url"]),
            url=cited_address(facts["link_url"]),
            category=as_one_line(facts["category"]),
            source=facts["source"],
            fetched_at=facts["fetched_at"],
            words=article.words,
            part=number,
            parts=len(ends),
            next_part=number + 1 if number < len(ends) else None,
            outline=outline,
            quoted=quotation(text[ends[number - 2] if number > 1 else 0 : ends[number - 1]].strip("\n")),
        )

    def list_links(
        self,
        *,
        categories: Sequence[str] = (),
        tags: Sequence[str] = (),
        sites: Sequence[str] = (),
        broken: bool = False,
        offset: int = 0,
        limit: int = 50,
    ) -> Listing:
        """A page of the links that pass the filters; with ``broken`` those whose last fetch was no good.

        Raises:
            UsageError: an argument is none. UnknownName: no such category, tag or site; offers the nearest.
            CatalogueError: the catalogue is wrong. LibraryError: the library cannot be read.
        """
        links = links_of(self._config)
        hosts = {link.url: host_of(link.url) for link in links}
        _known("category", categories, {link.category for link in links})
        _known("tag", tags, {tag for link in links for tag in link.tags})
        _known("site", sites, {part for host in hosts.values() for part in _domains(host)})
        wanted = [
            (link, told)
            for link, told in zip(links, links_told(self._config.data, links), strict=True)
            if (not categories or link.category in categories)
            and (not tags or set(tags) & set(link.tags))
            and (not sites or {site.lower() for site in sites} & _domains(hosts[link.url]))
            and not (broken and told["verdict"] in GOOD_VERDICTS)
        ]
        start, stop, following = _page(len(wanted), offset, limit)
        return Listing(
            len(wanted), start, following, [_one_listed(link, told) for link, told in wanted[start:stop]]
        )

    def changes(self, since: str = "1w", *, offset: int = 0, limit: int = 20) -> ChangeList:
        """A page of what became of links and texts since a date or a span until now, such as ``2w``.

        Raises:
            UsageError: an argument is none. CatalogueError: the catalogue is wrong.
            LibraryError: the library cannot be read.
        """
        moment = moment_or_ago("since", since)
        rows = changes_told(self._config.data, links_of(self._config), moment)
        start, stop, following = _page(len(rows), offset, limit)
        return ChangeList(
            moment.isoformat(timespec="seconds"),
            len(rows),
            start,
            following,
            list(map(_event, rows[start:stop])),
        )


def part_ends(text: str) -> list[int]:
    """Where the parts of a text end: behind a paragraph, a line or a word, after as much as a part may hold.

    The last one is the text's own end.
    """
    ends, start = [], 0
    while len(text) - start > LONGEST_PART:
        stop = start + LONGEST_PART
        for sign in ("\n\n", "\n", " "):
            if (found := text.rfind(sign, start + LONGEST_PART // 2, stop)) > 0:
                stop = found + len(sign)
                break
        ends.append(stop)
        start = stop
    return [*ends, len(text)]


def _passage_meant(library: Library, id_or_url: str) -> PassageRow | None:
    """The passage of an id, None where it is no id.

    Raises:
        UsageError: there is none any more.
    """
    if not (found := _PASSAGE_ID.fullmatch(id_or_url.strip())):
        return None
    try:
        return library.passage(int(found[1]))
    except UnknownName:
        raise UsageError(
            f"no passage {found[0]} in the library as it is now (generation {library.generation.number}); "
            "search again, an id holds only while its text does"
        ) from None


def _with_marked_headings(article: Article, at: int) -> tuple[str, list[int], int]:
    """An article with its headings marked, where its blocks begin in it, and where a place of its text is."""
    pieces: list[str] = []
    starts: list[int] = []
    length = place = 0
    for block in article.blocks:
        mark = f"{'#' * min(6, len(block.headings) + 1)} " if block.kind == "heading" else ""
        if block.start <= at:
            place = length + len(mark) + at - block.start
        starts.append(length)
        pieces.append(f"{mark}{article.text[block.start : block.end]}")
        length += len(pieces[-1]) + 2
    return "\n\n".join(pieces), starts, place


def _outline_of(article: Article, starts: Sequence[int], ends: Sequence[int]) -> list[OutlineEntry]:
    headings = [
        OutlineEntry(
            as_one_line(article.text[block.start : block.end], LONGEST_HEADING),
            min(6, len(block.headings)),
            bisect_right(ends[:-1], start) + 1,
        )
        for block, start in zip(article.blocks, starts, strict=True)
        if block.kind == "heading"
    ]
    for level in range(6, 1, -1):
        if len(headings) <= MOST_HEADINGS:
            break
        headings = [heading for heading in headings if heading.level < level]
    return headings[:MOST_HEADINGS]


def _one_listed(link: Link, told: Mapping[str, Any]) -> Listed:
    return Listed(
        url=cited_address(link.url),
        title=as_one_line(told["title"]),
        category=as_one_line(link.category),
        tags=[as_one_line(tag, LONGEST_HEADING) for tag in link.tags[:MOST_TAGS]],
        note=as_one_line(link.note),
        verdict=told["verdict"],
        reason=as_one_line(told["reason"]) if told["verdict"] not in GOOD_VERDICTS else "",
        words=told["words"],
        fetched_at=told["fetched_at"],
    )


def _event(row: Mapping[str, Any]) -> Change:
    lines = [as_one_line(line) for line in row["lines"][:MOST_CHANGED_LINES]]
    if len(row["lines"]) > MOST_CHANGED_LINES:
        lines.append(f"… {len(row['lines']) - MOST_CHANGED_LINES} more lines differ")
    return Change(
        at=row["at"],
        change=row["change"],
        url=cited_address(row["url"]),
        page_url=cited_address(row["page_url"]),
        title=as_one_line(row["title"]),
        category=as_one_line(row["category"]),
        reason=as_one_line(row["reason"]),
        quoted=quotation("\n".join(lines)) if lines else "",
    )


def _domains(host: str) -> set[str]:
    """A host and the domains it is in."""
    parts = host.split(".")
    return {".".join(parts[start:]) for start in range(len(parts))}


def _known(kind: str, names: Iterable[str], known: Set[str]) -> None:
    for name in names:
        if name not in known and (kind != "site" or name.lower() not in known):
            raise UnknownName(kind, name, sorted(known))


def _bounded_number(name: str, value: int, most: int) -> None:
    if whole_number(name, value, least=1) > most:
        raise UsageError(f"{name}: {value} is more than {most}, the most at once")


def _page(total: int, offset: int, limit: int) -> tuple[int, int, int | None]:
    """Where a page of a list begins and ends, and where the next one begins if there is one."""
    start = whole_number("offset", offset, least=0)
    _bounded_number("limit", limit, MOST_LISTED)
    stop = start + limit
    return start, stop, stop if stop < total else None
