"""Bookmarks as all browsers export them: the Netscape format, folders as nested ``<DL>`` lists.

The format is tag soup by design (``<DT>`` and ``<p>`` are never closed), so it is read as a stream
of tags: an ``<H3>`` names the ``<DL>`` that follows, ``<DD>`` describes the ``<A>`` before it.
"""

from __future__ import annotations

from html.parser import HTMLParser

from indexer.catalogue.importers.harvest import Harvest, ImportedLink, clean, is_web


def read_bookmarks(text: str) -> Harvest:
    """The links of a bookmark export: folders as paths, ``TAGS`` as tags, ``<DD>`` as note."""
    reader = _Reader()
    reader.feed(text)
    reader.close()
    reader.settle()
    harvest = Harvest("bookmark export", reader.links, reader.paths)
    if reader.left_out:
        harvest.remarks.append(f"left out: {reader.left_out} bookmarks that are no web addresses")
    return harvest


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.links: list[ImportedLink] = []
        self.paths: list[tuple[str, ...]] = []
        self.left_out = 0
        self._folders: list[str] = []
        self._folder = ""
        self._text: list[str] = []
        self._open: tuple[str, dict[str, str]] = ("", {})
        """The tag whose text is being gathered (``h3``, ``a``, ``dd``) and its attributes."""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("h3", "a", "dd", "dt", "dl"):
            self.settle()
        if tag in ("h3", "a", "dd"):
            self._open = (tag, {key: value or "" for key, value in attrs})
        elif tag == "dl":
            self._folders.append(self._folder)
            self._folder = ""
            self.paths.append(self._path())

    def handle_endtag(self, tag: str) -> None:
        if tag in ("h3", "a", "dl"):
            self.settle()
        if tag == "dl" and self._folders:
            self._folders.pop()

    def handle_data(self, data: str) -> None:
        self._text.append(data)

    def settle(self) -> None:
        """End the element whose text was being gathered."""
        (tag, attributes), text = self._open, clean("".join(self._text))
        self._open, self._text = ("", {}), []
        if tag == "h3":
            self._folder = text
        elif tag == "dd" and self.links and not self.links[-1].note and self._described:
            last = self.links.pop()
            self.links.append(ImportedLink(last.url, last.title, text, last.tags, last.path))
        elif tag == "a":
            url = attributes.get("href", "")
            if is_web(url):
                tags = tuple(attributes.get("tags", "").split(","))
                self.links.append(ImportedLink(url, text if text != url else "", "", tags, self._path()))
            else:
                self.left_out += 1
            self._link_open = is_web(url)

    _link_open = False

    @property
    def _described(self) -> bool:
        """Whether a description now belongs to the last link, rather than to one left out or a folder."""
        return self._link_open and not self._folder

    def _path(self) -> tuple[str, ...]:
        return tuple(folder for folder in self._folders if folder)
