"""A browser that looks for a link's text comes to the passage: unique, in one block, correctly escaped."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from indexer.extract import read
from indexer.extract.blocks import ArticleBuilder
from indexer.extract.fragments import NEAR, Fragments
from indexer.extract.wording import TELLING_WORDS
from indexer.records import Article, BlockKind, Passage
from tests.extract.browsing import Directive, directives_of, found_at
from tests.extract.paging import FILLER, document

KINDS: list[BlockKind] = ["paragraph", "list", "table"]
WORDS = st.sampled_from(["a", "b\u00e9", "be", "c,", "d-d", "&", "e.", "\u4f60\u597d", "|", "\n", "5%", "g"])
TEXTS = st.lists(WORDS, min_size=1, max_size=40).map(" ".join)
BLOCKS = st.lists(st.tuples(st.sampled_from(KINDS), TEXTS), min_size=1, max_size=8)


def article_of(*blocks: tuple[BlockKind, str]) -> Article:
    writer = ArticleBuilder("")
    for kind, text in blocks:
        writer.add(kind, text)
    return writer.article()


def opened(text: str, passage: str) -> list[Directive]:
    """The directives that open the last place of a passage in an article of one paragraph for each line."""
    article = article_of(*(("paragraph", line) for line in text.split("\n\n")))
    start = article.text.rindex(passage)
    return directives_of(Fragments(article).opening(Passage(passage, start, start + len(passage))))


@given(BLOCKS, st.data())
def test_a_browser_comes_to_the_passage(blocks: list[tuple[BlockKind, str]], data: st.DataObject) -> None:
    """What it finds first begins the passage, stands in it, or is on the screen with it, just before.

    Where the first words of the passage and all around them stand elsewhere too, it may find them there.
    """
    article = article_of(*blocks)
    if not article.blocks:
        return
    block = data.draw(st.sampled_from(article.blocks))
    text = article.text[block.start : block.end]
    opening = Fragments(article).opening(Passage(text, block.start, block.end))
    places = [found_at(article.text, directive) for directive in directives_of(opening)]
    if places and not block.start - NEAR <= places[-1] < block.end:
        said = re.findall(r"\w+", text)[: TELLING_WORDS + 1]
        assert re.findall(r"\w+", article.text[places.pop() :])[: len(said)] == said
    assert all(block.start - NEAR <= place < block.end for place in places)
    if places and places[0] >= block.start:
        spoken = re.search(r"\w", text)
        assert spoken
        inside = [place for place in places if place >= block.start]
        assert places[0] == min(inside)


def test_what_is_said_twice_is_linked_all_the_same() -> None:
    """Where nothing tells two copies apart, the link opens at one of them and not at the page's beginning."""
    text = "\n\n".join(["The same sentence stands here, word for word, with nothing around it."] * 3)
    [found] = opened(text, "The same sentence stands here, word for word, with nothing around it.")
    assert found_at(text, found) == 0


def test_it_begins_with_the_passage_and_ends_with_its_first_line() -> None:
    """The whole first paragraph is highlighted, told apart by what stands before too."""
    text = "What stands before.\n\nA queue holds what cannot be done at once, by design.\n\nAfter it."
    found = opened(text, "A queue holds what cannot be done at once, by design.")
    assert found[0] == Directive("A queue holds what", "design", prefix="stands before.")
    assert found[1] == Directive("A queue holds what", "design")


def test_a_page_that_says_it_once_is_asked_for_it_alone() -> None:
    """Where its menu says the first sentence too, the link has the next one. None of it is a guess."""
    said = f"Nobody waits for a lock that nobody holds. {FILLER}"
    teaser = "Nobody waits for a lock that nobody holds."

    def link(body: str) -> list[Directive]:
        article = read(document(f"<article><h1>Queues</h1><p>{said}</p>{body}</article>")).article
        return directives_of(Fragments(article).opening(Passage(said, 0, len(said))))

    assert link("<p>No more.</p>") == [Directive("Nobody waits for a", "why")]
    twice = f"<p>No more.</p></article><nav><a href='/q'>{teaser}</a></nav><article>"
    assert link(twice) == [Directive("It carries no meaning", "why")]


def test_a_short_beginning_is_told_apart_by_what_follows() -> None:
    """A browser takes the two together over the end of an item or a sentence."""
    found = opened("Gaming only? Yes.\n\nGaming only? Focus on the card", "Gaming only? Focus on the card")
    assert Directive("Gaming only?", suffix="Focus on") in found


