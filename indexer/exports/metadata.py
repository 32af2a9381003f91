"""What Datasette shows beside the tables of ``library.db``: titles, descriptions, which of them matter."""

from __future__ import annotations

from typing import Any, BinaryIO, Final

from indexer.exports.selection import Counts, Selection

METADATA_BEGIN: Final = b"# Written by `indexer export datasette`"

VIEWS: Final[dict[str, tuple[str, dict[str, str]]]] = {
    "links_now": (
        "The links of the catalogue as they were last published, one row a link.",
        {
            "title": "the title that the catalogue gives it",
            "note": "your own words about it",
            "tags": "a JSON list",
            "verdict": "what its page was worth when it was last fetched",
            "reason": "why, in words",
            "checked_at": "when that was (UTC)",
            "articles": "how many articles are held for it",
        },
    ),
    "articles_now": (
        "The published articles, one row a page.",
        {
            "url": "the link, verbatim",
            "page_url": "the page under that link",
            "final_url": "where the text was taken from",
            "source": "live, archive, fallback, import or sample",
            "fetched_at": "when it was taken (UTC)",
            "text": "the text of its passages, parted by blank lines",
        },
    ),
    "passages_now": (
        "The passages that answers are made of, one row a passage.",
        {
            "article": "the id of its article",
            "position": "counts the passages of an article from 0",
            "headings": "the headings that it stands under, a JSON list",
            "page": "the page of a PDF, else 0",
        },
    ),
}
"""The views with plain names (:mod:`indexer.store.schema`): what a row is, and what its columns are."""

OF_NO_INTEREST: Final = (
    "bodies", "current_articles", "embeddings", "generations", "passages", "runs", "segments", "uncut",
    "sqlite_sequence",
)  # fmt: skip
"""Tables of which a person makes little."""


def write_metadata(selection: Selection, file: BinaryIO) -> Counts:
    """Write the metadata, for a database that is named ``library``."""
    from ruamel.yaml import YAML

    tables: dict[str, Any] = {
        name: {"description": description, "columns": columns}
        for name, (description, columns) in VIEWS.items()
    }
    tables |= {name: {"hidden": True} for name in OF_NO_INTEREST}
    about = {
        "title": "indexer library",
        "description": "The articles behind a list of links: start with the views "
        f"{', '.join(VIEWS)}. Published state {selection.snapshot.generation.number}.",
        "databases": {"library": {"tables": tables}},
    }
    file.write(METADATA_BEGIN + b": datasette library.db --metadata datasette.yaml\n")
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False  # type: ignore[assignment]
    yaml.dump(about, file)
    return {"views": len(VIEWS)}
