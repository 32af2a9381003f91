"""Every constant of the project, named, with its unit and where it comes from.

One frozen :class:`Config` is made at the edge (command line, notebook, test) and passed down; no
other module reads the environment or holds settings of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from indexer import __version__
from indexer.errors import UsageError
from indexer.locate import cache_folder, locate

if TYPE_CHECKING:
    from indexer.records import RenderMode

DEFAULT_MODEL = "all-MiniLM-L6-v2"
"""Small enough for a laptop (22 M parameters, 384 dimensions), and its weights come as a package."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlConfig:
    """How the crawler behaves towards hosts, and what it refuses to swallow."""

    contact: str = ""
    """Where the owner of a host can complain: a URL or an e-mail address, sent in the user agent."""
    delay: float = 1.0
    """Seconds between the end of one request to a host and the start of the next."""
    max_delay: float = 16.0
    """Seconds that the pause may grow to when a host answers 429; it doubles each time, and halves
    again after ``recovery`` good answers in a row."""
    recovery: int = 3
    """Good answers in a row after which a slowed-down host is asked faster again."""
    longest_crawl_delay: float = 30.0
    """Seconds of a robots.txt ``Crawl-delay`` that are honoured; a longer one counts as this. At 30 s
    the largest site a link may follow by default (50 pages) still ends within the night."""
    longest_wait: float = 60.0
    """Seconds of ``Retry-After`` that are waited for. Who asks for more is left alone until tomorrow."""
    attempts: int = 3
    """Requests for one address while its host says that it is busy (429, 502, 503, 504)."""
    reconnections: int = 1
    """Further requests for one address after a connection that failed, broke or stayed silent."""
    backoff: float = 1.0
    """Seconds before the first repetition; doubled for each further one, with up to as much jitter."""

    max_in_flight: int = 32
    """Requests in flight plus pages not yet read and stored. Together with ``max_bytes`` it bounds
    the memory of a run: at most 32 x 10 MiB, for hosts that all answer with the largest page allowed."""
    connect_seconds: float = 10.0
    """Seconds to wait for a connection."""
    silence_seconds: float = 15.0
    """Seconds without a single byte after which a host is given up."""
    page_seconds: float = 30.0
    """Seconds that one answer may take, from the request to its last byte."""
    max_bytes: int = 10 * 1024 * 1024
    """Bytes of one answer, on the wire and again unpacked. The longest page known (39,000 words) has
    1 MB, a printed book as PDF 3 to 8 MB."""
    robots_bytes: int = 500 * 1024
    """Bytes of a robots.txt that are looked at (RFC 9309, section 2.5: at least 500 KiB)."""
    robots_redirects: int = 5
    """Redirects followed to a robots.txt (RFC 9309, section 2.3.1.2: at least five)."""
    redirects: int = 10
    """Redirects followed to a page. Browsers take 20, the longest honest chain seen here has 4."""

    thin_words: int = 20
    """Words below which a page holds no article, unless its link expects even fewer or demands more.
    The shortest of the 181 real pages of the article extraction benchmark reads as 24 words, shells and
    busy notices, which it must tell apart, as 0 to 10."""
    wall_words: int = 150
    """Words from which a text is an article, whatever it speaks about; below, markers of walls count.
    The walls, stubs and notices of the replayed web show 5 to 35 words. Of the 181 real pages, 16 have
    texts of fewer than 150 words, and none is taken for a wall (``tests/crawl/test_verdict.py``)."""

    render: RenderMode = "never"
    """Whether pages that only scripts fill are shown in a browser, where their links don't say."""

    @property
    def user_agent(self) -> str:
        """The name the crawler gives itself; it never pretends to be a browser."""
        contact = f"; +{self.contact}" if self.contact else ""
        return f"{self.robot_name}/{__version__} (personal link index{contact})"

    @property
    def robot_name(self) -> str:
        """The product token that robots.txt files may address (RFC 9309, section 2.2.1)."""
        return "indexer"


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderConfig:
    """What showing one page in a browser may take. Plain bounds; the crawl's own hold as well."""

    pages: int = 2
    """Pages shown at a time; each takes 100 to 200 MB."""
    seconds: float = 20.0
    """Seconds in which a page may be busy with itself while none of its requests is under way."""
    longest: float = 180.0
    """Seconds in all, the pauses between requests to its host included."""
    requests: int = 100
    """Requests of one page, whether they are answered or not."""
    at_a_time: int = 6
    """Requests of one page under way; browsers send as many to one host."""
    max_bytes: int = 32 * 1024 * 1024
    """Bytes of all answers that one page gets."""
    memory: int = 1024 * 1024 * 1024
    """Bytes of memory of a page's process, where the system tells them (Linux)."""
    quiet: float = 0.5
    """Seconds without a request and without a change after which a page is taken for finished."""
    patience: float = 5.0
    """The same for one that shows next to nothing, and the longest wait for one that never stops changing."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExtractConfig:
    """What reading one page, and cutting its article, may take in a worker process."""

    seconds: float = 30.0
    """Wall seconds. The slowest of 181 real pages takes under one, the largest page allowed (10 MiB, two
    million words) 12 on a busy machine."""
    memory: int = 640 * 1024 * 1024
    """Bytes of address space. The largest page allowed takes about 450 MiB, a 34,000-word page 63. With the
    250 MiB of a run and its model, a run that reads the worst page stays below 1 GiB."""
    file_bytes: int = 64 * 1024 * 1024
    """Bytes of a file that is imported: a page with all its pictures inside. The largest told of in public
    reports of such tools has 40 MB; the pictures are dropped before the page is parsed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageConfig:
    """How articles are cut. Sizes are tokens of the encoder, without its special ones."""

    target_tokens: int = 160
    """The size that passages of a longer section aim at."""
    min_tokens: int = 16
    """Sections below this are a line: they are joined with their neighbours. At 30, sections of two
    sentences lost their headings, and with them 4 of the 128 places the sample questions ask for."""
    max_header_characters: int = 120
    """A longer first row of a table is not repeated for the passages further down in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How lists are made and merged.

    Weights, slopes and feedback were chosen with SciFact, CACM and Cranfield in view, some with eleven
    collections of Debian's manuals too, one set for all, so results on these are not those of unseen ones.
    ``benchmarks/fusion_experiments.py``, ``retrieval.py`` and ``manuals.py`` beside it measure them again.
    The rest are plain bounds.
    """

    depth: int = 200
    """Passages taken from each list."""

    lexical_weight: float = 0.388
    """The lexical share where both lists cohere alike. The dense list is made of neighbours and coheres more,
    by 0.07 on average, so it is 0.36 for an ordinary question. 0.03 more or less are within 0.01 on every
    collection."""
    rare: float = 0.7
    """Specificity above which a query is about names, and the lexical side is to be believed."""
    rarity_slope: float = 2.0
    """Lexical share gained for each unit of specificity above ``rare``. The larger, the surer a name is found
    that the encoder never saw; the smaller, the better for rare words of ordinary questions."""
    cohesion_slope: float = 0.4
    """Lexical share gained for each unit of cohesion that the lexical list is ahead of the dense one."""
    leaders: int = 10
    """Passages at the head of a list whose cohesion is measured."""
    most_lexical: float = 0.9
    """The largest lexical share."""

    most_deviations: float = 6.0
    """How far above the mean of the candidates words may raise a passage; 5.5 to 6.5 are alike. The smaller,
    the less a word can do that is rare by chance; the larger, the surer a name is found."""

    feedback_passages: int = 3
    """Best passages that the question's vector is moved towards; 2 to 5 are alike."""
    feedback_per_word: float = 0.06
    """Length of that move for each word of the question, which has length 1, up to 1 in all; 0.05 to 0.07 are
    alike. 0 switches it off."""
    feedback_slope: float = 0.75
    """How fast a passage's part in it rises with its score: by exp(slope x score). 0.5 to 1 are alike, and
    0.002 better than 0 on the mean of 14 collections."""

    own_words: float = 2.0
    """What a passage gains, in deviations of the mixture, whose link has all of the question's words in the
    user's own."""
    own_enough: float = 0.6
    """The share of the question's words in the user's own from which on they are taken to mean that link."""

    reranker: str = "cross-encoder/ms-marco-MiniLM-L6-v2"
    """The cross-encoder of ``--rerank``: a folder or hub name, from ``INDEXER_RERANKER``."""
    rerank_depth: int = 30
    """Candidates that the cross-encoder reads."""
    same_passage: float = 0.985
    """Cosine from which two passages of one article say the same."""

    answer_passages: int = 5
    """Best passages that are looked at to tell whether anything answers."""
    answer_cosine: float = 10.5
    """Evidence for each unit of cosine of the nearest of them. A logistic fit to queries of one collection
    on another gives 25 and 1.7 (its words are foreign, so cosine alone tells). Of three ratios tried, this
    one was picked with the sample questions in view; the bias is where 1 % of the collections' own
    queries is refused."""
    answer_coverage: float = 2.7
    """Evidence for each unit of the share of the question's words that one of them has."""
    answer_name: float = 1.1
    """Evidence lost where the question names something that none of them holds. This, ``answer_coverage``
    and the bias tell 0.60 of the questions near the samples' topics, while 3 % at most of those whose page
    is there are refused. They follow the ranking: what changes that asks for them again
    (``benchmarks/states.py``)."""
    answer_bias: float = -4.5
    """Evidence before anything is seen."""
    words_enough: float = 0.3
    """That share from which a passage answers where words alone are searched: below it lie 5 % of SciFact's
    and 2 % of Cranfield's queries on their own collection, and 63 to 81 % of those on another."""
    words_slope: float = 10.0
    """Evidence for each unit of it; a logistic fit to the three collections gives 8 to 12."""
    answered: float = 0.5
    """Confidence from which a question counts as answered; below it the state is ``nothing answers``."""
    sure: float = 0.8
    """Confidence from which the state is ``answers``, and not ``may answer``: a step of 0.05 that
    at most 2.5 % of foreign questions reach in any library, and from which the first passage is right for
    at least 95 % of the answerable sample questions (``benchmarks/states.py``)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one run. Paths are as given; nothing is touched by making one."""

    resume_hours: float = 20.0
    """An interrupted run younger than this goes on where it stood; nightly runs start 24 h apart."""
    data: Path = Path("data")
    """The folder of the library."""
    catalogue: Path = Path("catalogue.yaml")
    cache: Path = field(default_factory=lambda: cache_folder(os.environ))
    """The folder of what all libraries of a user share: the models' exports."""
    catalogue_why: str = "named"
    """How the catalogue was chosen, in words (see :mod:`indexer.locate`)."""
    data_why: str = "named"
    """The same of the library's folder."""
    model: str = ""
    """A sentence-transformers model by folder or hub name; empty for the library's own, or the default."""
    server: str = ""
    """The address of a server that is asked in place of the library, from ``INDEXER_SERVER``."""
    token: str = field(default="", repr=False)
    """What a server asks of who comes, and what it is shown, from ``INDEXER_TOKEN``."""
    index: str = field(default="", repr=False)
    """The address of a server that keeps the index, from ``INDEXER_INDEX``; empty for the library's own."""
    index_token: str = field(default="", repr=False)
    """What that server asks of who comes, ``user:password``, from ``INDEXER_INDEX_TOKEN``."""
    crawl: CrawlConfig = field(default_factory=CrawlConfig)
    render: RenderConfig = field(default_factory=RenderConfig)
    extract: ExtractConfig = field(default_factory=ExtractConfig)
    passages: PassageConfig = field(default_factory=PassageConfig)
    search: SearchConfig = field(default_factory=SearchConfig)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """The defaults, overlaid by ``INDEXER_*`` variables, overlaid by what is ``given``.

        ``None`` among ``given`` means "not given". Variables: ``INDEXER_DATA``, ``INDEXER_CATALOGUE``,
        ``INDEXER_CACHE``, ``INDEXER_MODEL``, ``INDEXER_RERANKER``, ``INDEXER_CONTACT``, ``INDEXER_RENDER``,
        ``INDEXER_SERVER``, ``INDEXER_TOKEN``, ``INDEXER_INDEX``, ``INDEXER_INDEX_TOKEN``.
        Catalogue and library are looked for as :mod:`indexer.locate` says.

        Raises:
            UsageError: ``INDEXER_RENDER`` is neither ``auto`` nor ``never``.
        """
        env = os.environ if environment is None else environment
        places = locate(given.get("catalogue"), given.get("data"), env, Path.cwd())
        config = cls(
            catalogue=places.catalogue,
            catalogue_why=places.catalogue_why,
            data=places.data,
            data_why=places.data_why,
            cache=cache_folder(env),
            model=env.get("INDEXER_MODEL", ""),
            server=env.get("INDEXER_SERVER", ""),
            token=env.get("INDEXER_TOKEN", ""),
            index=env.get("INDEXER_INDEX", ""),
            index_token=env.get("INDEXER_INDEX_TOKEN", ""),
            search=SearchConfig(reranker=env.get("INDEXER_RERANKER") or SearchConfig().reranker),
            crawl=CrawlConfig(contact=env.get("INDEXER_CONTACT", ""), render=_render_mode(env)),
        )
        return replace(config, **{key: value for key, value in given.items() if value is not None})


def _render_mode(environment: Mapping[str, str]) -> RenderMode:
    match environment.get("INDEXER_RENDER", ""):
        case "auto":
            return "auto"
        case "" | "never":
            return "never"
        case other:
            raise UsageError(f"INDEXER_RENDER is {other!r}; it can be auto or never")