def test_what_is_said_twice_is_told_apart_by_what_stands_before() -> None:
    """A question quoted in its answer opens at the answer."""
    question = "Is there a way to hold the lock for longer than an hour at all?"
    found = opened(f"Ada wrote:\n\n{question}\n\nIn answer to Ada:\n\n{question}", question)
    assert found[0] == Directive("Is there a way to hold the lock for longer", "all", prefix="to Ada:")


def test_the_next_sentence_stands_in_where_the_page_has_something_between() -> None:
    """A note's number or an icon's name in the first sentence would hide all of the passage."""
    found = opened("It lasts for one hour at most. Then the lock is gone for good.", "It lasts for one hour")
    text = "It lasts for one hour[1] at most. Then the lock is gone for good."
    assert found_at(text, found[0]) == 0
    found = opened("The lock lasts an hour. Then it is gone.", "The lock lasts an hour. Then it is gone.")
    shown = "The lock[1] lasts an hour. Then it is gone."
    assert [found_at(shown, each) for each in found if found_at(shown, each) >= 0] == [shown.index("Then")]


def test_it_goes_over_no_place_where_preformatted_text_has_wider_gaps() -> None:
    """Two spaces may stand after a colon or a sentence, a line break between any two words of the end."""
    text = "term of art: what follows stands apart. It ends in well-known words, and more words."
    assert Directive("what follows stands apart.", "more") in opened(text, text)


def test_it_goes_over_no_gap_inside_a_line_of_code() -> None:
    """Where code is lined up with spaces, a browser sees all of them."""
    writer = ArticleBuilder("")
    writer.add("code", "run(fast)   # in no time at all")
    article = writer.article()
    found = directives_of(Fragments(article).opening(Passage(article.text, 0, len(article.text))))
    assert found == [Directive("in no time at", "all")]


def test_accents_and_curly_quotes_tell_nothing_apart() -> None:
    """Browsers overlook them as they do case: what differs in nothing else is not unique."""
    text = "the cafe's own menu here\n\nThe caf\u00e9\u2019s own menu there"
    found = opened(text, "The caf\u00e9\u2019s own menu there")
    assert Directive("The caf\u00e9\u2019s own menu there") in found


def test_signs_that_mean_something_in_a_directive_are_escaped() -> None:
    """Commas, hyphens and ampersands of the text are not taken for syntax."""
    article = article_of(("paragraph", "Up-to-date, fast & small"))
    opening = Fragments(article).opening(Passage(article.text, 0, len(article.text)))
    assert opening.startswith("#:~:text=Up%2Dto%2Ddate%2C%20fast%20%26%20small")


def test_it_grows_until_it_is_unique_whatever_the_case() -> None:
    """Browsers ignore case, so a title in capitals counts as the same words."""
    found = opened("THE SAME FOUR WORDS here\n\nThe same four words there", "The same four words there")
    assert Directive("The same four words there") in found


def test_what_the_link_falls_back_on_is_the_id_of_the_heading() -> None:
    """After the id stands the text; a tilde of the id begins no directive; a PDF has its page."""
    article = article_of(("paragraph", FILLER))
    fragments = Fragments(article)
    assert fragments.opening(Passage(FILLER, 0, 80, anchor="a b~:é")).startswith("#a%20b%7E:%C3%A9:~:text=")
    assert fragments.opening(Passage(FILLER, 0, 80, page=3)) == "#page=3"


def test_a_passage_that_nothing_tells_apart_has_its_heading_only() -> None:
    """Rather the heading, or nothing, than the text of another place."""
    fragments = Fragments(article_of(("paragraph", "Yes."), ("paragraph", "Yes.")))
    assert fragments.opening(Passage("Yes.", 6, 10)) == ""
    assert fragments.opening(Passage("Yes.", 6, 10, anchor="answer")) == "#answer"


def test_a_text_that_repeats_itself_without_end_costs_no_more_for_it() -> None:
    """Each passage of 100,000 equal words has one text, the same, without a look at all the others."""
    article = article_of(("paragraph", "again and " * 50_000))
    fragments = Fragments(article)
    for start in range(10_000, 400_000, 1_000):
        found = directives_of(fragments.opening(Passage("", start, start + 1_000)))
        assert [found_at(article.text[:1_000], one) for one in found] == [0]
