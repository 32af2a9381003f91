"""Editing catalogue.yaml: only the link concerned changes, and nothing wrong is ever written."""

import errno
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.catalogue import add, dump, load, merge, remove
from indexer.errors import CatalogueError, IndexerError, NoRoom, UnknownName
from indexer.records import Expect, Fallback, Follow, Link

BY_HAND = """\
# My links
categories:

  Patterns:      # the good ones
  # first
  - url:   https://a.org/   # aligned
    title:  'A'
    note: |
      two lines
      # not a comment

  # about b
  - https://b.org/

  # ---- reading ----
  "Reading list":
  -   url: https://c.org/
      tags: [x,
             y]
  # the end
"""

# ------------------------------------------------------------------------ laws

printable = st.characters(exclude_categories=("Cs", "Cc", "Cn"))
a_text = st.text(printable | st.sampled_from("\n\t'\":#-[]{}&*!|>%@`,?"), max_size=30)
a_word = a_text.filter(str.strip)
a_name = st.text(printable | st.sampled_from("'\":#-[]{}&*!|>%@`,?"), min_size=1, max_size=30).filter(
    lambda name: name == name.strip() and "\n" not in name
)
a_url = st.from_regex(r"https?://[a-z]{1,8}\.org/[!-~]{0,30}", fullmatch=True)
a_prefix = st.from_regex(r"/[!-)+-~]{0,12}\*?", fullmatch=True)
a_follow = st.builds(
    Follow,
    mode=st.sampled_from(["page", "site", "index"]),
    depth=st.integers(0, 9),
    allow=st.lists(a_prefix, max_size=3).map(tuple),
    deny=st.lists(a_prefix, max_size=3).map(tuple),
    max_pages=st.integers(1, 5000),
)
kinds = ["full_copy", "other_format", "older_path", "third_party_copy", "archive", "related"]
a_link = st.builds(
    Link,
    url=a_url,
    category=a_name,
    title=a_text,
    note=a_text,
    tags=st.lists(a_word, max_size=3).map(tuple),
    follow=a_follow,
    expect=st.builds(Expect, st.lists(a_word, max_size=3).map(tuple), st.integers(0, 9999)),
    fallbacks=st.lists(st.builds(Fallback, a_url, st.sampled_from(kinds)), max_size=2).map(tuple),
    archive=st.booleans(),
    render=st.sampled_from([None, "auto", "never"]),
)
some_links = st.lists(a_link, min_size=1, max_size=4, unique_by=lambda link: link.url)


def by_category(links: Sequence[Link]) -> tuple[Link, ...]:
    names = dict.fromkeys(link.category for link in links)
    return tuple(link for name in names for link in links if link.category == name)


@settings(max_examples=30, deadline=None)
@given(links=some_links)
def test_what_is_dumped_is_loaded_again(links: list[Link], tmp_path_factory: pytest.TempPathFactory) -> None:
    """Any links, whatever their texts hold, survive a trip through the file."""
    path = tmp_path_factory.mktemp("trip") / "catalogue.yaml"
    path.write_text(dump(links), encoding="utf-8", newline="")
    assert load(path).links == by_category(links)


