"""Quality and speed of extraction on 694 real pages with gold text, of seven kinds.

    python benchmarks/extraction.py [--json | --write]            both collections, beside other extractors
    python benchmarks/extraction.py --try html.PRECISE=0.4,0.5    the second with other constants, by halves
    python benchmarks/extraction.py --names                       names of elements that hold no text

The collections are folders of ``$INDEXER_SHARED_DATA/extraction``, each ``ground-truth.json`` and
``html/*.html.gz``, each with its own measure:

``article-extraction-benchmark``
    181 news pages. Precision and recall of the bag of word 4-grams, averaged over the pages; F1 is the
    harmonic mean of the two averages, its interval from 1,000 bootstrap samples of the pages. What is
    measured is the text that reaches the passages.
``wcxb``
    513 pages of seven kinds. F1 of the bag of lower-case words, averaged over the pages; pages that keep
    less than half of the gold words; the share of snippets held that must not be. Of the gold structure
    the share of headings, lines of code, rows of tables and items of lists that come out as such.

A constant is chosen on the one half of the second collection (by a hash of the page's name) and must hold
on the other. resiliparse stands beside if it is installed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib
import json
import logging
import os
import random
import re
import statistics
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import bench

from indexer.config import CrawlConfig, PassageConfig
from indexer.extract import passages, read
from indexer.records import Article, Expect, Page, Reading, Verdict

WINDOW = 256
"""Tokens, that of the default model. The passages hold the same text whatever it is."""
MODES: tuple[dict[str, bool], ...] = ({}, {"favor_precision": True}, {"favor_recall": True})
NAMES = {"passages": "**that reaches the passages**", "trafilatura": "trafilatura alone"}
STRUCTURE = {
    "heading": re.compile(r"^#{1,6} +(.+)$", re.MULTILINE),
    "table": re.compile(r"^\|(.+)\|\s*$", re.MULTILINE),
    "list": re.compile(r"^\s*(?:[-*+]|\d+\.) +(.+)$", re.MULTILINE),
}
_FENCED = re.compile(r"^```[^\n]*\n(.*?)^```", re.MULTILINE | re.DOTALL)
Way = Callable[[Page], str]


# ------------------------------------------------------------------ the measures


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


def word_f1(gold: str, text: str) -> tuple[float, float]:
    """F1 and recall of the bags of lower-case words."""
    one, two = (Counter(re.findall(r"\w+", each.lower())) for each in (gold, text))
    hits = (one & two).total()
    return (2 * hits / (one.total() + two.total()) if hits else 0.0), (hits / one.total() if one else 1.0)


def by_kind(truth: dict[str, Any], texts: dict[str, str]) -> dict[str, float]:
    """Word F1 of each kind and of all, pages below half, and the share of snippets wrongly held."""
    kinds: dict[str, list[float]] = defaultdict(list)
    below, snippets = 0, []
    for name, text in texts.items():
        entry = truth[name]
        f1, recall = word_f1(entry["text"], text)
        kinds[entry["type"]].append(f1)
        below += recall < 0.5
        snippets += [snippet.lower() in text.lower() for snippet in entry["without"]]
    rows = {kind: statistics.fmean(values) for kind, values in sorted(kinds.items())}
    return {
        "all": statistics.fmean(value for values in kinds.values() for value in values),
        **rows,
        "below half": below,
        "must not": statistics.fmean(snippets),
    }


def structure(truth: dict[str, Any], articles: dict[str, Article]) -> dict[str, dict[str, float]]:
    """For each kind of page the share of the gold structure that comes out as such."""
    hits: dict[str, Counter[str]] = defaultdict(Counter)
    wanted: dict[str, Counter[str]] = defaultdict(Counter)
    for name, article in articles.items():
        found = {part: set(pieces_of(article, part)) for part in ("heading", "code", "table", "list")}
        for part, pieces in gold_structure(truth[name]["markdown"]):
            wanted[truth[name]["type"]][part] += len(pieces)
            hits[truth[name]["type"]][part] += len(pieces & found[part])
    return {
        kind: {part: hits[kind][part] / count for part, count in parts.items() if count}
        for kind, parts in sorted(wanted.items())
    }


def gold_structure(markdown: str) -> Iterator[tuple[str, set[str]]]:
    """Headings, lines of code, rows and items of a gold text, letters and digits only."""
    code = {comparable(line) for block in _FENCED.findall(markdown) for line in block.split("\n")}
    yield "code", code - {""}
    rest = _FENCED.sub("", markdown)
    for part, pattern in STRUCTURE.items():
        yield part, {comparable(re.sub(r"\]\([^)]*\)", "", piece)) for piece in pattern.findall(rest)} - {""}


def pieces_of(article: Article, kind: str) -> Iterator[str]:
    """The lines of an article's blocks of a kind, letters and digits only; the title is a heading."""
    if kind == "heading":
        yield comparable(article.title)
    for block in article.blocks:
        if block.kind == kind:
            yield from map(comparable, article.text[block.start : block.end].split("\n"))


def comparable(text: str) -> str:
    return "".join(re.findall(r"\w", text.lower()))


# ------------------------------------------------------------------ the ways to read


