"""A heading has the id that a browser reaches it by, wherever the page has that, and no other's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.config import PassageConfig
from indexer.extract import passages, read
from indexer.extract.anchors import Anchors, heading_places
from indexer.extract.dom import parse
from indexer.records import Article, Passage
from tests.extract.paging import FILLER, count_words, document, page

REPORTS = Path(__file__).parent / "reports"
PROSE = "".join(f"<p>Paragraph {n} says that {FILLER}</p>" for n in range(4))


def cut(article: Article) -> list[Passage]:
    return passages(article, count_tokens=count_words, max_tokens=256, config=PassageConfig())


def anchors(body: str) -> list[str]:
    """Those of the headings of an article, in order."""
    article = read(document(f"<article>{body}</article>")).article
    return [block.anchor for block in article.blocks if block.kind == "heading"]


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("<section id='topic'><span id='label'></span><h2>Topic</h2><p>More.</p></section>", "topic"),
        ("<span id='label'></span><h2>Topic</h2>", "label"),
        ("<p><a name='label'></a></p><h2>Topic</h2>", "label"),
        ("<span id='far'></span><span id='near'></span><h2>Topic</h2>", "near"),
        ("<span id='away'></span><p>Not yet.</p><h2>Topic</h2>", ""),
        ("<div id='picture'><img src='p.png'></div><h2>Topic</h2>", ""),
        ("<a id='link' href='#link'><h2>Topic</h2></a>", "link"),
        ("<section id='topic'><div id='inner'><h2>Topic</h2></div><p>More.</p></section>", "inner"),
        ("<div id='two'><h2>Topic</h2><p>One.</p><h2>Other</h2><p>Two.</p></div>", ""),
        (
            "<div id='two'><h2>Topic<a href='#two'>\u00b6</a></h2><p>One.</p><h2>O</h2><p>Two.</p></div>",
            "two",
        ),
        ("<h2>Topic<a href='#there'>\u00b6</a></h2><p>More.</p><p id='there'>Elsewhere.</p>", ""),
        ("<p id='same'>First.</p><h2 id='same'>Topic</h2>", ""),
        ("<h2 id='two words'>Topic</h2>", "two words"),
    ],
)
def test_an_id_is_the_heading_s_if_it_opens_it(heading: str, anchor: str) -> None:
    """Around it, before it or named by its permalink; of equal ids the first counts."""
    assert anchors(f"{PROSE}{heading}{PROSE}")[0] == anchor


def test_what_holds_the_whole_post_is_no_section() -> None:
    """Only a permalink can say that it is meant."""
    post = f"<div id='post'><h2>Topic</h2>{PROSE * 2}</div>"
    assert anchors(post) == [""]
    assert anchors(post.replace("Topic", "Topic<a class='headerlink' href='#post'>#</a>")) == ["post"]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(["Notes", "Usage"])), min_size=1, max_size=6))
def test_a_passage_never_has_the_id_of_another_heading(sections: list[tuple[bool, str]]) -> None:
    """Whether headings have ids or not, and whether or not they say the same."""
    body = "".join(
        f"<h2{f' id=s{number}' if named else ''}>{words}</h2><p>Section {number} tells that {FILLER}</p>"
        for number, (named, words) in enumerate(sections)
    )
    article = read(document(f"<article id='post'><h1>A page</h1>{PROSE}{body}</article>")).article
    for block in article.blocks:
        text = article.text[block.start : block.end]
        if text.startswith("Section "):
            number = int(text.split()[1])
            assert block.anchor == (f"s{number}" if sections[number][0] else "")


def test_a_heading_in_the_chrome_gives_no_id_to_one_of_the_text() -> None:
    """The text below decides which of equal headings is meant; a date below it is no text."""
    menu = "<div class='side'><h3 id='menu'>Releases</h3><ul><li><a href='/r'>All of them</a></li></ul></div>"
    body = (
        f"<main><article>{PROSE}<h2 id='text'>Releases</h2><p class='date'>2 May</p>{PROSE}</article></main>"
    )
    article = read(document(menu + body)).article
    assert {block.anchor for block in article.blocks if block.kind == "heading"} == {"text"}


def test_the_id_of_the_whole_post_is_nobody_s() -> None:
    """From a report: each passage opened at the top."""
    found = cut(read(page((REPORTS / "anchor-inherited.html").read_bytes(), kind="text/html")).article)
    assert len(found) == 8
    for number, passage in enumerate(found, start=1):
        assert re.match(rf"#:~:text=The%20pump%20number%20{number}(%20|,|$)", passage.fragment)


def test_a_label_before_a_heading_is_not_taken_for_its_id() -> None:
    """From a report: Sphinx sets a span before a heading, and the section's own id is the permalink's."""
    found = cut(read(page((REPORTS / "anchor-sphinx-label.html").read_bytes(), kind="text/html")).article)
    assert [passage.anchor for passage in found] == ["encodings", "transport-adapters"]
    assert all(passage.fragment.startswith(f"#{passage.anchor}:~:text=") for passage in found)


def test_ids_and_equal_headings_without_number_take_linear_time() -> None:
    """100,000 ids with no text between, 20,000 headings that say the same and have the same below them."""
    for body in (
        "".join(f"<a id='a{number}'></a>" for number in range(100_000)) + "<h2>Topic</h2>",
        "<h2>Topic</h2><p>Equal.</p>" * 20_000,
    ):
        tree = parse(f"<body>{body}</body>")
        assert tree is not None
        found = Anchors(tree, heading_places(tree))
        assert [found.of("Topic", "Other.") for _ in range(20_000)].count("a99999") in (0, 20_000)
