"""Links open at their passage in Chromium: the text is found and highlighted, or else the heading is there.

The browser opens every link as it stands. Its connections for any host go to the sample site on loopback
(with TLS for https); nothing else is different from a reader's click.
"""

from __future__ import annotations

import json
import re
import ssl
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pypdfium2
import pytest
import trustme

from indexer.demo.site import SampleAnswer, SampleSite, sample_folder
from indexer.extract import read
from indexer.extract.fragments import Fragments
from indexer.records import Article, Page, Passage, PassageRow
from indexer.search.links import deep_link
from indexer.store.snapshot import Snapshot
from tests.shared_data import shared_data
from tests.whole.chromium import CHROMIUM, DRIVER, chromium, serving

if TYPE_CHECKING:
    from selenium.webdriver import Chrome

pytest.importorskip("selenium.webdriver", reason="selenium is not installed")
ROOT = Path(__file__).parents[2]
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="chromium or chromedriver is not installed"),
]

HIGHLIGHT = """
const sheet = new CSSStyleSheet();
sheet.replaceSync('::target-text { background: #f0f; color: #f0f }');
document.adoptedStyleSheets.push(sheet);
"""
"""Text that a fragment found becomes a block of one colour, which a screenshot shows."""
PAINTED = "setTimeout(() => requestAnimationFrame(() => requestAnimationFrame(arguments[1])), arguments[0])"
WORDS = """
const [screenshot, done] = arguments;
const image = new Image();
image.onload = () => {
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [image.width, image.height];
  const context = canvas.getContext('2d', {willReadFrequently: true});
  context.drawImage(image, 0, 0);
  const pixels = context.getImageData(0, 0, image.width, image.height).data;
  const highlighted = box => {
    const x = Math.round(box.x + box.width / 2), y = Math.round(box.y + box.height / 2);
    const at = 4 * (y * image.width + x);
    return x >= 0 && x < image.width && y >= 0 && y < image.height
      && pixels[at] === 255 && pixels[at + 1] === 0 && pixels[at + 2] === 255;
  };
  const target = document.querySelector(':target');
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const words = [];
  for (let text; text = texts.nextNode();) {
    if (!text.parentElement.checkVisibility()) continue;
    const before = target && target.compareDocumentPosition(text) & Node.DOCUMENT_POSITION_PRECEDING;
    for (const word of text.data.matchAll(/\\S+/g)) {
      const range = new Range();
      range.setStart(text, word.index);
      range.setEnd(text, word.index + word[0].length);
      words.push([word[0], [...range.getClientRects()].some(highlighted), Boolean(before)]);
    }
  }
  const page = document.documentElement;
  done({
    words,
    top: target ? target.getBoundingClientRect().top : null,
    at_end: scrollY + innerHeight >= page.scrollHeight - 1,
  });
};
image.src = 'data:image/png;base64,' + screenshot;
"""
"""Every visible word of the page, whether it is highlighted, whether it stands before the target."""


@dataclass(frozen=True)
class Seen:
    """What a reader sees, in letters and digits only: positions count these."""

    text: str
    marked: str
    marked_at: int
    target_at: int
    scrolled: bool

    def place(self, passage: str) -> int:
        """Where a passage begins."""
        return self.text.index(plain(passage)[:60])


def plain(text: str) -> str:
    return "".join(char for char in text.casefold() if char.isalnum())


