"""Everything that can go wrong on purpose, as one tree.

::

    IndexerError                  exit 1   it failed; the message says why and what to do
    |-- UsageError                exit 2   wrong use of a command or a call
    |   |-- CatalogueError        exit 2   the catalogue is missing, broken or contradicts itself
    |   |-- UnknownName           exit 2   no such category, link or article; offers the nearest
    |   `-- EmptyQuestion         exit 2   nothing was asked
    |-- LibraryError              exit 1   the data folder or what is in it
    |   |-- NoLibrary             exit 1   nothing has been crawled into this folder yet
    |   |-- DamagedLibrary        exit 1   a file is missing, cut or not ours
    |   |-- StaleIndex            exit 1   the index was made by another model or version
    |   |-- NoIndex               exit 1   the index that is asked does not have the library's state
    |   |-- NotReadable           exit 1   the file cannot be opened
    |   |-- NotWritable           exit 1   the folder cannot be written
    |   |-- NoRoom                exit 1   the disk is full
    |   `-- DiskFailure           exit 1   the disk does not read or write
    |-- IndexServerError      exit 1   the server that keeps the index cannot be had, or refuses
    |-- NoMemory                  exit 1   there is not enough memory
    |-- ModelError                exit 1   the embedding model cannot be had or is not one
    |-- MissingExtra              exit 1   an optional package is not installed; says which extra brings it
    |-- Unreadable                exit 1   a page from which no text could be extracted
    |-- NotRendered               exit 1   a page that could not be shown in a browser
    |-- ClusterError              exit 1   the machines that a run works on cannot be had, or were lost
    |-- NothingReachable          exit 1   no host answered in a whole run: the network, not the links
    |-- LostLinks                 exit 4   a strict run found links newly gone, or newly without a copy
    `-- Busy                      exit 75  another run holds the lock (EX_TEMPFAIL of sysexits.h)

A message is one line: what was wrong, where, and what fixes it. The command line prints it
without a traceback and ends with ``exit_code``; the Python interface raises it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from difflib import get_close_matches

from indexer.credentials import without_credentials

MOST_OF_NAME = 200
"""Characters of a name that a message shows: the longest of most addresses."""


class IndexerError(Exception):
    """The root: catch this to catch everything the project raises on purpose."""

    exit_code = 1


class UsageError(IndexerError):
    """A command or a call was used wrongly."""

    exit_code = 2


class CatalogueError(UsageError):
    """The catalogue is missing, broken, or contradicts itself; names file and line."""


class UnknownName(UsageError):
    """A name that is not there, with the nearest ones that are."""

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.near = kind, name, nearest(name, known)
        offer = f"; did you mean {' or '.join(repr(near) for near in self.near)}?" if self.near else ""
        shown = name if len(name) <= MOST_OF_NAME else f"{name[:MOST_OF_NAME]}…"
        super().__init__(f"no {kind} {without_credentials(shown)!r}{offer}")


class EmptyQuestion(UsageError):
    """The question has no words."""


class LibraryError(IndexerError):
    """Something about the data folder or what is in it."""


class NoLibrary(LibraryError):
    """Nothing has been crawled into this folder yet."""


class DamagedLibrary(LibraryError):
    """A file of the library is missing, cut short, or not ours."""


class StaleIndex(LibraryError):
    """The index was made by another model or an older version, and must be made again."""


class NoIndex(LibraryError):
    """The index that is asked does not have the state of the library that is published."""


class NotReadable(LibraryError):
    """The library's file is there and cannot be opened."""


class NotWritable(LibraryError):
    """The data folder cannot be written."""


class NoRoom(LibraryError):
    """The disk is full. What was kept before stands."""


class DiskFailure(LibraryError):
    """The disk does not read or write."""


class IndexServerError(IndexerError):
    """The server that keeps the index cannot be reached, does not let us in, or cannot do what is asked."""


class NoMemory(IndexerError):
    """There is not enough memory for what was asked."""


class ModelError(IndexerError):
    """The embedding model cannot be had, or is not a model."""


class MissingExtra(IndexerError):
    """A package that only some uses need is not installed; the message says how it comes here."""

    def __init__(self, what: str, extra: str) -> None:
        """``what`` needs which package, in words; ``extra`` is the project's that brings it."""
        super().__init__(f"{what}; install it with: {install_command(extra)}")


def install_command(extra: str) -> str:
    """What brings an extra to where this program runs, for a shell.

    By this very Python: another one would look for a project of this name on the package index.
    """
    from shlex import quote

    return f"{quote(sys.executable)} -m pip install 'indexer[{extra}]'"


class Unreadable(IndexerError):
    """No text could be extracted from a page; the message says why."""


class NotRendered(IndexerError):
    """A page could not be shown in a browser; the message says why, and what to do if anything."""


class ClusterError(IndexerError):
    """The machines that a run works on cannot be had, do not fit, or were lost; what was kept stands."""


class NothingReachable(IndexerError):
    """No host at all answered in a run, so nothing was learned about the links."""


class LostLinks(IndexerError):
    """Links are newly gone, or newly without a copy, and the run was to be strict about it."""

    exit_code = 4


class Busy(IndexerError):
    """Another run holds the lock on this data folder."""

    exit_code = 75


def nearest(name: str, known: Iterable[str], count: int = 3) -> list[str]:
    """The known names most like ``name``, best first, compared without regard to case."""
    by_folded: dict[str, str] = {}
    for candidate in known:
        by_folded.setdefault(candidate.casefold(), candidate)
    matches = get_close_matches(name.casefold(), list(by_folded), n=count, cutoff=0.5)
    return [by_folded[folded] for folded in matches]
