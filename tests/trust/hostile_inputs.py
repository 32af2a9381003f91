"""Hostile pages and lists: each costs itself, within bounds, and is told.

A page is crawled as every page is (answered by a transport in place of its host, unpacked, read in a worker
process, judged) and then cut into passages by a worker. A list is imported by the program in a process of its
own. Each is made from the seed and its number, so that it can be made again.
"""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random

import httpx
import psutil

from indexer.catalogue import load
from indexer.config import Config, CrawlConfig, ExtractConfig
from indexer.encoding import open_encoder
from indexer.errors import CatalogueError, Unreadable
from indexer.records import Article, Encoder, Link, Page, Passage, Reading
from indexer.workers import LAST_BREATH, BoundedWorker, Cutting, bounded_worker
from tests.crawl.crawling import outcomes
from tests.extract.paging import clean
from tests.trust.hostile_making import HostilePage, hostile_list, hostile_page
from tests.trust.trials import Trial, main
from tests.whole.crowd import HOSTILE_URL, crowded
from tests.whole.large_web import Peak

try:
    import resource
except ImportError:  # only Unix has it; elsewhere lists are imported without bounds
    BOUNDED = False
else:
    BOUNDED = True

WORKER_SECONDS = ExtractConfig().seconds + LAST_BREATH
"""What reading a page may take, and again what cutting it may: the worker's time, and that to end it."""
OUTSIDE_SECONDS = 10.0
"""What is done with a page outside the workers, on a machine that does other things as well."""
ALL_MEMORY = 1 << 30
"""Bytes that all processes together may take beside what this one held before."""
LIST_SECONDS = 5
"""Of processor time."""
LIST_MEMORY = 500 << 20
"""Bytes of address space."""
ONE_IN = 4
"""Every so many-th trial is a list."""
BEFORE = "# By hand.\ncategories:\n  Mine:\n    - https://mine.example/\n"
"""The catalogue that a list is imported into."""


def trials(seed: int) -> Iterator[Trial]:
    """Pages and lists without end."""
    encoder = open_encoder(Config.from_environment())
    with bounded_worker(ExtractConfig()) as worker, tempfile.TemporaryDirectory() as folder:
        for number in count():
            random = Random(f"{seed} {number}")
            if number % ONE_IN == 0:
                yield list_trial(random, Path(folder), number)
            else:
                yield page_trial(random, worker, encoder, number)


def page_trial(random: Random, worker: BoundedWorker, encoder: Encoder, number: int) -> Trial:
    """Crawl a page and cut it."""
    page = hostile_page(random)
    url = f"http://host-{number}.example/"
    transport = httpx.MockTransport(lambda request: answer(request, page))

    async def read(taken: Page) -> Reading:
        return await asyncio.to_thread(worker.read, taken)

    begun, said, wrong = time.monotonic(), "", ""
    held, peak = psutil.Process().memory_info().rss, Peak(os.getpid())
    try:
        link, config = Link(url, "All", archive=False), CrawlConfig(delay=0.0)
        [outcome] = asyncio.run(outcomes([link], config=config, read=read, transport=transport))
        said = outcome.fetch.reason
        if outcome.article:
            cutting = Cutting(outcome.article, encoder.max_tokens, Config().passages)
            passages = worker.cut(cutting, encoder.count_tokens)
            said = "article" if outcome.fetch.verdict.good else said
            wrong = unfit(outcome.article, passages)
        elif not said:
            wrong = "no reason is told"
    except Unreadable as error:
        said = str(error)
    except Exception as error:  # noqa: BLE001 - this is what must not happen
        wrong = f"{type(error).__name__}: {error}"[:500]
    most = max(0, peak.end() - held)
    seconds = time.monotonic() - begun
    if "fault of the program" in said:
        wrong = said
    if seconds > 2 * WORKER_SECONDS + OUTSIDE_SECONDS:
        wrong = wrong or f"took {seconds:.0f} s"
    if most > ALL_MEMORY:
        wrong = wrong or f"took {most >> 20:,} MiB"
    made = f"trial {number}, {page.told}"
    print(f"{page.kind}: {made}: {seconds:.1f} s, {most >> 20} MiB, {said}", file=sys.stderr)
    return Trial(page.kind, ended(said), wrong and f"{made}: {wrong}")


def answer(request: httpx.Request, page: HostilePage) -> httpx.Response:
    """What the host answers: the page to whatever it is asked, robots.txt apart."""
    if request.url.path == "/robots.txt":
        return httpx.Response(404, stream=httpx.ByteStream(b""))
    return httpx.Response(200, headers=page.headers, stream=httpx.ByteStream(page.body))