@settings(max_examples=30, deadline=None)
@given(links=some_links, new=a_link, style=st.sampled_from(["\n", "\r\n"]))
def test_adding_then_removing_restores_every_byte(
    links: list[Link], new: Link, style: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A link added to a category that has links, and taken out again, leaves no trace."""
    new = replace(new, category=links[0].category)
    if new.url in {link.url for link in links}:
        return
    path = tmp_path_factory.mktemp("trip") / "catalogue.yaml"
    before = dump(links).replace("\n", style).encode()
    path.write_bytes(before)
    add(path, new)
    assert new in load(path).links
    assert len(load(path).links) == len(links) + 1
    assert remove(path, new.url) == new
    assert path.read_bytes() == before


@settings(max_examples=20, deadline=None)
@given(links=some_links, data=st.data())
def test_removing_takes_out_that_link_alone(
    links: list[Link], data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The other links stay, in their order."""
    path = tmp_path_factory.mktemp("trip") / "catalogue.yaml"
    path.write_text(dump(links), encoding="utf-8", newline="")
    gone = data.draw(st.sampled_from(links))
    remove(path, gone.url)
    left = tuple(link for link in by_category(links) if link != gone)
    if left:
        assert load(path).links == left
    else:
        with pytest.raises(CatalogueError, match="no links yet"):
            load(path)


# --------------------------------------------------------------- a file by hand


@pytest.fixture
def by_hand(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(BY_HAND)
    return path


def test_add_puts_the_link_last_in_its_category_and_touches_nothing_else(by_hand: Path) -> None:
    """Comments, blank lines, alignment and quotes stay as they were, byte for byte."""
    add(by_hand, Link("https://new.org/", "Patterns", title="New: one", note="why"))
    assert by_hand.read_text() == BY_HAND.replace(
        "  - https://b.org/\n",
        '  - https://b.org/\n  - url: https://new.org/\n    title: "New: one"\n    note: why\n',
    )


def test_add_to_a_list_of_urls_writes_a_url(by_hand: Path) -> None:
    """The style of the neighbours is taken up."""
    add(by_hand, Link("https://new.org/", "Patterns"))
    assert "  - https://b.org/\n  - https://new.org/\n\n  # ---- reading" in by_hand.read_text()


def test_add_makes_a_new_category_at_the_end(by_hand: Path) -> None:
    """A category that is not there yet is begun after the last link, set off by a blank line."""
    add(by_hand, Link("https://new.org/", "Later: on"))
    assert by_hand.read_text() == BY_HAND.replace(
        "             y]\n", '             y]\n\n  "Later: on":\n    - https://new.org/\n'
    )


def test_remove_takes_the_lines_of_the_link_alone(by_hand: Path) -> None:
    """A literal text with a '#' in it goes with its link; the comments around stay."""
    remove(by_hand, "https://a.org/")
    start, end = BY_HAND.index("  - url:   https://a"), BY_HAND.index("\n  # about b")
    assert by_hand.read_text() == BY_HAND[:start] + BY_HAND[end:]


def test_remove_of_the_last_link_keeps_the_category(by_hand: Path) -> None:
    """An emptied category stays where it is, ready for the next link."""
    remove(by_hand, "https://c.org/")
    assert load(by_hand).categories == ("Patterns", "Reading list")
    add(by_hand, Link("https://d.org/", "Reading list"))
    assert load(by_hand).in_category("Reading list") == (Link("https://d.org/", "Reading list"),)


@pytest.mark.parametrize(
    "content",
    [
        "categories:\n  A: [https://a.org/, https://b.org/]\n",
        "categories:\n  A: [\n    https://a.org/,\n    https://b.org/,\n  ]\n",
        "categories: {A: [https://a.org/, https://b.org/]}\n",
        '{"categories": {"A": ["https://a.org/", {"url": "https://b.org/"}]}}',
        "categories:\n  A:\n    - https://a.org/\n    - https://b.org/",
        "categories:\r\n  A:\r\n    - https://a.org/\r\n    - https://b.org/\r\n",
        "\ufeffcategories:\n  A:\n    - https://a.org/\n    -\n      url: https://b.org/\n",
        "---\ncategories:\n  A:\n    - https://a.org/\n    - url: https://b.org/\n...\n",
        "categories:\n  A:   # none yet\n  B:\n    - https://a.org/\n    - https://b.org/ # c\n",
        "categories:\n  A: []\n  B:\n    - https://a.org/\n    - https://b.org/\n",
        "categories:\n  A: null\n  B:\n    - https://a.org/\n    - https://b.org/\n",
    ],
)
@pytest.mark.parametrize("category", ["A", "Brand new"])
@pytest.mark.parametrize(
    "new", [Link("https://n.org/,x", ""), Link("https://n.org/", "", note='say "x"', archive=False)]
)
def test_every_style_of_yaml_can_be_edited(tmp_path: Path, content: str, category: str, new: Link) -> None:
    """Brackets, JSON, a missing last newline, Windows line ends: add and remove work in all of them."""
    path = tmp_path / "catalogue.yaml"
    path.write_bytes(content.encode())
    before = load(path).links
    new = replace(new, category=category)
    add(path, new)
    assert set(load(path).links) == {*before, new}
    assert load(path).in_category(category)[-1] == new
    assert (b"\r\n" in path.read_bytes()) == ("\r\n" in content)
    for link in (new, before[0]):
        assert remove(path, link.url) == link
    assert load(path).links == before[1:]


@pytest.mark.parametrize(
    "content", ["", "# links\n", "categories:\n", "categories: {}\n", "categories: # none\n"]
)
def test_the_first_link_can_be_added_to_an_empty_catalogue(tmp_path: Path, content: str) -> None:
    """A file that holds nothing yet is begun, its comments kept."""
    path = tmp_path / "catalogue.yaml"
    path.write_text(content)
    add(path, Link("https://a.org/", "First", note="n"))
    assert load(path).links == (Link("https://a.org/", "First", note="n"),)
    assert ("#" in content) == ("#" in path.read_text())


# ------------------------------------------------------------- nothing is lost


def test_adding_a_url_twice_is_refused_with_its_line(by_hand: Path) -> None:
    """The link's place is named, and the file stays as it was."""
    with pytest.raises(CatalogueError, match=r":6: https://a.org/ is already there, in category 'Patterns'"):
        add(by_hand, Link("https://a.org/", "Elsewhere"))
    assert by_hand.read_text() == BY_HAND


@pytest.mark.parametrize(
    "link", [Link("not a url", "Patterns"), Link("https://n.org/", " "), Link("https://n.org/", "a\nb")]
)
def test_a_link_that_would_make_the_file_wrong_is_not_written(by_hand: Path, link: Link) -> None:
    """The edit is judged before it is written."""
    with pytest.raises(CatalogueError, match="left as it is"):
        add(by_hand, link)
    assert by_hand.read_text() == BY_HAND


def test_removing_what_is_not_there_offers_the_nearest(by_hand: Path) -> None:
    """A URL misspelt by a slash is pointed out."""
    with pytest.raises(UnknownName, match=r"did you mean 'https://a\.org/'"):
        remove(by_hand, "https://a.org")


def test_removing_an_anchor_others_need_leaves_the_file(tmp_path: Path) -> None:
    """An edit that would break the file elsewhere is refused."""
    path = tmp_path / "catalogue.yaml"
    text = (
        "categories:\n  A:\n    - url: https://a.org/\n      expect: &e {min_words: 5}\n"
        "    - url: https://b.org/\n      expect: *e\n"
    )
    path.write_text(text)
    with pytest.raises(CatalogueError, match="left as it is"):
        remove(path, "https://a.org/")
    assert path.read_text() == text


@pytest.mark.parametrize(
    "edit",
    [
        lambda p: add(p, Link("https://n.org/", "A")),
        lambda p: remove(p, "https://a.org/"),
        lambda p: merge(p, [Link("https://n.org/", "A")]),
    ],
)
def test_a_wrong_catalogue_is_never_overwritten(tmp_path: Path, edit: Callable[[Path], object]) -> None:
    """A file with a mistake is left to its author."""
    path = tmp_path / "catalogue.yaml"
    text = "categories:\n  A:\n    - url: https://a.org/\n      titel: x\n"
    path.write_text(text)
    with pytest.raises(CatalogueError, match="titel"):
        edit(path)
    assert path.read_text() == text


def test_an_edit_keeps_mode_and_symlink_and_leaves_no_other_file(tmp_path: Path) -> None:
    """The file is replaced in one step; a link to it stays a link, its permissions stay."""
    (tmp_path / "real").mkdir()
    real = tmp_path / "real" / "links.yaml"
    real.write_text(BY_HAND)
    real.chmod(0o640)
    path = tmp_path / "catalogue.yaml"
    path.symlink_to(real)
    add(path, Link("https://n.org/", "Patterns"))
    assert path.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert [file.name for file in real.parent.iterdir()] == ["links.yaml"]


@pytest.mark.parametrize(("number", "told"), [(errno.ENOSPC, NoRoom), (errno.EIO, CatalogueError)])
def test_a_failed_write_leaves_the_old_file_and_nothing_beside_it(
    by_hand: Path, monkeypatch: pytest.MonkeyPatch, number: int, told: type[IndexerError]
) -> None:
    """If the disk fails before the new file is in place, the old one stands; a full disk is told as that."""

    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(told, match=re.escape(os.strerror(number))):
        add(by_hand, Link("https://n.org/", "Patterns"))
    assert by_hand.read_text() == BY_HAND
    assert [file.name for file in by_hand.parent.iterdir()] == ["catalogue.yaml"]


# ----------------------------------------------------------------------- merge


def test_merge_makes_the_file_and_then_adds_only_what_is_new(tmp_path: Path) -> None:
    """Importing a list twice adds nothing the second time; old links keep what is known of them."""
    path = tmp_path / "catalogue.yaml"
    first = (Link("https://a.org/", "A", note="mine"), Link("https://b.org/", "B"))
    assert merge(path, first) == first
    assert "yaml-language-server" in path.read_text().splitlines()[0]
    more = (
        Link("https://a.org/", "Z"),
        Link("https://c.org/", "A"),
        Link("https://d.org/", "Z"),
        Link("https://d.org/", "A"),
    )
    assert merge(path, more) == (Link("https://c.org/", "A"), Link("https://d.org/", "Z"))
    assert load(path).links == (first[0], Link("https://c.org/", "A"), first[1], Link("https://d.org/", "Z"))
    written = path.read_bytes()
    assert merge(path, more) == ()
    assert path.read_bytes() == written


def test_merge_into_a_file_by_hand_keeps_it(by_hand: Path) -> None:
    """Several categories are extended and begun in one edit; every old line is still there, in order."""
    new = [
        Link(f"https://n.org/{n}", name)
        for n, name in enumerate(["Patterns", "New", "Reading list", "Newer", "New"])
    ]
    assert merge(by_hand, new) == tuple(new)
    lines = iter(by_hand.read_text().splitlines())
    assert all(line in lines for line in BY_HAND.splitlines()), "an old line is missing or moved"
    assert load(by_hand).categories == ("Patterns", "Reading list", "New", "Newer")
    assert len(load(by_hand).links) == 8
