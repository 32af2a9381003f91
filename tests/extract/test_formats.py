"""PDF, plain text, RFC and Markdown become articles too, and what is no text is refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.errors import Unreadable
from indexer.extract import read
from indexer.records import Article
from tests.extract.paging import FILLER, document, page, replayed, texts, web

SAMPLE = Path(__file__).parents[2] / "data" / "sample"
RFC = "https://www.rfc-editor.org/rfc/rfc7990.html"


# --------------------------------------------------------------------- PDF


def pdf(*sheets: list[tuple[float, float, float, str]], encrypt: str = "") -> bytes:
    """A PDF of sheets of lines: x and y in points, size (negative for bold), text."""
    font = "<</Type/Font/Subtype/Type1/BaseFont/Helvetica"
    resources = f"<</Font <</F1 {font}>>/F2 {font}-Bold>>>>>>"
    kids = " ".join(f"{3 + 2 * at} 0 R" for at in range(len(sheets)))
    objects = ["<</Type/Catalog/Pages 2 0 R>>", f"<</Type/Pages/Count {len(sheets)}/Kids[{kids}]>>"]
    for at, sheet in enumerate(sheets):
        stream = "".join(
            f"BT /F{1 + (size < 0)} {abs(size)} Tf {x} {y} Td ({text}) Tj ET\n" for x, y, size, text in sheet
        )
        shape = f"/MediaBox[0 0 600 800]/Resources{resources}"
        objects.append(f"<</Type/Page/Parent 2 0 R{shape}/Contents {4 + 2 * at} 0 R>>")
        objects.append(f"<</Length {len(stream)}>>stream\n{stream}endstream")
    out, places = "%PDF-1.4\n", []
    for number, content in enumerate(objects, start=1):
        places.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{place:010} 00000 n \n" for place in places)
    count = len(objects) + 1
    trailer = f"trailer<</Size {count}/Root 1 0 R{encrypt}>>"
    return (
        f"{out}xref\n0 {count}\n0000000000 65535 f \n{table}{trailer}\nstartxref\n{len(out)}\n%%EOF".encode()
    )


def sheet(number: int, *lines: tuple[float, str]) -> list[tuple[float, float, float, str]]:
    """A sheet with running head and page number around lines of (size, text), 14 points apart."""
    body = [(50.0, 720.0 - 14 * at, size, text) for at, (size, text) in enumerate(lines) if text]
    return [(50, 770, 9, f"Handbook of Queues, edition {number}"), *body, (300, 30, 9, f"{number}")]


def test_a_pdf_keeps_its_pages_headings_and_paragraphs() -> None:
    """Broken lines and hyphenated words are joined, over the page break as well; running heads are gone."""
    article = read(page(pdf(
        sheet(1, (-16, "About queues"), (0, ""), (11, "A queue holds what cannot be done at once, and"),
              (11, "a con-"), (11, "sumer takes it out in order.")),
        sheet(2, (-16, "Retries"), (0, ""), (11, "Every retry waits longer than the one before it, and the")),
        sheet(3, (11, "last one gives up."), (0, ""), (11, "A dead letter tells a person.")),
    ), kind="application/pdf")).article  # fmt: skip
    assert texts(article, "paragraph") == [
        "A queue holds what cannot be done at once, and a consumer takes it out in order.",
        "Every retry waits longer than the one before it, and the last one gives up.",
        "A dead letter tells a person.",
    ]
    assert article.title == "About queues"
    assert [(block.headings[-1:], block.page) for block in article.blocks if block.kind == "paragraph"] == [
        ((), 1), (("Retries",), 2), (("Retries",), 3)]  # fmt: skip


def test_a_real_pdf_called_html_is_read_as_pdf() -> None:
    """The bytes decide, not the label."""
    article = read(page((SAMPLE / "files" / "adr.pdf").read_bytes(), kind="text/html")).article
    assert article.title == "Documenting Architecture Decisions with Short Numbered Records"
    path = next(
        block for block in article.blocks if "Imagine joining a team" in article.text[block.start : block.end]
    )
    assert path.headings == ("The problem with forgotten reasons",)
    assert {block.page for block in article.blocks} == {1, 2}


LOCK = (
    f"/Encrypt<</Filter/Standard/V 1/R 2/Length 40/P -4/O<{'ab' * 32}>/U<{'cd' * 32}>>>"
    f"/ID[<{'00' * 16}><{'00' * 16}>]"
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (pdf([(50, 700, 11, "secret")], encrypt=LOCK), "password"),
        (pdf([]), "pictures"),
        (b"%PDF-1.7\n" + b"\x00garbage" * 50, "broken"),
        (b"\x89PNG\r\n\x1a\n" + bytes(range(256)), "picture"),
        (bytes(range(1, 32)) * 50, "binary"),
        (b"PK\x03\x04" + b"x" * 500, "ZIP"),
        (b" \n\t", "empty"),
        (b"", "empty"),
    ],
)
def test_what_has_no_text_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    """One line says why, whatever the server called it."""
    with pytest.raises(Unreadable, match=reason):
        read(page(body))


# --------------------------------------------------------------------- RFC


def rfc_text() -> Article:
    body = (SAMPLE / "articles" / "rfc7990.txt").read_bytes()
    return read(page(body, url=RFC.replace(".html", ".txt"), kind="text/plain; charset=utf-8")).article


def test_an_rfc_is_the_same_as_text_and_as_html() -> None:
    """Both give the same blocks under the same headings, without heads, feet, page numbers or contents."""
    text, html = rfc_text(), read(replayed(RFC)).article
    assert text.text == html.text
    assert [block.headings for block in text.blocks] == [block.headings for block in html.blocks]
    assert "6.1.  Drawings in SVG" in {block.headings[-1] for block in text.blocks}
    for furniture in ("[Page", "RFC Format Framework  ", ". . .", "....", "Table of Contents"):
        assert furniture not in text.text


def test_an_rfc_s_paragraph_goes_on_over_the_page_break() -> None:
    """What the page break parted is one paragraph or list; its drawing keeps its lines."""
    article = rfc_text()
    assert any(code.startswith('<section anchor="retry">\n  <name>') for code in texts(article, "code"))
    lists = texts(article, "list")
    assert any(
        entries.count("\n") == 3 and entries.startswith("Small screens. Fixed lines") for entries in lists
    )
    assert all("\n" not in paragraph for paragraph in texts(article, "paragraph"))


def test_an_rfc_page_s_own_anchors_are_used() -> None:
    """A section number finds its id, another heading that of its page."""
    text = f"1.  Scope\n\n   {FILLER * 2}\n\n2.  Terms\n\n   {FILLER * 2}\n\n2.1.  Words\n\n   {FILLER * 3}"
    ids = "<a id='section-2'></a><a id='section-2.1'></a><span id='page-1'></span>"
    article = read(document(f"{ids}<pre>{text}</pre>")).article
    found = [(block.headings[-1], block.anchor) for block in article.blocks if block.kind == "heading"]
    assert found == [("1.  Scope", "page-1"), ("2.  Terms", "section-2"), ("2.1.  Words", "section-2.1")]


# ---------------------------------------------------------------- Markdown


def test_markdown_keeps_structure_and_drops_front_matter() -> None:
    """Title from the front matter, blocks under headings, code as it stands, links by their words."""
    article = read(page(
        "---\ntitle: Queues\nauthor: Ann\ndate: 2024-01-02\n---\n\nSee [the *docs*](https://x.org/y).\n\n"
        "## Use {#use}\n\n1. one\n2. two `x`\n\n```py\nif a:\n    b()\n```\n\n"
        "| A | B |\n|---|---|\n| 1 | 2 |\n\n> said\n",
        kind="text/plain",
    )).article  # fmt: skip
    assert (article.title, article.author, article.published) == ("Queues", "Ann", "2024-01-02")
    assert [(block.kind, article.text[block.start : block.end]) for block in article.blocks] == [
        ("paragraph", "See the docs."), ("heading", "Use"), ("list", "one\ntwo x"),
        ("code", "if a:\n    b()"), ("table", "A | B\n1 | 2"), ("quote", "said")]  # fmt: skip
    assert article.blocks[-1].headings == ("Use",)
    assert article.blocks[-1].anchor == "use"


def test_a_raw_gist_equals_its_page() -> None:
    """The raw Markdown file and the page around it give the same article."""
    url = "https://gist.github.com/jdarcy/60107fe4e653819138396257df302eef"
    article = web().article(web().rules[url])
    raw = read(page(f"# {article.title}\n\n{article.text}\n", kind="text/plain; charset=utf-8")).article
    html = read(replayed(url)).article
    assert (raw.title, raw.text) == (html.title, html.text)


def test_plain_text_is_re_flowed() -> None:
    """Hard line breaks go, list items stay apart, a short first line is the title."""
    items = "- first item\n  goes on\n- second\n"
    body = f"Notes on queues\n\nA queue holds what\ncannot be done at once.\n\n{items}"
    article = read(page(body, kind="text/plain")).article
    assert article.title == "Notes on queues"
    assert texts(article, "paragraph") == ["A queue holds what cannot be done at once."]
    assert texts(article, "list") == ["first item goes on\nsecond"]
