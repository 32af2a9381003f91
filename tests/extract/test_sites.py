"""Every kind of site the replay knows gives its article, the whole article, and nothing but the article."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from lxml import html
from lxml.etree import _Element

from indexer.extract import read
from tests.extract.paging import FILLER, document, page, replayed, texts, web
from tests.replay.bodies import script_only
from tests.replay.declared_web import to_html

CHROME = (
    "214 partners", "Related posts", "newsletter", "Privacy policy", "All rights reserved", "Reading time",
    "Share on", "Was this page helpful", "Edit this page", "Back to top", "commented", "bananas",
    "Powered by", "No labels", "Unknown User", "Create your radar", "You may also like", "More from",
    "Recommended from", "3 responses", "min read", "Jump to", "money-back", "(vf, yk", "Quick summary",
    "Skip to", "Created by", "139 more", "Get started", "Careers", "Enable javascript", "Deutschland",
)  # fmt: skip
INDEX_PAGES = "/category/example"  # their paging links, a heading and two words, may go


def pages() -> list[str]:
    """The URLs that serve an article, whole and as HTML, but for RFCs."""
    found = []
    for url, rule in web().rules.items():
        article = web().article(rule)
        plain_page = rule.do == "page" and not url.endswith("*") and not rule.tail
        if plain_page and not article.placeholder and article.kind != "rfc":
            found.append(url)
    return found


def words(text: str) -> Counter[str]:
    return Counter(re.findall(r"\w+", text))


def said(element: _Element) -> str:
    return "".join(map(str, element.itertext()))


def source(url: str) -> tuple[str, list[tuple[str, str]], list[str], list[list[str]]]:
    """The words, headings with anchors, code blocks and table rows that the page's author wrote."""
    tree = html.fromstring(f"<div>{to_html(web().article(web().rules[url]).text)}</div>")
    headings = [(" ".join(said(each).split()), each.get("id") or "") for each in tree.iter("h2", "h3", "h4")]
    code = [said(each).strip("\n") for each in tree.iter("pre")]
    rows = [[said(cell).strip() for cell in row] for row in tree.iter("tr")]
    return "\n".join(map(str, tree.itertext())), headings, code, rows


@pytest.mark.parametrize("url", pages())
def test_a_page_gives_its_article_and_no_chrome(url: str) -> None:
    """All words of the article's source are there, and hardly any other; title and anchors are the page's."""
    article = read(replayed(url)).article
    text, headings, code, rows = source(url)
    wanted, got = words(text), words(article.text)
    assert (wanted - got).total() <= 0.05 * wanted.total()
    assert (got - wanted).total() <= 0.01 * got.total()
    assert [phrase for phrase in CHROME if phrase in article.text and phrase not in text] == []
    assert article.title == web().article(web().rules[url]).title
    found = [(block.headings[-1], block.anchor) for block in article.blocks if block.kind == "heading"]
    assert found == [
        heading for heading in headings if INDEX_PAGES not in url or heading[1][:5] not in ("older", "newer")
    ]
    assert texts(article, "code") == code
    lines = [line.strip(" |") for table in texts(article, "table") for line in table.split("\n")]
    assert lines == [" | ".join(row).strip(" |") for row in rows]


def test_metadata_of_a_blog_post_are_clean() -> None:
    """Author, date, language and canonical address are the page's; the title is without the site's name."""
    reading = read(replayed("https://cognitect.com/blog/2011/11/15/documenting-architecture-decisions"))
    article = reading.article
    assert article.title == "Documenting Architecture Decisions with Short Numbered Records"
    assert (article.author, article.published, article.language) == ("Sample article", "2011-11-15", "en")
    assert article.site == "cognitect.com"
    assert reading.canonical == "https://cognitect.com/blog/2011/11/15/documenting-architecture-decisions"


def test_the_same_article_in_another_site_s_dress_is_unchanged() -> None:
    """A redesign alone does not make an article look changed: the hash is that of title and text."""
    url = "https://cognitect.com/blog/2011/11/15/documenting-architecture-decisions"
    hashes = {
        read(replayed(url, template=name)).article.hash
        for name in ("blog", "docs", "medium", "confluence", "site")
    }
    assert len(hashes) == 1


