"""Web archives: which records of WARC files are pages, alone or in a ZIP file with a list of them (WACZ).

WACZ 1.1.1 (https://specs.webrecorder.net/wacz/1.1.1/) is a ZIP file of ``pages/*.jsonl``, which lists pages
by their addresses, and ``archive/*.warc.gz``, which holds them with all that belongs to them. Of a WARC file
alone, each HTML and PDF document is a page. Nothing is ever unpacked onto the disk.
"""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO, Final

from indexer.catalogue.importers.harvest import MAX_LIST, NotAList, is_web
from indexer.catalogue.importers.warc import (
    PAGE_HEADER,
    WARC_BEGINS,
    Budget,
    WarcCut,
    WarcRecord,
    WebAnswer,
    answer_in,
    unpacked,
    warc_records,
)
from indexer.catalogue.model import check_url
from indexer.crawl.failure import NoPage
from indexer.crawl.urls import page_key, resolve
from indexer.credentials import without_credentials
from indexer.errors import UsageError
from indexer.records import Page

_DOCUMENTS = frozenset({"text/html", "application/xhtml+xml", "application/pdf", "text/markdown"})
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_MAX_DIRECTORY: Final = 4 << 20
"""Bytes of a ZIP file's list of its files, which is read whole: some 50,000 of them."""
_MAX_FILES: Final = 10_000
_MAX_LINE: Final = 4 << 20
"""Bytes of a line in the list of pages, which may have a page's whole text in it."""
_MAX_LISTED: Final = 100_000
"""Lines of all lists of pages."""
_END_OF_DIRECTORY = b"PK\x05\x06"
_END_OF_DIRECTORY_64 = b"PK\x06\x06"
_LOCATOR_64 = b"PK\x06\x07"
_METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""The ways of packing that give what they hold in pieces."""


@dataclass(slots=True)
class WebArchive:
    """A web archive that is being read: first its :meth:`pages`, then what was left out of them, and why."""

    path: Path
    format: str
    most: int
    """Bytes of a page that is taken."""
    left_out: Counter[str] = field(default_factory=Counter)
    """Captures that are not taken, by reason in words."""
    remarks: list[str] = field(default_factory=list)
    _wanted: dict[str, str] | None = None
    """Of WACZ: the addresses of its pages, by what is the same for all forms of an address."""
    _taken: int = 0

    def pages(self) -> Iterator[Page]:
        """The pages in the order of the archive, a page as often as it was captured.

        ``url`` is the address that the page has in the archive's list, if it is in one.

        Raises:
            UsageError: the archive is broken from its beginning, unsafe, or has far too much in it.
        """
        try:
            with self.path.open("rb") as file:
                budget = Budget(self.path.stat().st_size)
                yield from self._zipped(file, budget) if self.format == "WACZ" else self._warc(file, budget)
        except (NotAList, zipfile.BadZipFile, zlib.error, EOFError) as error:
            raise UsageError(f"{self.path}: {error}") from None
        except OSError as error:
            raise UsageError(f"{self.path}: cannot be read ({error.strerror or error})") from error

    def _zipped(self, file: IO[bytes], budget: Budget) -> Iterator[Page]:
        with _opened_zip(file) as archive:
            listed: dict[str, str] = {}
            for member in _members(archive, "pages", ".jsonl"):
                with archive.open(member) as lines:
                    _list_pages(lines, budget, listed)
            self._wanted = listed or None  # some programs write a list without pages
            for member in _members(archive, "archive", ".warc", ".warc.gz"):
                with archive.open(member) as warc:
                    yield from self._warc(warc, budget)

    def _warc(self, file: IO[bytes], budget: Budget) -> Iterator[Page]:
        try:
            for record in warc_records(file, budget, _may_be_page, most=self.most):
                page = self._page(record)
                if page is None:
                    continue
                self._taken += 1
                if self._taken > MAX_LIST:
                    raise NotAList(f"more than {MAX_LIST:,} pages; import it in parts")
                yield page
        except WarcCut as cut:
            self.remarks.append(f"{cut}; what came before was taken")

    def _page(self, record: WarcRecord) -> Page | None:
        """The page that a record holds; None where it holds none, or none that is asked for."""
        fields = record.fields
        target = _web_page(fields["warc-target-uri"].strip("<>"))
        url = self._listed(fields, target) if target else ""
        answer = self._answer(record) if url else None
        if answer is None:
            return None
        headers = dict(answer.headers)
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        if answer.status in _REDIRECTS:
            self._follow(url, target, headers.get("location", ""))
            return None
        if PAGE_HEADER.lower() in fields:
            if kind == "application/octet-stream":
                del headers["content-type"]  # what a person saved has none
        elif kind not in _DOCUMENTS and not (kind == "text/plain" and self._wanted is not None):
            return None
        if answer.status != 200:
            self.left_out["without a good answer"] += 1
            return None
        at = _moment(fields.get("warc-date", ""))
        return Page(url, target, answer.status, headers, answer.body, at)

    def _listed(self, fields: Mapping[str, str], target: str) -> str:
        """The address under which a page is asked for: its own, where there is no list of pages."""
        own = _web_page(fields.get(PAGE_HEADER.lower(), ""))
        return own or (target if self._wanted is None else self._wanted.get(page_key(target), ""))

    def _answer(self, record: WarcRecord) -> WebAnswer | None:
        if record.content is None:
            self.left_out["too large for a page"] += 1
            return None
        if record.fields["warc-type"] == "resource":
            return WebAnswer(200, {"content-type": record.fields.get("content-type", "")}, record.content)
        answer = answer_in(record.content, most=self.most)
        if answer is None:
            self.left_out["not as HTTP has it, or too large for a page"] += 1
        return answer

    def _follow(self, url: str, target: str, location: str) -> None:
        """Where a page of the list leads to, its text is."""
        if self._wanted is not None:
            with suppress(NoPage, ValueError):
                self._wanted.setdefault(page_key(resolve(target, location)), url)


def web_archive(path: Path, *, most: int) -> WebArchive | None:
    """The web archive that a file is, by what is in it; None where it is none.

    ``most`` are the bytes of a page that is taken.

    Raises:
        UsageError: it is one that cannot be read: unsafe, broken, packed in a way that is not taken.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
            file.seek(0)
            if start.startswith(b"\x1f\x8b"):
                with suppress(EOFError, zlib.error):
                    return WebArchive(path, "WARC", most) if unpacked(file).read(5) == WARC_BEGINS else None
                return None
            if start.startswith(b"PK\x03\x04"):
                return _wacz(path, file, most)
            return WebArchive(path, "WARC", most) if file.read(5) == WARC_BEGINS else None
    except NotAList as error:
        raise UsageError(f"{path}: {error}") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read ({error.strerror or error})") from error


