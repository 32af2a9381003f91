"""Hostile pages and lists: whatever is repeated in them, however often, in whatever form."""

from __future__ import annotations

import gzip
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from pathlib import Path
from random import Random

import brotli
import zstandard

from indexer.demo.site import SampleSite, load_articles, sample_folder

PAGE_BYTES = 10_000_000
"""The largest page that is made: about what a crawl takes."""

UNITS = (*("!", ".", "(", '"', "'", "-", "\u2013", "\n", "\n\n", " ", "a", "a ", "word. ", "Aa", "a-",
    "a.b ", "7", "/"), *("\U0001f600", "\U0001f468\u200d\U0001f469\u200d", "e\u0301", "\u0301",
    "\u05d0\u05d1 ", "\u202e", "\u200b"), *("\u6f22", "\u0e01\u0e31", "\u3002", "\0", "\x1b[31m",
    "\ud800", "\ufffe", "\u2028", "\t", "\f", "\xa0"), *("*", "**a", "_a_ ", "`", "```\n", "~~~\n",
    "[a](", "](", "[]", "![](", "\\(", "$x$", "$$", "\\[x", "> ", "- "), *("1. a\n", "# a\n", "#", "| a ",
    "|-", "a\n=\n", "---\n", "[r]: /a\n", "<b>", "</p>", "<div>", "<p>a", "<br>"), *("<li>a", "<ul><li>",
    "<td>a", "<table><tr><td>", "<h2>h</h2>", "<h1>", "<a href=/x>a</a>", "<img src=x>"), *("<pre>",
    "<code>a</code>", "<blockquote>", "<svg>", "<math><mi>x</mi></math>", "<template>", "<article>"),
    *("<span>a</span>", "<em>a", "<sup>1</sup>", "<dl><dt>a<dd>", "<script>", "<style>", "<!--",
    "<!-- -->", "<![CDATA["), *("<a b=c>", "a=b ", "&amp;", "&", "&#1;", "&#xd800;", "&lt;p&gt;", "<",
    ">", "<?a?>", "<!a>", "</", "{", "[", '{"a":'), *("http://e.example/ ", "www.e.example ",
    "a@b.example ", "data:image/png;base64,AAAA", "//", "%41", "a{b:c}"),)  # fmt: skip
"""What is repeated: signs, words, tags, attributes, entities, comments, and what other formats have."""

PLACES = {
    "text": "<p>@</p>",
    "no element": "@",
    "title": "<title>@</title>",
    "heading": "<h2>@</h2>",
    "item": "<ul><li>@</li></ul>",
    "cell": "<table><tr><td>@</td></tr></table>",
    "code": "<pre><code>@</code></pre>",
    "tag": "<p @>a</p>",
    "attribute": '<h2 id="@">a</h2>',
    "address": '<p><a href="@">a</a></p>',
    "comment": "<!--@-->",
    "style": "<style>@</style>",
    "script": "<script>@</script>",
    "JSON-LD": '<script type="application/ld+json">{"@type": "Article", "articleBody": "@"}</script>',
    "meta": '<meta name="description" content="@">',
    "formula": "<math><annotation encoding='application/x-tex'>@</annotation></math>",
    "quotation": "<blockquote><p>@</p></blockquote>",
    "note": "<aside>@</aside>",
}
"""Where in a page of HTML it is repeated, in place of the ``@``."""

CHARSETS = (
    *("utf-8", "utf-16", "utf-16-le", "utf-32", "utf-7", "windows-1252", "iso-8859-2", "koi8-r", "shift_jis"),
    *("gb18030", "big5", "euc-kr", "iso-2022-jp", "ascii", "x-none", "", "\x1b", "utf-8" * 1000),
)
PROSE = "".join(
    f"<p>In paragraph {n} a queue holds what can't be done at once, and says why.</p>" for n in range(9)
)
LINK = "https://example.org/"

Body = tuple[str, bytes]
"""The declared type of a page, and its bytes."""


