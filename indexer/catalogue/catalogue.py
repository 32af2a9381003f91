"""The catalogue as the other packages see it: links in the user's order, under their categories."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from indexer.catalogue.reading import CatalogueDocument, read_document
from indexer.errors import CatalogueError, UnknownName
from indexer.records import Link


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What catalogue.yaml holds: ``links`` and ``categories`` in the file's order."""

    path: Path
    links: tuple[Link, ...]
    categories: tuple[str, ...]

    def link(self, url: str) -> Link:
        """The link with this URL, verbatim.

        Raises:
            UnknownName: there is none; offers the nearest.
        """
        for link in self.links:
            if link.url == url:
                return link
        raise UnknownName("link", url, (link.url for link in self.links))

    def in_category(self, name: str) -> tuple[Link, ...]:
        """The links of a category.

        Raises:
            UnknownName: there is none; offers the nearest.
        """
        if name not in self.categories:
            raise UnknownName("category", name, self.categories)
        return tuple(link for link in self.links if link.category == name)


def load(path: str | Path) -> Catalogue:
    """Read catalogue.yaml.

    Raises:
        CatalogueError: the file is missing, is not YAML, has a key, value or URL that is not understood,
            names a URL twice, or has no links; names file and line.
    """
    document = _with_links(Path(path))
    links = tuple(link for link, _ in document.positions())
    return Catalogue(document.path, links, tuple(document.links))


def _with_links(path: Path) -> CatalogueDocument:
    document = read_document(path)
    if not any(document.links.values()):
        raise CatalogueError(
            f"{path}:1: no links yet; `indexer catalogue add` or `indexer catalogue import FILE`"
        )
    return document


def check(path: Path) -> tuple[str, ...]:
    """Read the file as :func:`load` does, and return what is valid but looks unintended.

    Each warning is one line with file and line number, in the file's order: the same page under
    two spellings, plain http where the catalogue has the host under https, a password in a URL,
    a fallback that is the link itself, follow rules that have no effect.
    """
    document = _with_links(Path(path))
    secure = {urlsplit(link.url).netloc for link, _ in document.positions() if link.url.startswith("https")}
    spellings: dict[str, list[int]] = defaultdict(list)
    told: list[tuple[int, str]] = []
    for link, where in document.positions():
        line = document.line(where)
        same = spellings[_page(link.url)]
        if same:
            told.append((line, f"{link.url} looks like the page at line {same[0]} under another spelling"))
        same.append(line)
        told.extend((line, remark) for remark in _remarks(link, secure))
    return tuple(f"{path}:{line}: {remark}" for line, remark in sorted(told))


def _remarks(link: Link, secure: set[str]) -> list[str]:
    """What looks unintended about one link by itself."""
    remarks = []
    parts = urlsplit(link.url)
    if parts.scheme == "http" and parts.netloc in secure:
        remarks.append(f"{link.url} is plain http, though other links to {parts.netloc} are https")
    if parts.username or parts.password:
        remarks.append(f"{parts.hostname}: the URL carries a user name or password")
    if any(fallback.url == link.url for fallback in link.fallbacks):
        remarks.append(f"{link.url} is its own fallback")
    if link.follow.mode == "page" and (link.follow.allow or link.follow.deny):
        remarks.append(f"{link.url}: 'allow' and 'deny' have no effect with mode 'page'")
    return remarks


def _page(url: str) -> str:
    """A spelling-free form of a URL, good enough to warn by: no scheme, www., fragment, final slash."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    port = "" if parts.port in (None, 80, 443) else f":{parts.port}"
    return f"{host}{port}{parts.path.rstrip('/')}?{parts.query}"
