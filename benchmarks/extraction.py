"""Quality and speed of extraction on 181 real pages with gold text.

    python benchmarks/extraction.py [FOLDER] [--json | --write]

The collection is scrapinghub/article-extraction-benchmark (``ground-truth.json`` and ``html/*.html.gz``),
the measure its own: precision and recall of the bag of word 4-grams of each page, averaged over the pages;
F1 is the harmonic mean of the two averages, its interval from 1,000 bootstrap samples of the pages. What is
measured is the text that reaches the passages. Beside it stands trafilatura alone, as its authors run it,
which shows that the measure is the same as in their tables.

FOLDER defaults to ``$INDEXER_SHARED_DATA/extraction/article-extraction-benchmark``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import random
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import bench

from indexer.config import PassageConfig
from indexer.extract import passages, read
from indexer.records import Page

WINDOW = 256
"""Tokens, that of the default model. The passages hold the same text whatever it is."""
MODES = ("", "favor_precision", "favor_recall")
"""How trafilatura can be asked; the first is its default."""
NAMES = {"passages": "**that reaches the passages**", "trafilatura": "trafilatura alone"}


@dataclass(frozen=True)
class Scores:
    """Averages over the pages; ``interval`` is the half width of F1's 95 % interval."""

    precision: float
    recall: float
    f1: float
    interval: float


def shingles(text: str) -> Counter[tuple[str, ...]]:
    """The bag of word 4-grams; a shorter text is one shingle."""
    words = re.findall(r"\w+", text)
    return Counter(tuple(words[at : at + 4]) for at in range(max(1, len(words) - 3)) if words)


def scores(gold: dict[str, str], texts: dict[str, str]) -> Scores:
    """Precision, recall and F1 of the texts, both by page."""
    pairs = []
    for page, wanted in gold.items():
        one, two = shingles(wanted), shingles(texts[page])
        hits = (one & two).total()
        pairs.append((hits / two.total() if two else None, hits / one.total() if one else None))
    precision, recall, f1 = averaged(pairs)
    chance = random.Random(1)
    samples = [averaged(chance.choices(pairs, k=len(pairs)))[2] for _ in range(1000)]
    return Scores(precision, recall, f1, 1.96 * statistics.stdev(samples))


def averaged(pairs: Sequence[tuple[float | None, float | None]]) -> tuple[float, float, float]:
    precision = statistics.fmean(one for one, _ in pairs if one is not None)
    recall = statistics.fmean(two for _, two in pairs if two is not None)
    return precision, recall, 2 * precision * recall / (precision + recall)


def count_tokens(texts: Sequence[str]) -> list[int]:
    """A stand-in for a tokenizer: words and signs, and two special tokens."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) + 2 for text in texts]


def through_passages(page: Page) -> str:
    """The text of a page that can be found later."""
    found = passages(read(page).article, count_tokens=count_tokens, max_tokens=WINDOW, config=PassageConfig())
    return "\n\n".join(passage.text for passage in found)


def by_trafilatura(mode: str) -> Callable[[Page], str]:
    from trafilatura import extract

    return lambda page: (
        extract(
            page.body.decode(errors="replace"),
            include_comments=False,
            favor_precision=mode == "favor_precision",
            favor_recall=mode == "favor_recall",
        )
        or ""
    )


def measured(gold: dict[str, str], pages: dict[str, Page], take: Callable[[Page], str]) -> dict[str, float]:
    """Scores and seconds per page of one way to take the text."""
    texts, seconds = {}, []
    for name, page in pages.items():
        begun = time.perf_counter()
        texts[name] = take(page)
        seconds.append(time.perf_counter() - begun)
    figures = asdict(scores(gold, texts)) | {"median_s": statistics.median(seconds), "max_s": max(seconds)}
    return {name: round(value, 4) for name, value in figures.items()}


def main() -> int:
    logging.disable(logging.CRITICAL)
    shared = os.environ.get("INDEXER_SHARED_DATA", "")
    default = Path(shared, "extraction", "article-extraction-benchmark") if shared else None
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?", default=default)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    if options.folder is None or not (options.folder / "ground-truth.json").exists():
        print(f"skipped: no collection in {options.folder or '$INDEXER_SHARED_DATA'}", file=sys.stderr)
        return 0
    truth = json.loads((options.folder / "ground-truth.json").read_text("utf-8"))
    gold = {name: entry["articleBody"] for name, entry in truth.items()}
    pages = {name: load(options.folder, name, entry.get("url", "")) for name, entry in truth.items()}
    through_passages(next(iter(pages.values())))  # the imports are not the first page's cost
    ways: dict[str, Callable[[Page], str]] = {"passages": through_passages}
    for mode in MODES[:1] if options.json else MODES:
        ways[f"trafilatura {mode}".strip()] = by_trafilatura(mode)
    report = {name: measured(gold, pages, take) for name, take in ways.items()}
    if options.json:
        print(json.dumps(report))
        return 0
    lines = [
        "| text measured | precision | recall | F1 | s a page | s, slowest page |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {NAMES.get(name, name)} | {row['precision']:.3f} | {row['recall']:.3f} "
        f"| {row['f1']:.3f} ±{row['interval']:.3f} | {row['median_s']:.3f} | {row['max_s']:.2f} |"
        for name, row in report.items()
    ]
    lines += ["", bench.machine("trafilatura", "lxml")]
    bench.report("extraction", "\n".join(lines), write=options.write)
    return 0


def load(folder: Path, name: str, url: str) -> Page:
    """A page of the collection as if just fetched."""
    body = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
    url = url or "https://example.org/"
    return Page(url, url, 200, {"content-type": "text/html; charset=utf-8"}, body, datetime.now(UTC))


if __name__ == "__main__":
    sys.exit(main())
