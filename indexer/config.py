"""Every constant of the project, named, with its unit and where it comes from.

One frozen :class:`Config` is made at the edge (command line, notebook, test) and passed down; no
other module reads the environment or holds settings of its own.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from indexer import __version__

DEFAULT_MODEL = "all-MiniLM-L6-v2"


@dataclass(frozen=True, slots=True, kw_only=True)
class CrawlConfig:
    """How the crawler behaves towards hosts, and what it refuses to swallow."""

    contact: str = ""
    """Where the owner of a host can complain: a URL or an e-mail address, sent in the user agent."""
    delay: float = 1.0
    """Seconds between the end of one request to a host and the start of the next."""

    @property
    def user_agent(self) -> str:
        """The name the crawler gives itself; it never pretends to be a browser."""
        contact = f"; +{self.contact}" if self.contact else ""
        return f"indexer/{__version__} (personal link index{contact})"


@dataclass(frozen=True, slots=True, kw_only=True)
class PassageConfig:
    """How articles are cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchConfig:
    """How lists are made and merged."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """All settings of one run. Paths are as given; nothing is touched by making one."""

    data: Path = Path("data")
    catalogue: Path = Path("catalogue.yaml")
    model: str = DEFAULT_MODEL
    crawl: CrawlConfig = field(default_factory=CrawlConfig)
    passages: PassageConfig = field(default_factory=PassageConfig)
    search: SearchConfig = field(default_factory=SearchConfig)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None, **given: Any) -> Self:
        """The defaults, overlaid by ``INDEXER_*`` variables, overlaid by what is ``given``.

        ``None`` among ``given`` means "not given". Variables: ``INDEXER_DATA``,
        ``INDEXER_CATALOGUE``, ``INDEXER_MODEL``, ``INDEXER_CONTACT``.
        """
        env = os.environ if environment is None else environment
        read: dict[str, Any] = {}
        if value := env.get("INDEXER_DATA"):
            read["data"] = Path(value)
        if value := env.get("INDEXER_CATALOGUE"):
            read["catalogue"] = Path(value)
        if value := env.get("INDEXER_MODEL"):
            read["model"] = value
        config = cls(**read, crawl=CrawlConfig(contact=env.get("INDEXER_CONTACT", "")))
        return replace(config, **{key: value for key, value in given.items() if value is not None})
