"""The nouns of the project: small frozen records, and the protocols of models and of counted traffic.

Nothing here does work or imports more than the standard library and, for types only, numpy.
The words are those of ARCHITECTURE.md: a *link* is an entry of the catalogue, a *page* what one
HTTP answer held, an *article* the text extracted from it, a *passage* the unit of retrieval.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, Protocol

from indexer.counting import count_words

if TYPE_CHECKING:
    from indexer.arrays import Vectors

Mode = Literal["hybrid", "dense", "lexical"]
FollowMode = Literal["page", "site", "index"]
RenderMode = Literal["auto", "never"]
"""Whether a page that only scripts fill is shown in a browser; ``auto`` means where one is installed."""


# ------------------------------------------------------------------ catalogue


@dataclass(frozen=True, slots=True)
class Follow:
    """How far a link reaches: its page alone, a site below prefixes, or an index of posts.

    ``allow`` and ``deny`` are path prefixes (a final ``*`` is permitted); ``depth`` counts the
    clicks from the link's page and ``max_pages`` bounds all its pages, itself included.
    """

    mode: FollowMode = "page"
    depth: int = 1
    allow: tuple[str, ...] = ()
    deny: tuple[str, ...] = ()
    max_pages: int = 50


@dataclass(frozen=True, slots=True)
class Expect:
    """What the right page looks like: one of these words in its title, this many words of text."""

    title_any: tuple[str, ...] = ()
    min_words: int = 0


@dataclass(frozen=True, slots=True)
class Fallback:
    """Another address for the same text, and what kind of copy stands there."""

    url: str
    kind: str = "full_copy"


@dataclass(frozen=True, slots=True)
class Link:
    """One entry of the catalogue. ``url``, verbatim as the user wrote it, is its identity.

    ``render`` is None where the configuration decides.
    """

    url: str
    category: str
    title: str = ""
    note: str = ""
    tags: tuple[str, ...] = ()
    follow: Follow = Follow()
    expect: Expect = Expect()
    fallbacks: tuple[Fallback, ...] = ()
    archive: bool = True
    render: RenderMode | None = None


# ---------------------------------------------------------------------- crawl


class Source(StrEnum):
    """Where an article's text was taken from."""

    LIVE = "live"
    ARCHIVE = "archive"
    FALLBACK = "fallback"
    IMPORT = "import"
    SAMPLE = "sample"


class Verdict(StrEnum):
    """What a fetched page is worth. Only the first three come with an article."""

    OK = "ok"
    MOVED = "moved"
    NOT_MODIFIED = "not_modified"
    THIN = "thin"
    EMPTY = "empty"
    SCRIPT_ONLY = "script_only"
    SOFT_404 = "soft_404"
    BOT_WALL = "bot_wall"
    CONSENT = "consent"
    PAYWALL = "paywall"
    GONE = "gone"
    WRONG_TYPE = "wrong_type"
    UNREADABLE = "unreadable"
    TRUNCATED = "truncated"
    TOO_LARGE = "too_large"
    TIMEOUT = "timeout"
    NETWORK = "network"
    SERVER_ERROR = "server_error"
    RATE_LIMITED = "rate_limited"
    REDIRECT_LOOP = "redirect_loop"
    ROBOTS = "robots"
    REFUSED = "refused"

    @property
    def good(self) -> bool:
        """Whether the page held (or still holds) the article."""
        return self in (Verdict.OK, Verdict.MOVED, Verdict.NOT_MODIFIED)


