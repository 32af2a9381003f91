"""The declared web: articles, rules and what each URL answers on a given night.

web.yaml names the behaviours; data/sample/ holds the texts (articles/*.md, whose front
matter tells the `url`) and the chrome of the sites (templates/*.html).
Nothing here opens a socket: `Web.answer` turns a Request into a Reply.
"""

from __future__ import annotations

import contextlib
import gzip
import hashlib
import html
import json
import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime, parsedate_to_datetime
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import yaml
from markdown_it import MarkdownIt

from tests.replay import bodies

HERE = Path(__file__).resolve().parent
SAMPLE = HERE.parents[1] / "data" / "sample"  # articles, templates and files, which the demo serves too
FIRST_CHANGE = datetime(2026, 1, 5, 3, tzinfo=timezone.utc)  # Last-Modified, plus the night in days
TEMPLATE_OF_KIND = {"docs": "docs", "gist": "gist", "wiki": "confluence", "rfc": "rfc",
                    "site": "site", "index": "site", "landing": "landing", "medium": "medium"}
# Addresses that a crawler must never be lured to.  They do answer, so that the
# log convicts a crawler that followed.
CANARY_HOSTS = {"127.0.0.1", "localhost", "169.254.169.254", "0.0.0.0", "::1", "2130706433"}
MARKDOWN = MarkdownIt("commonmark").enable("table")


# ---------------------------------------------------------------- articles

@dataclass(frozen=True)
class Article:
    """One Markdown file: the text that a URL serves, without any page chrome."""

    slug: str
    url: str
    title: str
    author: str
    date: str
    kind: str
    text: str
    placeholder: bool = False


def loose(url: str) -> str:
    """The URL without scheme, www., fragment and final slash: names an article."""
    bare = url.split("#")[0].split("://")[-1].rstrip("/")
    return bare.removeprefix("www.")


def load_articles(folder: Path) -> dict[str, Article]:
    """All articles by loose URL: NAME.md with front matter, or NAME.txt with NAME.meta.yaml."""
    sources = []
    for path in sorted(folder.glob("*.md")):
        match = re.match(r"---\n(.*?)\n---\n(.*)", path.read_text(encoding="utf-8"), re.S)
        if match:  # a file without front matter is half-written
            sources.append((path.stem, match[1], match[2].strip()))
    for path in sorted(folder.glob("*.meta.yaml")):
        name = path.name.removesuffix(".meta.yaml")
        text = path.with_name(f"{name}.txt").read_text(encoding="utf-8")
        sources.append((name, path.read_text(encoding="utf-8"), text))
    found = {}
    for slug, head, text in sources:
        meta = yaml.safe_load(head)
        found[loose(meta["url"])] = Article(
            slug=slug, url=meta["url"], title=str(meta.get("title", slug)), text=text,
            author=str(meta.get("author", "")), kind=str(meta.get("kind", "article")),
            date=str(meta.get("published", "")))
    return found


def placeholder(url: str) -> Article:
    """Stands in for an article that has not been written yet."""
    name = re.sub(r"\W+", " ", urlsplit(url).path.rstrip("/").rsplit("/", 1)[-1]).strip()
    text = "\n\n".join(f"## Part {n}\n\nThis placeholder stands for part {n} of the article "
                       f"about {name or url}, which has not been written yet. {bodies.FILLER}"
                       for n in range(1, 9))
    return Article("placeholder", url, f"Placeholder: {name or url}", "nobody", "2026-01-01",
                   "article", text, placeholder=True)


def to_html(text: str) -> str:
    """Markdown to HTML, every heading with an anchor (its own `{#id}` or a slug)."""
    tokens = MARKDOWN.parse(text)
    for token, inline in zip(tokens, tokens[1:]):
        if token.type == "heading_open":
            own = re.search(r"\s*\{#([\w-]+)\}$", inline.content)
            if own and inline.children:
                inline.children[-1].content = inline.children[-1].content.removesuffix(own[0])
            slug = re.sub(r"[^a-z0-9]+", "-", inline.content.lower()).strip("-")
            token.attrSet("id", own[1] if own else slug)
    return str(MARKDOWN.renderer.render(tokens, MARKDOWN.options, {}))


