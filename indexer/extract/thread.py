"""Threads of posts: forums, questions with their answers. Every post under a heading that says whose it is.

A post is known by its form, not by the software that made it: the bodies of a thread's posts are elements of
one name that hold nearly all of its prose, and beside each of them stands an author.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

from indexer.extract.clean import one_line
from indexer.extract.declared import declares_thread
from indexer.extract.dom import named, text_of
from indexer.extract.frame import HEADING_TAGS, is_hidden

if TYPE_CHECKING:
    from lxml.etree import _Element
    from lxml.html import HtmlElement

SENTENCE = 50
"""Letters of a run of text from which on it counts as prose: names, dates and buttons are shorter."""
BODIES = 0.6
"""The share of the largest group's prose that the bodies of the posts hold; the rest is signatures."""
OUTSIDE = 0.4
"""The share of the frame's prose that may stand outside of the posts: above it they are comments."""
DECLARED_THREAD = 0.7
"""The same where the page declares itself a thread: comments and lists of others may stand there."""
AUTHORED = 0.5
"""The share of posts that must show an author."""
LARGEST = 0.9
"""The share of the posts' prose that one of them may hold: above it, it is an article among teasers."""
LONGEST_NAME = 40
"""Letters of an author's name."""
_POSTS = re.compile(r"post|message|msg|reply|answer|thread|topic|question|comm(?:ent|text)", re.IGNORECASE)
_REVIEWS = re.compile(r"review|feedback|rating|testimonial", re.IGNORECASE)
_AUTHORS = re.compile(r"author|user|creator|poster|nickname|member|byline|\bname", re.IGNORECASE)
_RANKS = re.compile(r"title|status|rank|count|avatar", re.IGNORECASE)
_PROFILE = re.compile(
    r"/(?:u|users?|members?|profiles?|people|author)[/.?=]|[?&](?:u|user|uid|mode=viewprofile)="
)
_NO_POST = ("script", "style", "noscript", "template", "svg", "textarea", "button", "select", "nav", "aside")


def read_thread(tree: HtmlElement) -> HtmlElement | None:
    """The posts of a page in order, each after a heading of its author; None where it is no thread.

    The tree is left as it is.
    """
    body = tree.find("body")
    if body is None:
        return None
    prose = _prose(body)
    bodies = _bodies(body, prose)
    if len(bodies) < 2 or not _is_thread(bodies, body, prose):
        return None
    posts = _posts(bodies)
    authors = [_author(post, one) for post, one in posts]
    if sum(map(bool, authors)) < AUTHORED * len(posts):
        return None
    return _written(tree, posts, authors)


def _prose(body: HtmlElement) -> dict[_Element, int]:
    """The letters of all longer runs of text inside each element; of unseen ones none."""
    prose: dict[_Element, int] = {}
    for element in reversed(list(body.iter())):
        children = list(element)
        if element.tag in _NO_POST or is_hidden(element):
            prose[element] = 0
            continue
        runs = [element.text, *(child.tail for child in children)]
        own = sum(len(run) for run in runs if run and len(run) >= SENTENCE and len(run.strip()) >= SENTENCE)
        prose[element] = own + sum(map(prose.__getitem__, children))
    return prose


def _bodies(body: HtmlElement, prose: dict[_Element, int]) -> list[HtmlElement]:
    """The elements of one name, none inside another, that hold nearly all prose and little else."""
    groups: dict[tuple[str, str], list[HtmlElement]] = defaultdict(list)
    for element in body.iter("div", "article", "section", "li", "td", "tr", "table", "blockquote", "span"):
        names = element.get("class", "").split()[:10]
        if kind := element.get("itemprop"):
            names.append(f"itemprop {kind}")
        for name in dict.fromkeys(names):  # in their order: the first of equals is taken below
            groups[str(element.tag), name].append(element)
    whole = {name: group for name, group in groups.items() if len(group) > 1 and not _nested(group)}
    amounts = {name: sum(prose[element] for element in group) for name, group in whole.items()}
    most = max(amounts.values(), default=0)
    fitting = [name for name, amount in amounts.items() if amount and amount >= BODIES * most]
    deepest = max(fitting, key=lambda name: _depth(whole[name][0]), default=None)
    return whole[deepest] if deepest is not None else []


def _nested(group: list[HtmlElement]) -> bool:
    members = set(group)
    return any(ancestor in members for element in group for ancestor in element.iterancestors())


def _depth(element: HtmlElement) -> int:
    return sum(1 for _ in element.iterancestors())


def _is_thread(bodies: list[HtmlElement], body: HtmlElement, prose: dict[_Element, int]) -> bool:
    """Whether the group holds most of the page's prose, and it or what is around it is called a post."""
    inside = sum(prose[element] for element in bodies)
    if max(prose[element] for element in bodies) > LARGEST * inside:
        return False
    if inside < (1 - (DECLARED_THREAD if declares_thread(body) else OUTSIDE)) * prose[body]:
        return False
    around = " ".join(map(_names, [bodies[-1], *bodies[-1].iterancestors()][:6]))
    return _POSTS.search(around) is not None and _REVIEWS.search(around) is None


def _names(element: _Element) -> str:
    return " ".join(element.get(name, "") for name in ("class", "id", "itemprop", "component"))


def _posts(bodies: list[HtmlElement]) -> list[tuple[HtmlElement, HtmlElement]]:
    """Each body with the largest element around it that holds no other body."""
    counts: dict[_Element, int] = defaultdict(int)
    for one in bodies:
        for ancestor in one.iterancestors():
            counts[ancestor] += 1
    posts = []
    for one in bodies:
        post = one
        for ancestor in one.iterancestors():
            if counts[ancestor] > 1:
                break
            post = ancestor
        posts.append((post, one))
    return posts


def _author(post: HtmlElement, body: HtmlElement) -> str:
    """The name beside a body: by its property, its class, or as a link to a profile."""
    if name := one_line(post.get("data-author", "")):
        return name[:LONGEST_NAME]
    inside = set(body.iter())
    others = [element for element in post.iter() if element not in inside]
    for element in others:
        if element.get("itemprop") in ("author", "creator"):
            named_in = element.xpath("descendant-or-self::*[@itemprop='name']")
            if name := _as_name(named_in[0] if named_in else element):
                return name
    for element in others:
        name = element.get("class", "")
        by_class = _AUTHORS.search(name) and not _RANKS.search(name)
        if (by_class or _PROFILE.search(element.get("href", ""))) and (name := _as_name(element)):
            return name
    return ""


def _as_name(element: HtmlElement) -> str:
    name = one_line(element.get("content") or text_of(element))
    return name if 0 < len(name) <= LONGEST_NAME and any(map(str.isalpha, name)) else ""


def _written(
    tree: HtmlElement, posts: list[tuple[HtmlElement, HtmlElement]], authors: list[str]
) -> HtmlElement:
    """A frame of headings and copies of the bodies."""
    from copy import deepcopy

    frame = tree.makeelement("div")
    for (post, body), author in zip(posts, authors, strict=True):
        answer = "answer" in named(post) or "Answer" in post.get("itemprop", "")
        heading = frame.makeelement("h2", {"id": post.get("id") or body.get("id") or ""})
        heading.text = f"Answer by {author}" if answer and author else "Answer" if answer else author
        if heading.text:
            frame.append(heading)
        copy = deepcopy(body)
        copy.tail = None
        for element in copy.iter(*HEADING_TAGS):
            element.tag = f"h{min(6, int(element.tag[1]) + 2)}"
        for element in list(copy.iter(*_NO_POST)):
            if element is not copy:
                element.drop_tree()
        frame.append(copy)
    return frame
