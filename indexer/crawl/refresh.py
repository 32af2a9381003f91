"""Pages that only lead on: a refresh is a redirect that browsers follow, in a meta element or a header.

A page that refreshes itself every few minutes, as the front pages of newspapers do, leads nowhere.
"""

from __future__ import annotations

import re

from indexer.config import CrawlConfig
from indexer.crawl import markers, urls
from indexer.crawl.failure import NoPage
from indexer.crawl.wire import HttpAnswer

_DELAY = re.compile(r"\s*(?=[\d.])(\d*)[\d.]*(?:$|[\s;,])[\s;,]*")
_URL = re.compile(r"url\s*=\s*", re.IGNORECASE)
_AT_ONCE = 1
"""Seconds. Nobody can read a page that leads on so soon (WCAG 2.2, technique H76, asks for 0)."""
_SOON = 60
"""Seconds after which a page that says little still counts as leading on."""
_ARCHIVE = "web.archive.org"
"""Its raw captures hold what the original host sent, whose addresses are not the archive's."""


def leads_to(answer: HttpAnswer, config: CrawlConfig) -> str:
    """The address (in request form) that a good answer only leads on to, ``""`` for a page to be read.

    At once, whatever the page shows; within a minute, or for those without scripts, if it hardly shows
    anything. A page that sends itself again at once, with a cookie, leads to itself.
    """
    asked = answer.headers.get("refresh", "")
    if (
        not (200 <= answer.status < 300 and (asked or _may_ask(answer)))
        or urls.host_of(answer.url) == _ARCHIVE
    ):
        return ""
    base, by_element, without_scripts = "", "", False
    for element in markers.elements(answer.body):
        if element.name == "base" and not base:
            base = _resolved(answer.url, element.attribute("href"))
        elif element.name == "meta" and not by_element and _is_refresh(element):
            by_element, without_scripts = element.attribute("content"), "noscript" in element.inside
    shown = markers.words_beside_links(answer.body)
    seconds, target = _parsed(asked or by_element)
    to = _resolved(base or answer.url, target) if target else answer.url
    if to == answer.url:
        again = seconds <= _AT_ONCE and shown < config.thin_words and "set-cookie" in answer.headers
        return to if again else ""
    leaves = seconds <= _AT_ONCE and bool(asked or not without_scripts)
    says_little = markers.searches_all(answer.body) and shown < config.wall_words
    return to if leaves or (seconds <= _SOON and says_little) else ""


def _may_ask(answer: HttpAnswer) -> bool:
    """Whether it is HTML with the word in it."""
    declared = answer.headers.get("content-type", "")
    return ("html" in declared or not declared) and markers.mentions(answer.body, b"refresh")


def _is_refresh(element: markers.Element) -> bool:
    return element.attribute("http-equiv").strip().lower() == "refresh"


def _parsed(asked: str) -> tuple[float, str]:
    """Seconds and address (HTML standard, "shared declarative refresh steps"); infinite where it is none."""
    match = _DELAY.match(asked)
    if match is None:
        return float("inf"), ""
    target = asked[match.end() :]
    if named := _URL.match(target):
        target = target[named.end() :]
    if target[:1] in ("'", '"'):
        target = target[1:].partition(target[0])[0]
    return float(match[1][:9] or 0), target.strip()


def _resolved(base: str, reference: str) -> str:
    """The request form of a reference, ``""`` for what is no web address, which browsers pass over."""
    try:
        return urls.resolve(base, reference)
    except NoPage:
        return ""
