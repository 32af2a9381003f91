"""An answer as Python and as a page see it: counted, taken by place, told shortly, shown and harmless."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.records import Hit, Passage, PassageRow, Source
from indexer.search.answer import Answer, Related, State

CODE = "def lock(key):\n    if held(key):\n        return None\n\n    return token()"
TABLE = "Field | Purpose\nevent_id | Unique\nversion | Place in the stream"
AT = datetime(2026, 1, 5, 3, tzinfo=UTC)
PLAIN = PassageRow(
    passage_id=7,
    article_id=1,
    position=2,
    passage=Passage("A lock is a lease.", 0, 18, headings=("Locks", "In Redis")),
    title="Locks",
    url="https://example.org/locks",
    page_url="https://example.org/locks",
    final_url="https://example.org/locks",
    category="Patterns",
    site="example.org",
    note="redlock",
    tags=("to read",),
    about="",
    source=Source.ARCHIVE,
    fetched_at=AT,
)


def hit(text: str = "A lock is a lease.", *, link: str = "https://example.org/locks#a", **row: object) -> Hit:
    passage = replace(PLAIN.passage, text=text)
    return Hit(rank=1, score=1.5, row=replace(PLAIN, passage=passage, **row), link=link)  # type: ignore[arg-type]


def answer(*hits: Hit, question: str = "what is a lock", notices: tuple[str, ...] = ()) -> Answer:
    return Answer(question, "hybrid", State.MAY_ANSWER, 1.0, 1, "hash", hits, 0.6, notices)


class Elements(HTMLParser):
    """The elements of a piece of HTML with their attributes, and its text as a browser has it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.text: list[tuple[str, str]] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1], data))

    def of(self, tag: str) -> list[str]:
        return [data for where, data in self.text if where == tag]


# ------------------------------------------------------------------------------ Python


def test_an_answer_is_counted_gone_through_and_taken_by_place() -> None:
    first, second = hit(), hit("Another.")
    found = answer(first, second)
    assert len(found) == 2
    assert list(found) == [first, second]
    assert (found[0], found[-1], found[:1]) == (first, second, (first,))
    assert second in found
    with pytest.raises(IndexError):
        found[2]
    assert not answer()


def test_it_is_told_in_a_line() -> None:
    told = repr(answer(hit("A long text. " * 500), question="why " * 100))
    assert len(told) < 200
    assert "may answer" in told
    assert "1 passage," in told
    assert "'Locks'" in told
    assert "no passages" in repr(Related("Locks", ()))


def test_its_table_has_lists_and_moments() -> None:
    [row] = answer(hit()).to_pandas().to_dict("records")
    assert (row["heading"], row["tags"], row["fetched_at"]) == (["Locks", "In Redis"], ["to read"], AT)


# -------------------------------------------------------------------------------- HTML


@pytest.mark.parametrize("text", [CODE, TABLE, "  indented", "One line.\n\n\n" + CODE + "\n\nThe end."])
def test_lines_stand_where_they_stood(text: str) -> None:
    shown = Elements(answer(hit(text))._repr_html_())
    lines = [line for part in shown.of("pre") for line in part.splitlines()]
    assert [line for line in text.splitlines() if line.startswith(" ")] == [
        line for line in lines if line.startswith(" ")
    ]
    told = "\n".join(data for _, data in shown.text)
    assert all(line in told for line in text.splitlines())


def test_prose_flows_and_code_does_not() -> None:
    shown = Elements(answer(hit("Before it.\n\nx = 1\ny = 2\n\nAfter it."))._repr_html_())
    assert shown.of("pre") == ["x = 1\ny = 2"]
    assert {"Before it.", "After it."} <= set(shown.of("p"))


def test_a_page_shows_all_that_a_person_should_know() -> None:
    near = replace(hit(), before=(Passage("Before.", 0, 7),), after=(Passage("After.", 0, 6),))
    html = answer(near, notices=("searched for 'lock'",))._repr_html_()
    told = " ".join(data for _, data in Elements(html).text)
    for part in (
        "what is a lock", "The library may answer:", "searched for 'lock'", "Locks", "In Redis", "Patterns",
        "example.org", "archive", "2026-01-05", "redlock", "to read",
    ):  # fmt: skip
        assert part in told
    assert told.index("Before.") < told.index("A lock is a lease.") < told.index("After.")
    assert 'href="https://example.org/locks#a"' in html


def asked(text: str, *words: str) -> str:
    """The HTML of an answer with one passage, to a question of these words."""
    return replace(answer(hit(text)), words=dict.fromkeys(words, 1.0))._repr_html_()


