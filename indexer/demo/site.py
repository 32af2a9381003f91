"""The sample articles as web pages: a Markdown text in the chrome of a blog, a wiki, a gist ...

An article is a file with front matter (``url``, ``title``, ``author``, ``published``, ``kind``); its
``url`` tells where it is served. Templates are HTML with ``$name`` places.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from ruamel.yaml import YAML

TEMPLATE_OF_KIND = {
    "docs": "docs",
    "gist": "gist",
    "wiki": "confluence",
    "site": "site",
    "index": "site",
    "landing": "landing",
    "medium": "medium",
}
PDF = {"cognitect.com/blog/2011/11/15/documenting-architecture-decisions": "files/adr.pdf"}
"""Served as a PDF made from the article, because lists of links hold some."""


@dataclass(frozen=True, slots=True)
class SampleArticle:
    """One text, without any page around it."""

    slug: str
    url: str
    title: str
    author: str
    date: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class SampleAnswer:
    """What the sample site answers to one URL."""

    status: int
    content_type: str
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)


def sample_folder() -> Path:
    """Where the sample articles are: beside this file when installed, else in the project's ``data``."""
    inside = Path(__file__).with_name("sample")
    return inside if inside.is_dir() else Path(__file__).parents[2] / "data" / "sample"


def loose(url: str) -> str:
    """A URL without scheme, ``www.``, fragment and final slash: the name of an article."""
    return url.split("#", maxsplit=1)[0].rsplit("://", maxsplit=1)[-1].rstrip("/").removeprefix("www.")


def load_articles(folder: Path) -> dict[str, SampleArticle]:
    """All articles of a folder by loose URL: NAME.md with front matter, or NAME.txt with NAME.meta.yaml."""
    sources: list[tuple[str, str, str]] = []
    for path in sorted(folder.glob("*.md")):
        _, head, text = path.read_text(encoding="utf-8").split("---\n", 2)
        sources.append((path.stem, head, text.strip()))
    for path in sorted(folder.glob("*.meta.yaml")):
        name = path.name.removesuffix(".meta.yaml")
        text = path.with_name(f"{name}.txt").read_text(encoding="utf-8")
        sources.append((name, path.read_text(encoding="utf-8"), text))
    yaml, articles = YAML(typ="safe"), {}
    for slug, head, text in sources:
        meta = yaml.load(head)
        articles[loose(meta["url"])] = SampleArticle(
            slug=slug,
            url=meta["url"],
            title=str(meta.get("title", slug)),
            author=str(meta.get("author", "")),
            date=str(meta.get("published", "")),
            kind=str(meta.get("kind", "article")),
            text=text,
        )
    return articles


def to_html(text: str) -> str:
    """Markdown to HTML, every heading with an anchor: its own ``{#id}`` or a slug of its words."""
    markdown = MarkdownIt("commonmark").enable("table")
    tokens = markdown.parse(text)
    for token, inline in pairwise(tokens):
        if token.type == "heading_open":
            own = re.search(r"\s*\{#([\w-]+)\}$", inline.content)
            if own and inline.children:
                inline.children[-1].content = inline.children[-1].content.removesuffix(own[0])
            slug = re.sub(r"[^a-z0-9]+", "-", inline.content.lower()).strip("-")
            token.attrSet("id", own[1] if own else slug)
    return str(markdown.renderer.render(tokens, markdown.options, {}))


class SampleSite:
    """Answers for every host of the catalogue, from the sample articles."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._articles = load_articles(folder / "articles")

    def answer(self, url: str, etag: str = "") -> SampleAnswer:
        """What stands at ``url``; 304 where the visitor's ``etag`` is the page's."""
        parts = urlsplit(url)
        if parts.path == "/robots.txt":
            return SampleAnswer(200, "text/plain", b"User-agent: *\nAllow: /\n")
        article = self._articles.get(loose(url))
        if article is None:
            return SampleAnswer(
                404, "text/html; charset=utf-8", b"<h1>404</h1><p>There is no sample page here.</p>"
            )
        content_type, body = self._page(article)
        mark = f'"{hashlib.sha256(body).hexdigest()[:16]}"'
        if etag == mark:
            return SampleAnswer(304, content_type, b"", {"ETag": mark})
        return SampleAnswer(200, content_type, body, {"ETag": mark})

    def _page(self, article: SampleArticle) -> tuple[str, bytes]:
        if file := PDF.get(loose(article.url)):
            return "application/pdf", (self._folder / file).read_bytes()
        if article.kind == "rfc":
            return "text/plain; charset=utf-8", article.text.encode()
        template = TEMPLATE_OF_KIND.get(article.kind, "blog")
        host = urlsplit(article.url).netloc
        page = self.fill(
            template,
            title=html.escape(article.title),
            body=to_html(article.text),
            nav=self._menu(host),
            host=host,
            author=html.escape(article.author),
            date=article.date,
            lang="en",
            url=html.escape(article.url.split("#")[0]),
            charset="utf-8",
        )
        return "text/html; charset=utf-8", page.encode()

    def _menu(self, host: str) -> str:
        """The menu of a site: all its pages."""
        pages = (a for a in self._articles.values() if urlsplit(a.url).netloc == host)
        return "\n".join(f'<li><a href="{html.escape(a.url)}">{html.escape(a.title)}</a></li>' for a in pages)

    def fill(self, template: str, **values: str) -> str:
        """A template with its places filled."""
        text = (self._folder / "templates" / f"{template}.html").read_text(encoding="utf-8")
        return Template(text).substitute(values)
