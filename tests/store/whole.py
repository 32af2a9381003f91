"""Prints what SQLite's check says of the library in a folder: ``python -m tests.store.whole``."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

if __name__ == "__main__":
    with closing(sqlite3.connect(Path(sys.argv[1]) / "library.db")) as library:
        print(*library.execute("PRAGMA quick_check").fetchone())