# ------------------------------------------------------------ declarations

@dataclass(frozen=True)
class Rule:
    """What one URL does; the fields are the keys of a rule in web.yaml."""

    url: str                    # ends with * for a prefix
    do: str = "page"            # page raw redirect notice body stream file silent dns ...
    since: int = 1              # night of the last change
    article: str = ""           # URL in the article's front matter, if not `url`
    template: str = ""
    status: int = 200
    to: str = ""                # redirect target
    times: int = 0              # the first N requests answer `status` ...
    retry_after: int | None = None  # ... with this header
    fault: str = ""             # reset | truncate
    pause: float = 0.0          # slow drip: seconds between pieces of 64 bytes
    charset: str = "utf-8"      # bytes are written in this charset
    declared: str | None = None  # charset in Content-Type, if not `charset`; "" = none
    lang: str = "en"
    make: str = ""              # name of a function in bodies.py
    tail: str = ""              # name of a function in bodies.py, added to the article
    file: str = ""              # static file, with
    type: str = "text/html"     # its Content-Type
    validators: bool = True     # send ETag and Last-Modified
    edit: dict[str, Any] = field(default_factory=dict)  # {paragraph: n, text} or {append}
    headers: dict[str, str] = field(default_factory=dict)  # a byte that is no UTF-8: "\\uDCE9" is E9
    sample: str = ""            # for a prefix: a URL that --check fetches


@dataclass
class Request:
    method: str
    url: str
    headers: dict[str, str]
    keep_alive: bool = True


@dataclass
class Reply:
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    stream: Callable[[], AsyncIterator[bytes]] | None = None  # chunked, may never end
    fault: str = ""
    pause: float = 0.0
    reason: str = ""


