"""Passages cover an article in order, slice it exactly, fit the window and end where a reader would."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.config import PassageConfig
from indexer.extract import passages, read
from indexer.extract.blocks import ArticleBuilder
from indexer.records import Article, BlockKind, Passage
from tests.extract.paging import count_words, replayed

CONFIG = PassageConfig()


def count_pieces(texts: Sequence[str]) -> list[int]:
    """A tokenizer that cuts words into pieces of four letters, counts every sign and two special tokens."""
    return [sum(-(-len(word) // 4) for word in re.findall(r"\w+|[^\w\s]", text)) + 2 for text in texts]


def count_characters(texts: Sequence[str]) -> list[int]:
    """A tokenizer for which every character is a token, white space too, and which adds one token."""
    return [len(text) + 1 for text in texts]


def count_crowded(texts: Sequence[str]) -> list[int]:
    """A tokenizer that takes more for two texts together than for each alone, which no estimate foresees."""
    return [len(text) + len(text) ** 2 // 200 + 1 for text in texts]


Count = Callable[[Sequence[str]], list[int]]
COUNTERS: list[Count] = [count_words, count_pieces, count_characters, count_crowded]
WORDS = st.text("abc dé.!?:;,\n-|€你 A", min_size=0, max_size=120)
LONG = st.builds(lambda text, times: text * times, WORDS, st.integers(1, 40))
KINDS: list[BlockKind] = ["heading", "paragraph", "list", "table", "code", "quote"]
BLOCK = st.tuples(st.sampled_from(KINDS), LONG, st.integers(1, 4))


@st.composite
def articles(draw: st.DrawFn) -> Article:
    """Articles of any blocks in any order: empty, deep, long without a space, without headings."""
    writer = ArticleBuilder(draw(st.text("Title ", max_size=60)))
    for kind, text, level in draw(st.lists(BLOCK, max_size=25)):
        if kind == "heading":
            writer.heading(text.replace("\n", " "), level, anchor=draw(st.sampled_from(["", "here"])))
        else:
            writer.add(kind, text)
    return writer.article()


def cut(article: Article, counter: Callable[[Sequence[str]], list[int]], window: int) -> list[Passage]:
    return passages(article, count_tokens=counter, max_tokens=window, config=CONFIG)


def without_space(text: str) -> str:
    return "".join(text.split())


@settings(max_examples=150, deadline=None)
@given(articles(), st.sampled_from(COUNTERS), st.integers(12, 300))
def test_any_article_is_covered_exactly_and_fits(article: Article, counter: Count, window: int) -> None:
    """Offsets slice the article; all text blocks are there once, in order; none is beyond the window."""
    found = cut(article, counter, window)
    assert all(article.text[passage.start : passage.end] == passage.text for passage in found)
    assert all(one.end <= two.start for one, two in pairwise(found))
    assert max(counter([passage.embedded_text for passage in found]), default=0) <= window
    for block in article.blocks:
        if block.kind != "heading":
            parts = (article.text[max(block.start, p.start) : min(block.end, p.end)] for p in found)
            assert without_space("".join(parts)) == without_space(article.text[block.start : block.end])
    assert found == cut(article, counter, window)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.integers(3, 30), min_size=1, max_size=60), st.integers(40, 120))
def test_no_sentence_that_fits_is_cut(lengths: list[int], window: int) -> None:
    """However long a paragraph: every passage begins and ends with a sentence."""
    writer = ArticleBuilder("Title")
    sentences = [f"Sentence {'goes on ' * (length // 2)}here{at}." for at, length in enumerate(lengths)]
    writer.add("paragraph", " ".join(sentences))
    for passage in cut(writer.article(), count_words, window):
        assert passage.text.startswith("Sentence")
        assert re.search(r"here\d+\.$", passage.text)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 60), st.booleans()), min_size=1, max_size=20))
def test_no_code_that_fits_is_cut(blocks: list[tuple[int, bool]]) -> None:
    """A listing that the window holds is in one passage."""
    writer = ArticleBuilder("Title")
    listings = []
    for at, (length, is_code) in enumerate(blocks):
        text = "\n".join(f"line {at} {number}" for number in range(length))
        listings += [text] if is_code and length * 3 < 90 else []
        writer.add("code" if is_code else "paragraph", text if is_code else f"Paragraph {at}. " * length)
    found = cut(writer.article(), count_words, 100)
    assert all(any(listing in passage.text for passage in found) for listing in listings)


def article_of(*blocks: tuple[int, str] | str) -> Article:
    """An article of (level, heading) pairs and paragraphs."""
    writer = ArticleBuilder("The title")
    for block in blocks:
        if isinstance(block, str):
            writer.add("paragraph", block)
        else:
            writer.heading(block[1], block[0], anchor=block[1].lower())
    return writer.article()


PARAGRAPH = "A sentence of exactly eight words stands here. " * 6


def test_a_passage_stays_under_one_heading_which_is_its_context_and_anchor() -> None:
    """Title and path are embedded with the text, but not shown with it; the link opens the section."""
    found = cut(
        article_of((2, "One"), PARAGRAPH, (2, "Two"), PARAGRAPH, (3, "Deep"), PARAGRAPH), count_words, 200
    )
    assert [passage.headings for passage in found] == [("One",), ("Two",), ("Two", "Deep")]
    assert [passage.anchor for passage in found] == ["one", "two", "deep"]
    assert all(passage.text == PARAGRAPH.strip() for passage in found)
    assert found[2].embedded_text.startswith("The title > Two > Deep\n\nA sentence")


def test_a_one_line_introduction_goes_into_the_section_below() -> None:
    """No passage of a line alone; the path of the section below holds the heading above."""
    found = cut(article_of((2, "One"), "In short.", (3, "Deep"), PARAGRAPH), count_words, 200)
    assert [passage.headings for passage in found] == [("One", "Deep")]
    assert found[0].text.startswith("In short.")


def test_one_line_sections_side_by_side_are_one_passage() -> None:
    """A glossary is one passage with its terms in the text, under the heading they share."""
    terms = [part for at in range(4) for part in ((3, f"Term {at}"), f"Meaning {at}.")]
    found = cut(article_of((2, "Glossary"), *terms, (2, "Next"), PARAGRAPH), count_words, 200)
    assert [passage.headings for passage in found] == [("Glossary",), ("Next",)]
    assert found[0].text.startswith("Term 0\n\nMeaning 0.\n\nTerm 1")


def test_short_paragraphs_are_gathered_and_none_is_left_over_alone() -> None:
    """A section of many lines becomes passages of about one size, not one for each line."""
    lines = [f"Line {at} has some seven words here." for at in range(60)]
    found = cut(article_of((2, "One"), *lines), count_words, 256)
    sizes = [len(passage.text.split()) for passage in found]
    assert max(sizes) <= 1.5 * min(sizes)
    assert max(sizes) <= 1.5 * CONFIG.target_tokens


def test_a_sentence_that_announces_a_list_stays_with_it() -> None:
    """No passage ends with a colon when what follows has room beside it."""
    writer = ArticleBuilder("Title")
    for _ in range(8):
        writer.add("paragraph", "One more paragraph with exactly nine words in it. " * 4)
        writer.add("paragraph", "These are the reasons:")
        writer.add("list", "\n".join(f"reason {at}" for at in range(12)))
    found = cut(writer.article(), count_words, 256)
    assert len(found) > 1
    assert not any(passage.text.endswith(":") for passage in found)


def test_a_long_table_repeats_its_header_as_context() -> None:
    """Rows are not cut, and a passage in the middle of a table still knows the names of its columns."""
    writer = ArticleBuilder("Title")
    writer.add("table", "Id | State\n" + "\n".join(f"KIP-{at} | Adopted" for at in range(300)))
    found = cut(writer.article(), count_words, 256)
    assert len(found) > 3
    assert all(passage.context.endswith("Id | State") for passage in found[1:])
    assert all(re.fullmatch(r"(Id \| State\n)?(KIP-\d+ \| Adopted\n?)+", passage.text) for passage in found)


@pytest.mark.parametrize("counter", COUNTERS[:3])
def test_deep_headings_never_crowd_out_the_text(counter: Callable[[Sequence[str]], list[int]]) -> None:
    """The context takes at most a third of the window, and keeps what is nearest to the text."""
    path = [(level, f"Heading {level} " + "with many words " * 5) for level in range(1, 6)]
    writer = ArticleBuilder("Title " + "and so on " * 20)
    for level, heading in path:
        writer.heading(heading, level)
    writer.add("paragraph", PARAGRAPH * 5)
    for passage in cut(writer.article(), counter, 150):
        assert counter([passage.context])[0] <= 150 / 3 + 2
        assert "Heading 5" in passage.context
        assert len(passage.headings) == 5


def test_a_huge_page_is_cut_in_a_few_calls_of_the_tokenizer() -> None:
    """34,000 words: every text is counted a bounded number of times, in batches."""
    article = read(replayed("https://opensource.zalando.com/restful-api-guidelines/")).article
    calls, characters = 0, 0

    def counting(texts: Sequence[str]) -> list[int]:
        nonlocal calls, characters
        calls, characters = calls + 1, characters + sum(map(len, texts))
        return count_pieces(texts)

    found = cut(article, counting, 256)
    assert len(found) > 150
    assert calls <= 12
    assert characters <= 6 * len(article.text)


def test_an_article_without_blocks_has_no_passages() -> None:
    """An empty page is no error."""
    assert cut(ArticleBuilder("Title").article(), count_words, 256) == []