def count_tokens(texts: Sequence[str]) -> list[int]:
    """A stand-in for a tokenizer: words and signs, and two special tokens."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) + 2 for text in texts]


def through_passages(page: Page) -> str:
    """The text of a page that can be found later."""
    found = passages(read(page).article, count_tokens=count_tokens, max_tokens=WINDOW, config=PassageConfig())
    return "\n\n".join(passage.text for passage in found)


def by_trafilatura(mode: dict[str, Any]) -> Way:
    from trafilatura import extract

    return lambda page: extract(page.body.decode(errors="replace"), include_comments=False, **mode) or ""


def others() -> dict[str, Way]:
    """The extractors to stand beside, those that are installed."""
    ways = {" ".join(["trafilatura", *mode]): by_trafilatura(mode) for mode in MODES}
    try:
        from resiliparse.extract.html2text import extract_plain_text
    except ImportError:
        print("left out, not installed: resiliparse", file=sys.stderr)
    else:
        ways["resiliparse"] = lambda page: extract_plain_text(
            page.body.decode(errors="replace"), main_content=True, alt_texts=False, links=False
        )
    return ways


def timed(pages: dict[str, Page], take: Callable[[Page], Any]) -> tuple[dict[str, Any], list[float]]:
    """What each page gave, and its seconds."""
    taken, seconds = {}, []
    for name, page in pages.items():
        begun = time.perf_counter()
        taken[name] = take(page)
        seconds.append(time.perf_counter() - begun)
    return taken, seconds


# ------------------------------------------------------------------ the reports


def news(folder: Path, *, quick: bool) -> dict[str, dict[str, float]]:
    """Scores and seconds of each way on the news pages."""
    truth, pages = load(folder)
    gold = {name: entry["articleBody"] for name, entry in truth.items()}
    ways = {"passages": through_passages, **(dict([next(iter(others().items()))]) if quick else others())}
    report = {}
    for name, take in ways.items():
        texts, seconds = timed(pages, take)
        figures = asdict(scores(gold, texts)) | {
            "median_s": statistics.median(seconds),
            "max_s": max(seconds),
        }
        report[name] = {figure: round(value, 4) for figure, value in figures.items()}
    return report


def kinds(folder: Path, *, quick: bool) -> dict[str, Any]:
    """Word F1 by kind of each way, the structure that ours holds, and the verdicts that refuse a page."""
    truth, pages = load(folder)
    readings, seconds = timed(pages, read)
    articles = {name: reading.article for name, reading in readings.items()}
    texts = {name: article.text for name, article in articles.items()}
    rows = {"this": by_kind(truth, texts) | {"s": statistics.fmean(seconds)}}
    for half in (0, 1):
        part = {name: text for name, text in texts.items() if half_of(name) == half}
        rows[f"this, half {half + 1}"] = by_kind(truth, part)
    for name, take in {} if quick else others().items():
        taken, seconds = timed(pages, take)
        rows[name] = by_kind(truth, taken) | {"s": statistics.fmean(seconds)}
    return {"rows": rows, "structure": structure(truth, articles), "refused": refused(pages, readings)}


def refused(pages: dict[str, Page], readings: dict[str, Reading]) -> list[list[Any]]:
    """The pages that the crawl would not take: verdict, visible words, words of the article, address."""
    from indexer.crawl.verdict import judge

    found = []
    for name, page in pages.items():
        verdict = judge(page, readings[name], expect=Expect(), config=CrawlConfig()).verdict
        if verdict is not Verdict.OK:
            reading = readings[name]
            found.append([name, str(verdict), reading.text_on_page, reading.article.words, page.url[:60]])
    return found


def half_of(name: str) -> int:
    return hashlib.sha256(name.encode()).digest()[0] % 2


def load(folder: Path) -> tuple[dict[str, Any], dict[str, Page]]:
    """The gold of a collection, and its pages as if just fetched."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    pages = {}
    for name, entry in truth.items():
        body = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
        url = entry.get("url") or "https://example.org/"
        headers = {"content-type": "text/html; charset=utf-8"}
        pages[name] = Page(url, url, 200, headers, body, datetime.now(UTC))
    return truth, pages


def alarms(folder: Path) -> Iterator[str]:
    """What the alarm is worth: pages that lost so much, and how many of them lack gold text."""
    truth, pages = load(folder)
    articles = {name: read(page).article for name, page in pages.items()}
    recall = {name: word_f1(truth[name]["text"], article.text)[1] for name, article in articles.items()}
    lacking = sum(held < 0.7 for held in recall.values())
    for share in (0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5):
        told = [recall[name] for name, article in articles.items() if article.lost.share >= share]
        right, grave = sum(held < 0.9 for held in told), sum(held < 0.7 for held in told)
        yield f"{share}: {len(told)} pages, {right} lack a tenth, {grave} of the {lacking} that lack three"


