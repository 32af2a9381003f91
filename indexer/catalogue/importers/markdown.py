"""Curated lists in Markdown (and HTML): headings become categories, descriptions become notes.

1. markdown-it renders the text to HTML, with one rule of our own: a bare URL is a link, verbatim.
2. The HTML is walked in document order. Headings, the summaries of ``<details>`` groups, and bullets
   without a link that have bullets below them, make the path a link stands under.
3. Each list item, table row and line of text is given to ``entries``, which tells its links.

Images, badges, anchors and relative links are no entries. Nor are links in running text, unless the text is
hardly more than they are. A text with few links for its words is no list.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final, NamedTuple

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
from indexer.catalogue.importers.feeds import bound_markup
from indexer.catalogue.importers.harvest import (
    FolderPath,
    Harvest,
    ImportedLink,
    NotAList,
    below,
    clean,
    is_web,
)

_FRONT_MATTER = re.compile(r"\A---[ \t]*\n.*?\n---[ \t]*\n", re.DOTALL)
MAX_MARKDOWN: Final = 1 << 20
"""Characters of Markdown, which takes a second or two for so many; long lists have a third of them."""
MAX_LINES: Final = 50_000
"""Lines of Markdown: each may become a kilobyte of what it means."""
_LONGEST_LINE: Final = 5_000
"""Characters of a line that may be an entry."""
MAX_MARKS: Final = 50_000
"""Marks of links and emphasis: five for each of as many links as may be, which may take two seconds."""
_MOST_MARKS: Final = 100
"""Marks in one paragraph, which is parted where it has more; reading takes time by their square."""
_MOST_EFFORT: Final = 10_000_000
"""Marks by marks of their paragraph, in all: a second or two where they are laid out to take time."""
_MARKS = re.compile(r"[\[*_`]")
_TABLE_RULE = re.compile(r"[ \t|:-]*-[ \t|:-]*")
_WORDS_TO_LINK: Final = 30
_WORDS_TO_ITEM: Final = 100
"""Words outside of entries for each entry, from which on a text with some links is no list of them; more of
them where the entries are items of lists in Markdown, as a list may have a long introduction."""
_WORDS_IN_LINE: Final = 12
_WORDS_TO_FEW: Final = 4
_SOME_LINKS: Final = 3
"""Words for each link up to which a text without entries is hardly more than its links: lines that give a
title and then the address, if there are some of them, else a word or two."""
_SCHEME_BEFORE = re.compile(r"(?<![a-z0-9.+-])https?\Z", re.IGNORECASE)
_BARE_URL = re.compile(r"://(?:(?!\]\()[^\s<>])+")
_NO_NAME = re.compile(r"(click|show|expand|more|details|toggle|see|view|open)\b", re.IGNORECASE)
"""A summary that tells what to do rather than what the group is."""
_BLOCK_TAGS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "div", "dl", "dt"}
    | {"fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header"}
    | {"hr", "html", "li", "main", "nav", "ol", "p", "pre", "section", "summary", "table", "ul"}
)
_BESIDE = frozenset(["aside", "button", "footer", "form", "nav"])
"""What stands beside the text of a page. In Markdown, whoever writes such an element means it."""
_UNREAD = frozenset(["head", "img", "link", "meta", "pre", "script", "style", "svg", "template", "textarea"])
_HEADINGS = {f"h{level}": level for level in range(1, 7)}


def read_markdown(text: str) -> Harvest:
    """The links of a Markdown list; plain lists of URLs are Markdown too.

    Raises:
        NotAList: it is too large, or running text.
    """
    if len(text) > MAX_MARKDOWN or text.count("\n") > MAX_LINES or sum(map(text.count, "[*_`")) > MAX_MARKS:
        most = f"{MAX_MARKDOWN:,} characters, {MAX_LINES:,} lines or {MAX_MARKS:,} marks"
        raise NotAList(f"a text of more than {most}; import it in parts")
    marks = re.search(r"^[ \t]*([-*+|#]|\d+[.)])\s|\]\(|</\w+>", text, re.MULTILINE)
    markdown = MarkdownIt("commonmark").enable(["table"]).disable(["code"])
    # Addresses are the links' identity: neither percent-encoded nor judged here.
    markdown.normalizeLink = lambda url: url  # type: ignore[method-assign]  # markdown-it's way to configure
    markdown.validateLink = lambda url: True  # type: ignore[method-assign]  # markdown-it's way to configure
    markdown.inline.ruler.before("text", "bare_url", _bare_url)
    body, unread = _bounded_lines(
        _FRONT_MATTER.sub("", text.replace("\r\n", "\n"), count=1).replace("\0", "")
    )
    harvest = _harvest(markdown.render(body), "Markdown list" if marks else "URL list")
    if unread:
        harvest.remarks.append(f"left out: {unread} lines of more than {_LONGEST_LINE:,} characters")
    return harvest


def read_html_list(text: str) -> Harvest:
    """The links of a page that lists them.

    Raises:
        NotAList: it is too large, or an ordinary page.
    """
    return _harvest(text, "HTML list", page=True)


def _bounded_lines(text: str) -> tuple[str, int]:
    """The text without overlong lines, its paragraphs bounded; and how many lines were left out.

    Raises:
        NotAList: it would take too long all the same.
    """
    lines = [""]
    unread = marks = effort = 0
    table = False
    for line in text.split("\n"):
        if len(line) > _LONGEST_LINE:
            unread += 1
            continue
        blank = not line.strip()
        table = not blank and (table or _begins_table(lines[-1], line))
        own = len(_MARKS.findall(line))
        marks = 0 if blank else marks + own
        if table:  # its cells are read one by one
            marks = own
        elif marks > _MOST_MARKS:
            lines.append("")
            marks = own
        effort += own * marks
        lines.append(line)
    if effort > _MOST_EFFORT:
        raise NotAList("a text of more marks than a list has; import it in parts")
    return "\n".join(lines[1:]), unread


def _begins_table(header: str, rule: str) -> bool:
    """Whether two lines are the head of a table, with as many cells in both."""
    if "|" not in rule or not _TABLE_RULE.fullmatch(rule):
        return False
    header, rule = (line.strip().removeprefix("|").removesuffix("|") for line in (header, rule))
    return header.replace("\\|", "").count("|") == rule.count("|")


def _bare_url(state: StateInline, silent: bool) -> bool:
    """The inline rule: a URL that stands by itself becomes a link.

    At the start of a line it reaches to the next blank: what stands there is the user's URL, a final
    full stop included. In running text, punctuation after it belongs to the sentence.
    """
    if (
        state.linkLevel
        or state.src[state.pos] != ":"
        or not (scheme := _SCHEME_BEFORE.search(state.pending[-9:]))
    ):
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
        state.pending = state.pending[: -len(scheme.group())]
        state.push("link_open", "a", 1).attrs = {"href": url}
        state.push("text", "", 0).content = url
        state.push("link_close", "a", -1)
    state.pos += len(url) - len(scheme.group())
    return True


def _without_punctuation(url: str) -> str:
    """A URL without what ends the sentence, emphasis or bracket around it."""
    end = len(url)
    unopened = {close: url.count(close) - url.count(begin) for begin, close in ("()", "[]", "{}")}
    while end and (url[end - 1] in ".,;:!?'\"*_|`" or unopened.get(url[end - 1], 0) > 0):
        end -= 1
        if url[end] in unopened:
            unopened[url[end]] -= 1
    return url[:end]


class _Step(NamedTuple):
    """One part of the path a link stands under."""

    name: str
    kind: str
    """``heading``, ``group`` (the summary of a ``<details>``) or ``bullet``."""
    level: int = 0


def _harvest(rendered: str, form: str, *, page: bool = False) -> Harvest:
    harvest = Harvest(form)
    if not rendered.strip():
        return harvest
    bound_markup(rendered)
    # Two megabytes and more of text in one node, and deep nesting, are what huge_tree permits.
    parser = html.HTMLParser(encoding="utf-8", huge_tree=False, remove_comments=True)
    walker = _Walker(harvest, page=page)
    walker.walk(html.document_fromstring(rendered.encode("utf-8", "replace"), parser=parser))
    mentioned, words = len({link.url for link in walker.prose}), walker.words
    if not harvest.links:
        if mentioned and (
            page or words > mentioned * (_WORDS_IN_LINE if mentioned >= _SOME_LINKS else _WORDS_TO_FEW)
        ):
            raise NotAList(
                f"running text that mentions links ({mentioned} in {words:,} words), and no list of them"
            )
        for link in walker.prose:
            harvest.take(link)
        return harvest
    if words > len(harvest.links) * (_WORDS_TO_ITEM if walker.listed and not page else _WORDS_TO_LINK):
        what = "an ordinary page" if page else "running text"
        raise NotAList(f"{what} ({words:,} words beside {len(harvest.links)} links), and no list of links")
    harvest.left_out["mentioned"] += len(walker.prose)
    return harvest


class _Walker:
    """Goes through a document in order, keeping the path of headings and groups."""

    def __init__(self, harvest: Harvest, *, page: bool) -> None:
        self.harvest = harvest
        self.prose: list[ImportedLink] = []
        """Links that are only mentioned."""
        self.words = 0
        """Words outside of entries and headings."""
        self.listed = False
        """Whether an entry stands in a list or a table, rather than in a line of text."""
        self.unread = _UNREAD | _BESIDE if page else _UNREAD
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
            elif tag in self.unread:
                pass
            elif tag in _BLOCK_TAGS:
                had_link |= self._flush(element, runs)
                if element.tag == "li" and tag in ("ul", "ol"):
                    self._below(child, "" if had_link else plain_words(runs), entry=had_link)
                else:
                    self._block(child, tag)
                runs = []
            else:
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
        name = plain_words(runs).rstrip("#").rstrip()
        while self.steps and self.steps[-1].kind == "heading" and self.steps[-1].level >= level:
            self.steps.pop()
        if name:
            self.steps.append(_Step(name, "heading", level))
            self.harvest.enter(self._path())
        self._take(item_links(runs), [])

    def _summary(self, element: etree._Element) -> None:
        runs = _inline_runs(element)
        name = plain_words(runs)
        if name and not _NO_NAME.match(name):
            self.steps.append(_Step(name, "group"))
            self.harvest.enter(self._path())
        self._take(item_links(runs), [])

    def _table(self, table: etree._Element) -> None:
        rows = [[_inline_runs(cell) for cell in row.iter("td", "th")] for row in table.iter("tr")]
        headed = next(table.iter("th"), None) is not None
        entries, left_out = row_links(rows[1:] if headed else rows, rows[0] if headed else [])
        self.listed |= bool(entries)
        self._take(entries, left_out)

    def _flush(self, element: etree._Element, runs: list[TextRun]) -> bool:
        """Give a unit of text to the rules for its kind; whether it had a link."""
        if not plain_words(runs) and not any(isinstance(run, Anchor) for run in runs):
            return False
        if element.tag == "li":
            entries, left_out = item_links(runs), []
            self.listed |= bool(entries)
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
        if not entries:
            self.words += max(0, len(plain_words(runs).split()) - len(left_out))
        self._take(entries, left_out)
        return bool(entries)

    def _take(self, entries: list[ImportedLink], left_out: list[ImportedLink]) -> None:
        category, tags = self._place()
        for link in entries:
            self.harvest.take(replace(link, tags=(*tags, *link.tags), path=category))
        self.prose += [replace(link, tags=(*tags, *link.tags), path=category) for link in left_out]

    def _place(self) -> tuple[FolderPath, tuple[str, ...]]:
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
        return _joined_path(names[:cut]), names[cut:]

    def _path(self) -> FolderPath:
        return _joined_path(step.name for step in self.steps)


def _joined_path(names: Iterable[str]) -> FolderPath:
    path: FolderPath = ()
    for name in names:
        path = below(path, name)
    return path


def _inline_runs(element: etree._Element) -> list[TextRun]:
    """An element's text in order, its web links as anchors; pictures leave nothing."""
    tag = element.tag if isinstance(element.tag, str) else ""
    if tag in _UNREAD or not tag:
        return []
    if tag == "br":
        return ["\n"]
    if tag == "a" and is_web(url := (element.get("href") or "").strip()):
        text = clean("".join(run if isinstance(run, str) else run.text for run in _children(element)))
        tags = tuple((element.get("tags") or "").split(","))  # Pocket's
        return [Anchor(url, text, tags)] if text else []
    if tag in ("sup", "sub"):
        return []  # marks such as "PDF" beside a title
    return _children(element)


def _children(element: etree._Element) -> list[TextRun]:
    runs: list[TextRun] = [element.text or ""]
    for child in element:
        runs += [*_inline_runs(child), child.tail or ""]
    return runs
