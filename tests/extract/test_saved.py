"""Pages saved from a browser are read as the page that was saved: archives, pictures inside, reader modes."""

from __future__ import annotations

import base64
import quopri
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.errors import Unreadable
from indexer.extract import read
from indexer.extract.saved import LONG_DATA, without_data_urls
from tests.extract.paging import FILLER, document, page, texts

REPORTS = Path(__file__).parent / "reports"
SAVED_AT = "https://notes.example.org/page/one"


def html(words: str, *, charset: str = "utf-8") -> bytes:
    """A page with one known sentence, a link, and enough around it to be an article."""
    body = f"<h1>Notes</h1><p>{words}</p><p>{FILLER}</p><p><a href='/next'>Next</a> {FILLER}</p>"
    text = f"<html><head><title>Notes</title></head><body><article>{body}</article></body></html>"
    return text.encode(charset)


def part(content: bytes, *, kind: str = "text/html", encoding: str = "", headers: str = "") -> bytes:
    """A part of a web archive in a transfer encoding."""
    wire = {"quoted-printable": quopri.encodestring, "base64": base64.encodebytes}.get(encoding, bytes)
    lines = f"Content-Type: {kind}\n" + (f"Content-Transfer-Encoding: {encoding}\n" if encoding else "")
    return f"{lines}{headers}\n".encode() + wire(content)


def archive(*parts: bytes, kind: str = "multipart/related", mark: str = "x-7", headers: str = "") -> bytes:
    """A web archive of parts."""
    head = f'MIME-Version: 1.0\n{headers}Content-Type: {kind}; boundary="{mark}"\n\n'
    return head.encode() + b"".join(b"\n--" + mark.encode() + b"\n" + inner for inner in parts) + (
        f"\n--{mark}--\n".encode()
    )  # fmt: skip


STYLE = part(b"body { color: red }", kind="text/css", headers="Content-Location: cid:css@x\n")
PICTURE = part(b"\x89PNG\r\n\x1a\n" + bytes(range(256)), kind="image/png", encoding="base64")
PLACE = f"Content-Location: {SAVED_AT}\n"


# ------------------------------------------------------------------- MHTML


def test_an_archive_of_chrome_is_read_as_its_page() -> None:
    """Soft line breaks and quoted bytes are undone, styles and pictures are no text, links are the site's."""
    reading = read(page((REPORTS / "saved-by-chrome.mhtml").read_bytes(), kind=""))
    assert reading.article.title == "How we make a release"
    assert texts(reading.article, "heading") == ["Before", "After"]
    assert "The caf\u00e9\u2019s key — “the old one” — stays." in reading.article.text
    assert "margin" not in reading.article.text
    assert reading.links[1] == "https://notes.example.org/blog/"


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize(
    ("charset", "encoding"),
    [
        ("utf-8", "quoted-printable"), ("utf-8", "base64"), ("utf-8", "8bit"), ("utf-8", ""),
        ("windows-1252", "Quoted-Printable"), ("windows-1252", "base64"), ("utf-16", "binary"),
        ("shift_jis", "base64"),
    ],
)  # fmt: skip
def test_every_transfer_encoding_and_charset_is_undone(charset: str, encoding: str, ending: str) -> None:
    """The part's own charset counts."""
    words = "待ち行列は夜に読む。" if charset == "shift_jis" else "The café opens at six and closes at “ten”."
    content = html(words, charset=charset)
    if ending == "\r\n" and encoding != "binary":
        content = content.replace(b"\n", b"\r\n")
    root = part(content, kind=f'text/html; charset="{charset}"', encoding=encoding.lower(), headers=PLACE)
    reading = read(page(archive(STYLE, PICTURE, root, PICTURE), kind=""))
    assert words in reading.article.text
    assert reading.links == ("https://notes.example.org/next",)


def test_the_archive_says_which_part_is_the_page() -> None:
    """By ``start``; else the first that is HTML, also inside another archive, before one of plain text."""
    frame, root = part(html("It is an advertisement.")), part(html("It is the page."))
    named = root.replace(b"\n", b"\nContent-ID: <page@x>\n", 1)
    started = archive(frame, named, kind='multipart/related; start="<page@x>"')
    nested = archive(part(b"As plain text.", kind="text/plain"), root, kind="multipart/alternative", mark="y")
    inner = nested.partition(b"\n")[2]
    for body in (started, archive(STYLE, root, frame), archive(inner, PICTURE), root_alone(root)):
        assert "It is the page." in read(page(body, kind="")).article.text


def root_alone(root: bytes) -> bytes:
    return b"From: somebody\nMIME-Version: 1.0\n" + root


