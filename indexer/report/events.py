"""What is new, changed, moved, gone or recovered since a time, and what newly answers saved questions."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from indexer.passage_index import Allowed, Filters
from indexer.records import Fetch, Hit, Link
from indexer.store import inspection
from indexer.store.codec import digest, now, stamp
from indexer.store.inspection import LinkState, Past, Rewrite
from indexer.store.snapshot import Snapshot
from indexer.summary import Tally, changes

if TYPE_CHECKING:
    from indexer.arrays import Ids
    from indexer.config import Config

ANSWERS = 5
"""New passages shown for one saved question: as many as `indexer ask` shows."""
LINES = 20
"""Changed lines shown of one page; a page that was rewritten is better read than compared."""
LONGEST_LINE = 1000
"""Characters of one line shown: a long paragraph in full, a table or a minified script not."""


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. ``lines`` begin with ``+`` (new text), ``-`` (old text) or a blank (a remark).

    ``id`` stays the same in every report that tells of it, ``at`` is when it happened, in ISO 8601 and UTC.
    """

    id: str
    at: str
    title: str
    address: str
    about: str
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """All that happened of one kind, in the catalogue's order; ``kind`` is for programs."""

    kind: str
    title: str
    entries: tuple[Event, ...]


@dataclass(frozen=True, slots=True)
class Report:
    """What happened between two moments; sections without entries are left out."""

    id: str
    since: str
    until: str
    links: int
    sections: tuple[Section, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain values, for ``--json``."""
        return asdict(self)


def make_report(links: Sequence[Link], config: Config, since: datetime, watch: Sequence[str] = ()) -> Report:
    """What happened to ``links`` since then, and the new passages that answer the questions of ``watch``.

    Raises:
        NoLibrary, DamagedLibrary, StaleIndex: the library cannot be read.
        ModelError: there are new passages and questions, and the encoder cannot be had.
    """
    states = inspection.status(config.data, links)
    past = inspection.past(config.data, links, since)
    found = [
        *_events(states, past),
        *_answers(config, past.rewrites, watch),
    ]
    name = config.data.absolute().as_uri()
    return Report(
        id=_lasting_id("library", name),
        since=stamp(since),
        until=stamp(now()),
        links=len(links),
        sections=tuple(section for section in found if section.entries),
    )


def _lasting_id(*parts: str) -> str:
    """A URN that the same parts have on every day and machine."""
    return uuid.uuid5(uuid.NAMESPACE_URL, "\n".join(("indexer", *parts))).urn


# -------------------------------------------------------------------- links and pages


def _events(states: Sequence[LinkState], past: Past) -> Iterator[Section]:
    by_url = {state.url: state for state in states}
    happened = changes(past.links, states, Tally())
    new = [rewrite for rewrite in past.rewrites if not rewrite.before]
    changed = [rewrite for rewrite in past.rewrites if rewrite.before]
    yield Section("new", "New", tuple(map(_came, new)))
    yield Section("changed", "Changed", tuple(map(_changed, changed)))

    def of_links(
        urls: Sequence[str], make: Callable[[LinkState, Sequence[Fetch]], Event]
    ) -> tuple[Event, ...]:
        return tuple(make(by_url[url], past.fetches[url]) for url in urls)

    yield Section("moved", "Moved", of_links(happened.moved, _moved))
    yield Section("gone", "Gone or out of reach", of_links(happened.broken, _gone))
    yield Section("recovered", "Recovered", of_links(happened.recovered, _recovered))


def _came(page: Rewrite) -> Event:
    return Event(
        _lasting_id("new", page.page_url), page.at, page.title or page.page_url, page.final_url, page.category
    )


def _changed(page: Rewrite) -> Event:
    lines = [f"{line[0]} {line[1:].strip()}" for line in inspection.changed_lines(page.before, page.text)]
    lines = [line for line in lines if line[2:]]
    shown = [_bounded(line) for line in lines[:LINES]] or ["  the title"]
    if len(lines) > LINES:
        shown.append(f"  and {len(lines) - LINES:,} more lines")
    name = _lasting_id("changed", page.page_url, page.hash)
    return Event(name, page.at, page.title or page.page_url, page.final_url, page.category, tuple(shown))


def _moved(state: LinkState, fetches: Sequence[Fetch]) -> Event:
    at = _began(fetches, lambda fetch: fetch.final_url == state.final_url)
    name = _lasting_id("moved", state.url, state.final_url)
    return _entry(state, name, at, state.final_url, f"  now at {state.final_url}", f"  was {state.url}")


def _gone(state: LinkState, fetches: Sequence[Fetch]) -> Event:
    at = _began(fetches, lambda fetch: not fetch.verdict.good)
    held = "the copy is kept" if state.words else "no copy is held"
    return _entry(
        state, _lasting_id("gone", state.url, at), at, state.url, f"  {state.verdict}: {state.reason}; {held}"
    )


def _recovered(state: LinkState, fetches: Sequence[Fetch]) -> Event:
    at = _began(fetches, lambda fetch: fetch.verdict.good)
    return _entry(state, _lasting_id("recovered", state.url, at), at, state.final_url)


def _entry(state: LinkState, name: str, at: str, address: str, *lines: str) -> Event:
    return Event(name, at, state.title or state.url, address, state.category, tuple(map(_bounded, lines)))


def _began(fetches: Sequence[Fetch], condition: Callable[[Fetch], bool]) -> str:
    """When what is true of the last fetch began to be true of all since."""
    begun = fetches[-1]
    for fetch in reversed(fetches):
        if not condition(fetch):
            break
        begun = fetch
    return stamp(begun.fetched_at)


def _bounded(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else f"{line[:LONGEST_LINE]} …"


# ------------------------------------------------------------------- saved questions


class _Narrowed(Snapshot):
    """The published library, of which only some passages may answer."""

    only: Ids

    def allowed(self, _: Filters) -> Allowed:
        """Those passages, whatever is asked."""
        only = self.only
        return Allowed(lambda: only)


def _answers(config: Config, rewrites: Sequence[Rewrite], watch: Sequence[str]) -> Iterator[Section]:
    """For each question the new passages that answer it; nothing is loaded where there are none."""
    if not rewrites or not watch:
        return
    import numpy as np

    from indexer.encoding import open_encoder
    from indexer.milvus import index_elsewhere
    from indexer.search.searcher import Searcher

    with _Narrowed(config.data, open_index=index_elsewhere(config)) as snapshot:
        snapshot.only = np.array(list(_new_passages(snapshot, rewrites)), np.int64)
        if not snapshot.only.size:
            return
        model = config.model or snapshot.generation.model
        searcher = Searcher(snapshot, lambda: open_encoder(config, model), config.search)
        new = snapshot.only
        for question in watch:
            snapshot.only = new
            answering = []
            for hit in searcher.search(question, k=ANSWERS).hits:
                # Among few new passages the best are soon such as answer nothing; each must by itself.
                snapshot.only = np.array([hit.passage_id], np.int64)
                if searcher.search(question, k=1).answered:
                    answering.append(_answering(question, hit))
            title = f"New passages for “{' '.join(question.split())}”"
            yield Section("watch", title, tuple(answering))


def _new_passages(snapshot: Snapshot, rewrites: Sequence[Rewrite]) -> Iterator[int]:
    """The ids, rising, of passages whose text was not in their article before."""
    before = {rewrite.number: rewrite.before for rewrite in rewrites}
    for row in snapshot.query("SELECT id, article, text FROM passages ORDER BY id"):
        if row["article"] in before and row["text"] not in before[row["article"]]:
            yield row["id"]


def _answering(question: str, hit: Hit) -> Event:
    path = " › ".join(part for part in (hit.title, *hit.passage.headings) if part)
    return Event(
        _lasting_id("watch", question, hit.page_url, digest(hit.passage.text)),
        stamp(hit.fetched_at),
        path or hit.page_url,
        hit.link,
        hit.category,
        tuple(_bounded(f"+ {line}") for line in hit.passage.text.splitlines() if line.strip()),
    )