def repeated(random: Random, most: int = PAGE_BYTES) -> tuple[str, str]:
    """A text of one or two units, up to ``most`` characters of them, and what it is in words."""
    units = random.sample(UNITS, random.choice((1, 1, 1, 2)))
    unit = "".join(units)
    size = int(10 ** random.uniform(3, 7))
    times = max(1, min(size, most) // len(unit.encode("utf-8", "surrogatepass")))
    return unit * times, f"{unit!r} {times:,} times"


# ------------------------------------------------------------------------------- pages


def html(random: Random) -> tuple[Body, str]:
    """A unit in some place of an HTML page, alone or in the midst of an article."""
    text, told = repeated(random)
    place = random.choice([*PLACES])
    start, end = random.choice((("", ""), (f"<article><h1>A page</h1>{PROSE}", f"{PROSE}</article>")))
    before, _, after = PLACES[place].rpartition("@")
    cut = random.random() < 0.2  # nothing that was open is ever closed
    body = f"<!doctype html><html><head></head><body>{start}{before}{text}{'' if cut else after + end}"
    return ("text/html; charset=utf-8", body.encode("utf-8", "surrogatepass")), f"{place} of {told}"


def xhtml(random: Random) -> tuple[Body, str]:
    """The same, called XML."""
    (_, body), told = html(random)
    head = b'<?xml version="1.0"?><!DOCTYPE html [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    return ("application/xhtml+xml", head + body.replace(b"<p>", b"<p>&b;", 1)), told


def plain_text(random: Random) -> tuple[Body, str]:
    """A unit between two paragraphs of plain text, on lines of any length."""
    text, told = repeated(random)
    if random.random() < 0.3:
        text = "\n".join(text[at : at + 80] for at in range(0, len(text), 80))
    body = f"A TITLE\n\nIt begins well.\n\n{text}\n\n1. Introduction\n\nIt ends well.\n"
    return ("text/plain; charset=utf-8", body.encode("utf-8", "surrogatepass")), told


def markdown(random: Random) -> tuple[Body, str]:
    """A unit in Markdown."""
    text, told = repeated(random)
    start = random.choice(
        ("# A title\n\nIt begins well.\n\n", "", "| a | b |\n| - | - |\n| ", "- a\n\n  ", "```\n")
    )
    return ("text/markdown; charset=utf-8", (start + text).encode("utf-8", "surrogatepass")), told


def pdf(random: Random) -> tuple[Body, str]:
    """A PDF that shows a unit in many lines, on many pages or in one string, or whose objects are nested."""
    text, told = repeated(random, 2_000_000)
    shown = text.encode("latin-1", "replace").translate(None, b"()\\")
    way = random.choice(("one string", "lines", "pages", "nested arrays", "operators", "nested kids"))
    lines = [b"(%s) Tj" % shown]
    pages, extra = 1, b""
    match way:
        case "lines":
            lines = [
                b"1 0 0 1 72 %d Tm (%s) Tj" % (n % 700, shown[:90]) for n in range(min(len(text), 50_000))
            ]
        case "pages":
            pages, lines = 2_000, [b"(%s) Tj" % shown[:60]]
        case "nested arrays":
            extra = b"/A " + b"[" * len(text)
        case "operators":
            lines = [b"q 1 0 0 1 0 0 cm BT ET"] * min(len(text), 100_000)
        case "nested kids":
            extra = b"/Parent 2 0 R /Kids [2 0 R 2 0 R]"
    stream = b"BT /F 12 Tf 72 720 Td " + b"\n".join(lines) + b" ET"
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Count %d/Kids[%s]%s>>" % (pages, b"5 0 R " * pages, extra),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Resources<</Font<</F 3 0 R>>>>/Contents 4 0 R>>",
    ]
    numbered = (b"%d 0 obj%s endobj\n" % (n, content) for n, content in enumerate(objects, 1))
    body = b"%PDF-1.4\n" + b"".join(numbered) + b"trailer<</Root 1 0 R>>\n%%EOF"
    return ("application/pdf", body), f"{way} of {told}"


