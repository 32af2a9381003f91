"""Whether links open at their passage: real pages in Chromium, served on loopback, no other host reached.

    python benchmarks/links.py [FOLDER] [--passages 60] [--seed 1] [--json | --write]

The pages are those of the Web Content Extraction Benchmark (``ground-truth.json``, ``html/*.html.gz``), one
passage of each, drawn by chance. A link has landed where the first letters of the passage are on the screen
(1000 x 1400 pixels) at the latest two seconds after the page was loaded. Where the same words stand on the
page several times, the place is that whose surroundings are most like those of the passage in the article, or
any of these if they are alike.
Passages that the page does not show by itself (hidden, behind a notice that stops scrolling, changed by its
scripts) are counted apart, and others drawn for them. A link that missed is opened once more, as scripts may
move the text after the browser found it, by chance.

FOLDER defaults to ``$INDEXER_SHARED_DATA/extraction/wcxb``.
"""

from __future__ import annotations

import argparse
import gzip
import json
import logging
import os
import random
import re
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import bench

from indexer.config import PassageConfig
from indexer.demo.site import SampleAnswer
from indexer.extract import passages, read
from indexer.records import Page, Passage
from tests.whole.chromium import CHROMIUM, DRIVER, NO_PICTURES, chromium, serving

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

WINDOW = 256
"""Tokens, that of the default model."""
BEFORE = 300
"""Characters of the article before a passage that tell its place from others with the same words."""
PLACE = """
const [passage, before, patience, done] = arguments;
const letters = text => text.normalize('NFC').toLowerCase().replace(/[^\\p{L}\\p{N}]/gu, '');
const wanted = letters(passage), context = letters(before);
const texts = document.createTreeWalker(document, NodeFilter.SHOW_TEXT);
let all = '';
const nodes = [];
for (let node; node = texts.nextNode();) {
  if (/^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TEXTAREA)$/.test(node.parentElement.tagName)) continue;
  const plain = letters(node.data);
  if (!plain) continue;
  nodes.push([all.length, node]);
  all += plain;
}
const alike = at => {
  let score = 0;
  while (score < wanted.length && all[at + score] === wanted[score]) score++;
  const before = back => context[context.length - back];
  for (let back = 1; back <= context.length && all[at - back] === before(back); back++) score++;
  return score;
};
const box = at => {
  let low = 0, high = nodes.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (nodes[middle][0] <= at) low = middle; else high = middle - 1;
  }
  const [start, node] = nodes[low];
  let left = at - start, offset = 0;
  for (const char of node.data.normalize('NFC')) {
    const size = letters(char).length;
    if (size && left <= 0) break;
    left -= size;
    offset += char.length;
  }
  const range = new Range();
  range.setStart(node, Math.min(offset, node.data.length));
  range.setEnd(node, Math.min(offset + 1, node.data.length));
  const found = range.getBoundingClientRect();
  return found.height && node.parentElement.checkVisibility({visibilityProperty: true}) ? found : null;
};
let places = [];
for (const length of [60, 30, 15]) {
  const head = wanted.slice(0, length);
  for (let at = all.indexOf(head); head && at >= 0 && places.length < 500; at = all.indexOf(head, at + 1))
    places.push(at);
  if (places.length) break;
}
const likeness = new Map(places.map(at => [at, alike(at)]));
places.sort((one, other) => likeness.get(other) - likeness.get(one));
const begun = performance.now();
const look = () => {
  const boxes = places.map(box);
  const first = boxes.findIndex(Boolean);
  const most = likeness.get(places[first]);
  const likest = boxes.filter((found, at) => found && likeness.get(places[at]) === most);
  const onScreen = likest.find(found => found.bottom > 0 && found.top < innerHeight);
  const [best, landed] = [onScreen || likest[0], Boolean(onScreen)];
  if (!landed && performance.now() - begun < patience) return setTimeout(look, 100);
  const reachable = best && (landed || document.scrollingElement?.scrollHeight > innerHeight);
  done({
    found: reachable ? 'shown' : places.length ? 'hidden' : 'absent',
    landed,
    off: best ? Math.round(best.top) : null,
    scrolled: Math.round(scrollY),
    copies: boxes.filter(Boolean).length,
  });
};
if (document.readyState === 'complete') look(); else addEventListener('load', look);
"""
"""Where the passage is: in the page's letters and digits, then on the screen."""


@dataclass(frozen=True)
class Drawn:
    """A passage of one of the pages, and what stands before it in the article."""

    page: str
    kind: str
    passage: Passage
    before: str


