"""Text fragments are found by a browser: unique, inside one block, correctly escaped."""

from __future__ import annotations

import re
from urllib.parse import unquote

from hypothesis import given
from hypothesis import strategies as st

from indexer.extract.blocks import ArticleBuilder
from indexer.extract.fragments import text_fragment
from indexer.records import BlockKind

KINDS: list[BlockKind] = ["paragraph", "list", "table"]
BLOCKS = st.lists(
    st.tuples(st.sampled_from(KINDS), st.text("abé ,-&#%\n|.€", min_size=1, max_size=80)),
    min_size=1,
    max_size=8,
)


def directive(fragment: str) -> list[str]:
    """The parts of a text directive, as a browser reads them."""
    assert fragment.startswith("#:~:text=")
    return [unquote(part) for part in fragment.removeprefix("#:~:text=").split(",")]


@given(BLOCKS, st.data())
def test_a_fragment_names_one_place_inside_the_passage(
    blocks: list[tuple[BlockKind, str]], data: st.DataObject
) -> None:
    """Its start occurs once in the article and lies in the passage; its end is the first one after that."""
    writer = ArticleBuilder("")
    for kind, text in blocks:
        writer.add(kind, text)
    article = writer.article()
    if not article.blocks:
        return
    block = data.draw(st.sampled_from(article.blocks))
    fragment = text_fragment(article.text, block.start, block.end)
    if fragment:
        assert re.fullmatch(r"#:~:text=[A-Za-z0-9%!'()*._~]+(,[A-Za-z0-9%!'()*._~]+)?", fragment)
        first, *last = directive(fragment)
        assert article.text.lower().count(first.lower()) == 1
        begins = article.text.lower().index(first.lower())
        assert block.start <= begins < block.end
        assert "\n" not in first
        assert " | " not in first
        if last:
            ends = article.text.lower().index(last[0].lower(), begins + len(first))
            assert ends + len(last[0]) <= block.end


def test_it_begins_with_the_passage_and_ends_with_its_first_line() -> None:
    """The whole first paragraph is highlighted."""
    text = "Before it.\n\nA queue holds what cannot be done at once, by design.\n\nAfter it."
    start = text.index("A queue")
    fragment = text_fragment(text, start, text.index("\n\nAfter"))
    assert fragment == "#:~:text=A%20queue%20holds%20what,design"


def test_it_goes_over_no_place_where_preformatted_text_has_wider_gaps() -> None:
    """Two spaces may stand after a colon or a sentence, a line break between any two words of the end."""
    text = "term of art: what follows stands apart. It ends in well-known words, and more words."
    assert text_fragment(text, 0, len(text)) == "#:~:text=what%20follows%20stands%20apart.,more"


def test_it_goes_over_no_gap_inside_a_line_of_code() -> None:
    """Where code is lined up with spaces, a browser sees all of them."""
    text = "run(fast)   # in no time at all"
    assert text_fragment(text, 0, len(text)) == "#:~:text=%23%20in%20no%20time,all"


def test_accents_and_curly_quotes_tell_nothing_apart() -> None:
    """Browsers overlook them as they do case: what differs in nothing else is not unique."""
    text = "the cafe's own menu here\n\nThe café\u2019s own menu there"
    start = text.index("The")
    assert directive(text_fragment(text, start, len(text))) == ["The café\u2019s own menu there"]


def test_signs_that_mean_something_in_a_directive_are_escaped() -> None:
    """Commas, hyphens and ampersands of the text are not taken for syntax."""
    text = "Up-to-date, fast & small"
    assert text_fragment(text, 0, len(text)) == "#:~:text=Up%2Dto%2Ddate%2C%20fast%20%26%20small"


def test_it_grows_until_it_is_unique_whatever_the_case() -> None:
    """Browsers ignore case, so a title in capitals counts as the same words."""
    text = "THE SAME FOUR WORDS here\n\nThe same four words there"
    start = text.index("The same")
    assert directive(text_fragment(text, start, len(text)))[0] == "The same four words there"


def test_a_passage_that_nothing_tells_apart_has_none() -> None:
    """Rather no fragment than one that opens the wrong place."""
    text = "Yes.\n\nYes."
    assert text_fragment(text, 6, 10) == ""
