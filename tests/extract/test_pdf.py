"""PDFs as people keep them: columns, notes, hyphens, running heads; what must not be taken for them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from indexer.extract import read
from indexer.extract.hyphens import Joiner
from indexer.records import Article
from tests.extract.paging import page, texts
from tests.extract.test_formats import pdf

REPORTS = Path(__file__).parent / "reports"
Drawn = tuple[float, float, float, str]

ONE = (
    "The board read the report of the year and asked for a shorter one. It then turned to the budget, "
    "of which three parts were open: the rent, the heating and the roof. A vote on the roof was put off "
    "until the second offer is in the office, since nobody could say what the first one holds."
)
TWO = (
    "After the break the members spoke about the garden. Two trees must go, since their roots lift the "
    "path to the door. New ones are planted in autumn by the school next door, which asked for pears "
    "and a single walnut tree near the old fence, where the ground is dry enough for it."
)
THREE = (
    "Whoever holds a key to the hall signs for it at the office before the end of May. A lost key costs "
    "what the lock costs, which is more than most people think. The list of all who hold one hangs "
    "beside the door, and it is looked through in June by two members who hold none."
)


def read_sheets(*sheets: list[Drawn]) -> Article:
    return read(page(pdf(*sheets), kind="application/pdf")).article


def column(
    left: float, top: float, words: str, *, wide: int = 36, size: float = 10, pitch: float = 13
) -> list[Drawn]:
    """A text in lines of so many characters, its first line at a height."""
    return [(left, top - pitch * at, size, line) for at, line in enumerate(textwrap.wrap(words, wide))]


def by_rows(*columns: list[Drawn]) -> list[Drawn]:
    """Columns drawn row by row, from the left to the right."""
    return sorted((line for lines in columns for line in lines), key=lambda line: (-line[1], line[0]))


# ----------------------------------------------------------------- columns


def test_columns_drawn_row_by_row_are_read_one_after_the_other() -> None:
    text = read(page((REPORTS / "two-columns-by-rows.pdf").read_bytes())).article.text
    assert "the report of the year and asked for a shorter one" in text
    assert "until the second offer is in the office. \n\nAfter the break".replace(" \n", "\n") in text
    assert "roots lift the path to the door" in text
    assert text.index("second offer") < text.index("After the break") < text.index("The next meeting")


@pytest.mark.parametrize("lower", [0, 4, 6.5])
@pytest.mark.parametrize("size", [7, 10, 12])
def test_two_columns_of_any_type_are_read_in_order(size: float, lower: float) -> None:
    """Also where the right one's lines stand a little or half a line lower than the left one's."""
    pitch, right = 1.3 * size, 60 + 22 * size
    sheet = by_rows(
        column(60, 700, ONE, size=size, pitch=pitch), column(right, 700 - lower, TWO, size=size, pitch=pitch)
    )
    assert texts(read_sheets(sheet), "paragraph") == [ONE, TWO]


def test_three_columns_below_a_title_across_them() -> None:
    """Title, introduction and closing words stand across, the columns are read in between."""
    across = "This is what was said in the hall on the first evening of May, as far as anybody wrote it down."
    sheet = [
        (60, 760, 18, "Minutes of the board and what followed from them"),
        *column(60, 730, across, wide=100),
        *by_rows(
            column(60, 690, ONE, wide=30), column(230, 690, TWO, wide=30), column(400, 690, THREE, wide=30)
        ),
        *column(60, 500, across.replace("hall", "garden"), wide=100),
    ]
    article = read_sheets(sheet)
    assert article.title == "Minutes of the board and what followed from them"
    assert texts(article, "paragraph") == [across, ONE, TWO, THREE, across.replace("hall", "garden")]


def test_headings_inside_columns_and_columns_of_unequal_length() -> None:
    """A heading stays with its text, and the longer column is read to its end."""
    left = [*column(60, 700, ONE), (60, 560, -10, "The keys"), *column(60, 547, THREE)]
    right = [(320, 700, -10, "The garden"), *column(320, 687, TWO)]
    article = read_sheets(by_rows(left, right))
    found = [
        (article.text[block.start : block.end], block.headings[-1:])
        for block in article.blocks
        if block.kind == "paragraph"
    ]
    assert found == [(ONE, ()), (THREE, ("The keys",)), (TWO, ("The garden",))]


def test_a_paragraph_goes_on_from_column_to_column_and_page_to_page() -> None:
    words = " ".join(
        f"When the number was {n}, nobody had said a word, and the bell rang." for n in range(90)
    )
    lines = textwrap.wrap(words, 36)
    parts = [" ".join(lines[at : at + 20]) for at in range(0, len(lines), 20)]
    sheets = [
        by_rows(column(60, 700, left), column(320, 700, "".join(right)))
        for left, *right in zip(parts[::2], parts[1::2], strict=False)
    ]
    assert read_sheets(*sheets).text.replace("\n\n", " ") == " ".join(parts[: 2 * len(sheets)])


def test_columns_that_were_drawn_one_after_the_other_keep_their_order() -> None:
    assert texts(read_sheets([*column(60, 700, ONE), *column(320, 700, TWO)]), "paragraph") == [ONE, TWO]


TABLES = {
    "numbers": [["Host", "Reads", "Writes"], *[[f"machine {n}", f"{n * 311}", f"{n * 7}"] for n in range(9)]],
    "names": [
        ["Name of it", "Who looks after it"],
        *[[f"The part {n}", f"Some person {n}"] for n in "abcdef"],
    ],
    "phrases": [
        ["what is told", "whom to tell it"],
        *[[f"{n} reads of a page", f"{n} all writes a day"] for n in "abcdefgh"],
    ],
    "small": [
        [f"a lock that {n} hours hold", f"the key of {n} members"] for n in ("two", "three", "four", "nine")
    ],
    "contents": [[f"How a part of the work is done, no. {n}", f"{n * 7}"] for n in range(1, 12)],
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_read_row_by_row(name: str) -> None:
    """Cells of a row stay together, whatever stands above and below."""
    rows = TABLES[name]
    cells = [
        (60 + 220 * across, 640 - 14 * down, 10, cell)
        for down, row in enumerate(rows)
        for across, cell in enumerate(row)
    ]
    sheet = [*column(60, 740, ONE, wide=90), *cells, *column(60, 400, TWO, wide=90)]
    text = " ".join(read_sheets(sheet).text.split())
    for row in rows:
        assert " ".join(row) in text


def test_a_table_of_cells_of_several_lines_is_read_cell_by_cell() -> None:
    """Its rows are parted by gaps at equal heights: a row's cells stay together, and each is read on."""
    rows = [(ONE[:140], TWO[:140]), (TWO[140:], THREE[:120]), (THREE[120:], ONE[140:])]
    cells = [
        by_rows(column(60, 700 - 70 * at, one), column(320, 700 - 70 * at, two))
        for at, (one, two) in enumerate(rows)
    ]
    text = " ".join(read_sheets([line for row in cells for line in row]).text.split())
    assert text == " ".join(" ".join(words.split()) for row in rows for words in row)


