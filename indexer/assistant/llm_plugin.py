"""Tools and fragments for the program ``llm``, which finds them where both are installed.

``llm -f library:'who approves an RFC' ''`` asks a model with the passages that answer as its prompt, and
``llm -T Indexer`` lets one search and read by itself,
``llm -T 'Indexer("/path/to/data")'`` in another library.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import llm

from indexer.assistant.prompts import answer_prompt
from indexer.config import Config
from indexer.library import Library

if TYPE_CHECKING:
    from indexer.assistant.tools import Tools


class Indexer(llm.Toolbox):
    """The user's own library: the full texts behind a curated list of links."""

    def __init__(self, data: str = "") -> None:
        self._data = data

    @cached_property
    def _tools(self) -> Tools:
        from indexer.assistant.tools import Tools
        from indexer.latest import Latest

        config = Config.from_environment(data=Path(self._data) if self._data else None)
        return Tools(config, Latest(config))

    def search(self, question: str, k: int = 5) -> str:
        """Find the passages of the user's library that answer a question, best first, each with an id.

        Cite what you use by title and link. At the state "nothing answers" say so.
        """
        return self._tools.search(question, k).as_text()

    def read(self, id_or_url: str, part: int = 0) -> str:
        """Read a part of an article, by the id of a passage ("p42") or by an address. Parts count from 1."""
        return self._tools.read(id_or_url, part).as_text()

    def similar(self, id_or_url: str, k: int = 5) -> str:
        """Find other articles that speak of the same as a passage (its id) or an article (its address)."""
        return self._tools.similar(id_or_url, k).as_text()

    def list_links(self, offset: int = 0) -> str:
        """List the links of the library with category, tags and note, 50 at a time from an offset on."""
        return self._tools.list_links(offset=offset).as_text()

    def changes(self, since: str = "1w", offset: int = 0) -> str:
        """See what became of links and texts since a date (2026-01-31) or a span until now (3d, 2w, 1m)."""
        return self._tools.changes(since, offset=offset).as_text()


def library_fragment(question: str) -> llm.Fragment:
    """The passages of the library that answer a question, with the instruction to answer from them alone.

    Example: library:how do I design an event store
    """
    with Library.open() as library:
        return llm.Fragment(answer_prompt(library.search(question)), f"library:{question}")


@llm.hookimpl
def register_tools(register: Callable[..., None]) -> None:
    """Give ``llm`` the tools."""
    register(Indexer)


@llm.hookimpl
def register_fragment_loaders(register: Callable[..., None]) -> None:
    """Give ``llm`` the fragments."""
    register("library", library_fragment)
