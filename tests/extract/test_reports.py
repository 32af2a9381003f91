"""Situations that people reported of tools like this one, each with its right value (``reports/``)."""

from __future__ import annotations

from pathlib import Path

import pytest

from indexer.extract import read
from indexer.records import Article
from tests.extract.paging import page, texts

REPORTS = Path(__file__).parent / "reports"
CODE = "def release(number):\n    with lock('release'):\n        build(number)\n        publish(number)"


def reported(name: str) -> Article:
    """The article of a page of the reports."""
    return read(page((REPORTS / f"{name}.html").read_bytes(), kind="text/html")).article


@pytest.mark.parametrize("name", ["figure-code", "code-lines-divs", "code-lines-spans"])
def test_code_keeps_its_lines(name: str) -> None:
    """In a figure, and where each line is an element of its own with no line feed between."""
    assert texts(reported(name), "code") == [CODE]


def test_a_quotation_in_a_figure_keeps_its_caption() -> None:
    """A figure is not only for pictures."""
    article = reported("figure-quote")
    assert texts(article, "quote") == ["A release that nobody dares to make is a rumour, not a release."]
    assert "From the handbook of 2019" in article.text


def test_text_after_empty_inline_elements_is_held() -> None:
    """Icons and status dots before text, in a heading, a list, a table and a sentence."""
    article = reported("empty-inline-icons")
    assert texts(article, "heading") == ["Taking the lock"]
    assert texts(article, "list") == ["It lasts for one hour\nIt can be broken by two people"]
    assert texts(article, "table") == ["Part | State\nlock | works since May"]
    assert "Press and hold it until the light goes out twice." in article.text


def test_dates_stay_in_their_sentence() -> None:
    """``time`` is not only a byline's."""
    text = reported("time-element").text
    assert "stops to work on 31 March 2025 at noon, and the new one works from 24 March 2025 on." in text
    assert "Ask the AP-office for a new key" in text


def test_a_warning_in_an_aside_is_held() -> None:
    """An aside named as a note belongs to the text."""
    assert "Never run the script against the live database" in reported("aside-notes").text


def test_a_list_of_links_that_a_sentence_announces_is_held() -> None:
    """Without it the sentence says nothing."""
    assert texts(reported("list-of-links"), "list") == ["Python\n.NET\nJavaScript\nJava"]


def test_a_list_in_a_cell_is_held_in_its_row() -> None:
    """And so are paragraphs and line breaks in cells."""
    rows = texts(reported("list-in-cell"), "table")[0].split("\n")
    assert rows[2:] == [
        "Team | unlimited reads; 5000 writes a day | 1 TB",
        "Site | all of Team single sign-on | no limit two copies",
    ]


def test_bare_mathml_is_written_once_as_its_signs() -> None:
    """In a sentence, and numbers in cells."""
    article = reported("mathml-bare")
    assert "Little's law says that L = \u03bb W holds" in article.text
    assert article.text.count("\u03bb") == 1
    assert texts(article, "table") == ["Method | Error\nplain mean | 0.31\ntrimmed mean | 0.07"]


def test_headings_in_list_items_are_headings() -> None:
    """A list that lays out whole sections is no list."""
    article = reported("headings-in-list")
    assert texts(article, "heading") == [f"Pump {n} for garden {n}" for n in range(1, 7)]
    assert len(texts(article, "paragraph")) == 13


def test_a_table_that_lays_out_the_page_is_no_table() -> None:
    """Its headings are headings, its menu is no text."""
    article = reported("layout-table")
    assert texts(article, "heading") == [f"Part {n}: pump {n}" for n in range(1, 7)]
    assert len(texts(article, "paragraph")) == 12
    assert "Home" not in article.text
    assert article.title == "How the pump works"


def test_articles_of_one_page_stand_each_under_its_heading() -> None:
    """A changelog has one ``article`` for each release."""
    article = reported("several-articles-changelog")
    versions = ["4.2", "4.1", "4.0", "3.9"]
    assert texts(article, "heading") == [f"Version {version}" for version in versions]
    for version in versions:
        inside = [block for block in article.blocks if block.headings == (f"Version {version}",)]
        assert [block.kind for block in inside] == ["heading", "paragraph", "list"]
        assert f"The key {version} was renamed" in article.text[inside[2].start : inside[2].end]


def test_the_next_story_is_left_out() -> None:
    """However much longer than the link's own it is."""
    article = reported("next-story-appended")
    assert len(texts(article, "paragraph")) == 3
    assert "ithium" not in article.text


def test_a_text_that_only_json_ld_holds_is_the_article() -> None:
    """The page itself is an empty mount point."""
    article = reported("json-ld-body")
    assert len(texts(article, "paragraph")) == 4
    assert article.title == "How we make a release"