@dataclass(frozen=True)
class Landing:
    """What came of opening a link: ``found`` is shown, hidden or absent; ``off`` in pixels from the top."""

    page: str
    kind: str
    fragment: str
    begins: str
    found: str
    landed: bool
    off: int | None
    scrolled: int
    copies: int


def count_pieces(texts: Sequence[str]) -> list[int]:
    """A stand-in for a tokenizer: words and signs, and two special tokens."""
    return [len(re.findall(r"\w+|[^\w\s]", text)) + 2 for text in texts]


def fetched(folder: Path, name: str, url: str) -> Page:
    """A page of the collection as if just fetched."""
    body = gzip.decompress((folder / "html" / f"{name}.html.gz").read_bytes())
    return Page(url, url, 200, {"content-type": "text/html; charset=utf-8"}, body, datetime.now(UTC))


def drawn(folder: Path, *, seed: int) -> Iterator[Drawn]:
    """One passage of each page, both by chance; pages without a passage are passed over."""
    truth = json.loads((folder / "ground-truth.json").read_text("utf-8"))
    chance = random.Random(seed)
    names = sorted(truth)
    chance.shuffle(names)
    for name in names:
        article = read(fetched(folder, name, truth[name]["url"])).article
        cut = passages(article, count_tokens=count_pieces, max_tokens=WINDOW, config=PassageConfig())
        if cut:
            one = chance.choice(cut)
            yield Drawn(name, truth[name]["type"], one, article.text[max(0, one.start - BEFORE) : one.start])


def answering(folder: Path) -> Callable[[str], SampleAnswer]:
    """Serves ``/NAME.html``; whatever else a page asks for is not there."""

    def answer(url: str) -> SampleAnswer:
        path = folder / "html" / f"{Path(urlsplit(url).path).name}.gz"
        if not path.is_file():
            return SampleAnswer(404, "text/plain", b"")
        return SampleAnswer(200, "text/html; charset=utf-8", gzip.decompress(path.read_bytes()))

    return answer


def landing(driver: Chrome, port: int, one: Drawn, *, patience: int = 2000) -> Landing:
    """Open a link as a new page, and look whether its passage begins on the screen."""
    driver.get("about:blank")
    driver.get(f"http://127.0.0.1:{port}/{one.page}.html{one.passage.fragment}")
    seen = driver.execute_async_script(PLACE, one.passage.text, one.before, patience)
    return Landing(one.page, one.kind, one.passage.fragment, one.passage.text[:80], **seen)


def landings(folder: Path, *, seed: int, number: int) -> Iterator[Landing]:
    """What comes of links, up to ``number`` whose page shows the passage."""
    with (
        tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile,
        serving(answering(folder), None) as port,
        chromium(Path(profile), hosts="MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", switches=NO_PICTURES) as driver,
    ):
        for one in drawn(folder, seed=seed):
            found = landing(driver, port, one)
            if found.found == "shown" and not found.landed:
                found = landing(driver, port, one)
            number -= found.found == "shown"
            yield found
            if number == 0:
                return


def main() -> int:
    logging.disable(logging.CRITICAL)
    shared = os.environ.get("INDEXER_SHARED_DATA", "")
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "folder", type=Path, nargs="?", default=Path(shared, "extraction", "wcxb") if shared else None
    )
    parser.add_argument("--passages", type=int, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", action="store_true", help="print one JSON value")
    parser.add_argument("--write", action="store_true", help="into BENCHMARKS.md too")
    options = parser.parse_args()
    if options.folder is None or not (options.folder / "ground-truth.json").exists():
        print(f"skipped: no collection in {options.folder or '$INDEXER_SHARED_DATA'}", file=sys.stderr)
        return 0
    if not (CHROMIUM and DRIVER):
        print("skipped: chromium or chromedriver is not installed", file=sys.stderr)
        return 0
    found = list(landings(options.folder, seed=options.seed, number=options.passages))
    if options.json:
        print(json.dumps([asdict(one) for one in found]))
        return 0
    for one in found:
        if not one.landed:
            print(f"missed: {one}", file=sys.stderr)
    counts = Counter((one.found, one.landed) for one in found)
    shown = counts["shown", True] + counts["shown", False]
    text = (
        f"{counts['shown', True]} of {shown} links into real pages open with the passage on the screen "
        f"({len(found) - shown} more passages are not shown by the page itself)."
    )
    bench.report("links", f"{text}\n\n{bench.machine('selenium')}", write=options.write)
    return 0


if __name__ == "__main__":
    sys.exit(main())
