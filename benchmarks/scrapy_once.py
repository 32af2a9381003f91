"""The same pages by Scrapy with trafilatura in its process; prints what it did as JSON.

    http_proxy=http://127.0.0.1:PORT python benchmarks/scrapy_once.py LINKS OUT

Run by an interpreter that has scrapy and trafilatura. Politeness and width are the product's in the
benchmark: robots.txt obeyed, one request at a time for each host, no delay, 32 requests in flight. Every
article is written to OUT as a line of JSON; nothing else is kept.
"""

from __future__ import annotations

import json
import sys
from collections.abc import AsyncIterator, Iterator
from importlib.metadata import version
from pathlib import Path

import scrapy
import scrapy.http
import trafilatura
from scrapy.crawler import CrawlerProcess

LINKS, OUT = json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2])


class Articles(scrapy.Spider):
    name = "articles"

    async def start(self) -> AsyncIterator[scrapy.Request]:
        for url, _ in LINKS:
            yield scrapy.Request(url)

    def parse(self, response: scrapy.http.Response) -> Iterator[dict[str, str | None]]:
        text = trafilatura.extract(response.text, url=response.url, with_metadata=True, output_format="json")
        yield {"url": response.url, "article": text}


process = CrawlerProcess(
    {
        "LOG_LEVEL": "ERROR",
        "TELNETCONSOLE_ENABLED": False,
        "ROBOTSTXT_OBEY": True,
        "CONCURRENT_REQUESTS": 32,
        "CONCURRENT_REQUESTS_PER_DOMAIN": 1,
        "DOWNLOAD_DELAY": 0,
        "AUTOTHROTTLE_ENABLED": False,
        "HTTPPROXY_ENABLED": True,
        "FEEDS": {str(OUT): {"format": "jsonlines"}},
    }
)
crawler = process.create_crawler(Articles)
process.crawl(crawler)
process.start()
stats = crawler.stats.get_stats()
print(
    json.dumps(
        {
            "pages": stats.get("item_scraped_count", 0),
            "seconds": stats["elapsed_time_seconds"],
            "versions": {name: version(name) for name in ("scrapy", "trafilatura", "lxml")},
        }
    )
)
