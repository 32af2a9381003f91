"""Many pages on many hosts, served from memory on one loopback port, as a forward proxy would answer.

    python benchmarks/loopback_web.py [--pages 2000] [--hosts 200] [--words 0] [--log FILE]

Prints ``{"port": ..., "links": [[url, title], ...]}`` once it listens, and serves until it is ended.
Every page is rendered before that: a sample article with its paragraphs in an order of their own, in one
of the templates of the sample sites. ``--words`` cuts the articles to about so many words. ``--log``
names a file that gets the URL of every request, a line each.
"""

from __future__ import annotations

import argparse
import asyncio
import html
import json
import random
import re
from pathlib import Path
from typing import IO

from indexer.demo.site import SampleArticle, SampleSite, load_articles, sample_folder, to_html

TEMPLATES = ("blog", "docs", "site", "confluence", "medium", "magazine", "landing")
ROBOTS = b"User-agent: *\nAllow: /\n"


def pages(count: int, hosts: int, *, words: int = 0) -> dict[str, tuple[str, str]]:
    """So many pages by URL, each with its title and its HTML; the same every time."""
    site = SampleSite(sample_folder())
    articles = [a for a in load_articles(sample_folder() / "articles").values() if a.kind != "rfc"]
    long = [a for a in articles if len(a.text.split()) > 600]
    bodies = {a.slug: _body(a, words) for a in long}
    return dict(_page(site, long[number % len(long)], bodies, number, hosts) for number in range(count))


def _body(article: SampleArticle, words: int) -> str:
    text = article.text
    if words:
        paragraphs, room = [], words
        for paragraph in text.split("\n\n"):
            if room > 0:
                paragraphs.append(paragraph)
                room -= len(paragraph.split())
        text = "\n\n".join(paragraphs)
    return to_html(text)


def _page(
    site: SampleSite, article: SampleArticle, bodies: dict[str, str], number: int, hosts: int
) -> tuple[str, tuple[str, str]]:
    host = f"host-{number % hosts}.example"
    url = f"http://{host}/articles/{number}"
    title = f"{article.title}, part {number}"
    body = bodies[article.slug]
    paragraphs = re.findall(r"<p>.*?</p>", body, re.DOTALL)
    random.Random(number).shuffle(paragraphs)
    body = re.sub(r"<p>.*?</p>", lambda _: paragraphs.pop(), body, flags=re.DOTALL)
    page = site.fill(
        TEMPLATES[number % len(TEMPLATES)],
        title=html.escape(title),
        body=body,
        nav="".join(f'<li><a href="/articles/{n}">Part {n}</a></li>' for n in range(10)),
        host=host,
        author=html.escape(article.author),
        date=article.date,
        lang="en",
        url=url,
        charset="utf-8",
    )
    return url, (title, page)


class _Connection(asyncio.Protocol):
    def __init__(self, answers: dict[bytes, bytes], log: IO[bytes] | None) -> None:
        self._answers, self._log, self._taken = answers, log, b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._taken += data
        while b"\r\n\r\n" in self._taken:
            head, _, self._taken = self._taken.partition(b"\r\n\r\n")
            url = head.split(b" ", 2)[1]
            if self._log:
                self._log.write(url + b"\n")
                self._log.flush()
            if url.endswith(b"/robots.txt"):
                self._transport.write(_answer(200, b"text/plain", ROBOTS))
            else:
                self._transport.write(self._answers.get(url) or _answer(404, b"text/plain", b"not here"))


def _answer(status: int, kind: bytes, body: bytes) -> bytes:
    head = b"HTTP/1.1 %d .\r\nContent-Type: %b\r\nContent-Length: %d\r\n\r\n"
    return head % (status, kind, len(body)) + body


async def serve(found: dict[str, tuple[str, str]], log: IO[bytes] | None) -> None:
    """Serve the pages until the process is ended."""
    answers = {
        url.encode(): _answer(200, b"text/html; charset=utf-8", page.encode())
        for url, (_, page) in found.items()
    }
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Connection(answers, log), "127.0.0.1", 0, backlog=512)
    links = [[url, title] for url, (title, _) in found.items()]
    print(json.dumps({"port": server.sockets[0].getsockname()[1], "links": links}), flush=True)
    await server.serve_forever()


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pages", type=int, default=2000)
    parser.add_argument("--hosts", type=int, default=200)
    parser.add_argument("--words", type=int, default=0)
    parser.add_argument("--log", type=Path)
    options = parser.parse_args()
    found = pages(options.pages, options.hosts, words=options.words)
    log = options.log.open("ab") if options.log else None
    asyncio.run(serve(found, log))


if __name__ == "__main__":
    main()