GOOD_VERDICTS = tuple(verdict for verdict in Verdict if verdict.good)
"""Those whose page held (or still holds) the article."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict and the reason for it, in words a person understands."""

    verdict: Verdict
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """What one HTTP answer held. ``headers`` has lower-case names; ``body`` is decompressed."""

    url: str
    final_url: str
    status: int
    headers: Mapping[str, str]
    body: bytes
    fetched_at: datetime
    moved_permanently: bool = False
    """Whether every redirect on the way was permanent (301 or 308), and there was one."""

    @property
    def media_type(self) -> str:
        """The declared media type in lower case without parameters, ``""`` if undeclared."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Fetch:
    """The log entry of one attempt to get a page, whatever came of it.

    ``url`` is the address asked for, which is a fallback's or the archive's where one stood in;
    ``status`` is 0 where no answer came. ``body_hash`` names the raw page in the library, which is what
    a browser made of it where it was ``rendered``.
    """

    url: str
    final_url: str
    verdict: Verdict
    reason: str
    fetched_at: datetime
    source: Source = Source.LIVE
    status: int = 0
    etag: str = ""
    last_modified: str = ""
    size: int = 0
    seconds: float = 0.0
    body_hash: str = ""
    rendered: bool = False


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a run made of one page of a link: every attempt in order, and the article if any.

    ``page_url`` is the link's own URL (verbatim) or a subpage's address found under it. The last
    attempt's verdict is the outcome's. ``article`` is None where none could be had, and where the
    answer was "not modified": then the library's copy still stands.
    """

    link: Link
    page_url: str
    attempts: tuple[Fetch, ...]
    page: Page | None = None
    article: Article | None = None

    @property
    def fetch(self) -> Fetch:
        """The attempt that decided."""
        return self.attempts[-1]


# -------------------------------------------------------------------- extract

BlockKind = Literal["heading", "paragraph", "list", "table", "code", "quote"]


@dataclass(frozen=True, slots=True)
class Block:
    """One block of an article: ``article.text[start:end]``, under a path of headings.

    A heading's own ``headings`` end with itself. ``anchor`` is the id of the heading just
    above it, ``""`` where that has none, ``page`` the 1-based page of a PDF (0 where there are none).
    ``shown`` are the stretches of text beginning in the block, each a (start, end), that the page is known to
    show just so, and no more often than the article says it.
    """

    kind: BlockKind
    start: int
    end: int
    headings: tuple[str, ...] = ()
    anchor: str = ""
    page: int = 0
    shown: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Loss:
    """What the frame of a page's main text shows and the article does not hold.

    ``share`` is that of its words, 0 to 1; the others count whole elements without a counterpart. It is an
    alarm, not a verdict: stories and comments beside an article count as well.
    """

    share: float = 0.0
    headings: int = 0
    code: int = 0
    lists: int = 0
    tables: int = 0


@dataclass(frozen=True, slots=True)
class Article:
    """The main text of a page and its metadata, as blocks under headings.

    ``text`` is the blocks joined by blank lines, in reading order, without markup. ``hash`` (of the
    text and the title) decides whether an article changed.
    """

    title: str
    text: str
    blocks: tuple[Block, ...]
    author: str = ""
    published: str = ""
    language: str = ""
    site: str = ""
    hash: str = ""
    lost: Loss = Loss()
    """What of an HTML page's main part is not in the article; no part of the hash."""

    @property
    def words(self) -> int:
        """The number of words in the text, see :func:`indexer.counting.count_words`."""
        return count_words(self.text)


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading a page gave: the article, and what the crawl needs to know of the page.

    ``links`` are absolute, in document order, without duplicates; ``canonical`` is the address
    the page gives itself (``""`` if none); ``text_on_page`` counts all visible words, chrome
    included, ``scripts`` says whether the page builds itself with JavaScript.
    """

    article: Article
    canonical: str = ""
    links: tuple[str, ...] = ()
    text_on_page: int = 0
    scripts: bool = False


ReadPage = Callable[[Page], Awaitable[Reading]]
"""Reads a page, somewhere within bounds of time and memory; raises Unreadable."""

AskPart = Callable[[str, str], Awaitable[Page | None]]
"""Gets what a page under way asks for, by address and ``Accept`` header; None where it may not be had."""

RenderPage = Callable[[Page, str, AskPart], Awaitable[Page]]
"""Shows a page in a browser at an address (its own, with a fragment maybe), and gives back what is shown
once its scripts are quiet. All that the page asks for goes through the given function; raises NotRendered."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The unit of retrieval: a run of blocks under one heading path.

    ``text`` is exactly ``article.text[start:end]``. ``context`` (title and heading path) is
    embedded and searched with it, but not shown.
    """

    text: str
    start: int
    end: int
    headings: tuple[str, ...] = ()
    anchor: str = ""
    page: int = 0
    context: str = ""
    fragment: str = ""
    """What opens the page at this passage: ``#page=3``, ``#anchor:~:text=...``, or either part alone."""

    @property
    def embedded_text(self) -> str:
        """What the encoder sees: the context, then the text."""
        return f"{self.context}\n\n{self.text}" if self.context else self.text


