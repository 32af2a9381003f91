"""`catalogue check` and `tidy`: what will fail or repeat is told, and mended with all else left as it is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalogue import add, check, load, remarks, tidied
from indexer.errors import CatalogueError
from indexer.records import Link
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome

MESSY = """\
# my links
categories:
  A:  # the good ones
    - https://www.example.org/x/   # keep this
    - http://example.org/x?utm_source=feed#part
    - url: https://example.org/x
      note: my own words
    - http://127.0.0.1:8080/
    - http://router.local/status
    - https://me:secret@example.net/y  # mine
    - url: 'https://example.net/z'
      fallbacks: ["https://you:hidden@example.com/z"]

  B: [https://example.com/1, "http://localhost/", https://example.com/1/, https://example.com/2]
"""
TIDY = """\
# my links
categories:
  A:  # the good ones
    - https://www.example.org/x/   # keep this
    - url: https://example.org/x
      note: my own words
    - https://example.net/y  # mine
    - url: 'https://example.net/z'
      fallbacks: ["https://example.com/z"]

  B: [https://example.com/1, https://example.com/2]
"""


@pytest.fixture
def messy(tmp_path: Path) -> Path:
    path = tmp_path / "catalogue.yaml"
    path.write_text(MESSY)
    return path


def test_check_tells_what_will_fail_or_repeat(messy: Path) -> None:
    """Each with its line and what would be done about it; where words would be lost, nothing."""
    told = [(remark.line, remark.proposal) for remark in remarks(messy)]
    assert told == [
        (5, "remove"),
        (6, ""),
        (8, "remove"),
        (9, "remove"),
        (10, "without credentials"),
        (12, "without credentials"),
        (14, "remove"),
        (14, "remove"),
    ]
    lines = "\n".join(check(messy))
    for words in ("line 4 under another spelling", "join the two by hand", "127.0.0.1", "router.local"):
        assert words in lines


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost/x",
        "http://10.0.0.8/",
        "http://192.168.1.1/admin",
        "http://0x7f.1/",
        "http://[::1]/",
        "http://169.254.169.254/latest",
        "http://printer.lan/",
        "http://intranet/",
        "https://abcdef.onion/",
    ],
)
def test_an_address_that_the_crawl_refuses_is_told_before_it_does(tmp_path: Path, url: str) -> None:
    """However it is spelt, and without asking any server."""
    path = tmp_path / "catalogue.yaml"
    path.write_text(f"categories:\n  A:\n    - https://example.org/\n    - {json.dumps(url)}\n")
    (remark,) = remarks(path)
    assert (remark.line, remark.proposal) == (4, "remove")
    assert "never fetched" in remark.text


def test_links_with_the_same_text_in_the_library_are_told(tmp_path: Path) -> None:
    """Two addresses of one article, which only their text gives away."""
    path = tmp_path / "catalogue.yaml"
    first, second, other = "https://example.org/a", "https://example.com/copy", "https://example.net/"
    path.write_text(f"categories:\n  A:\n    - {first}\n    - {second}\n    - {other}\n")
    texts = {first: "h1", second: "h1", other: "h2"}
    (warning,) = check(path, texts)
    assert f"{second} has the same text as the page at line 3" in warning
    assert second not in tidied(path, texts)[1]


def test_the_library_knows_which_links_hold_the_same_text(run: Run, shelf: Shelf, tmp_path: Path) -> None:
    """The command asks it, and does without where there is none."""
    path = tmp_path / "catalogue.yaml"
    links = [
        Link("https://example.org/a", "A"),
        Link("https://example.com/b", "A"),
        Link("https://example.net/", "A"),
    ]
    for link, text in zip(
        links, ("the same words " * 90, "the same words " * 90, "other words " * 90), strict=True
    ):
        add(path, link)
        shelf.log().record(outcome(link, article(text)))
    shelf.publish(*links)
    ended = run("catalogue", "check", "--catalogue", path, "--data", shelf.folder)
    assert "https://example.com/b has the same text as the page at line" in ended.err
    assert len(ended.err.splitlines()) == 1
    assert "0 warnings" in run("catalogue", "check", "--catalogue", path, "--data", tmp_path / "none").out


def test_no_password_is_shown_stored_or_handed_on(run: Run, messy: Path) -> None:
    """Neither by check and list, nor by what is read from the file, nor by tidy's own account of itself."""
    for command in (
        ["check"],
        ["check", "--json"],
        ["list"],
        ["list", "--json"],
        ["tidy"],
        ["tidy", "--yes"],
    ):
        ended = run("catalogue", *command, "--catalogue", messy)
        assert "secret" not in ended.out + ended.err, command
        assert "hidden" not in ended.out + ended.err, command
        assert "secret" not in repr(load(messy))
        assert "hidden" not in repr(load(messy))
    assert "secret" not in messy.read_text()


@pytest.mark.parametrize(
    "url",
    [
        "https://u:secret@",
        "https://u:sec ret@example.org/",
        "https://u:se/cret@example.org/",
        "ftp://u:secret@h/",
    ],
)
def test_a_malformed_address_is_told_without_its_password(run: Run, tmp_path: Path, url: str) -> None:
    """Whatever is wrong with it."""
    path = tmp_path / "catalogue.yaml"
    path.write_text(f"categories:\n  A:\n    - {json.dumps(url)}\n")
    for ended in (
        run("catalogue", "check", "--catalogue", path),
        run("catalogue", "add", url, "-c", "A", "--catalogue", tmp_path / "new.yaml"),
    ):
        assert ended.code == 2
        assert "cret" not in ended.err


def test_tidy_mends_what_check_proposes_and_nothing_else(run: Run, messy: Path) -> None:
    """Comments, quotes and order stay; afterwards there is nothing left to mend."""
    shown = run("catalogue", "tidy", "--catalogue", messy)
    assert shown.code == 1, "nobody could be asked"
    assert "-    - http://127.0.0.1:8080/" in shown.out
    assert messy.read_text() == MESSY
    assert run("catalogue", "tidy", "--yes", "--catalogue", messy).code == 0
    assert messy.read_text() == TIDY
    again = run("catalogue", "tidy", "--catalogue", messy)
    assert again.code == 0
    assert "nothing to tidy" in again.out


def test_tidy_renames_misspelt_keys(run: Run, tmp_path: Path) -> None:
    """Which check names, all of them; the values and comments beside them stay."""
    path = tmp_path / "catalogue.yaml"
    path.write_text(
        "categories:\n  A:\n    - url: https://example.org/\n      nots: mine  # yes\n"
        "      follows: {mod: site}\n    - url: https://example.com/\n      titel: T\n"
    )
    ended = run("catalogue", "check", "--catalogue", path)
    assert ended.code == 2
    assert "did you mean 'note'" in ended.err
    assert "did you mean 'title'" in ended.err
    assert run("catalogue", "tidy", "--yes", "--catalogue", path).code == 0
    first, second = load(path).links
    assert (first.note, first.follow.mode, second.title) == ("mine", "site", "T")
    assert "note: mine  # yes" in path.read_text()


def test_tidy_leaves_a_file_that_is_wrong_otherwise(run: Run, tmp_path: Path) -> None:
    """One line says what is wrong, and nothing is written."""
    path = tmp_path / "catalogue.yaml"
    path.write_text("categories:\n  A:\n    - htp//example.org\n")
    ended = run("catalogue", "tidy", "--yes", "--catalogue", path)
    assert ended.code == 2
    assert ":3:" in ended.err
    assert path.read_text() == "categories:\n  A:\n    - htp//example.org\n"


def test_add_makes_the_file_and_keeps_no_password(run: Run, tmp_path: Path) -> None:
    """The first link of a new user needs no file; what else stands in an address is verbatim."""
    path = tmp_path / "new" / "catalogue.yaml"
    ended = run("catalogue", "add", "https://me:secret@example.org/x?a=b#c", "-c", "A", "--catalogue", path)
    assert ended.code == 0
    assert "secret" not in ended.out + ended.err + path.read_text()
    assert [link.url for link in load(path).links] == ["https://example.org/x?a=b#c"]
    with pytest.raises(CatalogueError, match="already there"):
        add(path, Link("https://you:other@example.org/x?a=b#c", "B"))


SPELLINGS = [
    "https://example.org/p",
    "http://www.example.org/p/",
    "https://example.org/p?utm_source=x",
    "http://10.0.0.1/",
]


@given(
    st.lists(
        st.sampled_from([*SPELLINGS, "https://u:pw@example.com/", "https://example.net/q"]), unique=True
    ),
    st.booleans(),
)
def test_tidying_is_done_once(
    tmp_path_factory: pytest.TempPathFactory, urls: list[str], brackets: bool
) -> None:
    """Whatever stands in a catalogue, what comes out has nothing more to mend, and each page once."""
    path = tmp_path_factory.mktemp("tidy") / "catalogue.yaml"
    items = (
        f" [{', '.join(map(json.dumps, urls))}]" if brackets else "".join(f"\n    - {url}" for url in urls)
    )
    path.write_text(f"categories:\n  A:{items}\n")
    text = tidied(path)[1]
    path.write_text(text)
    assert tidied(path) == (text, text)
    assert not [remark for remark in remarks(path) if remark.proposal]
    assert text.count("example.org/p") == any("example.org/p" in url for url in urls)