def web_archive(random: Random) -> tuple[Body, str]:
    """An HTML page in a web archive, or an archive of many parts, headers or archives."""
    (kind, body), told = html(random)
    start = b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x; type=text/html\r\n"
    way = random.choice(("page", "parts", "header", "boundaries", "nested"))
    part = b"\r\n--x\r\nContent-Type: %s\r\nContent-Location: %s\r\n\r\n" % (kind.encode(), LINK.encode())
    match way:
        case "page":
            body = start + part + body + b"\r\n--x--\r\n"
        case "parts":
            body = start + (part + body[:200]) * min(len(body) // 300, 30_000)
        case "header":
            body = start + b"X: " + body.replace(b"\n", b" ") + part + PROSE.encode()
        case "boundaries":
            body = start + b"\r\n--x" * (len(body) // 5)
        case "nested":
            body = (start + b"\r\n--x\r\n") * (len(body) // 100) + body[:1000]
    return (
        random.choice(("", "application/octet-stream", "text/html", "text/plain")),
        body[:PAGE_BYTES],
    ), f"{way} of {told}"


def any_charset(random: Random) -> tuple[Body, str]:
    """An article in one charset that calls itself another, here, there or nowhere."""
    said, header = random.choice(CHARSETS), random.choice(CHARSETS)
    real = random.choice(CHARSETS[:14])
    text, told = repeated(random, PAGE_BYTES // 4)
    page = (
        f"<html><head><meta charset='{said}'><title>A</title></head><body>{PROSE}<p>{text}</p></body></html>"
    )
    kind = f"text/html; charset={header}".encode("ascii", "ignore").decode()
    return (
        kind.replace("\x1b", ""),
        page.encode(real, "replace"),
    ), f"{real} called {said[:9]!r} and {header[:9]!r}: {told}"


def damaged_sample(random: Random) -> tuple[Body, str]:
    """A page of the samples, cut, spliced with another, or with bits flipped."""
    site, addresses = samples()
    first, other = (site.answer(random.choice(addresses)) for _ in range(2))
    body, told = damaged(random, first.body, other.body)
    return (first.content_type, body), f"{told} {len(first.body):,} bytes"


MAKERS: Mapping[str, Callable[[Random], tuple[Body, str]]] = {
    "HTML": html,
    "XHTML": xhtml,
    "plain text": plain_text,
    "Markdown": markdown,
    "PDF": pdf,
    "web archive": web_archive,
    "odd charset": any_charset,
    "damaged sample page": damaged_sample,
}


@cache
def samples() -> tuple[SampleSite, list[str]]:
    """The sample pages, and where they are."""
    return SampleSite(sample_folder()), [
        article.url for article in load_articles(sample_folder() / "articles").values()
    ]


def damaged(random: Random, content: bytes, other: bytes) -> tuple[bytes, str]:
    """A file that was cut, spliced, flipped or repeated, and what was done to it."""
    way = random.choice(("cut", "spliced", "flipped", "repeated"))
    at, to = sorted(random.choices(range(len(content) + 1), k=2))
    match way:
        case "cut":
            content = content[:at] + content[to:]
        case "spliced":
            content = content[:at] + other[random.randrange(len(other) + 1) :]
        case "flipped":
            changed = bytearray(content)
            for _ in range(random.choice((1, 10, 1000))):
                changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
            content = bytes(changed)
        case "repeated":
            times = random.choice((2, 100, 10_000))
            content = (content[:at] + content[at:to] * times + content[to:])[:PAGE_BYTES]
    return content, f"{way} at {at:,}"


def packed(random: Random, body: bytes) -> tuple[str, bytes]:
    """A body by one or two content codings, perhaps cut or with bits flipped."""
    codings = random.choices(("gzip", "br", "zstd"), k=random.choice((1, 1, 2)))
    for coding in codings:
        match coding:
            case "gzip":
                body = gzip.compress(body, 6)
            case "br":
                body = brotli.compress(body, quality=3)
            case "zstd":
                body = zstandard.ZstdCompressor().compress(body)
    if random.random() < 0.3:
        body, _ = damaged(random, body, body)
    return ", ".join(codings), body


@dataclass(frozen=True)
class HostilePage:
    """A page as its host sends it, and what it is in words."""

    kind: str
    told: str
    headers: dict[str, str]
    body: bytes


def hostile_page(random: Random) -> HostilePage:
    """Any page."""
    kind = random.choice([*MAKERS])
    (content_type, body), told = MAKERS[kind](random)
    headers = {"Content-Type": content_type}
    if random.random() < 0.15:
        headers["Content-Encoding"], body = packed(random, body)
        kind, told = "packed body", f"{headers['Content-Encoding']}: {kind}, {told}"
    return HostilePage(kind, told, headers, body)


# ------------------------------------------------------------------------------- lists

LISTS = {
    "CSV": ("title,url,tags\n", '"@",https://example.org/#,x\n', ""),
    "JSON": ("[", '{"url": "https://example.org/#", "title": "@", "tags": ["x"]},', "{}]"),
    "JSON tree": (
        '{"children": [',
        '{"title": "@", "children": [{"uri": "https://example.org/#"}]},',
        "{}]}",
    ),
    "bookmarks": (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL>",
        '<DT><H3>@</H3><DL><DT><A HREF="https://example.org/#" TAGS="x">@</A></DL>',
        "</DL>",
    ),
    "HTML": (
        "<html><body><h2>Links</h2><ul>",
        '<li><a href="https://example.org/#">@</a>',
        "</ul></body></html>",
    ),
    "OPML": ("<opml><body>", '<outline text="@" htmlUrl="https://example.org/#"/>', "</body></opml>"),
    "RSS": (
        "<rss><channel>",
        "<item><title>@</title><link>https://example.org/#</link><category>x</category></item>",
        "</channel></rss>",
    ),
    "Atom": (
        '<feed xmlns="http://www.w3.org/2005/Atom">',
        '<entry><title>@</title><link href="https://example.org/#"/></entry>',
        "</feed>",
    ),
    "Markdown": ("# Links\n\n", "- [@](https://example.org/#): @\n", ""),
    "text": ("", "https://example.org/# @\n", ""),
}
"""The beginning of a list, an entry with ``@`` for a unit and ``#`` for a number, the end."""


NETSCAPE = "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL>"
CRAFTED_LINK = "https://example.org/x"


def drawn(kind: str, count: int) -> str:
    """A text drawn from the marks of a format, the same each time."""
    return "".join(Random(1).choices(MARKS[kind], k=count))


MARKS = {
    "Markdown": list('#-*|>[]()<>`:/ \n\tahtps."{},='),
    "HTML": [
        "<ul>",
        "<li>",
        "</li>",
        "<p>",
        f"<a href={CRAFTED_LINK}>",
        "</a>",
        "x ",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
    ],
}
ENTITIES = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))

CRAFTED_LISTS: dict[str, Callable[[], str | bytes]] = {
    "brackets": lambda: "x" + "[" * 500_000,
    "pictures": lambda: ("![[](" * 160 + "\n") * 90,
    "paragraph of brackets": lambda: ("![[](" * 50 + "\n") * 490,
    "emphasis": lambda: ("*a_b**c__" * 100 + "\n") * 80,
    "paragraph of emphasis": lambda: "*a_b**c__\n" * 8_000,
    "table of brackets": lambda: "a|b\n-|-\n" + ("![[](" * 160 + "\n") * 90,
    "quotations": lambda: ("> " * 2_000 + "\n") * 250,
    "nested bullets": lambda: ("- " * 2_000 + "x\n") * 250,
    "line feeds": lambda: "\n" * PAGE_BYTES,
    "short lines": lambda: "- x\n" * 350_000,
    "wide table": lambda: "|" + "a|" * 5_000 + "\n|" + "-|" * 5_000 + "\n" + "a\n" * 49_000,
    "references": lambda: "".join(f"[r{n}]: {CRAFTED_LINK}{n}\n" for n in range(25_000)),
    "one long line of addresses": lambda: CRAFTED_LINK * 45_000,
    "dashes in entries": lambda: ("- " + "-" * 4_900 + f"y [a]({CRAFTED_LINK})\n") * 210,
    "closing brackets": lambda: (f"x {CRAFTED_LINK}" + ")" * 4_900 + "\n") * 210,
    "marks": lambda: drawn("Markdown", 1_000_000),
    "deep HTML": lambda: "<html><body>" + "<div>" * 400_000,
    "deep lists": lambda: "<html><body>" + "<ul><li>" * 240_000,
    "attributes": lambda: "<html><body><a " + "a=b " * 1_000_000 + ">",
    "one long text": lambda: "<html><body>" + "x " * 5_000_000,
    "unclosed script": lambda: "<html><body><script>" + "<" * PAGE_BYTES,
    "tags": lambda: "<html>" + drawn("HTML", 480_000),
    "deep folders": lambda: NETSCAPE + "<DL><DT><H3>x</H3>" * 160_000,
    "deep named folders": lambda: NETSCAPE + "".join(f"<DL><DT><H3>{n}</H3>" for n in range(9_000)),
    "same bookmark": lambda: NETSCAPE + f'<DT><A HREF="{CRAFTED_LINK}">t</A>\n' * 120_000,
    "endless title": lambda: NETSCAPE + f'<DT><A HREF="{CRAFTED_LINK}">' + "t " * 5_000_000,
    "endless tags": lambda: NETSCAPE + f'<DT><A HREF="{CRAFTED_LINK}" TAGS="' + "a,b" * 3_000_000,
    "unclosed scripts": lambda: NETSCAPE + "<script>" * 400_000,
    "deep JSON": lambda: "[" * 1_400_000,
    "deep objects": lambda: '{"a":' * 700_000,
    "wide JSON": lambda: "[" + "[]," * 700_000 + "[]]",
    "long number": lambda: "[" + "9" * PAGE_BYTES + "]",
    "unclosed JSON": lambda: f'[{{"url":"{CRAFTED_LINK}","title":"' + "a" * PAGE_BYTES,
    "unclosed quote": lambda: 'title,url\n"' + "a,b\n" * 1_400_000,
    "cells": lambda: "title,url\n" + "," * 1_400_000,
    "rows": lambda: "title,url\n" + f"a,{CRAFTED_LINK}\n" * 400_000,
    "entities": lambda: (
        f'<!DOCTYPE opml [<!ENTITY a "{"x" * 100}">{ENTITIES}]>'
        f'<opml><body><outline text="&m;" url="{CRAFTED_LINK}"/>'
    ),
    "deep outline": lambda: "<opml><body>" + "<outline text='x'>" * 200_000,
    "comments": lambda: "<?xml version='1.0'?>" + "<!-- -->" * 400_000 + "<opml/>",
    "gzip bomb": lambda: gzip.compress(bytes(300_000_000), 1),
    "gzip in gzip": lambda: gzip.compress(gzip.compress(bytes(100_000_000), 1)),
    "gzip members": lambda: gzip.compress(f"{CRAFTED_LINK}\n".encode()) * 100_000,
    "noise": lambda: Random(1).randbytes(PAGE_BYTES),
    "zeros": lambda: bytes(PAGE_BYTES),
    "half characters": lambda: b"\xe4\xb8" * (PAGE_BYTES // 2),
    "beyond the bound": lambda: f"{CRAFTED_LINK}\n" * 1_000_000,
    "as many links as may be": lambda: "".join(f"{CRAFTED_LINK}/{n}\n" for n in range(10_000)),
}
"""Lists made by hand against one reader or another: deep, huge, unclosed, packed."""


@dataclass(frozen=True)
class HostileList:
    """A file to import, and what it is in words."""

    kind: str
    told: str
    content: bytes


def hostile_list(random: Random) -> HostileList:
    """Any list of links."""
    if random.random() < 0.4:
        told = random.choice([*CRAFTED_LISTS])
        crafted = CRAFTED_LISTS[told]()
        return HostileList("made by hand", told, crafted.encode() if isinstance(crafted, str) else crafted)
    if random.random() < 0.3:
        reports = sorted(Path(__file__).parents[1].joinpath("catalogue", "reports").iterdir())
        first, other = random.sample(reports, 2)
        content, told = damaged(random, first.read_bytes(), other.read_bytes())
        return HostileList("damaged list", f"{first.name} {told}", content)
    kind = random.choice([*LISTS])
    start, entry, end = LISTS[kind]
    text, told = repeated(random)
    if random.random() < 0.7:  # written as its program would; else it breaks the format
        text = json.dumps(text)[1:-1] if kind.startswith("JSON") else escape(text)
    way = random.choice(("one long entry", "many entries", "nothing else", "nested", "after good entries"))
    good = "".join(entry.replace("@", f"Title {n}").replace("#", str(n)) for n in range(20))
    match way:
        case "one long entry":
            whole = start + entry.replace("@", text).replace("#", "1") + end
        case "many entries":
            unit = text[:20]
            rows = (entry.replace("@", unit).replace("#", str(n)) for n in range(len(text) // 80 + 1))
            whole = start + "".join(rows) + end
        case "nothing else":
            whole = start + text + end
        case "nested":
            whole = start * (len(text) // len(start or "x") + 1) + good
        case _:
            whole = start + good + text + end
    content = whole.encode("utf-8", "surrogatepass")
    if random.random() < 0.2:
        content, way = damaged(random, content, content)
    if random.random() < 0.2:
        content, kind = gzip.compress(content, 6), f"{kind} in gzip"
    return HostileList(kind, f"{way}: {told}", content)
