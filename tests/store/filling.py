"""Publishes links into the library in a folder, as a process of its own: ``python -m tests.store.filling``.

Its arguments are the folder and how many links; it prints the generation, or the error as the program would.
"""

from __future__ import annotations

import sys
from pathlib import Path

from indexer.errors import IndexerError
from indexer.records import Link
from tests.store.shelving import Shelf, article, outcome


def main() -> None:
    """Publish, and tell the generation."""
    folder, count = Path(sys.argv[1]), int(sys.argv[2])
    links = [Link(f"https://example.org/{number}", "Patterns") for number in range(count)]
    try:
        shelf = Shelf(folder)
        with shelf.database:
            for link in links:
                shelf.log().record(outcome(link, article(*(f"{link.url} says {n}." * 9 for n in range(9)))))
            print(shelf.publish(*links).generation)
    except IndexerError as error:
        sys.exit(f"indexer: {type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
