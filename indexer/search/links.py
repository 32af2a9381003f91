"""Where an answer opens: the page, at the passage."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.records import PassageRow


def deep_link(row: PassageRow) -> str:
    """The address the text was taken from, at the passage.

    The passage's own fragment (its words, its heading's id, both, or ``#page=n`` of a PDF) takes the place
    of the address's; a passage without one opens the address as it is.
    """
    address = readable(row.final_url)
    if not row.passage.fragment:
        return address
    return address.partition("#")[0] + row.passage.fragment


def readable(address: str) -> str:
    """The address a person opens: of a capture of the web archive its page, not the raw form (``id_``)."""
    return re.sub(r"^(https?://web\.archive\.org/web/\d+)id_/", r"\1/", address)
