"""The words and the machinery by which walls, forms and error pages give themselves away.

Collected from the challenge pages of Cloudflare, DataDome, HUMAN (PerimeterX), Imperva, AWS WAF and
DDoS-Guard, and from the notices of the common publishing systems. Where they count is decided in
:mod:`indexer.crawl.verdict`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass

from indexer.counting import count_words

_SCANNED = 200_000
"""Bytes of a page that are searched: walls are small."""


def _any(*patterns: str) -> re.Pattern[str]:
    return re.compile("|".join(patterns), re.IGNORECASE)


_MACHINERY = re.compile(
    rb"_cf_chl_opt|id=[\"']?challenge-(?:form|running)|px-captcha|captcha-delivery\.com|_Incapsula_Resource"
    rb"|awsWafCookieDomainList|gokuProps|/\.well-known/ddos-guard|ddg-captcha|sgcaptcha|/_sec/cp_challenge"
    rb"|geo\.captcha|anubis_challenge"
)
"""Scripts of the challenges themselves. Not the widgets that also guard comment forms (reCAPTCHA,
hCaptcha, Turnstile), and not Cloudflare's ``cdn-cgi/challenge-platform``, which is on ordinary pages."""

BOT_TITLE = _any(
    r"\W*(?:just a moment|attention required|access (?:to this page has been )?denied",
    r"are you a (?:robot|human)",
    r"one more step|pardon our interruption|robot (?:check|challenge)|human verification|security check",
    r"verif(?:y|ying) (?:that )?you are (?:a )?human|checking your browser|client challenge|ddos-guard",
    r"request (?:blocked|rejected)|please wait\.\.\.|bot verification|making sure you)",
)
BOT = _any(
    r"verify (?:that )?you are (?:a )?human|checking (?:if the site connection is secure|your browser)",
    r"enable javascript and cookies to continue|unusual traffic from your",
    r"complete the (?:security check|captcha)|(?:prove|confirm) (?:that )?you(?:.re| are) (?:human|not a)",
    r"review the security of your connection|you have been blocked|automated (?:access|requests) (?:to|from)",
)
CONSENT_TITLE = _any(
    r"\W*(?:before you continue|bevor sie|avant d.accéder|we value your privacy|cookie consent)"
)
CONSENT = _any(
    r"accept all|reject all|manage (?:preferences|options|cookies)|we value your privacy|before you continue",
    r"alle akzeptieren|tout accepter|cookie policy|use of cookies|uses? cookies|consent to",
)
PAYWALL = _any(
    r"(?:reserved|only) for (?:our )?(?:subscribers|members)|(?:subscribers?|members?)[- ]only",
    r"to (?:continue|keep) reading|(?:continue|read) the full (?:story|article) (?:with|by|for)",
    r"already a (?:member|subscriber)",
    r"(?:read|reached|used) (?:all|your)[^.]{0,40}\bfree (?:articles|stories)",
    r"(?:log|sign) in to (?:read|continue|view)|subscribe (?:now )?to (?:read|unlock|continue)",
    r"unlock this (?:article|story)",
)
PAID = re.compile(rb"[\"']isAccessibleForFree[\"']\s*:\s*[\"']?false", re.IGNORECASE)
"""schema.org's own word for it, as publishers must give it to search engines."""
NOT_FOUND_TITLE = _any(
    r"\W*(?:(?:error )?40[34]\b|410\b|not found\b",
    r"(?:page|file|article|post|content) (?:was |could )?not (?:be )?found",
    r"(?:sorry|oops)\b.{0,30}(?:not|nothing|n't)\b|seite nicht gefunden|page introuvable",
    r"nothing (?:was )?found|this page (?:does ?n.t|does not|isn.t|is not))",
)
FRONT_TITLE = _any(r"\W*(?:welcome|home ?page|home)\b")
NEEDS_SCRIPT = _any(
    r"(?:enable|requires?|turn on|activate) java ?script|java ?script (?:is )?(?:required|disabled)"
)


