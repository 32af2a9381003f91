"""OPML and bookmarks: our own importer and lxml find every link in them, and no text breaks out."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree, html

from indexer.catalogue import import_links
from indexer.catalogue.importers.harvest import clean
from indexer.escaping import safe
from indexer.exports import ExportForm, export_library
from indexer.exports.lists import write_bookmarks, write_opml
from indexer.exports.selection import Selection
from indexer.records import Link
from tests.exports.conftest import BARE, FIRST, LINKS, SECOND
from tests.store.shelving import Shelf

PARTS = [
    "</DL>",
    "<DL>",
    "<DD>",
    "<!--",
    "-->",
    "]]>",
    "&",
    "&amp;",
    "&#60;",
    '"',
    "'",
    "<A/HREF='x'>",
    "<script>",
    "</script>",
    "<![CDATA[",
    "a",
    "é",
    "<?x?>",
    "<plaintext>",
    "<!DOCTYPE",
    "\ufffe",
    " ",
    "\n",
    "\t",
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs", "Cn", "Co"]), max_size=40),
    st.lists(st.sampled_from(PARTS), max_size=10).map("".join),
)


class Listed:
    """As much of a selection as lists need."""

    def __init__(self, *links: Link) -> None:
        self._links = links

    def links(self) -> Iterator[tuple[Link, str]]:
        return ((link, "") for link in self._links)


def plain(text: str) -> str:
    """A text as importers keep it."""
    return clean(safe(text).replace("\ufffe", "").replace("\uffff", ""))


@pytest.mark.parametrize("write", [write_opml, write_bookmarks])
@given(category=TEXTS, title=TEXTS, note=TEXTS, tag=TEXTS)
def test_no_text_breaks_out(write: object, category: str, title: str, note: str, tag: str) -> None:
    tag = tag.replace("/", " ")  # which parts tags in OPML
    link = Link("https://example.org/?a=1&b=2", category, title, note, (tag,))
    other = Link("https://example.org/other", "Other", "Other", "its own")
    written = BytesIO()
    write(cast(Selection, Listed(link, other)), written)  # type: ignore[operator]
    imported = import_links(written.getvalue(), name="list.opml")
    assert [one.url for one in imported.links] == [link.url, other.url]
    first, second = imported.links
    assert (second.category, second.title, second.note, second.tags) == ("Other", "Other", "its own", ())
    assert first.title == (plain(title) if plain(title) != link.url else "")
    assert first.note == (plain(note) if plain(note) != first.title or write is write_bookmarks else "")
    assert first.tags == ((plain(tag.replace(",", " ")),) if plain(tag.replace(",", " ")) else ())
    assert first.category == (plain(category) or first.category)


def test_opml_as_others_read_it(library: Shelf, tmp_path: Path) -> None:
    made = export_library(library.folder, tmp_path / "out.opml", ExportForm.opml)
    root = etree.parse(tmp_path / "out.opml").getroot()
    assert root.get("version") == "2.0"
    assert made.counts == {"links": 3}
    folders = {folder.get("text"): list(folder) for folder in root.iterfind("body/outline")}
    assert {name: [link.get("url") for link in links] for name, links in folders.items()} == {
        "Patterns": [FIRST.url, BARE.url],
        "Tools & <i>": [SECOND.url],
    }
    first, bare = folders["Patterns"]
    assert (first.get("text"), first.get("description"), first.get("category")) == (
        "Mine",
        FIRST.note,
        "x,no",
    )
    assert bare.get("text") == BARE.url
    assert folders["Tools & <i>"][0].get("text") == "no"  # the article's title, as the link has none


def test_bookmarks_as_others_read_them(library: Shelf, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "out.html", ExportForm.bookmarks)
    tree = html.fromstring((tmp_path / "out.html").read_bytes())
    assert [(a.get("href"), a.get("tags")) for a in tree.iter("a")] == [
        (FIRST.url, "x,no"),
        (BARE.url, None),
        (SECOND.url, "x,C++ / C"),
    ]
    assert [heading.text for heading in tree.iter("h3")] == ["Patterns", "Tools & <i>"]
    assert not tree.xpath("//script")


@pytest.mark.parametrize("form", [ExportForm.opml, ExportForm.bookmarks])
def test_the_catalogue_comes_back(library: Shelf, tmp_path: Path, form: ExportForm) -> None:
    export_library(library.folder, tmp_path / "out", form)
    back = import_links((tmp_path / "out").read_bytes(), name="out")
    assert [(link.url, link.category) for link in back.links] == [(link.url, link.category) for link in LINKS]
    assert [link.note for link in back.links] == [plain(link.note) for link in LINKS]
    assert {link.url: set(link.tags) for link in back.links}[FIRST.url] == set(FIRST.tags)