def test_a_huge_page_keeps_all_its_rules() -> None:
    """34,000 words come out with every numbered rule's anchor."""
    article = read(replayed("https://opensource.zalando.com/restful-api-guidelines/")).article
    assert article.words > 33_000
    anchors = {block.anchor for block in article.blocks}
    assert {str(number) for number in range(100, 230)} <= anchors


def test_the_process_text_survives_a_table_of_800_links() -> None:
    """A long index of links on the page does not push out the text beside it."""
    url = "https://cwiki.apache.org/confluence/display/KAFKA/Kafka+Improvement+Proposals"
    text = read(replayed(url)).article.text
    assert "Silence is the usual cause of failure" in text
    assert "KIP-500 | Metadata quorum instead of ZooKeeper | Adopted" in text


def test_a_list_page_keeps_its_list_of_links() -> None:
    """Where links are what the page is about, they are its text."""
    article = read(replayed("https://www.codehiddenlanguage.com/")).article
    assert "Chapter 14: Binary addition" in "\n".join(texts(article, "list"))


PROSE = "".join(f"<p>Paragraph {n} says that {FILLER}</p>" for n in range(8))


@pytest.mark.parametrize(
    ("heading", "anchor"),
    [
        ("<h2 id='own'>Topic</h2>", "own"),
        ("<h2><a id='inside'></a>Topic</h2>", "inside"),
        ("<h2><a name='old-style'>Topic</a></h2>", "old-style"),
        ("<a name='before'></a><h2>Topic</h2>", "before"),
        ("<div><h2>Topic</h2><a class='anchor' id='after' href='#topic'></a></div>", "after"),
        ("<h2 id='own'><a href='#own'>Topic</a></h2>", "own"),
        ("<h2 id='own'>Topic<a class='headerlink' href='#own'>\u00b6</a></h2>", "own"),
        ("<h2><span id='w'>Topic</span><span class='mw-editsection'>[<a href='/e'>e</a>]</span></h2>", "w"),
        ("<section id='around'><h2>Topic</h2><p>More of it.</p></section>", "around"),
        ("<h2>Topic</h2>", ""),
    ],
)
def test_the_anchor_is_found_wherever_the_page_has_it(heading: str, anchor: str) -> None:
    """The id on the heading, in it, beside it or on the section that it opens; signs are no text."""
    article = read(document(f"<article>{PROSE}{heading}{PROSE}</article>")).article
    assert [(block.headings, block.anchor) for block in article.blocks if block.kind == "heading"] == [
        (("Topic",), anchor)
    ]


def test_equal_headings_get_their_own_anchors_in_order() -> None:
    """The second "Example" opens at the second one."""
    body = f"<article>{PROSE}<h2 id='e1'>Example</h2>{PROSE}<h2 id='e2'>Example</h2>{PROSE}</article>"
    article = read(document(body)).article
    assert [block.anchor for block in article.blocks if block.kind == "heading"] == ["e1", "e2"]


def test_highlighted_code_is_verbatim() -> None:
    """Markup of a highlighter, line numbers in a table beside the code, and indentation survive as code."""
    first = "<span class='k'>def</span> <span class='nf'>f</span>(x):"
    code = f"<pre>{first}\n    <span class='k'>return</span>  x</pre>"
    numbered = f"<table><tr><td><pre>1\n2</pre></td><td>{code}</td></tr></table>"
    for markup in (code, numbered):
        article = read(document(f"<article>{PROSE}{markup}{PROSE}</article>")).article
        assert "def f(x):\n    return  x" in texts(article, "code")


def test_links_are_absolute_once_and_in_order() -> None:
    """Without fragments, scripts or mail addresses, however often they stand on the page."""
    hrefs = ["/b", "c?x=1#y", "/b#z", "javascript:x()", "mailto:a@b.c", "#top", "http://[x", "//o.org/"]
    body = "".join(f"<a href='{href}'>words</a>" for href in hrefs)
    assert read(document(body)).links == (
        "https://example.org/b",
        "https://example.org/c?x=1",
        "https://o.org/",
    )


def test_a_script_only_page_says_so() -> None:
    """The crawl can tell an application that draws itself from a page with little to say."""
    reading = read(page(script_only()))
    assert reading.scripts
    assert reading.article.words == 0
    assert not read(document("<p>One moment.</p>")).scripts
