"""What the crawl makes of real pages: every verdict that is not good, with the words that a reader sees.

    python benchmarks/verdicts.py [FOLDER] [--json | --write]

The pages are those of WCXB (``html/*.html.gz`` and ``ground-truth.json``), 513 pages of seven kinds that
people visit. Each is read and judged as if it had come with status 200. A wall or a lack of text that is
claimed of one of them is listed beside its visible words and those of its gold text, for a person to look at.

FOLDER defaults to ``$INDEXER_SHARED_DATA/extraction/wcxb``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bench

from indexer.config import CrawlConfig
from indexer.counting import count_words
from indexer.crawl.verdict import judge
from indexer.errors import Unreadable
from indexer.extract import read
from indexer.records import Expect, Page, Verdict


@dataclass(frozen=True, slots=True)
class Judged:
    """What became of one page; ``visible``, ``read`` and ``gold`` are words."""

    page: str
    kind: str
    verdict: Verdict
    reason: str
    visible: int
    read: int
    gold: int


def judged_pages(folder: Path) -> Iterator[Judged]:
    """The verdict on each page of the collection, in the order of their names."""
    truth: dict[str, dict[str, Any]] = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    for name, entry in sorted(truth.items()):
        body = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        url = entry.get("url") or "https://example.org/"
        headers = {"content-type": "text/html; charset=utf-8"}
        page = Page(url, url, 200, headers, body, datetime.now(UTC))
        visible = words = 0
        try:
            reading = read(page)
        except Unreadable as error:
            judgement = judge(page, error, expect=Expect(), config=CrawlConfig())
        else:
            visible, words = reading.text_on_page, reading.article.words
            judgement = judge(page, reading, expect=Expect(), config=CrawlConfig())
        gold = count_words(entry["text"])
        yield Judged(name, entry["type"], judgement.verdict, judgement.reason, visible, words, gold)


def listing(pages: Sequence[Judged]) -> str:
    """How often each verdict was given, and a line for each page whose verdict is not good."""
    counts = Counter(page.verdict.value for page in pages)
    lines = [", ".join(f"{verdict} {count}" for verdict, count in counts.most_common()), ""]
    lines += ["| page | kind | verdict | visible | read | gold | reason |"]
    lines += ["| --- | --- | --- | ---: | ---: | ---: | --- |"]
    bad = sorted(
        (page for page in pages if not page.verdict.good), key=lambda page: (page.verdict, page.page)
    )
    lines += [
        f"| {page.page} | {page.kind} | {page.verdict.value} "
        f"| {page.visible:,} | {page.read:,} | {page.gold:,} | {page.reason.replace('|', '/')} |"
        for page in bad
    ]
    return "\n".join(lines)


def main() -> int:
    logging.disable(logging.CRITICAL)
    shared = os.environ.get("INDEXER_SHARED_DATA", "")
    default = Path(shared, "extraction", "wcxb") if shared else None
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    if options.folder is None or not (options.folder / "ground-truth.json").exists():
        print(f"skipped: no collection in {options.folder or '$INDEXER_SHARED_DATA'}", file=sys.stderr)
        return 0
    pages = list(judged_pages(options.folder))
    if options.json:
        print(json.dumps([asdict(page) for page in pages]))
    else:
        bench.report("verdicts", listing(pages), write=options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