class Browser:
    """Chromium; ``answer`` gives the page of any URL."""

    driver: Chrome

    def __init__(self, answer: Callable[[str], SampleAnswer]) -> None:
        self.answer = answer

    def open(self, link: str) -> Seen:
        """Open a link as a new page and look at it once it is painted."""
        self.driver.get("about:blank")
        self.driver.get(link)
        for delay in range(0, 1000, 100):  # a second text is looked for half a second after the first
            self.driver.execute_async_script(PAINTED, delay)
            seen = self.driver.execute_async_script(WORDS, self.driver.get_screenshot_as_base64())
            words = [(plain(word), marked, before) for word, marked, before in seen["words"]]
            if any(marked for _, marked, _ in words) or ":~:" not in link:
                break
        first = next((at for at, (_, marked, _) in enumerate(words) if marked), len(words))
        return Seen(
            text="".join(word for word, _, _ in words),
            marked="".join(word for word, marked, _ in words if marked),
            marked_at=sum(len(word) for word, _, _ in words[:first]),
            target_at=sum(len(word) for word, _, before in words if before),
            scrolled=seen["top"] is not None and (abs(seen["top"]) < 2 or seen["at_end"]),
        )


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """One Chromium for all checks, with a fresh profile."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(tls)
    browser = Browser(SampleSite(sample_folder()).answer)

    def answer(url: str) -> SampleAnswer:
        return browser.answer(url)  # looked up late: a test may put other pages there

    with serving(answer, tls) as https, serving(answer, None) as http:
        hosts = f"MAP *:443 127.0.0.1:{https}, MAP *:80 127.0.0.1:{http}"
        with chromium(tmp_path_factory.mktemp("profile"), hosts=hosts) as driver:
            browser.driver = driver
            driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": HIGHLIGHT})
            yield browser


@pytest.fixture(scope="module")
def rows(demo_library: Path) -> list[PassageRow]:
    """All passages of the demo library."""
    with Snapshot(demo_library) as snapshot:
        return snapshot.rows([row[0] for row in snapshot.query("SELECT id FROM passages ORDER BY id")])


def misses(
    browser: Browser, links: list[tuple[str, str]], *, found: Callable[[Seen, str], bool]
) -> list[str]:
    """The links that do not open at their passage."""
    return [link for link, passage in links if not found(browser.open(link), passage)]


def highlighted(seen: Seen, passage: str) -> bool:
    """Something is highlighted, and the first of it is in this passage at its place in the page."""
    place = seen.place(passage)
    return bool(seen.marked) and place <= seen.marked_at < place + len(plain(passage))


def test_text_fragments_are_found_and_highlighted(browser: Browser, rows: list[PassageRow]) -> None:
    """Some links of every sample page, one of plain text among them."""
    texts = [row for row in rows if ":~:text=" in row.passage.fragment]
    sample = {(row.page_url, row.position % 3): row for row in texts}
    links = [(deep_link(row), row.passage.text) for row in list(sample.values())[::2]]
    assert len(links) > 50
    assert any("rfc-editor.org" in link for link, _ in links)
    assert misses(browser, links, found=highlighted) == []


def test_anchors_are_scrolled_to_and_the_passage_follows(browser: Browser, rows: list[PassageRow]) -> None:
    """Where the text is not found: the heading is the target, at the top, the passage right after it."""
    anchored = [row for row in rows if row.passage.anchor]
    sample = {row.page_url: row for row in anchored if row.position % 5 != 4}

    def follows(seen: Seen, passage: str) -> bool:
        gap = seen.text[seen.target_at : seen.place(passage)]
        return seen.scrolled and seen.target_at <= seen.place(passage) and len(gap) < 4000

    links = [(deep_link(row).partition(":~:")[0], row.passage.text) for row in list(sample.values())[::2]]
    assert len(links) > 15
    assert misses(browser, links, found=follows) == []


def test_pages_of_a_pdf_exist(rows: list[PassageRow]) -> None:
    site = SampleSite(sample_folder())
    links = [deep_link(row) for row in rows if row.passage.page]
    assert links
    for link in links:
        split = re.fullmatch(r"(.+)#page=(\d+)", link)
        assert split
        address, page = split.groups()
        assert 1 <= int(page) <= len(pypdfium2.PdfDocument(site.answer(address).body))


def test_links_into_real_pages_land() -> None:
    """56 at least of 60 passages of real pages, those left out that the page does not show by itself.

    BENCHMARKS.md has what is measured on a quiet machine. Pages that move their text after the browser has
    found it, sooner or later by how busy the machine is, are the rest.
    """
    collection = shared_data("extraction/wcxb")
    command = [
        sys.executable,
        str(ROOT / "benchmarks" / "links.py"),
        str(collection),
        "--seed",
        "2",
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    found = json.loads(done.stdout)
    shown = [one for one in found if one["found"] == "shown"]
    assert len(shown) == 60
    assert sum(one["landed"] for one in shown) >= 56, [one for one in shown if not one["landed"]]


HTML = """<!doctype html><title>Hard places</title><article><h1>Hard places</h1>
<p>A soft&shy;ware pro&shy;ject keeps its&nbsp;promises when <b>every</b>thing is <em>tried</em>,
<code>twice</code>.</p>
<p>The café&rsquo;s “résumé” of it is short; the cafe's resume is not, but comes later in the same text.</p>
<ul><li>Items of lists stand alone, as they should</li><li>and so does the one after</li></ul>
<table><tr><th>Name of the thing</th><th>What it is good for</th></tr>
<tr><td>A narrow cell</td><td>Cells are blocks (each one), in a browser</td></tr></table>
<p>Lines end<br>with a break that browsers do not read as a space, so nothing may go across it.</p>
<pre><code>for line in preformatted:  # two spaces, and a break
    print(line, "ends here")
</code></pre>
<p>Commas, hyphen-words &amp; ampersands: all of it 100% escaped, or the link is cut short.</p>
<p>THE VERY SAME WORDS stand here in capitals, and what follows tells them apart.</p>
<p>The very same words stand there in small letters, and that is the only difference.</p></article>"""
TEXT = """Hard places in a text

term of art:  what follows a colon may have two spaces before it, and a
   paragraph is parted by lines that the article does not have any more.
   It ends.  A second sentence follows, and says about what the first said.

Another paragraph says something else, so that the text is long enough to
be taken for running text, with lines as long as those of an RFC are.

   1.  A numbered item begins with its number and two spaces after it.

   2.  The second item does the same, and then it ends here.
"""


@pytest.mark.parametrize(
    ("content_type", "body"), [("text/html; charset=utf-8", HTML), ("text/plain; charset=utf-8", TEXT)]
)
def test_hard_places_are_found(
    browser: Browser, monkeypatch: pytest.MonkeyPatch, content_type: str, body: str
) -> None:
    """Soft hyphens, inline markup, lists, cells, line breaks, capitals, accents, preformatted text."""
    url = "https://hard.test/page"
    monkeypatch.setattr(browser, "answer", lambda _: SampleAnswer(200, content_type, body.encode()))
    article = article_of(url, content_type, body)
    blocks = [block for block in article.blocks if block.kind != "heading"]
    fragments = Fragments(article)
    texts = [article.text[block.start : block.end] for block in blocks]
    links = [
        (url + fragments.opening(Passage(text, block.start, block.end)), text)
        for block, text in zip(blocks, texts, strict=True)
    ]
    assert len(links) >= 3
    assert misses(browser, links, found=highlighted) == []


def article_of(url: str, content_type: str, body: str) -> Article:
    page = Page(
        url=url, final_url=url, status=200, headers={"content-type": content_type}, body=body.encode(),
        fetched_at=datetime(2026, 1, 1, tzinfo=UTC),
    )  # fmt: skip
    return read(page).article
