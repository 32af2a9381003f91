"""Which names a filter may have: those that the library has."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from indexer.errors import UnknownName

if TYPE_CHECKING:
    from indexer.store.snapshot import Snapshot


def known_filters(
    snapshot: Snapshot, categories: Sequence[str], tags: Sequence[str], sites: Sequence[str]
) -> None:
    """Let names pass that the library has; a site also by a part of its host.

    Raises:
        UnknownName: it has no such category, tag or site; offers the nearest.
    """
    for kind, names, of_library in (
        ("category", categories, snapshot.categories),
        ("tag", tags, snapshot.tags),
    ):
        known = of_library() if names else []
        for name in names:
            if name not in known:
                raise UnknownName(kind, name, known)
    hosts = snapshot.sites() if sites else []
    for name in sites:
        if not any(host == name.lower() or host.endswith(f".{name.lower()}") for host in hosts):
            raise UnknownName("site", name, hosts)