def test_a_boundary_within_the_text_parts_nothing() -> None:
    """Only a line of its own does, and no line that merely begins like one."""
    content = html(f"{FILLER}\n--x-7more is said here\nand x --x-7 there.")
    assert "more is said here and x --x-7 there." in " ".join(
        read(page(archive(part(content), PICTURE), kind="")).article.text.split()
    )


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (archive(STYLE, PICTURE), "holds no page"),
        (archive(), "holds no page"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n", "holds no page"),
        (archive(*[b"\n"] * 6_000), "more than 5,000 parts"),
        (archive(PICTURE, part(html("Cut.")[:-150])).rpartition(b"\n--")[0], "cut off"),
    ],
)
def test_an_archive_without_a_whole_page_is_refused(body: bytes, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        read(page(body, kind=""))


def test_archives_inside_one_another_are_refused() -> None:
    body = part(html("Deep."))
    for level in range(50):
        body = archive(body, mark=f"m{level}").partition(b"\n")[2]
    with pytest.raises(Unreadable, match="nested"):
        read(page(b"MIME-Version: 1.0\n" + body, kind=""))


@given(st.lists(st.sampled_from([b"--x-7", b"--x-7--", b"\n", b"\r\n", b"Content-Type: text/html",
    b"Content-Type: multipart/mixed; boundary=x-7", b"=\n", b"<p>text", b"\xff\x00", b": "])))  # fmt: skip
def test_any_archive_gives_a_reading_or_a_reason(pieces: list[bytes]) -> None:
    """Nothing but Unreadable is raised, whatever lies behind the first lines."""
    body = b"MIME-Version: 1.0\nContent-Type: multipart/related; boundary=x-7\n\n" + b"".join(pieces)
    try:
        read(page(body, kind=""))
    except Unreadable:
        return


def test_a_text_that_begins_with_a_colon_is_no_archive() -> None:
    """Neither notes, front matter nor a mail of plain text about MIME."""
    for start in ("Note: read it.\n\n", "---\ntitle: x\n---\n\n", "Content-Type: text/html is a header.\n\n"):
        assert FILLER in read(page(start + FILLER, kind="text/plain")).article.text


# ------------------------------------------------------- pictures in the page


def test_nothing_is_lost_after_a_picture_inside_the_page() -> None:
    """Eleven megabytes of picture, as SingleFile saves them, in every place that holds one."""
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 350_000
    style = f"<style>@font-face {{ src: url({picture}) }} p {{ color: red }}</style>"
    body = (
        f"{style}<article><h1>Notes</h1><p>Before it. {FILLER}</p><img src={picture}><p>Between. {FILLER}</p>"
        f"<p style='background:url(&quot;{picture}&quot;)'>After it. {FILLER}</p></article>"
    )
    text = read(document(body)).article.text
    for words in ("Before it.", "Between.", "After it."):
        assert f"{words} {FILLER}" in text


ADDRESS = st.tuples(st.sampled_from(["image/png;base64", "font/woff2;charset=x;base64", "image/svg+xml"]),
    st.sampled_from(["A", "/+Az09", "%3Csvg%20"]), st.integers(1, 3 * LONG_DATA))  # fmt: skip
AROUND = st.text(st.sampled_from("<p>\n\"' )x,;data:\u00e9\U0001f600"), max_size=40)


@given(AROUND, ADDRESS, st.sampled_from(['"', "'", ")", " ", "<", "\n", "&quot;"]), AROUND)
def test_dropping_pictures_costs_nothing_around_them(
    before: str, address: tuple[str, str, int], end: str, after: str
) -> None:
    """Text and bytes alike: what is before and after stays, and so does a short address."""
    kind, piece, count = address
    data = piece * count
    source = f'{before}<img src="data:{kind},{data}{end}{after}'
    kept = without_data_urls(source)
    assert kept.startswith(f'{before}<img src="data:{kind},')
    assert kept.endswith(end + after)
    assert len(kept) == len(source) - (len(data) if len(data) >= LONG_DATA else 0)
    assert without_data_urls(source.encode()) == kept.encode()


def test_a_picture_in_lines_is_dropped_whole() -> None:
    lines = ("A" * 76 + "\r\n") * 100
    assert without_data_urls(f"<img src='data:image/gif;base64,{lines}'>text") == (
        "<img src='data:image/gif;base64,\r\n'>text"
    )


# --------------------------------------------- the archive's toolbar, reader modes

CAPTURE = "https://web.archive.org/web/20240305101112"
WAYBACK = f"""<!DOCTYPE html><html lang="en"><head>
<script src="https://web-static.archive.org/_static/js/bundle-playback.js" type="text/javascript"></script>
<!-- End Wayback Rewrite JS Include -->
<title>Notes on queues</title>
<link rel="canonical" href="{CAPTURE}/https://queues.example/notes">
<link rel="stylesheet" href="/web/20240305101112cs_/https://queues.example/a.css"></head>
<body>%s
<article><h1>Notes on queues</h1><p>{FILLER}</p>
<p>See <a href="/web/20240305101112/https://queues.example/more?a=b">more</a>,
<a href='{CAPTURE}/http://other.example/'>others</a>, and what
{CAPTURE}/https://queues.example/cited keeps. {FILLER}</p></article></body></html>
<!-- FILE ARCHIVED ON 10:11:12 Mar 05, 2024 AND RETRIEVED FROM THE INTERNET ARCHIVE -->"""
TOOLBAR = """<!-- BEGIN WAYBACK TOOLBAR INSERT --><script>__wm.rw(0);</script>
<div id="wm-ipp-base" lang="en"><div id="wm-ipp-inside"><a href="/web/">Wayback</a>
<p>42 captures of this page between 5 Mar and 1 Jan, in a calendar of all the months.</p></div></div>
<div id="wm-ipp-print">The Wayback Machine - https://web.archive.org/web/2024/https://queues.example/notes</div>
<div id="donato"></div><!-- END WAYBACK TOOLBAR INSERT -->"""


@pytest.mark.parametrize("comments", [True, False])
def test_a_save_of_the_web_archive_is_its_page(comments: bool) -> None:
    """With or without the comments around the toolbar: it goes, and every address is the original one."""
    toolbar = TOOLBAR if comments else TOOLBAR.replace("<!--", "<i hidden>").replace("-->", "</i>")
    reading = read(page(WAYBACK % toolbar, url=f"{CAPTURE}/https://queues.example/notes", kind=""))
    assert reading.canonical == "https://queues.example/notes"
    assert reading.links == ("https://queues.example/more?a=b", "http://other.example/")
    assert "captures" not in reading.article.text
    assert "Wayback Machine" not in reading.article.text
    assert f"what {CAPTURE}/https://queues.example/cited keeps." in reading.article.text


def test_a_page_that_cites_the_web_archive_keeps_its_links() -> None:
    cited = f"{CAPTURE}/https://queues.example/notes"
    body = f"<article><h1>Links</h1><p>{FILLER} <a href='{cited}'>kept</a> {FILLER}</p></article>"
    assert read(document(body)).links == (cited,)


CONTENT = f"<p>{FILLER}</p><h2>Why</h2><p>It says why. {FILLER}</p><pre>a = 1\nb = 2</pre>"
FIREFOX = f"""<!DOCTYPE html><html><head><meta charset="utf-8"><title>Notes on queues</title></head>
<body class="light sans-serif loaded" style="--font-size: 20px"><div class="container" dir="ltr">
<div class="header reader-header" style="display: block"><a class="domain reader-domain"
href="https://queues.example/notes">queues.example</a><div class="domain-border"></div>
<h1 class="reader-title">Notes on queues</h1><div class="credits reader-credits">Ann Author</div>
<div class="meta-data"><div class="reader-estimated-time" dir="ltr">5-7 minutes</div></div></div><hr>
<div class="content"><div class="moz-reader-content reader-show-element"><div id="readability-page-1"
class="page"><div>{CONTENT}</div></div></div></div><div><div class="reader-message" hidden></div></div></div>
<div class="toolbar-container"><ul class="toolbar reader-toolbar"><li><button>Close Reader View</button></li>
<li><ul class="dropdown"><li>Text and layout</li><li>Content width of the page and its line spacing</li></ul>
</li></ul></div></body></html>"""
SAFARI = f"""<!DOCTYPE html><html><head><title>Notes on queues</title></head><body><div id="hud">Aa</div>
<div id="article" role="article"><div class="page" style=""><h1 class="title">Notes on queues</h1>
<div class="metadata"><span class="byline">Ann Author</span></div>{CONTENT}</div></div>
<div id="next-page-container">Loading the next page of this article, which may take a moment.</div>
</body></html>"""
READABILITY = (
    f"<html><head><title>Notes on queues</title></head><body><p>Saved with a reader. 5 min read.</p>"
    f"<div id='readability-page-1' class='page'>{CONTENT}</div></body></html>"
)


@pytest.mark.parametrize("saved", [FIREFOX, SAFARI, READABILITY])
def test_a_save_of_a_reader_mode_is_the_text_it_showed(saved: str) -> None:
    """Its buttons, times and menus are no text; title, author and address are the page's."""
    reading = read(page(saved, url="https://medium.example/x", kind=""))
    assert reading.article.title == "Notes on queues"
    assert texts(reading.article, "heading") == ["Why"]
    assert texts(reading.article, "paragraph")[:1] == [FILLER]
    assert texts(reading.article, "code") == ["a = 1\nb = 2"]
    for furniture in ("min", "Close", "width", "Loading", "Aa", "Ann"):
        assert furniture not in reading.article.text.replace("many", "")
    if saved is not READABILITY:
        assert reading.article.author == "Ann Author"
    if saved is FIREFOX:
        assert reading.canonical == "https://queues.example/notes"


@pytest.mark.parametrize("attribute", ["shadowmode", "shadowrootmode", "shadowroot"])
def test_the_text_of_a_shadow_tree_is_kept(attribute: str) -> None:
    """As Chrome and SingleFile write it. It is visible, so it counts as text on the page too."""
    shadow = f"<x-part><template {attribute}='open'><p>It is seen. {FILLER}</p></template></x-part>"
    reading = read(document(f"<article><h1>Notes</h1><p>{FILLER}</p>{shadow}<p>{FILLER}</p></article>"))
    assert "It is seen." in reading.article.text
    assert reading.text_on_page >= reading.article.words
