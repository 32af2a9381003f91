"""Hostile and careless pages give their text or a reason: no crash, nothing that steers a terminal."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.errors import Unreadable
from indexer.extract import read
from tests.extract.paging import FILLER, clean, document, page, replayed
from tests.replay import bodies

ACCENTS = "Café naïve § 5 €, “quoted” \u2013 Grüße aus Köln."
PROSE = f"<p>{FILLER}</p>" * 6


@pytest.mark.parametrize(
    "name",
    [
        "windows-1252",
        "windows-1252-called-utf-8",
        "utf-8-called-latin-1",
        "utf-8-undeclared",
        "unknown-charset",
    ],
)
def test_the_right_charset_is_found_whatever_is_declared(name: str) -> None:
    """A wrong, unknown or missing declaration costs no letter."""
    assert ACCENTS in read(replayed(f"https://odd.test/{name}")).article.text


@pytest.mark.parametrize(
    ("charset", "text"),
    [
        ("utf-16", ACCENTS),
        ("utf-8-sig", ACCENTS),
        ("shift_jis", "待ち行列は一度にできない仕事を預かる。" * 5),
        ("gb18030", "队列保存无法立即完成的工作。" * 5),
        ("koi8-r", "Очередь хранит то, что нельзя сделать сразу. " * 5),
        ("iso-8859-2", "Žluťoučký kůň úpěl ďábelské ódy. " * 5),
    ],
)
def test_other_charsets_are_read_as_declared(charset: str, text: str) -> None:
    """In the header, in the page itself, or by a byte order mark."""
    article = f"<article><p>{text}</p>{PROSE}</article>"
    body = f"<html><head><meta charset='{charset}'></head><body>{article}</body></html>"
    for kind in (f"text/html; charset={charset}", "text/html"):
        assert text.strip() in read(page(body.encode(charset), kind=kind)).article.text


def test_an_undeclared_cyrillic_page_is_recognised() -> None:
    """By its letters' frequencies, where nothing declares the charset."""
    text = "Очередь хранит то, что нельзя сделать сразу, и отдаёт это по порядку. " * 8
    body = f"<html><body><article><p>{text}</p></article></body></html>".encode("windows-1251")
    assert text.strip() in read(page(body, kind="text/html")).article.text


@pytest.mark.parametrize("name", ["escapes", "nulls", "invalid", "links"])
def test_a_hostile_page_with_text_gives_it_without_control_characters(name: str) -> None:
    """Escape sequences go as a whole, so that "RED" does not leave "[31mRED" behind."""
    reading = read(page(getattr(bodies, name)()))
    assert "enough words to pass for a paragraph" in reading.article.text
    assert clean(reading.article)
    for rest in ("[31m", "[2J", "]0;", "8;;", "\u202e", "alert('x')", "display:none"):
        assert rest not in reading.article.title + reading.article.text
    assert len(reading.links) <= 5000


@pytest.mark.parametrize("name", ["deep", "script_only", "refresh"])
def test_a_hostile_page_without_text_gives_an_article_without_words(name: str) -> None:
    """100,000 nested elements, a page of scripts, and a refresh do no harm."""
    assert read(page(getattr(bodies, name)())).article.words < 10


@pytest.mark.parametrize(
    "body",
    [
        "<p>" + "<b>deep " * 30_000,
        "<table><tr><td>in a cell " * 3_000,
        "<ul><li>item " * 3_000,
        "<blockquote>said " * 3_000,
        "<pre>" + "<span>x</span>" * 20_000,
        "<p " + "a=b " * 100_000 + ">text",
        "<h2>" * 5_000 + "x",
        "<p>" + "nospace" * 100_000,
        "<!--" * 10_000,
        "&#0;&#x1b;&#xd800;&#x202e;" + PROSE,
    ],
)
def test_broken_markup_is_survived(body: str) -> None:
    """Nesting, runs of tags and lone entities end with a reading, clean and small enough to hand over."""
    reading = read(document(body))
    assert clean(reading.article)
    assert pickle.loads(pickle.dumps(reading)) == reading


SCRAPS = [
    "<p>", "</p>", "<ul><li>", "<table><tr><td>", "<pre>", "<h2 id=a>", "x ", "\x1b[1m", "\f", "# ", "\n\n",
    "1. ", "| a | b |", "```\n", "---\n", "é", "\u202e", "&amp;", "<a href=//[>",
]  # fmt: skip
KINDS = ["text/html", "text/plain", "text/markdown", "application/pdf", "", "text/html; charset=x-none"]


@settings(max_examples=200, deadline=None)
@given(
    st.one_of(
        st.binary(max_size=600),
        st.text(max_size=300).map(str.encode),
        st.lists(st.sampled_from(SCRAPS)).map(lambda parts: "".join(parts).encode()),
    ),
    st.sampled_from(KINDS),
)
def test_any_bytes_give_a_reading_or_a_reason(body: bytes, kind: str) -> None:
    """Nothing but Unreadable is raised, and blocks slice the text exactly, joined by blank lines."""
    try:
        reading = read(page(body, kind=kind))
    except Unreadable:
        return
    article = reading.article
    assert clean(reading.article)
    assert article.text == "\n\n".join(article.text[block.start : block.end] for block in article.blocks)


def test_importing_the_room_imports_no_library() -> None:
    """Asking must stay instant: trafilatura, lxml and pdfium come in when the first page is read."""
    code = (
        "import sys, indexer.extract, indexer.extract.fragments, indexer.extract.html, indexer.extract.pdf;"
        "print([name for name in ('lxml', 'trafilatura', 'pypdfium2', 'markdown_it') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
