"""What is written for other programs: no text of a page becomes markup, a link or a formula in it."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from xml.etree import ElementTree as ET

import lxml.html
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token

from indexer.cli.answer_forms import answer_csv, answer_markdown
from indexer.escaping import csv_cell, markdown_lines, markdown_text, safe
from indexer.records import Hit, Passage, PassageRow, Source
from indexer.report.atom import as_atom
from indexer.report.events import Event, Report, Section
from indexer.report.forms import as_html, as_markdown
from indexer.search.answer import Answer, State
from indexer.search.as_html import hits_html

PIECES = st.sampled_from(
    [
        *("](", ")", "[x](http://e.vil)", "![i](http://e.vil/i.png)", "[x]: http://e.vil", "[x]", "[^1]"),
        *("<script>", "</script>", "<img src=x onerror=y>", "<http://e.vil>", "<!--", "]]>", "<![CDATA["),
        *("\n", "\n\n", "\r", "\t", "    ", "\\", "`", "```", "~~~", "*", "_", "**", "~~", "$", "|"),
        *("# ", "> ", "- ", "+ ", "1. ", "12) ", "---", "===", "| a | b |\n|---|---|", ":--", "{{x}}"),
        *("&lt;", "&#60;", "http://e.vil", "www.e.vil", "me@e.vil", "javascript:alert(1)"),
        *("=1+1", "+1", "-1", "@SUM(A1)", "'", "''=1", ",", ";", '"', "\uff1d1"),
        *("\x00", "\x1b[31m", "\u202e", "\u2066", "\x85", "\u2028", "word", " ", "é", "\U0001f600"),
    ]
)
TEXTS = st.lists(PIECES, max_size=8).map("".join) | st.text(max_size=30)
ADDRESSES = st.one_of(
    st.just("https://a.example/x?a=1&copy=2#:~:text=a"),
    TEXTS.map("https://a.example/".__add__),
    TEXTS.map("x".__add__),
    st.sampled_from(
        ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "//e.vil/", "JAVASCRIPT:x"]
    ),
)
CONTROLS = "\x00\x1b\x85\r\u202e\u2066"


def answering(text: str, address: str) -> Answer:
    passage = Passage(text, 0, len(text), headings=(text,))
    at = datetime(2026, 1, 31, tzinfo=UTC)
    places = {"title": text, "url": address, "page_url": address, "final_url": address}
    told = {"category": text, "site": text, "note": text, "tags": (text,), "about": text}
    row = PassageRow(1, 1, 0, passage, **places, **told, source=Source.LIVE, fetched_at=at)  # type: ignore[arg-type]
    hit = Hit(1, -0.5, row, address, before=(passage,))
    return Answer(text, "hybrid", State.ANSWERS, 1.0, 1, "model", (hit, hit), notices=(text,))


def reporting(text: str, address: str) -> Report:
    one_line = " ".join(safe(text).split()) or "x"
    lines = tuple(f"{mark} {one_line}" for mark in "+- ")
    event = Event("urn:x", "2026-01-31T00:00:00+00:00", text, address, text, lines)
    return Report("urn:y", "2026-01-30T00:00", "2026-01-31T00:00", 1, (Section("new", text, (event, event)),))


def tokens(markdown: str) -> list[Token]:
    parsed = MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(markdown)
    return [inner for token in parsed for inner in (token, *(token.children or ()))]


def read_as(kinds: list[Token]) -> dict[str, int]:
    counted: dict[str, int] = {}
    for token in kinds:
        if token.type not in ("text", "softbreak", "hardbreak", "inline"):
            counted[token.type] = counted.get(token.type, 0) + 1
    return counted


@given(TEXTS, ADDRESSES)
def test_markdown_of_an_answer_has_our_links_and_nothing_of_the_page_s(text: str, address: str) -> None:
    written = answer_markdown(answering(text, address))
    found = tokens(written)
    links = [token.attrs["href"] for token in found if token.type == "link_open"]
    web = safe(address).strip().lower().startswith(("http://", "https://"))
    assert len(links) in ((2,) if web else (0,))
    assert all(str(link).startswith(("http://", "https://")) for link in links)
    names = {token.type.removesuffix("_open").removesuffix("_close") for token in found}
    assert names <= {
        *("heading", "paragraph", "ordered_list", "list_item", "blockquote", "em", "link"),
        *("text", "text_special", "inline", "softbreak", "hardbreak"),
    }
    assert sum(token.type == "heading_open" for token in found) == 1
    assert not set(written) & set(CONTROLS)


@given(TEXTS, ADDRESSES)
def test_markdown_of_a_report_is_made_like_that_of_a_harmless_one(text: str, address: str) -> None:
    found, harmless = (
        read_as(tokens(as_markdown(reporting(title, to))))
        for title, to in ((text, address), ("word", "https://a.example/"))
    )
    for kind in ("link_open", "link_close"):  # one that leads elsewhere than to the web is none
        assert found.pop(kind, 0) in (0, harmless.pop(kind))
    assert found == harmless


@given(TEXTS)
def test_markdown_shows_a_text_as_it_is(text: str) -> None:
    for written in (markdown_text(text), markdown_lines(text)):
        shown = lxml.html.fromstring(f"<div>{MarkdownIt('commonmark').render(written)}</div>")
        assert "".join(map(str, shown.itertext())).split() == safe(text).split()


def test_markdown_keeps_the_lines_of_code() -> None:
    shown = MarkdownIt("commonmark").render(markdown_lines("def f(x):\n    return x\n\nprose"))
    assert shown == "<p>def f(x):<br />\n\xa0\xa0\xa0\xa0return x</p>\n<p>prose</p>\n"


@given(TEXTS, ADDRESSES)
def test_no_cell_of_csv_is_a_formula_and_a_reader_gets_every_text_back(text: str, address: str) -> None:
    header, *rows = csv.reader(io.StringIO(answer_csv(answering(text, address)), newline=""))
    assert len(rows) == 2
    for row in rows:
        named = dict(zip(header, row, strict=True))
        assert named.pop("score") == "-0.5", "our own numbers stay numbers"
        assert not any(cell.lstrip().startswith(("=", "+", "-", "@", "\uff1d")) for cell in named.values())
        assert not any(cell[:1] in ("\t", "\n", "\r") for cell in named.values())
        for column, told in (("title", text), ("text", text), ("note", text), ("link", address)):
            assert named[column].removeprefix("'") == safe(told)


def test_a_plain_cell_is_left_alone() -> None:
    assert csv_cell("Leases expire = they end") == "Leases expire = they end"
    assert csv_cell("=HYPERLINK(1)") == "'=HYPERLINK(1)"
    assert csv_cell("\x00=1") == "'=1"
    assert csv_cell("'=1") == "''=1"


def parts_of(html: str) -> dict[str, int]:
    counted: dict[str, int] = {}
    for element in lxml.html.document_fromstring(html).iter():
        name = element.tag if isinstance(element.tag, str) else "comment"
        counted[name] = counted.get(name, 0) + 1
        for attribute, value in element.attrib.items():
            assert attribute in ("class", "style", "dir", "href", "target", "rel", "lang", "charset", "name",
                                 "content", "http-equiv")  # fmt: skip
            assert attribute != "href" or str(value).lower().startswith(("http://", "https://"))
    return counted


@given(TEXTS, ADDRESSES)
def test_html_has_no_element_of_a_page_s(text: str, address: str) -> None:
    report, answer = reporting(text, address), answering(text, address)
    page, piece = as_html(report), hits_html(text, text, answer.notices, answer.hits)
    assert not set(page + piece) & set(CONTROLS)
    found, harmless = parts_of(page), parts_of(as_html(reporting("word", "https://a.example/")))
    assert found.pop("a", 0) in (0, harmless.pop("a"))
    assert found == harmless
    assert parts_of(piece).keys() <= {"html", "body", "div", "p", "b", "br", "ul", "li", "a", "pre"}


@given(TEXTS, ADDRESSES)
def test_a_feed_is_xml_without_an_element_of_a_page_s(text: str, address: str) -> None:
    written = as_atom(reporting(text, address))
    assert not set(written) & set(CONTROLS)
    feed = ET.fromstring(written)
    names = {element.tag.rpartition("}")[2] for element in feed.iter()}
    assert names <= {
        "feed",
        "id",
        "title",
        "updated",
        "author",
        "name",
        "entry",
        "link",
        "category",
        "content",
    }
    for element in feed.iter("{http://www.w3.org/2005/Atom}content"):
        assert set(parts_of(element.text or "<p></p>")) <= {"html", "body", "p", "ins", "del", "div"}
    for element in feed.iter("{http://www.w3.org/2005/Atom}link"):
        assert element.attrib["href"].lower().startswith(("http://", "https://"))
