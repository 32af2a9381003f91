"""A library written out again, in forms that other programs read.

=========  ==========================================================================
selection  the links and articles of one published state that an export takes
target     where an export is written: in one step, and never over what is none
lines      JSON Lines: an article with its passages on each line
parquet    tables of articles and of passages with their vectors
vault      Markdown with front matter, one file an article, as Obsidian reads it
warc       the raw pages as a web archive
lists      links as OPML and as the bookmarks of browsers
metadata   what Datasette shows beside the tables of ``library.db``
=========  ==========================================================================

Articles are read one by one, so a large library takes no more memory than a small one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any, BinaryIO, TypeAlias

from indexer.errors import NotWritable, UsageError
from indexer.exports.lines import JSON_LINES_BEGIN, write_json_lines
from indexer.exports.lists import BOOKMARKS_BEGIN, OPML_BEGIN, write_bookmarks, write_opml
from indexer.exports.metadata import METADATA_BEGIN, write_metadata
from indexer.exports.parquet import write_parquet
from indexer.exports.selection import Counts, Selection
from indexer.exports.target import export_file, export_folder
from indexer.exports.vault import write_vault
from indexer.exports.warc import WARC_BEGIN, write_warc
from indexer.passage_index import OpenIndex
from indexer.store.snapshot import Snapshot

WriteFile: TypeAlias = Callable[[Selection, BinaryIO], Counts]
WriteFolder: TypeAlias = Callable[[Selection, Path], Counts]


class ExportForm(StrEnum):
    """What a library can be written out as."""

    jsonl = "jsonl"
    parquet = "parquet"
    markdown = "markdown"
    warc = "warc"
    opml = "opml"
    bookmarks = "bookmarks"
    datasette = "datasette"


_FILES: dict[ExportForm, tuple[WriteFile, bytes]] = {
    ExportForm.jsonl: (write_json_lines, JSON_LINES_BEGIN),
    ExportForm.warc: (write_warc, WARC_BEGIN),
    ExportForm.opml: (write_opml, OPML_BEGIN),
    ExportForm.bookmarks: (write_bookmarks, BOOKMARKS_BEGIN),
    ExportForm.datasette: (write_metadata, METADATA_BEGIN),
}
"""How a form that is one file is written, and what is near the beginning of every such file."""
_FOLDERS: dict[ExportForm, WriteFolder] = {
    ExportForm.parquet: write_parquet,
    ExportForm.markdown: write_vault,
}
_BY_NAME = {
    ".jsonl": ExportForm.jsonl,
    ".ndjson": ExportForm.jsonl,
    ".parquet": ExportForm.parquet,
    ".warc": ExportForm.warc,
    ".warc.gz": ExportForm.warc,
    ".opml": ExportForm.opml,
    ".html": ExportForm.bookmarks,
    ".htm": ExportForm.bookmarks,
    "datasette.yaml": ExportForm.datasette,
    "datasette.yml": ExportForm.datasette,
}


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written where, of which published state.

    ``counts`` has what the form holds (links, articles, passages, pages) and what it had to leave out
    (``without_page``); ``set_aside`` is where that lies now which was in the way.
    """

    path: str
    format: str
    generation: int
    counts: Counts
    set_aside: str

    def to_json(self) -> dict[str, Any]:
        """Plain values, as ``export --json`` prints them."""
        return asdict(self)


def form_named(name: str) -> ExportForm:
    """The form of this name.

    Raises:
        UsageError: there is none.
    """
    if name not in tuple(ExportForm):
        raise UsageError(f"no format {name!r}; there are {', '.join(ExportForm)}")
    return ExportForm(name)


def form_of(path: Path) -> ExportForm:
    """The form that a file's or folder's name means.

    Raises:
        UsageError: it means none.
    """
    name = path.name.lower()
    for ending, form in _BY_NAME.items():
        if name.endswith(ending):
            return form
    raise UsageError(
        f"{path}: the name tells no format; name it before the path, as in `indexer export markdown {path}` "
        f"({', '.join(ExportForm)})"
    )


def export_library(
    folder: Path,
    path: Path,
    form: ExportForm,
    *,
    categories: Sequence[str] = (),
    tags: Sequence[str] = (),
    sites: Sequence[str] = (),
    force: bool = False,
    open_index: OpenIndex | None = None,
) -> Exported:
    """Write the library in ``folder`` to ``path``, in one step: there is the whole export or none.

    An earlier export of the same form is replaced; anything else is refused, or with ``force`` put aside.
    ``open_index`` opens an index elsewhere that has the vectors.

    Raises:
        UsageError: there is something else at ``path``, or no folder for it. UnknownName: no such category,
            tag or site. NoLibrary, DamagedLibrary, StaleIndex: there is nothing to be read.
        MissingExtra: what writes this form is not installed. NotWritable, NoRoom, DiskFailure: the disk.
    """
    with Snapshot(folder, open_index=open_index) as snapshot:
        selection = Selection(snapshot, categories, tags, sites)
        try:
            counts, set_aside = _write_out(selection, path, form, force=force)
        except OSError as error:
            raise NotWritable(f"{path}: cannot be written ({error.strerror or error})") from error
        return Exported(str(path), form.value, snapshot.generation.number, counts, set_aside)


def _write_out(selection: Selection, path: Path, form: ExportForm, *, force: bool) -> tuple[Counts, str]:
    if form in _FOLDERS:
        with export_folder(path, form, force=force) as folder:
            return _FOLDERS[form](selection, folder.path), folder.set_aside
    write, begin = _FILES[form]
    with export_file(path, begin, force=force) as target:
        return write(selection, target.file), target.set_aside
