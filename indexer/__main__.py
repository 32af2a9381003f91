"""``python -m indexer``: the command line, where the console script is not on the path."""

from __future__ import annotations

from indexer.cli import main

if __name__ == "__main__":
    main()
