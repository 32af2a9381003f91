"""Markdown with front matter, one file an article, in a folder for each category: a vault of Obsidian.

A file is named after the page's address, so its name stays when the title changes and links to it hold.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

from indexer.escaping import markdown_lines, markdown_link, markdown_text, safe
from indexer.exports.selection import Counts, HeldArticle, Selection
from indexer.records import Article, Block

_LONGEST_NAME: Final = 60
"""Characters of a name; of four bytes each they still fit into the 255 bytes that file systems take."""
_UNSAFE = re.compile(r"[^\w.,&()'+ -]+")
_SCHEME = re.compile(r"^https?://(?:www\.)?", re.IGNORECASE)
_RESERVED = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)
"""Names that Windows keeps for devices."""
_OF_OBSIDIAN = re.compile(r"(?:%(?=%)|(?<=%)%|=(?==)|(?<==)=|\^)(?<!\\.)")
"""What means something to Obsidian beyond Markdown: comments, highlights, names of blocks."""
_BACKTICKS = re.compile(r"`{3,}")


def write_vault(selection: Selection, folder: Path) -> Counts:
    """Write the articles into the folder."""
    counts = {"articles": 0}
    for held in selection.articles():
        path = folder / folder_name(held.link.category) / file_name(held.link.url, held.page_url)
        path.parent.mkdir(exist_ok=True)
        path.write_text(markdown_of(held), encoding="utf-8", newline="\n")
        counts["articles"] += 1
    return counts


def folder_name(category: str) -> str:
    """A category as the name of a folder, on every file system."""
    return _safe_name(category) or "Links"


def file_name(url: str, page_url: str) -> str:
    """The name of an article's file: the words of its address, and what tells it from others like it."""
    address = unquote(_SCHEME.sub("", page_url.partition("#")[0]))
    words = _safe_name(re.sub(r"[\W_]+", "-", address))
    mark = hashlib.sha256(f"{url}\0{page_url}".encode()).hexdigest()[:8]
    return f"{words or 'page'}-{mark}.md"


def _safe_name(text: str) -> str:
    name = _UNSAFE.sub("-", unicodedata.normalize("NFC", text))
    name = name[:_LONGEST_NAME].strip(" .-")
    return f"_{name}" if _RESERVED.match(name) else name


def markdown_of(held: HeldArticle) -> str:
    """An article as CommonMark with a table for each of its tables, behind front matter in YAML."""
    article = held.article
    parts = [f"# {_vault_line(article.title or held.page_url)}", markdown_link(article.site, held.final_url)]
    parts += [_vault_block(article, block) for block in article.blocks]
    return _front_matter(held) + "\n" + "\n\n".join(parts) + "\n"


def _front_matter(held: HeldArticle) -> str:
    """What is known of the article. Every text is quoted, lest one is read as a number, a date or ``no``."""
    from ruamel.yaml import YAML
    from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

    link, article = held.link, held.article
    told: dict[str, str | int | Sequence[str]] = {
        "title": article.title,
        "aliases": [article.title] if article.title else [],  # by which Obsidian finds it
        "url": link.url,
        "page_url": held.page_url,
        "final_url": held.final_url,
        "category": link.category,
        "tags": link.tags,
        "note": link.note,
        "link_title": link.title,
        "author": article.author,
        "published": article.published,
        "language": article.language,
        "site": article.site,
        "source": held.source,
        "fetched_at": held.fetched_at,
        "words": article.words,
    }
    quoted: dict[str, Any] = {}
    for name, value in told.items():
        if not value:
            continue
        match value:
            case int():
                quoted[name] = value
            case str():
                quoted[name] = Quoted(safe(value))
            case _:
                quoted[name] = [Quoted(safe(one)) for one in value]
    yaml = YAML()
    yaml.width = 1 << 30  # a text on one line, however long
    text = StringIO()
    yaml.dump(quoted, text)
    return f"---\n{text.getvalue()}---\n"


def _vault_block(article: Article, block: Block) -> str:
    text = article.text[block.start : block.end]
    match block.kind:
        case "heading":
            # The title is the heading of the first level.
            return f"{'#' * min(6, 1 + max(1, len(block.headings)))} {_vault_line(text)}"
        case "code":
            longest = max(map(len, _BACKTICKS.findall(text)), default=2)
            fence = "`" * (longest + 1)
            return f"{fence}\n{safe(text)}\n{fence}"
        case "list":
            return "\n".join(f"- {_vault_line(line)}" for line in text.split("\n") if line.strip())
        case "table":
            return _table(text)
        case "quote":
            return "\n".join(f"> {line}" for line in _vault_lines(text).split("\n"))
        case _:
            return _vault_lines(text)


def _table(text: str) -> str:
    """Rows, each on a line with `` | `` between its cells, as a table whose first row is its head."""
    rows = [line.split(" | ") for line in text.split("\n") if line.strip()]
    columns = max(map(len, rows), default=1)
    shown = [[*map(_vault_line, row), *[""] * (columns - len(row))] for row in rows]
    head, *body = [f"| {' | '.join(row)} |" for row in shown]
    return "\n".join([head, f"|{' --- |' * columns}", *body])


def _vault_line(text: str) -> str:
    return _OF_OBSIDIAN.sub(r"\\\g<0>", markdown_text(text))


def _vault_lines(text: str) -> str:
    return _OF_OBSIDIAN.sub(r"\\\g<0>", markdown_lines(text))
