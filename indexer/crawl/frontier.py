"""Follow rules: which pages below a link are its subpages, in which order, and where it ends.

Breadth first in the order the pages name them. Copies of one page (tracking parameters, other
locales, canonical addresses) count as that page.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator
from urllib.parse import parse_qsl, urlsplit

from indexer.crawl import urls
from indexer.crawl.failure import NoPage
from indexer.crawl.guard import Guard
from indexer.records import Link

_LANGUAGES = (
    "ar|bg|ca|cs|da|de|el|en|es|et|fa|fi|fr|he|hi|hr|hu|id|it|ja|ko|lt|lv|ms|nb|nl|no|pl|pt|ro|ru|sk|sl|sr|sv|th|tr|uk"
    "|vi|zh"
)
_LOCALE = re.compile(rf"(?<=/)(?:{_LANGUAGES})(?:[-_](?:[a-z]{{2}}|hans|hant|419))?(?=/|$|\?)", re.IGNORECASE)
_PAGING_PARAMETER = re.compile(r"(?:current)?page(?:d|no|num|number|_?id)?|p|pg|start|offset", re.IGNORECASE)
_PAGING_PATH = re.compile(r"/?(?:page|p|seite)/?\d+/?", re.IGNORECASE)
_NO_PAGE = re.compile(
    r"\.(?:png|jpe?g|gif|svg|webp|ico|css|js|json|zip|gz|tgz|bz2|xz|7z|rar|exe|dmg|mp[34]|m4a|webm|avi|mov|wav|ogg"
    r"|woff2?|ttf|eot|pptx?|xlsx?|docx?|atom|rss)$",
    re.IGNORECASE,
)


class SeenPages:
    """The pages that already belong to some link of the run, whatever locale they are asked in."""

    def __init__(self, addresses: Iterable[str] = ()) -> None:
        self._keys: set[str] = set()
        for address in addresses:
            self.add(address)

    def __contains__(self, address: str) -> bool:
        return _neutral(address) in self._keys

    def add(self, address: str) -> None:
        """Takes a page; what is no web address is no page."""
        if address := _address(address):
            self._keys.add(_neutral(address))


def _neutral(address: str) -> str:
    """The page key without a leading locale: ``/ja/guide`` and ``/guide`` are one page."""
    host, slash, path = urls.page_key(address).partition("/")
    return (host + _LOCALE.sub("", slash + path, count=1).replace("//", "/")).rstrip("/")


def believed_canonical(claimed: str, page_url: str) -> str:
    """The address that a page gives itself, if that makes it a copy of another page; else its own.

    Not believed: an address on another site, and one above the page (sites that name their front page
    as the canonical address of everything).
    """
    address = _address(claimed)
    if not address or urls.site_of(address) != urls.site_of(page_url):
        return page_url
    above, below = urlsplit(address), urlsplit(page_url)
    if above.path != below.path and below.path.startswith(above.path.rstrip("/") + "/"):
        return page_url
    return address


class Frontier:
    """The subpages of one link that are still to be fetched, each with its depth in clicks."""

    def __init__(self, link: Link, page_url: str, taken: SeenPages, guard: Guard) -> None:
        """``page_url`` is where the link's own page was found, after redirects."""
        self._follow, self._base, self._seen, self._guard = link.follow, page_url, taken, guard
        self._locale = _locale(page_url)
        self._queue: deque[tuple[str, int]] = deque()
        self._left = link.follow.max_pages - 1

    def add_links(self, links: Iterable[str], *, depth: int) -> None:
        """Takes in the links of a page that is ``depth`` clicks from the link's own."""
        candidates = [address for link in links if (address := _address(link)) and self._is_ours(address)]
        # The link's own locale first, so that it is the other locales that count as copies.
        for address in sorted(candidates, key=lambda address: _locale(address) != self._locale):
            further = depth if self._is_paging(address) else depth + 1
            if self._left > 0 and further <= self._follow.depth and address not in self._seen:
                self._seen.add(address)
                self._queue.append((address, further))
                self._left -= 1

    def __iter__(self) -> Iterator[tuple[str, int]]:
        while self._queue:
            yield self._queue.popleft()

    def _is_ours(self, address: str) -> bool:
        if urls.site_of(address) != urls.site_of(self._base):
            return False
        try:
            self._guard.check(address)
        except NoPage:  # another port of the host
            return False
        return self._is_paging(address) or self._is_allowed(urlsplit(address).path)

    def _is_allowed(self, path: str) -> bool:
        if _NO_PAGE.search(path) or any(path.startswith(prefix.rstrip("*")) for prefix in self._follow.deny):
            return False
        allowed = [prefix.rstrip("*") for prefix in self._follow.allow]
        if not allowed:
            allowed = [
                "/" if self._follow.mode == "index" else urlsplit(self._base).path.rpartition("/")[0] + "/"
            ]
        # "/" beside other prefixes means the front page: as a prefix it would make them pointless.
        return any(
            path == prefix if prefix == "/" and len(allowed) > 1 else path.startswith(prefix)
            for prefix in allowed
        )

    def _is_paging(self, address: str) -> bool:
        """Whether the address is another page of the link's own index."""
        if self._follow.mode != "index":
            return False
        own, other = urlsplit(self._base), urlsplit(address)
        if other.path.rstrip("/") == own.path.rstrip("/"):
            more = set(parse_qsl(other.query)) - set(parse_qsl(own.query))
            return any(_PAGING_PARAMETER.fullmatch(name) and value.isdecimal() for name, value in more)
        rest = other.path.removeprefix(own.path.rstrip("/"))
        return rest != other.path and _PAGING_PATH.fullmatch(rest) is not None


def _address(link: str) -> str:
    """The request form of a found link; ``""`` for one that leads to no web page."""
    try:
        return urls.request_form(link)
    except NoPage:
        return ""


def _locale(address: str) -> str:
    locale = _LOCALE.match(urlsplit(address).path, 1)
    return locale[0].casefold() if locale else ""
