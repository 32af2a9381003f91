"""The catalogue as the other packages see it: links in the user's order, under their categories."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from indexer.catalogue.reading import CatalogueDocument, read_document
from indexer.errors import CatalogueError, UnknownName
from indexer.records import Link


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What catalogue.yaml holds: ``links``, ``categories`` and ``watch`` (questions) in the file's order."""

    path: Path
    links: tuple[Link, ...]
    categories: tuple[str, ...]
    watch: tuple[str, ...] = ()

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
    return Catalogue(document.path, links, tuple(document.links), document.watch)


def _with_links(path: Path) -> CatalogueDocument:
    document = read_document(path)
    if not any(document.links.values()):
        raise CatalogueError(
            f"{path}:1: no links yet; `indexer catalogue add` or `indexer catalogue import FILE`"
        )
    return document
