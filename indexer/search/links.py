"""Where an answer opens: the page, at the passage."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from indexer.records import PassageRow


def deep_link(row: PassageRow) -> str:
    """The address the text was taken from, at the passage.

    The passage's own fragment (a section's anchor, ``#page=n`` of a PDF, or a text fragment) takes the
    place of the address's; a passage without one opens the address as it is.
    """
    if not row.passage.fragment:
        return row.final_url
    return row.final_url.partition("#")[0] + row.passage.fragment