# ---------------------------------------------------------------------- embed


class Traffic(Protocol):
    """Whoever wants to see how a crawl and its hosts get on. A host has one request at a time."""

    def asked(self, host: str) -> None:
        """A request goes out."""

    def answered(self, host: str, size: int) -> None:
        """It has ended, well or not, with so many bytes on the wire."""

    def pausing(self, host: str, seconds: float) -> None:
        """The host is asked for nothing for so long, although somebody waits for it."""


class Encoder(Protocol):
    """Text to unit vectors. Implementations cut what is longer than ``max_tokens``."""

    @property
    def name(self) -> str:
        """The model's name, as a person knows it."""

    @property
    def fingerprint(self) -> str:
        """Names the vectors: it changes with weights, pooling, prompts or truncation."""

    @property
    def dimension(self) -> int:
        """The length of a vector."""

    @property
    def max_tokens(self) -> int:
        """The model's window in its own tokens, special ones included."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        """Vectors of texts to be found, in their order: float32 ``(len(texts), dimension)``."""

    def encode_query(self, text: str) -> Vectors:
        """The vector of one question: float32 ``(dimension,)``."""

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """The tokens each text takes, special ones included, before any cutting."""

    def knows(self, word: str) -> bool:
        """Whether a word, in small letters, is one token: the model has learned it as it stands."""


class Reranker(Protocol):
    """The optional second stage: reads question and passage together."""

    @property
    def name(self) -> str:
        """The model's name."""

    def score(self, question: str, texts: Sequence[str]) -> Sequence[float]:
        """A relevance for each text, higher is better; only their order means something."""


# --------------------------------------------------------------------- search


@dataclass(frozen=True, slots=True)
class Generation:
    """A published state of the search index. 0 means that nothing was published yet."""

    number: int
    fingerprint: str
    """Names all that shaped the index: encoder, passages, extraction."""
    encoder: str
    """The fingerprint of the encoder alone, which a question's vector must share."""
    model: str
    passages: int
    dimension: int
    created_at: datetime


@dataclass(frozen=True, slots=True)
class PassageRow:
    """A passage as the library holds it, with what an answer tells about it.

    ``url`` is the catalogue's link verbatim, ``page_url`` the page's own address under that link,
    ``final_url`` where the text was really taken from; ``position`` counts the passages of an article.
    """

    passage_id: int
    article_id: int
    position: int
    passage: Passage
    title: str
    url: str
    page_url: str
    final_url: str
    category: str
    site: str
    note: str
    tags: tuple[str, ...]
    about: str
    """The user's own words about the link, as they are searched."""
    source: Source
    fetched_at: datetime


@dataclass(frozen=True, slots=True)
class Share:
    """How one retriever saw a hit: its rank there (0 = not in its list), raw score, and share."""

    rank: int
    score: float
    share: float


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage of an answer: its row in the library, and what the question made of it."""

    rank: int
    score: float
    row: PassageRow
    link: str
    """Where it opens: the final address at the passage."""
    before: tuple[Passage, ...] = ()
    after: tuple[Passage, ...] = ()
    shares: Mapping[str, Share] = field(default_factory=dict)
    """For ``--explain``: by retriever (``dense``, ``lexical``, ``own``, ``rerank``)."""

    @property
    def passage(self) -> Passage:
        """The passage itself."""
        return self.row.passage

    @property
    def passage_id(self) -> int:
        """Its number in the library, which stays while its text does."""
        return self.row.passage_id

    @property
    def title(self) -> str:
        """The title of its article."""
        return self.row.title

    @property
    def url(self) -> str:
        """The catalogue's link, verbatim."""
        return self.row.url

    @property
    def page_url(self) -> str:
        """The page that holds the passage: the link's own, or a subpage's address."""
        return self.row.page_url

    @property
    def category(self) -> str:
        """The link's category."""
        return self.row.category

    @property
    def site(self) -> str:
        """The host in the user's list."""
        return self.row.site

    @property
    def note(self) -> str:
        """The user's own words about the link."""
        return self.row.note

    @property
    def tags(self) -> tuple[str, ...]:
        """The link's tags."""
        return self.row.tags

    @property
    def source(self) -> Source:
        """Where the text was taken from."""
        return self.row.source

    @property
    def fetched_at(self) -> datetime:
        """When the text was taken."""
        return self.row.fetched_at