def unfit(article: Article, passages: Sequence[Passage]) -> str:
    """What is wrong with an article and its passages, if anything."""
    if article.text != "\n\n".join(article.text[block.start : block.end] for block in article.blocks):
        return "its blocks are not its text"
    if not clean(article):
        return "it holds signs that steer a terminal"
    if not passages:
        return "an article without passages"
    return ""


def ended(said: str) -> str:
    """The column of what was said."""
    for words, column in (
        ("article", "article"),
        ("longer than", "out of time"),
        ("of memory", "out of memory"),
    ):
        if words in said:
            return column
    return "reader failed" if "reader" in said else "told"


def list_trial(random: Random, folder: Path, number: int) -> Trial:
    """Import a list into a catalogue."""
    made = hostile_list(random)
    file, catalogue = folder / "list", folder / "catalogue.yaml"
    file.write_bytes(made.content)
    catalogue.write_text(BEFORE)
    command = [
        sys.executable,
        "-m",
        "indexer",
        "catalogue",
        "import",
        str(file),
        "--catalogue",
        str(catalogue),
    ]
    begun = time.monotonic()
    done = subprocess.run(
        command, capture_output=True, text=True, preexec_fn=within_bounds if BOUNDED else None, check=False
    )
    seconds = time.monotonic() - begun
    wrong = ""
    if done.returncode not in (0, 2) or "Traceback" in done.stderr:
        wrong = f"ended with {done.returncode}: {done.stderr[-300:]}"
    elif done.returncode and (len(done.stderr.splitlines()) != 1 or catalogue.read_text() != BEFORE):
        kept = "as before" if catalogue.read_text() == BEFORE else "changed"
        wrong = f"refused by {done.stderr[:300]!r}, the catalogue {kept}"
    else:
        try:
            load(catalogue)
        except CatalogueError as error:
            wrong = f"a catalogue that cannot be read: {error}"
    told = f"trial {number}, {made.told}"
    print(f"{made.kind}: {told}: {seconds:.1f} s, {done.returncode}", file=sys.stderr)
    return Trial("list: " + made.kind, "told" if done.returncode else "taken", wrong and f"{told}: {wrong}")


def within_bounds() -> None:
    """In the process that imports: it is ended where it takes more."""
    resource.setrlimit(resource.RLIMIT_AS, (LIST_MEMORY, LIST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (LIST_SECONDS, LIST_SECONDS))


CROWDS = ("!", "word. ", "<p>word</p>", "<h2>h</h2>", "<li>a", "\U0001f600")
"""What the hostile page repeats for ten megabytes in a crawl of twenty good ones."""


def crowds() -> str:
    """Crawls of twenty good pages, without and with a hostile one, by turns; as Markdown."""
    head = "crawl s", "publish s", "whole run s", "peak MiB"
    lines = [
        ["repeated", *(f"{what}, {with_it}" for what in head for with_it in ("without", "with"))],
        ["---", *["---:"] * 8],
    ]
    for unit in CROWDS:
        columns = []
        for repeated in ("", unit):
            with tempfile.TemporaryDirectory() as folder:
                crowd = crowded(Path(folder), repeated)
            stages = crowd.summary["stages"]
            seconds = stages["crawl"], stages["publish"] + stages["embed"], crowd.summary["seconds"]
            published = sum(bool(state.passages) for url, state in crowd.states.items() if url != HOSTILE_URL)
            assert published == 20, crowd
            columns.append([*(f"{value:.1f}" for value in seconds), f"{crowd.peak >> 20:,}"])
        lines.append(
            [f"`{ascii(unit)[1:-1]}`", *(value for pair in zip(*columns, strict=True) for value in pair)]
        )
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return (
        "A page of 10 MB of one repeated thing, crawled into a new library among 20 good pages, beside the "
        "same crawl without it. All 20 were published each time. Peak is the sum of the resident memory of "
        f"all processes.\n\n{table}"
    )


if __name__ == "__main__":
    main(
        "hostile_inputs",
        trials,
        count=320,
        claim="Pages and lists were made of whatever may be repeated, to 10 MB, in all forms that are read, "
        "and of sample pages and lists that were cut, spliced, flipped and repeated. A page is crawled and "
        "cut: it must end as an article with passages or with a reason, within the workers' time, all "
        "processes below 1 GiB. A list is imported: it must be taken, or refused in one line with the "
        f"catalogue as it was, within {LIST_SECONDS} s of processor and {LIST_MEMORY >> 20} MiB.",
        measured=crowds,
    )
