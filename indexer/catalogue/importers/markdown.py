"""Curated lists in Markdown (and HTML): headings become categories, descriptions become notes.

1. markdown-it renders the text to HTML, with one rule of our own: a bare URL is a link, verbatim.
2. The HTML is walked in document order. Headings, the summaries of ``<details>`` groups, and bullets
   without a link that have bullets below them, make the path a link stands under.
3. Each list item, table row and line of text is given to ``entries``, which tells its links.

Images, badges, anchors and relative links are no entries. Nor are links in running text, unless the
whole document has no others.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import NamedTuple

from lxml import etree, html
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline

from indexer.catalogue.importers.entries import (
    Anchor,
    TextRun,
    item_links,
    line_links,
    plain_words,
    row_links,
)
from indexer.catalogue.importers.harvest import Harvest, ImportedLink, clean, is_web

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
_SCHEME_BEFORE = re.compile(r"(?<![a-z0-9.+-])https?\Z", re.IGNORECASE)
_BARE_URL = re.compile(r"://(?:(?!\]\()[^\s<>])+")
_NO_NAME = re.compile(r"(click|show|expand|more|details|toggle|see|view|open)\b", re.IGNORECASE)
"""A summary that tells what to do rather than what the group is."""
_BLOCK_TAGS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"}
)
_UNREAD = frozenset(["head", "img", "link", "meta", "pre", "script", "style", "svg", "template", "textarea"])
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read_markdown(text: str) -> Harvest:
    """The links of a Markdown list; plain lists of URLs are Markdown too."""
    marks = re.search(r"^\s*([-*+|#]|\d+[.)])\s|\]\(|</\w+>", text, re.MULTILINE)
    markdown = MarkdownIt("commonmark").enable(["table"]).disable(["code"])
    # Addresses are the links' identity: neither percent-encoded nor judged here.
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]  # markdown-it's way to configure
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # markdown-it's way to configure
    markdown.inline.ruler.before("text", "bare_url", _bare_url)
    body = _FRONT_MATTER.sub("", text.replace("\r\n", "\n"), count=1)
    rendered = markdown.render(body.replace("\0", ""))
    return _harvest(rendered, "Markdown list" if marks else "URL list")


def read_html_list(text: str) -> Harvest:
    """The links of a page that lists them."""
    return _harvest(text, "HTML list")


def _bare_url(state: StateInline, silent: bool) -> bool:
    """The inline rule: a URL that stands by itself becomes a link.

    At the start of a line it reaches to the next blank: what stands there is the user's URL, a final
    full stop included. In running text, punctuation after it belongs to the sentence.
    """
    if state.linkLevel or state.src[state.pos] != ":" or not (scheme := _SCHEME_BEFORE.search(state.pending)):
        return False
    if not (rest := _BARE_URL.match(state.src, state.pos, state.posMax)):
        return False
    url = scheme.group() + rest.group()
    before = state.src[: state.pos - len(scheme.group())]
    if before.rpartition("\n")[2].strip():
        url = _without_punctuation(url)
    if len(url) <= len(scheme.group()) + len("://"):
        return False
    if not silent:
        state.pending = state.pending[: scheme.start()]
        state.push("link_open", "a", 1).attrs = {"href": url}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme.group())
    return True


def _without_punctuation(url: str) -> str:
    """A URL without what ends the sentence, emphasis or bracket around it."""
    while url:
        last = url[-1]
        unopened = last in ")]}" and url.count(last) > url.count({")": "(", "]": "[", "}": "{"}[last])
        if not (unopened or last in ".,;:!?'\"*_|`"):
            break
        url = url[:-1]
    return url


class _Step(NamedTuple):
    """One part of the path a link stands under."""

    name: str
    kind: str
    """``heading``, ``group`` (the summary of a ``<details>``) or ``bullet``."""
    level: int = 0


def _harvest(rendered: str, form: str) -> Harvest:
    harvest = Harvest(form)
    if not rendered.strip():
        return harvest
    # Two megabytes and more of text in one node, and deep nesting, are what huge_tree permits.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True)
    walker = _Walker(harvest)
    walker.walk(html.document_fromstring(rendered.encode("utf-8", "replace"), parser=parser))
    if not harvest.links:
        harvest.links = walker.prose
    elif walker.prose:
        harvest.remarks.append(f"left out: {len(walker.prose)} links that running text only mentions")
    return harvest


class _Walker:
    """Goes through a document in order, keeping the path of headings and groups."""

    def __init__(self, harvest: Harvest) -> None:
        self.harvest = harvest
        self.prose: list[ImportedLink] = []
        self.steps: list[_Step] = []
        self.below_entry = False
        """Whether the list being read stands below an item that is a link: its words are that link's note."""

    def walk(self, element: etree._Element) -> None:
        """Read an element's own text as one unit between its blocks, and its blocks in turn."""
        runs: list[TextRun] = [element.text or ""]
        had_link = False
        for child in element:
            tag = child.tag if isinstance(child.tag, str) else ""
            if element.tag == "li" and tag == "p":
                runs += ["\n", *_inline_runs(child), "\n"]
            elif tag in _BLOCK_TAGS:
                had_link |= self._flush(element, runs)
                if element.tag == "li" and tag in ("ul", "ol"):
                    self._below(child, "" if had_link else plain_words(runs), entry=had_link)
                else:
                    self._block(child, tag)
                runs = []
            elif tag not in _UNREAD:
                runs += _inline_runs(child)
            runs.append(child.tail or "")
        self._flush(element, runs)

    def _below(self, nested: etree._Element, bullet: str, *, entry: bool) -> None:
        """Read a list below an item: below a link, or below words that head it."""
        kept = (list(self.steps), self.below_entry)
        self.below_entry = entry
        if bullet:
            self.steps.append(_Step(bullet, "bullet"))
        self.walk(nested)
        self.steps, self.below_entry = kept

    def _block(self, child: etree._Element, tag: str) -> None:
        if tag in _HEADINGS:
            self._heading(child, _HEADINGS[tag])
        elif tag == "table":
            self._table(child)
        elif tag == "summary":
            self._summary(child)
        elif tag == "details":
            kept = list(self.steps)
            self.walk(child)
            self.steps = kept
        elif tag != "pre":
            self.walk(child)

    def _heading(self, element: etree._Element, level: int) -> None:
        runs = _inline_runs(element)
        name = re.sub(r"\s*#+$", "", plain_words(runs))
        while self.steps and self.steps[-1].kind == "heading" and self.steps[-1].level >= level:
            self.steps.pop()
        if name:
            self.steps.append(_Step(name, "heading", level))
            self.harvest.paths.append(self._path())
        self._take(item_links(runs), [])

    def _summary(self, element: etree._Element) -> None:
        runs = _inline_runs(element)
        name = plain_words(runs)
        if name and not _NO_NAME.match(name):
            self.steps.append(_Step(name, "group"))
            self.harvest.paths.append(self._path())
        self._take(item_links(runs), [])

    def _table(self, table: etree._Element) -> None:
        rows = [[_inline_runs(cell) for cell in row.iter("td", "th")] for row in table.iter("tr")]
        headed = next(table.iter("th"), None) is not None
        entries, left_out = row_links(rows[1:] if headed else rows, rows[0] if headed else [])
        self._take(entries, left_out)

    def _flush(self, element: etree._Element, runs: list[TextRun]) -> bool:
        """Give a unit of text to the rules for its kind; whether it had a link."""
        if not plain_words(runs) and not any(isinstance(run, Anchor) for run in runs):
            return False
        if element.tag == "li":
            entries, left_out = item_links(runs), []
            shown = {link.url for link in entries}
            left_out = [
                ImportedLink(run.url, run.text)
                for run in runs
                if isinstance(run, Anchor) and run.url not in shown
            ]
            if self.below_entry and not (entries or left_out) and not self.harvest.links[-1].note:
                self.harvest.links[-1] = replace(self.harvest.links[-1], note=plain_words(runs))
        else:
            entries, left_out = line_links(runs)
        self._take(entries, left_out)
        return bool(entries)

    def _take(self, entries: list[ImportedLink], left_out: list[ImportedLink]) -> None:
        category, tags = self._place()
        for links, kept in ((entries, self.harvest.links), (left_out, self.prose)):
            kept.extend(ImportedLink(link.url, link.title, link.note, tags, category) for link in links)

    def _place(self) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The category's path, and what stands below it, as tags.

        A group's summary names the category, for the headings in it repeat from group to group ("Blog
        Posts"); bullets name categories only in a document that has no headings but its title.
        """
        steps = self.steps
        groups = [number for number, step in enumerate(steps) if step.kind == "group"]
        cut = len(steps)
        if groups:
            cut = groups[-1] + 1
        elif any(step.kind == "heading" and step.level > 1 for step in steps):
            cut = sum(step.kind == "heading" for step in steps)
        names = tuple(step.name for step in steps)
        return names[:cut], names[cut:]

    def _path(self) -> tuple[str, ...]:
        return tuple(step.name for step in self.steps)


def _inline_runs(element: etree._Element) -> list[TextRun]:
    """An element's text in order, its web links as anchors; pictures leave nothing."""
    tag = element.tag if isinstance(element.tag, str) else ""
    if tag in _UNREAD or not tag:
        return []
    if tag == "br":
        return ["\n"]
    if tag == "a" and is_web(url := (element.get("href") or "").strip()):
        text = clean("".join(run if isinstance(run, str) else run.text for run in _children(element)))
        return [Anchor(url, text)] if text else []
    if tag in ("sup", "sub"):
        return []  # marks such as "PDF" beside a title
    return _children(element)


def _children(element: etree._Element) -> list[TextRun]:
    runs: list[TextRun] = [element.text or ""]
    for child in element:
        runs += [*_inline_runs(child), child.tail or ""]
    return runs