def test_bullets_and_numbers_are_no_columns() -> None:
    entries = [textwrap.wrap(words, 70) for words in (ONE, TWO, THREE)]
    sheet: list[Drawn] = []
    for number, entry in enumerate(entries, start=1):
        sheet.append((60, 740 - 14 * len(sheet), 10, f"{number}."))
        sheet += [(90, 740 - 14 * (len(sheet) - 1 + at), 10, line) for at, line in enumerate(entry)]
    text = " ".join(read_sheets(sheet).text.split())
    assert ONE in text
    assert TWO in text


# ---------------------------------------------------- heads, feet and notes


def body(number: int, lines: int = 12) -> list[Drawn]:
    words = f"Page {number} holds this. " + " ".join([ONE, TWO, THREE])
    return [(60, 700 - 13 * at, 10, line) for at, line in enumerate(textwrap.wrap(words, 80)[:lines])]


@pytest.mark.parametrize("pages", [2, 3, 4, 9])
@pytest.mark.parametrize("drawn_last", [False, True])
def test_running_heads_and_page_numbers_are_no_text(pages: int, drawn_last: bool) -> None:
    """Heads that alternate, a foot of two lines, a page number beside the head: in whatever order drawn."""
    sheets = []
    for number in range(1, pages + 1):
        head = (
            [(60, 770, 9, f"{number + 40}   The Handbook")]
            if number % 2
            else [(380, 770, 9, f"On Queues   {number + 40}")]
        )
        feet = [
            (60, 40, 8, "Example works, all rights kept"),
            (60, 28, 8, f"Printed on 3 May 2024, page {number} of {pages}"),
        ]
        around: list[Drawn] = [*head, *feet]
        sheets.append([*body(number), *around] if drawn_last else [*around, *body(number)])
    text = read_sheets(*sheets).text
    for furniture in ("Handbook", "On Queues", "all rights", "Printed", "41", "42"):
        assert furniture not in text
    assert all(f"Page {number} holds this." in text for number in range(1, pages + 1))


