"""Whatever sign or word a page repeats, cutting it costs what its length says: steps are counted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from cProfile import Profile
from datetime import UTC, datetime

import pytest

from indexer.config import ExtractConfig, PassageConfig
from indexer.extract import passages
from indexer.extract.blocks import ArticleBuilder
from indexer.index.words import words_and_forms
from indexer.records import Article, BlockKind, Page
from indexer.search.marks import Marker
from indexer.sentences import PROSE_SPLITTERS, ROW_SPLITTERS, nearest_middle
from indexer.workers import Cutting, bounded_worker

UNITS = (
    *(
        "!",
        ". ",
        '."',
        "!) ",
        "a",
        "a ",
        "a-",
        "a.b",
        "Aa",
        "_",
        "a::",
        "7",
        "(",
        "( (",
        "[](",
        "&amp;",
        ", ",
        " | ",
    ),
    *(
        "http://",
        "C++",
        "C#",
        "\n",
        " \n",
        " \u2013 ",
        "x" + 50 * " ",
        "。",
        "あ",
        "ก\u0e31",
        "a\u0301",
        "\u0301",
    ),
    *("\u200b", "\u00a0", "\U0001f600"),
)
"""What was seen to be slow somewhere, or looks as if it could be."""
WINDOW = 256


def repeated(unit: str, characters: int) -> str:
    return unit * (characters // len(unit))


def one_block(unit: str, characters: int, kind: BlockKind = "paragraph") -> Article:
    writer = ArticleBuilder("A title")
    writer.heading("A heading", 1)
    writer.add("paragraph", "The beginning.")
    writer.add(kind, f"First. {repeated(unit, characters)} last")
    return writer.article()


def table(unit: str, characters: int) -> Article:
    return one_block(f"{unit.strip()}\n", characters, "table")


def headings(unit: str, characters: int) -> Article:
    writer = ArticleBuilder(repeated(unit, characters // 10))
    for number in range(characters // 40):
        writer.heading(f"{number} {repeated(unit, 10)}", 1 + number % 6)
        writer.add("list", f"{repeated(unit, 20)} {number % 3}")
    return writer.article()


class Counter:
    """Counts calls, of Python's and of C's functions, and the characters the encoder is handed."""

    def __init__(self) -> None:
        self.steps = 0

    def tokens(self, texts: Sequence[str]) -> list[int]:
        self.steps += sum(map(len, texts))
        return [2 + len(text.split()) for text in texts]

    def run(self, work: Callable[[], object]) -> int:
        profile = Profile()
        profile.runcall(work)
        return self.steps + sum(entry.callcount for entry in profile.getstats())


@pytest.mark.slow
@pytest.mark.parametrize("article", [one_block, table, headings])
@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_ten_times_the_text_takes_ten_times_the_steps(
    unit: str, article: Callable[[str, int], Article]
) -> None:
    def steps(characters: int) -> int:
        counter, read = Counter(), article(unit, characters)
        cut = lambda: passages(  # noqa: E731
            read, count_tokens=counter.tokens, max_tokens=WINDOW, config=PassageConfig()
        )
        return counter.run(cut)

    assert steps(20_000) < 15 * steps(2_000) + 50_000


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_no_passage_is_longer_than_a_screenful_of_tokens(unit: str) -> None:
    """Although an encoder may count blanks as nothing, and a word of any length as one token."""
    found = passages(
        one_block(unit, 20_000), count_tokens=Counter().tokens, max_tokens=WINDOW, config=PassageConfig()
    )
    assert max(len(passage.text) for passage in found) <= 20 * WINDOW


def test_much_of_anything_is_split_and_read_as_words() -> None:
    """Of expressions no steps can be counted: one that is quadratic would take minutes for each."""
    marker = Marker({"a": 1.0})
    for unit in UNITS:
        text = repeated(unit, 100_000)
        for split in {*PROSE_SPLITTERS, *ROW_SPLITTERS}:
            assert sum(map(len, split(text))) == len(text)
        nearest_middle(text)
        words_and_forms(text)
        marker.mark(text)


def test_an_article_is_cut_by_a_worker_as_here() -> None:
    article = headings("word. ", 4_000)
    config = PassageConfig()
    here = passages(article, count_tokens=Counter().tokens, max_tokens=WINDOW, config=config)
    with bounded_worker(ExtractConfig()) as worker:
        assert list(worker.cut(Cutting(article, WINDOW, config), Counter().tokens)) == here
        page = Page("https://e.example", "https://e.example", 200, {}, b"# Title\n\nText.", datetime.now(UTC))
        assert worker.read(page).article.text == "Text."