class Web:
    """All declared hosts and URLs, in the state of one night."""

    def __init__(self, folder: Path = HERE, night: int = 1) -> None:
        spec = yaml.safe_load((folder / "web.yaml").read_text(encoding="utf-8"))
        self.night = night
        self.articles = load_articles(SAMPLE / "articles")
        self.robots: dict[str, Any] = spec["robots"]
        self.archive = {loose(url): entry for url, entry in spec["archive"].items()}
        self.seeds: dict[str, str] = spec["seeds"]
        raw: dict[str, dict[str, Any]] = {rule["url"]: rule for rule in spec["rules"]}
        served = {loose(url) for url in raw}
        for name, article in self.articles.items():
            if name not in served:
                raw[article.url.split("#")[0]] = {"url": article.url.split("#")[0]}
        for number in range(2, night + 1):
            for rule in spec["nights"][number]:
                raw[rule["url"]] = {**raw.get(rule["url"], {}), **rule, "since": number}
        self.rules = {url: Rule(**rule) for url, rule in raw.items()}
        dead = {urlsplit(url).netloc for url, rule in self.rules.items() if rule.do == "dns"}
        self.hosts = {urlsplit(url).netloc for url in self.rules} | set(self.robots)
        self.hosts = (self.hosts | {"archive.org", "web.archive.org"} | CANARY_HOSTS) - dead
        self.visits: Counter[str] = Counter()

    # -- looking up

    def find(self, url: str) -> Rule | None:
        """The rule for a URL: exact, else without query, else the longest prefix."""
        for candidate in (url, url.split("?")[0]):
            if candidate in self.rules:
                return self.rules[candidate]
        prefixes = [r for r in self.rules if r.endswith("*") and url.startswith(r[:-1])]
        return self.rules[max(prefixes, key=len)] if prefixes else None

    def article(self, rule: Rule) -> Article:
        name = rule.article or rule.url
        found = self.articles.get(loose(name)) or placeholder(name)
        return replace(found, text=edited(found.text, rule.edit))

    # -- answering

    def answer(self, request: Request) -> Reply:
        parts = urlsplit(request.url)
        if parts.hostname in CANARY_HOSTS:
            return Reply(body=b"CANARY: an internal address was reached. secret-token-0000")
        if parts.netloc not in self.hosts:
            return unknown_host(parts.netloc)
        if request.method not in ("GET", "HEAD"):
            return Reply(405, {"Allow": "GET, HEAD"})
        if parts.path == "/robots.txt":
            robots = self.robots.get(parts.netloc) or {"text": "User-agent: *\nAllow: /\n"}
            return Reply(robots.get("status", 200), {"Content-Type": "text/plain"},
                         robots.get("text", "").encode(robots.get("charset", "utf-8")))
        if parts.netloc in ("web.archive.org", "archive.org"):
            return self.from_archive(request)
        rule = self.find(request.url)
        if rule:
            return self.obey(rule, request)
        secure = request.url.replace("http://", "https://", 1)
        for better in (secure, request.url + "/", secure + "/"):
            if better != request.url and better in self.rules:
                return redirect(301, better)
        return self.notice(Rule(request.url, status=404, template="notfound"))

    def obey(self, rule: Rule, request: Request) -> Reply:
        if rule.times:
            self.visits[request.url] += 1
            if self.visits[request.url] <= rule.times:
                return self.notice(replace(rule, template="busy"))
            rule = replace(rule, status=200)
        match rule.do:
            case "redirect":
                target = rule.to.replace("{url}", quote(request.url, safe=""))
                reply = redirect(rule.status if rule.status != 200 else 301, target)
                return replace(reply, headers={**reply.headers, **rule.headers})
            case "notice":
                return self.notice(rule)
            case "silent":
                return Reply(fault="silent")
            case "stream":
                return Reply(headers={"Content-Type": rule.type},
                             stream=getattr(bodies, rule.make))
            case "body":
                return Reply(rule.status, {"Content-Type": rule.type, **rule.headers},
                             getattr(bodies, rule.make)())
            case "file":
                return self.finish(rule, request, (SAMPLE / rule.file).read_bytes(), rule.type)
            case "raw":
                article = self.article(rule)
                head = "" if rule.template == "rfc" else f"# {article.title}\n\n"
                text = f"{head}{article.text}\n"
                return self.finish(rule, request, text.encode(), "text/plain; charset=utf-8")
            case "page":
                data = self.page(rule).encode(rule.charset, "xmlcharrefreplace")
                declared = rule.charset if rule.declared is None else rule.declared
                kind = rule.type + (f"; charset={declared}" if declared else "")
                return self.finish(rule, request, data, kind)
        raise ValueError(f"{rule.url}: unknown behaviour {rule.do}")

    def page(self, rule: Rule) -> str:
        """An article inside the chrome of its site."""
        article = self.article(rule)
        template = rule.template or TEMPLATE_OF_KIND.get(article.kind, "blog")
        body = bodies.rfc_html(article.text) if template == "rfc" else to_html(article.text)
        body += getattr(bodies, rule.tail)() if rule.tail else ""
        host = urlsplit(rule.url).netloc
        nav = "\n".join(f'<li><a href="{html.escape(a.url)}">{html.escape(a.title)}</a></li>'
                        for a in self.articles.values() if urlsplit(a.url).netloc == host)
        return self.fill(template, title=html.escape(article.title), body=body, nav=nav, host=host,
                         author=html.escape(article.author), date=article.date, lang=rule.lang,
                         url=html.escape(rule.url), charset=rule.declared or rule.charset)

    def fill(self, template: str, **values: str) -> str:
        text = (SAMPLE / "templates" / f"{template}.html").read_text(encoding="utf-8")
        return Template(text).substitute(values)

    def notice(self, rule: Rule) -> Reply:
        """A page that is not the article: challenge, paywall stub, 404, soft 404, busy."""
        headers = {"Content-Type": "text/html; charset=utf-8", **rule.headers}
        if rule.retry_after is not None:
            headers["Retry-After"] = str(rule.retry_after)
        if rule.template == "challenge":
            headers |= {"Server": "cloudflare", "cf-mitigated": "challenge"}
        text = self.fill(rule.template, url=html.escape(rule.url), host=urlsplit(rule.url).netloc,
                         status=str(rule.status), title=html.escape(self.article(rule).title))
        return Reply(rule.status, headers, text.encode())

    def finish(self, rule: Rule, request: Request, data: bytes, kind: str) -> Reply:
        """Adds validators, answers conditional requests, compresses, applies faults."""
        headers = {"Content-Type": kind, "Vary": "Accept-Encoding", **rule.headers}
        if rule.validators:
            etag = f'"{hashlib.sha256(data).hexdigest()[:20]}"'
            modified = FIRST_CHANGE + timedelta(days=rule.since)
            headers |= {"ETag": etag, "Last-Modified": format_datetime(modified, usegmt=True)}
            if not_modified(request, etag, modified):
                return Reply(304, headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["Content-Encoding"] = "gzip"
            data = gzip.compress(data, mtime=0)
        return Reply(rule.status, headers, data, fault=rule.fault, pause=rule.pause)

    def from_archive(self, request: Request) -> Reply:
        """The Wayback Machine: the availability API and stored snapshots."""
        parts = urlsplit(request.url)
        if parts.path == "/wayback/available":
            asked = parse_qs(parts.query).get("url", [""])[0]
            entry = self.archive.get(loose(asked))
            closest = entry and {"closest": {
                "status": "200", "available": True, "timestamp": str(entry["timestamp"]),
                "url": f"http://web.archive.org/web/{entry['timestamp']}/{asked}"}}
            answer = {"url": asked, "archived_snapshots": closest or {}}
            return Reply(headers={"Content-Type": "application/json"},
                         body=json.dumps(answer).encode())
        match = re.match(r"https?://[^/]+/web/(\d{1,14})(id_|if_)?/(.+)", request.url)
        entry = match and self.archive.get(loose(match[3]))
        if not match or not entry:
            return self.notice(Rule(request.url, status=404, template="notfound"))
        stamp = str(entry["timestamp"])
        if match[1] != stamp:
            return redirect(302, f"https://web.archive.org/web/{stamp}{match[2] or ''}/{match[3]}")
        text = self.page(Rule(match[3], template=entry["template"]))
        if match[2] is None:  # the replay for people carries a toolbar, id_ is the original
            text = text.replace("<body>", "<body>" + self.fill("toolbar", url=match[3]), 1)
        taken = datetime.strptime(stamp, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
        rule = Rule(match[3], validators=False,
                    headers={"Memento-Datetime": format_datetime(taken, usegmt=True)})
        return self.finish(rule, request, text.encode(), "text/html; charset=utf-8")


def edited(text: str, edit: dict[str, Any]) -> str:
    """The article after a night's edit: a paragraph replaced, or a section appended."""
    if "paragraph" in edit:
        blocks = text.split("\n\n")
        prose = [n for n, block in enumerate(blocks) if block[:1].isalpha()]
        blocks[prose[min(edit["paragraph"], len(prose)) - 1]] = edit["text"].strip()
        text = "\n\n".join(blocks)
    return text + "\n\n" + edit["append"] if "append" in edit else text


def redirect(status: int, target: str) -> Reply:
    return Reply(status, {"Location": target, "Content-Type": "text/html"},
                 f"<html><body>Moved: <a href='{html.escape(target)}'>here</a></body></html>".encode())


def unknown_host(host: str) -> Reply:
    return Reply(502, {"Content-Type": "text/plain"},
                 f"replay_web: DNS lookup of {host} failed: host not in web.yaml\n".encode(),
                 reason=f"DNS lookup failed, {host} is not in the replay")


def not_modified(request: Request, etag: str, modified: datetime) -> bool:
    """RFC 9110, section 13: If-None-Match goes before If-Modified-Since."""
    if tags := request.headers.get("if-none-match"):
        return tags.strip() == "*" or etag in [t.strip().removeprefix("W/") for t in tags.split(",")]
    with contextlib.suppress(ValueError, TypeError):
        return parsedate_to_datetime(request.headers.get("if-modified-since", "")) >= modified
    return False