def test_heads_that_change_with_the_chapter_are_no_text() -> None:
    chapters = ["On locks", "On queues", "On retries", "On time"]
    sheets = [
        [(60, 770, 9, chapters[number // 5]), *body(number + 1), (300, 30, 9, f"- {number + 1} -")]
        for number in range(20)
    ]
    text = read_sheets(*sheets).text
    assert not any(chapter in text for chapter in chapters)
    assert "- 7 -" not in text


def test_headings_and_numbers_that_open_or_close_pages_are_text() -> None:
    """ "Chapter 1", "Chapter 2" in large type, slides of one title, a table's number at the end of a page."""
    sheets = [
        [(60, 760, 16, f"Chapter {number}"), *body(number), (60, 500, 10, f"{number * 900}")]
        for number in range(1, 6)
    ]
    article = read_sheets(*sheets)
    assert texts(article, "heading") == [f"Chapter {number}" for number in range(2, 6)]
    assert article.title == "Chapter 1"
    assert "2700" in article.text


def test_notes_stand_behind_the_paragraph_that_they_would_cut() -> None:
    """A sentence goes on over the page, and the notes of the first page follow it."""
    first = [*column(60, 700, ONE + " It was", wide=80), (60, 100, 8, "1 A note says who wrote it down,"),
             (60, 90, 8, "and when."), (60, 78, 8, "2 Another says where.")]  # fmt: skip
    second = column(60, 700, "read aloud to all. " + TWO, wide=80)
    assert texts(read_sheets(first, second), "paragraph") == [
        f"{ONE} It was read aloud to all. {TWO}",
        "1 A note says who wrote it down, and when.",
        "2 Another says where.",
    ]


# ----------------------------------------------------------------- hyphens


def test_hyphens_at_line_ends_are_undone_or_kept() -> None:
    text = read(page((REPORTS / "hyphens.pdf").read_bytes())).article.text
    for words in (
        "is permitted once",
        "each well-known case",
        "The long-term rate",
        "The state-of-the-art method",
    ):
        assert words in text


ENGLISH = "It is the end of the day, and the keeper of the key goes to the door in the wall of the garden. "


PARTED = (
    "in-/formation per-/mitted net-/work decision-mak-/ing be-/come shard-/ing care-/less re-/use "
    "there-/fore data-/base stand-/ing hyper-/visor idempo-/tent over-/night non-/sense cata-/logue "
    "wonder-/ful Post-/greSQL"
)
HYPHENATED = (
    "high-/quality self-/contained up-/to-date up-to-/date two-/thirds so-/called e-/mail x-/ray "
    "client-/server write-/ahead cost-/effective open-/source real-/time 10-/year TCP-/based "
    "IPv4-/only Anglo-/Saxon built-/in peer-/review state-/of-the-art COVID-/19 co-/owner "
    "user-/defined mother-/in-law https://x.org/long-/name"
)


@pytest.mark.parametrize("word", [*PARTED.split(), *HYPHENATED.split()])
def test_the_kind_of_word_tells_what_its_hyphen_is(word: str) -> None:
    """The line ends at ``-/``: in the middle of a word, or at a hyphen of the word's own."""
    before, _, after = word.rpartition("-/")
    right = f"{before}-{after}" if word in HYPHENATED.split() else before + after
    lines = [ENGLISH, f"{ENGLISH}So {before}-", f"{after} was what it said."]
    assert f"So {right} was what" in Joiner(lines).join(lines)


@pytest.mark.parametrize(
    ("elsewhere", "before", "after", "right"),
    [
        ("a well-known thing", "well-", "known", "well-known"),
        ("a wellknown thing", "well-", "known", "wellknown"),
        ("the time-stamp and a time-stamp", "time-", "stamp", "time-stamp"),
        ("the JavaScript of it", "JavaScr-", "ipt", "JavaScript"),
        ("short and long", "short-", "and long-term rates", "short- and long-term rates"),
        ("Haupt und Neben", "Haupt-", "und Nebenwege", "Haupt- und Nebenwege"),
        ("Die Straße ist lang und breit", "Bundes-", "land", "Bundesland"),
        ("peut être", "c'est-à-", "dire", "c'est-à-dire"),
        ("this is", "PERMIT-", "TED", "PERMITTED"),
    ],
)
def test_the_document_itself_is_the_best_evidence(
    elsewhere: str, before: str, after: str, right: str
) -> None:
    lines = [elsewhere, before, after]
    assert Joiner(lines).join(lines) == f"{elsewhere} {right}"