_RAW = frozenset({"script", "style", "template", "textarea", "iframe", "noembed", "xmp"})
_TRACKED = frozenset({"a", "title", "noscript", "h1", "h2"})
_NO_PROSE = frozenset({"a", "title", "noscript"})
_ATTRIBUTE = re.compile(r"(?<![^\s\"'/])([^\s=/\"'<>]+)\s*=\s*(\"[^\"]*\"|'[^']*'|[^\s\"'>]+)")

_APPLICATION = re.compile(
    rb"rel=[\"']?modulepreload|as=[\"']?script\b|name=[\"']?fragment[\"']?\s+content=[\"']?!", re.IGNORECASE
)
"""Scripts that are fetched before anything else, and the sign of the AJAX crawling scheme: an application."""


def bot_machinery(body: bytes) -> bool:
    """Whether the page carries the scripts of a challenge."""
    return _MACHINERY.search(body, 0, _SCANNED) is not None


def loads_application(body: bytes) -> bool:
    """Whether a page that shows hardly a word loads scripts that would fill it."""
    return _APPLICATION.search(body, 0, _SCANNED) is not None


def searches_all(body: bytes) -> bool:
    """Whether a page is small enough to be searched from end to end."""
    return len(body) <= _SCANNED


def mentions(body: bytes, word: bytes) -> bool:
    """Whether a word in lower case stands anywhere in the part of a page that is searched."""
    return word in body[:_SCANNED].lower()


@dataclass(frozen=True, slots=True)
class Element:
    """A tag of a page (``name`` begins with "/" for an end) and the text from it to the next one."""

    name: str
    tag: str
    text: str
    inside: frozenset[str]
    """Those of the elements in :data:`_TRACKED` that the text stands in."""

    def attribute(self, name: str) -> str:
        """An attribute's value, ``""`` where there is none."""
        found = (match for match in _ATTRIBUTE.finditer(self.tag) if match[1].lower() == name)
        return next((html.unescape(match[2].strip("\"'")) for match in found), "")


def elements(body: bytes) -> Iterator[Element]:
    """The tags of an HTML page in order, in one pass that no input can slow down.

    Comments are left out (those that old browsers read as well), and so is what stands in raw elements.
    """
    until = ""
    inside: frozenset[str] = frozenset()
    first, *pieces = body[:_SCANNED].decode("utf-8", "replace").split("<")
    yield Element("", "", html.unescape(first), inside)
    for piece in pieces:
        if until == "-->" or (not until and piece.startswith("!--")):
            _, closed, text = piece.partition("-->")
            until = "" if closed else "-->"
            name, tag = "", ""
        else:
            tag, _, text = piece.partition(">")
            name = tag[:20].partition(" ")[0].split("\n")[0].strip().rstrip("/").lower() or "<"
            if until and name != f"/{until}":
                continue
            until = name if name in _RAW else ""
        if until:
            continue
        if name in _TRACKED:
            inside |= {name}
        elif name[1:] in _TRACKED:
            inside -= {name[1:]}
        yield Element(name, tag, html.unescape(text), inside)


def shown_text(body: bytes) -> str:
    """The words of an HTML page, ``noscript`` included."""
    return " ".join(" ".join(element.text for element in elements(body)).split())


def text_beside_links(body: bytes) -> str:
    """What an HTML page shows outside its title and links, which menus mostly consist of.

    Of a large page, what its beginning shows: see :func:`searches_all`.
    """
    return " ".join(" ".join(e.text for e in elements(body) if not e.inside & _NO_PROSE).split())


def words_beside_links(body: bytes) -> int:
    """The words of :func:`text_beside_links`; of text that is no UTF-8, about four bytes make one."""
    text = text_beside_links(body)
    return count_words(text) + text.count("\ufffd") // 4