def _wacz(path: Path, file: IO[bytes], most: int) -> WebArchive | None:
    with _opened_zip(file) as archive:
        if not _members(archive, "archive", ".warc", ".warc.gz"):
            return None
        for name in archive.namelist():
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if ".." in parts or name.startswith(("/", "\\")) or ":" in parts[0]:
                raise NotAList(f"an unsafe archive: it names a file outside of itself ({name[:80]!r})")
        if any(info.flag_bits & 1 or info.compress_type not in _METHODS for info in archive.infolist()):
            raise NotAList("a file in it is encrypted, or packed otherwise than by deflate")
    return WebArchive(path, "WACZ", most)


def _opened_zip(file: IO[bytes]) -> zipfile.ZipFile:
    """A ZIP file, whose list of files is looked at before it is read.

    Raises:
        NotAList: there are too many files in it, or it is broken.
    """
    sizes = _directory_sizes(file)
    if not sizes:
        raise NotAList("a broken ZIP archive: its list of files is missing")
    for count, length in sizes:
        if count > _MAX_FILES or length > _MAX_DIRECTORY:
            raise NotAList(
                f"a ZIP archive of {count:,} files in a list of {length:,} bytes, which is too many"
            )
    file.seek(0)
    try:
        return zipfile.ZipFile(file)
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise NotAList(f"a broken ZIP archive: {error}") from None


def _directory_sizes(file: IO[bytes]) -> list[tuple[int, int]]:
    """How many files a ZIP file has and how many bytes its list of them, by each place that tells it.

    After PKWARE's APPNOTE, 4.3.14 to 4.3.16. The small record is at its limits where that of ZIP64 counts.
    """
    size = file.seek(0, 2)
    before = max(0, size - (64 << 10) - 22 - 20)  # a comment, the record, and the locator before it
    file.seek(before)
    end = file.read()
    at = end.rfind(_END_OF_DIRECTORY)
    if at < 0 or len(end) < at + 22:
        return []
    sizes = [struct.unpack_from("<HL", end, at + 10)]
    if at >= 20 and end.startswith(_LOCATOR_64, at - 20):
        # Some versions of zipfile look right before the locator, some where it says.
        for place in (before + at - 20 - 56, *struct.unpack_from("<Q", end, at - 12)):
            file.seek(min(max(place, 0), size))
            record = file.read(56)
            if record.startswith(_END_OF_DIRECTORY_64) and len(record) == 56:
                sizes.append(struct.unpack_from("<QQ", record, 32))
    if len(sizes) > 1 and (sizes[0][0] == 0xFFFF or sizes[0][1] == 0xFFFFFFFF):
        del sizes[0]
    return sizes


def _members(archive: zipfile.ZipFile, folder: str, *endings: str) -> list[zipfile.ZipInfo]:
    """The files directly in a folder of the archive whose names end so."""
    return [
        info
        for info in archive.infolist()
        if info.filename.startswith(f"{folder}/")
        and "/" not in info.filename[len(folder) + 1 :]
        and info.filename.lower().endswith(endings)
    ]


def _list_pages(lines: IO[bytes], budget: Budget, pages: dict[str, str]) -> None:
    """Add the addresses of a list of pages. Lines that name none, such as the first, are passed over."""
    while line := lines.readline(_MAX_LINE + 1):
        budget.spend(len(line))
        if len(line) > _MAX_LINE or len(pages) >= _MAX_LISTED:
            raise NotAList("its list of pages is far too long; import it in parts")
        try:
            told = json.loads(line)
        except (ValueError, RecursionError):
            continue
        url = told.get("url") if isinstance(told, dict) else None
        if isinstance(url, str) and (address := _web_page(url)):
            pages.setdefault(page_key(address), address)


def _may_be_page(fields: Mapping[str, str]) -> bool:
    return fields.get("warc-type") in ("response", "resource") and "warc-target-uri" in fields


def _web_page(url: str) -> str:
    """An address of the web without a user's name and password; ``""`` for anything else."""
    url = without_credentials(url.strip())
    if not is_web(url):
        return ""
    try:
        return check_url(url)
    except ValueError:
        return ""


def _moment(text: str) -> datetime:
    """When a capture was made; now where that is not told, or in the future."""
    now = datetime.now(UTC).replace(microsecond=0)
    try:
        told = datetime.fromisoformat(text).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError):
        return now
    return min(told, now)
