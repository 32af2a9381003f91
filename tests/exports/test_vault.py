"""The vault: front matter that YAML gives back, Markdown that shows what the article says, safe names."""

from __future__ import annotations

import re
import unicodedata
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from markdown_it.token import Token
from ruamel.yaml import YAML

from indexer.escaping import safe
from indexer.exports import ExportForm, export_library
from indexer.exports.selection import HeldArticle
from indexer.exports.vault import file_name, folder_name, markdown_of
from indexer.extract.blocks import ArticleBuilder
from indexer.records import Article, BlockKind, Link
from tests.exports.conftest import FIRST, HOSTILE, LINKS, rich_article
from tests.store.shelving import Shelf

PARTS = [
    "---",
    "...",
    "a",
    ":",
    "-",
    "#",
    '"',
    "'",
    "\\",
    "```",
    "|",
    "%%",
    "==",
    "[[",
    "]]",
    "{{",
    "<b>",
    "</b>",
    "&lt;",
    "$",
    "*",
    "_",
    "~~",
    "^x",
    ">",
    "1.",
    "!",
    "yes",
    "0x1",
    "http://x.y",
    "www.x.y",
    "\x85",
    "\u2028",
    "\ufeff",
    " ",
    "\n",
    "\t",
    ": ",
    "- ",
]
TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=40),
    st.lists(st.sampled_from(PARTS), max_size=12).map("".join),
)
MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def front_matter(text: str) -> tuple[str, str]:
    """A file as readers of front matter part it, by its first two lines of dashes."""
    match = re.match(r"\A---\n(.*?\n)---\n(.*)\Z", text, re.DOTALL)
    assert match
    return match[1], match[2]


def shown(token: Token) -> str:
    """What a reader sees of an inline token."""
    said = {"text": token.content, "softbreak": "\n", "hardbreak": "\n", "text_special": token.content}
    children = token.children or []
    if token.type == "inline":
        return "".join(map(shown, children))
    return said.get(token.type, f"<{token.type}>" if token.type not in ("link_open", "link_close") else "")


def words(text: str) -> list[str]:
    """A text, however it is broken into lines and indented, without what `safe` takes out."""
    return safe(text).replace("\ufeff", "").split()


def held(article: Article, link: Link = FIRST) -> HeldArticle:
    return HeldArticle(
        1,
        link,
        link.url,
        "https://a.example.org/one",
        "live",
        "2026-01-05T03:00:00+00:00",
        article,
        (),
        "",
        1,
    )


@given(title=TEXTS, note=TEXTS, tag=TEXTS, category=TEXTS)
def test_no_text_leaves_the_front_matter(title: str, note: str, tag: str, category: str) -> None:
    builder = ArticleBuilder(title)
    builder.add("paragraph", "body")
    link = Link("https://a.example.org/", category, note=note, tags=(tag,))
    told, body = front_matter(markdown_of(held(builder.article(), link)))
    for read in (YAML(typ="safe", pure=True).load(told), yaml.safe_load(told)):
        assert read.get("title", "") == safe(title)
        assert read.get("note", "") == safe(note)
        assert read["tags"] == [safe(tag)]
        assert read.get("category", "") == safe(category)
        assert read["words"] == 1
    assert MARKDOWN.parse(body)[0].tag == "h1"


@given(kind=st.sampled_from(["paragraph", "list", "quote", "code"]), text=TEXTS)
def test_a_block_shows_its_text_and_is_nothing_else(kind: BlockKind, text: str) -> None:
    builder = ArticleBuilder("Title")
    builder.add(kind, text)
    article = builder.article()
    tokens = MARKDOWN.parse(front_matter(markdown_of(held(article)))[1])[6:]  # behind title and address
    if kind == "code":
        assert [token.type for token in tokens] == ["fence"] * len(article.blocks)
        assert [token.content.rstrip("\n") for token in tokens] == [safe(article.text).rstrip("\n")] * len(
            tokens
        )
        return
    wrappers = {"list": r"(bullet_list|list_item|paragraph)_\w+", "quote": r"(blockquote|paragraph)_\w+"}
    expected = re.compile(rf"inline|{wrappers.get(kind, r'paragraph_(open|close)')}")
    assert [token.type for token in tokens if not expected.fullmatch(token.type)] == []
    said = [shown(token) for token in tokens if token.type == "inline"]
    assert words("\n".join(said)) == words(article.text)


def test_every_article_is_a_file(library: Shelf, tmp_path: Path) -> None:
    export_library(library.folder, tmp_path / "vault", ExportForm.markdown)
    files = sorted((tmp_path / "vault").rglob("*.md"))
    assert len(files) == 3
    assert {file.parent.name for file in files} == {"Patterns", "Tools & -i"}
    read = [YAML(typ="safe").load(front_matter(file.read_text(encoding="utf-8"))[0]) for file in files]
    assert {one["url"] for one in read} == {link.url for link in LINKS if "nothing" not in link.url}
    [mine] = [one for one in read if one["page_url"] == FIRST.url]
    assert (mine["note"], mine["tags"], mine["title"]) == (FIRST.note, list(FIRST.tags), HOSTILE)


def test_blocks_of_each_kind_are_what_they_were() -> None:
    article = rich_article()
    tokens = MARKDOWN.parse(front_matter(markdown_of(held(article)))[1])
    outline = [token.tag for token in tokens if token.type == "heading_open"]
    assert outline == ["h1", "h2", "h3"]
    assert [shown(tokens[1])] == [HOSTILE]
    [fence] = [token for token in tokens if token.type == "fence"]
    assert fence.content == "if a:\n    print('```')\n````\nend\n"
    items = [tokens[at + 2] for at, token in enumerate(tokens) if token.type == "list_item_open"]
    assert [shown(item) for item in items] == ["first", "- second", HOSTILE]
    at = next(at for at, token in enumerate(tokens) if token.type == "table_open")
    cells = [shown(tokens[i + 1]) for i in range(at, len(tokens)) if tokens[i].type in ("th_open", "td_open")]
    assert cells == ["head", "other", "", "x", "y", "z", "---", "", "", "| |", "", ""]
    quote = next(at for at, token in enumerate(tokens) if token.type == "blockquote_open")
    said = [shown(token) for token in tokens[quote:] if token.type == "inline"]
    assert words(" ".join(said)) == ["said", ">", "twice", "again"]


@given(TEXTS)
def test_a_category_is_a_folder_on_every_file_system(category: str) -> None:
    name = folder_name(category)
    assert name not in ("", ".", "..")
    assert len(name.encode()) <= 255
    assert not re.search(r"[<>:\"/\\|?*\x00-\x1f#^\[\]]", name)
    assert name == name.strip(" .")
    assert name == unicodedata.normalize("NFC", name)


@given(st.text(st.characters(exclude_categories=["Cs"]), max_size=300))
def test_a_name_is_safe_and_the_pages_own(path: str) -> None:
    url = f"https://example.org/{path}"
    name = file_name(url, url)
    assert re.fullmatch(r"[\w.,&()'+ -]+-[0-9a-f]{8}\.md", name)
    assert len(name.encode()) <= 255
    assert name != file_name(url, f"{url}x")
    assert name == file_name(url, url)


@pytest.mark.parametrize("category", ["CON", "nul.txt", "com1", "aux"])
def test_names_that_windows_keeps_are_not_taken(category: str) -> None:
    assert folder_name(category).startswith("_")