def tried(folder: Path, setting: str) -> Iterator[str]:
    """A row for each value of a constant, ``module.NAME=value,value``: F1 of all, then by kind, each half."""
    truth, pages = load(folder)
    place, _, values = setting.partition("=")
    module, _, constant = place.rpartition(".")
    owner = importlib.import_module(f"indexer.extract.{module}")
    for value in values.split(","):
        setattr(owner, constant, float(value))
        texts = {name: read(page).article.text for name, page in pages.items()}
        for half in (0, 1):
            part = {name: text for name, text in texts.items() if half_of(name) == half}
            row = by_kind(truth, part)
            yield f"{place}={value} half {half + 1}: " + ", ".join(f"{k} {v:.3f}" for k, v in row.items())


def named_elements(folder: Path, *, least: int = 4) -> Iterator[str]:
    """For each word of classes and ids in the frames: pages, and the share of its words that are gold."""
    from indexer.extract import dom, frame

    frame.CHROME.clear()
    truth, pages = load(folder)
    totals: dict[str, list[float]] = defaultdict(lambda: [0.0, 0.0, 0.0])
    for name, page in pages.items():
        tree = dom.parse(page.body.decode(errors="replace")) if half_of(name) == 0 else None
        main = frame.whole(tree) if tree is not None else None
        if main is None:
            continue
        gold = shingles(truth[name]["text"].lower())
        for word, (length, share) in names_in(main, gold).items():
            pages_with, there, held = totals[word]
            totals[word] = [pages_with + 1, there + length, held + share]
    for word, (pages_with, there, held) in sorted(totals.items(), key=lambda item: -item[1][1] + item[1][2]):
        if pages_with >= least and there:
            yield f"{word}: {pages_with:.0f} pages, {held / there:.2f} of its words are gold"


def names_in(main: Any, gold: Counter[tuple[str, ...]]) -> dict[str, tuple[int, int]]:
    """For each name in a frame its 4-grams and those of them that are gold, in parts of the frame only."""
    from indexer.extract import dom

    found: dict[str, tuple[int, int]] = {}
    size = len(dom.text_of(main))
    for element in main.iter():
        text = dom.text_of(element)
        if len(text) < 0.3 * size:
            bag = shingles(text.lower())
            for word in dom.named(element):
                there, held = found.get(word, (0, 0))
                found[word] = there + bag.total(), held + (bag & gold).total()
    return found


def tables(report: dict[str, Any]) -> str:
    """The figures as Markdown."""
    lines = [
        "| text measured, 181 news pages | precision | recall | F1 | s a page | s, slowest page |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    lines += [
        f"| {NAMES.get(name, name)} | {row['precision']:.3f} | {row['recall']:.3f} "
        f"| {row['f1']:.3f} ±{row['interval']:.3f} | {row['median_s']:.3f} | {row['max_s']:.2f} |"
        for name, row in report["news"].items()
    ]
    rows = report["kinds"]["rows"]
    columns = list(rows["this"])
    lines += ["", f"| word F1, 513 pages | {' | '.join(columns)} |", "| --- |" + " ---: |" * len(columns)]
    for name, row in rows.items():
        cells = [
            f"{row[column]:.0f}" if column == "below half" else f"{row[column]:.3f}" if column in row else ""
            for column in columns
        ]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines += [
        "",
        "| share of the gold structure held | heading | code | table | list |",
        "| --- |" + " ---: |" * 4,
    ]
    for kind, parts in report["kinds"]["structure"].items():
        cells = [
            f"{parts[part]:.3f}" if part in parts else "" for part in ("heading", "code", "table", "list")
        ]
        lines.append(f"| {kind} | {' | '.join(cells)} |")
    lines += ["", "| page not taken | verdict | visible words | words read | address |"]
    lines += ["| --- | --- | ---: | ---: | --- |"]
    lines += [f"| {' | '.join(map(str, row))} |" for row in report["kinds"]["refused"]]
    return "\n".join([*lines, "", bench.machine("trafilatura", "lxml")])


def main() -> int:
    logging.disable(logging.CRITICAL)
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    default = Path(os.environ.get("INDEXER_SHARED_DATA", ""), "extraction")
    parser.add_argument("folder", type=Path, nargs="?", default=default, help="that holds both collections")
    parser.add_argument(
        "--json", action="store_true", help="print one JSON value, without the other extractors"
    )
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    parser.add_argument("--try", dest="setting", help="module.CONSTANT=value,value")
    parser.add_argument("--alarm", action="store_true", help="what the alarm of lost text is worth")
    parser.add_argument("--names", action="store_true", help="count the names of elements without text")
    options = parser.parse_args()
    first, second = options.folder / "article-extraction-benchmark", options.folder / "wcxb"
    if not (first.is_dir() and second.is_dir()):
        print(f"skipped: no collections in {options.folder}; set INDEXER_SHARED_DATA", file=sys.stderr)
        return 0
    if options.setting or options.names or options.alarm:
        lines = alarms(second) if options.alarm else named_elements(second)
        for line in tried(second, options.setting) if options.setting else lines:
            print(line, flush=True)
        return 0
    read(next(iter(load(first)[1].values())))  # the imports are not the first page's cost
    report = {"news": news(first, quick=options.json), "kinds": kinds(second, quick=options.json)}
    if options.json:
        print(json.dumps(report))
    else:
        bench.report("extraction", tables(report), write=options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