def test_the_sentence_that_answers_is_marked_and_the_words_are_underlined() -> None:
    html = asked("Locks expire. A lock is a <lease> & ends.\n\nIt is short.", "lease", "lock", "ends")
    assert "<u>Locks</u> expire." in html
    [marked] = re.findall("<mark[^>]*>(.*?)</mark>", html)
    assert marked == "A <u>lock</u> is a &lt;<u>lease</u>&gt; &amp; <u>ends</u>."
    assert "<p" in html.partition("</mark>")[2]


def test_marks_stay_in_the_lines_of_code_and_tables() -> None:
    shown = Elements(asked(CODE, "token"))
    assert "".join(data for tag, data in shown.text if tag in ("pre", "mark", "u")) == CODE.replace(
        "\n\n", ""
    )
    assert shown.of("u") == ["token"]
    assert "    return " in "".join(shown.of("mark") + shown.of("pre"))
    assert Elements(asked(TABLE, "unique")).of("u") == ["Unique"]


def test_nothing_is_marked_where_nothing_was_asked() -> None:
    for html in (asked("A lock."), asked("A lock.", "lease"), Related("Locks", (hit(),))._repr_html_()):
        assert "<mark" not in html
        assert "<u>" not in html


@given(
    st.lists(st.sampled_from(["a lock", "<lock>", "&lock;", "\n", "\n\n", ". ", "  ", "锁定", "C++"])).map(
        "".join
    )
)
def test_marks_change_no_text(text: str) -> None:
    def told(html: str) -> str:
        return "".join(data for _, data in Elements(html).text)

    assert told(asked(text, "lock", "锁定", "c++")) == told(asked(text))


def test_no_answer_and_no_neighbour_are_shown_too() -> None:
    nothing = replace(answer(), state=State.NOTHING_ANSWERS)
    assert "Nothing answers." in nothing._repr_html_()
    assert "no other article" in Related("Locks", ())._repr_html_()


HOSTILE = st.sampled_from(
    [
        "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</pre></div><iframe src=//a>",
        '" onmouseover="alert(1)', "' style='position:fixed", "<style>*{display:none}</style>", "<!--",
        "$\\href{javascript:alert(1)}{x}$", "\u202e", "\x00", "<b>\n  <i>\n\n", "]]>", "&lt;b&gt;",
    ]
)  # fmt: skip
TEXTS = st.lists(HOSTILE | st.text(max_size=8), min_size=1, max_size=4).map("".join)
LINKS = st.sampled_from(
    [
        "javascript:alert(1)",
        "java\tscript:alert(1)",
        " https://a/",
        "data:text/html,<b>",
        "//a/b",
        "file:///a",
        "",
    ]
) | TEXTS.map("https://a/".__add__)
ALLOWED = {
    "div": {"class", "style", "dir"},
    "p": {"dir", "style"},
    "pre": {"dir", "style"},
    "ul": {"style"},
    "li": {"dir"},
    "a": {"href", "target", "rel"},
    "b": set(),
    "br": set(),
    "mark": {"style"},
    "u": set(),
}


@given(TEXTS, LINKS)
def test_nothing_from_a_page_runs(text: str, link: str) -> None:
    """Whatever a page says: the elements are ours, the styles too, and links lead to web pages."""
    row = {"title": text, "category": text, "site": text, "note": text, "tags": (text,)}
    said = replace(hit(text, link=link, **row), before=(Passage(text, 0, 1, headings=(text,)),))
    words = {"lock": 1.0, **dict.fromkeys(re.findall(r"\w+", text.lower()), 1.0)}
    harmless = Elements(replace(answer(hit(), notices=("n",)), words=words)._repr_html_())
    ours = {attributes.get("style") for _, attributes in harmless.found}
    for html in (
        replace(answer(said, question=text, notices=(text,)), words=words)._repr_html_(),
        Related(text, (said,))._repr_html_(),
    ):
        shown = Elements(html)
        assert shown.open == []
        for tag, attributes in shown.found:
            assert attributes.keys() <= ALLOWED[tag]
            if tag == "a":
                assert re.match("https?://", attributes["href"] or "")
            elif tag != "pre":
                assert attributes.get("style") in ours


def test_its_letters_have_the_pages_colour_and_it_is_no_formula() -> None:
    """So it is readable on light and dark pages, and MathJax leaves the texts as they are."""
    html = replace(
        answer(hit("It costs $5 or $6.\nMore."), notices=("n",)), words={"costs": 1.0}
    )._repr_html_()
    styles = ";".join(re.findall('style="([^"]*)"', html))
    assert re.findall(r"(?<![-\w])color:([^;]+)", styles) == ["inherit", "inherit"]
    for behind in re.findall(r"background[-\w]*:([^;]+)", styles):
        assert behind == "none" or float(re.findall(r"rgba\(.*,([.\d]+)\)", behind)[0]) < 0.5
    [_, frame] = Elements(html).found[0]
    assert {"tex2jax_ignore", "mathjax_ignore"} <= set((frame["class"] or "").split())
