"""What a run did: counts, times, and what changed for the user since the run before."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from indexer.records import Source, Verdict
from indexer.store.inspection import changed_lines

if TYPE_CHECKING:
    from indexer.store.crawl_log import Effect
    from indexer.store.inspection import LinkState, Past
    from indexer.store.publish import Published

EFFECTS: tuple[Effect, ...] = ("new", "changed", "unchanged", "kept", "missing")
"""In the order in which a summary counts them."""

NO_MORE = (Verdict.GONE, Verdict.SOFT_404)
"""What says that a page is not there any more; other bad verdicts may pass."""


class LinkStanding(Protocol):
    """What of a link's state tells that something happened to it."""

    @property
    def url(self) -> str:
        """The link."""

    @property
    def verdict(self) -> str:
        """That of its last fetch, ``""`` where there was none."""

    @property
    def good(self) -> bool:
        """Whether that fetch was good."""

    @property
    def final_url(self) -> str:
        """Where it ended."""

    @property
    def source(self) -> str:
        """Where its text was taken from."""

    @property
    def words(self) -> int:
        """How many words are held."""


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed for the user since the run before: links by what happened to them."""

    new: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()
    moved: tuple[str, ...] = ()
    broken: tuple[str, ...] = ()
    recovered: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    """Those of the broken whose page is no more, or of which no copy is held."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a run did. ``verdicts`` counts links, ``articles`` pages; ``stages`` are wall seconds.

    ``pages`` are those that came (an error, a wall or silence is no page). ``articles``: new, changed,
    unchanged, kept (the fetch was bad, the good copy stands), missing.
    """

    run: int
    seconds: float
    links: int
    pages: int
    verdicts: dict[str, int]
    articles: dict[str, int]
    passages: int
    embedded: int
    generation: int
    stages: dict[str, float] = field(default_factory=dict)
    night: Changes = Changes()
    without_copy: tuple[str, ...] = ()
    """The links for which no good copy is held."""
    uncut: dict[str, str] = field(default_factory=dict)
    """By the address of each page whose newest text could not be cut into passages, why."""

    def to_json(self) -> dict[str, Any]:
        """The summary as plain values, for ``--json`` and the library."""
        return asdict(self)


@dataclass(slots=True)
class Tally:
    """What the pages of one run came to, counted while it goes on."""

    effects: Counter[Effect] = field(default_factory=Counter)
    by_link: dict[str, set[Effect]] = field(default_factory=dict)
    pages: int = 0
    """Those that came."""

    def add(self, url: str, effect: Effect, *, came: bool) -> None:
        """One page of the link ``url``, and whether it ``came``."""
        self.pages += came
        self.effects[effect] += 1
        self.by_link.setdefault(url, set()).add(effect)


def summarise(
    run: int,
    *,
    before: Sequence[LinkState],
    after: Sequence[LinkState],
    tally: Tally,
    published: Published,
    stages: Mapping[str, float],
) -> Summary:
    """A run from the links' states before and after it, in the catalogue's order.

    ``stages`` are wall seconds, one after the other.
    """
    return Summary(
        run=run,
        seconds=round(sum(stages.values()), 2),
        links=len(after),
        pages=tally.pages,
        verdicts=dict(Counter(state.verdict for state in after if state.verdict)),
        articles={effect: tally.effects[effect] for effect in EFFECTS},
        passages=published.passages,
        embedded=published.embedded,
        generation=published.generation,
        stages={name: round(seconds, 2) for name, seconds in stages.items()},
        night=changes(before, after, tally),
        without_copy=tuple(state.url for state in after if not state.words),
        uncut=published.uncut,
    )


def changes(before: Sequence[LinkStanding], after: Sequence[LinkStanding], tally: Tally) -> Changes:
    """Compare the links' states before and after a run, or any other time."""
    pairs = list(zip(before, after, strict=True))

    def those(condition: Callable[[LinkStanding, LinkStanding], bool]) -> tuple[str, ...]:
        return tuple(new.url for old, new in pairs if condition(old, new))

    def updated(old: LinkStanding, new: LinkStanding) -> bool:
        return bool(old.words) and not tally.by_link.get(new.url, set()).isdisjoint({"new", "changed"})

    def moved(old: LinkStanding, new: LinkStanding) -> bool:
        # Another copy, or a newer capture of the archive, is no other place of the page.
        own = {old.source, new.source}.isdisjoint((Source.FALLBACK, Source.ARCHIVE))
        return own and new.good and bool(old.final_url) and old.final_url != new.final_url

    def broke(old: LinkStanding, new: LinkStanding) -> bool:
        return bool(new.verdict) and not new.good and (old.good or not old.verdict)

    return Changes(
        new=those(lambda old, new: not old.words and bool(new.words)),
        changed=those(updated),
        moved=those(moved),
        broken=those(broke),
        recovered=those(lambda old, new: bool(old.verdict) and not old.good and new.good),
        lost=those(lambda old, new: broke(old, new) and (not new.words or new.verdict in NO_MORE)),
    )


CHANGE_COLUMNS = ("at", "change", "category", "title", "url", "page_url", "reason", "lines")
"""Those of :func:`change_rows`."""


def change_rows(past: Past, states: Sequence[LinkState]) -> Iterator[dict[str, Any]]:
    """What differs between the library at a time and now: one row for each change of a page or link.

    ``change`` is one of the words of a run's summary: ``new`` or ``changed``, of a text, whose ``lines`` are
    those of a unified diff; ``moved``, ``broken`` or ``recovered``, of a link, with the fetch's ``reason``.
    What came and went between the two is in the history of the page.
    """
    for page in past.rewrites:
        yield {
            "at": page.at,
            "change": "changed" if page.before else "new",
            "category": page.category,
            "title": page.title,
            "url": page.link_url,
            "page_url": page.page_url,
            "reason": "",
            "lines": list(changed_lines(page.before, page.text)) if page.before else [],
        }
    happened = changes(past.links, states, Tally())
    by_url = {state.url: state for state in states}
    for change in ("moved", "broken", "recovered"):
        urls: tuple[str, ...] = getattr(happened, change)
        for state in map(by_url.__getitem__, urls):
            yield {
                "at": state.fetched_at,
                "change": change,
                "category": state.category,
                "title": state.title,
                "url": state.url,
                "page_url": state.url,
                "reason": state.reason,
                "lines": [],
            }
