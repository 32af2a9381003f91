"""WARC (ISO 28500): the records of a web archive one by one, within bounds, whoever wrote it.

No more of a record is held in memory than may be a page. warcio, which writes our own archives, takes a line
for as long as it is, so that a few bytes of gzip can fill the memory.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, parse_headers
from io import BufferedReader, BytesIO, RawIOBase
from typing import IO, Any, Final, Protocol
from zipfile import BadZipFile

from indexer.catalogue.importers.harvest import NotAList
from indexer.crawl.decompress import Decompressor
from indexer.crawl.failure import NoPage

PAGE_HEADER: Final = "Indexer-Page-URI"
"""Our own field of a record: the page's address as the library that it is from has it."""
WARC_BEGINS: Final = b"WARC/"

MAX_RECORDS: Final = 500_000
"""Records of one archive. A page comes with some hundred, and a list has at most ten thousand pages."""
_MAX_HEADER = 64 << 10
"""Bytes of a record's header, and of a line in it."""
_MAX_CHUNKS = 200_000
"""Chunks of one body. Servers send some kilobytes in each."""
_SKIPPED: Final = 1 << 20
_UNPACKED_AT_ONCE: Final = 16 << 10
"""Bytes unpacked at once. What follows a member is copied, so that more would cost more with tiny ones."""
_CHUNK_SIZE = re.compile(rb"[ \t]{0,8}([0-9A-Fa-f]{1,8})[ \t]{0,8}(?:;[^\r\n]{0,1000})?\r?\n")
_STATUS_LINE = re.compile(rb"HTTP/\d(?:\.\d)? +(\d{3})(?: |\r?\n|$)")

IsWanted = Callable[[Mapping[str, str]], bool]


class Budget:
    """What may be unpacked of one archive, in bytes, counted over all files in it.

    Pages pack to a fifth, what repeats itself to a hundredth; a bomb, to a thousandth.
    """

    RATIO: Final = 100
    LEAST: Final = 64 << 20
    MOST: Final = 32 << 30

    def __init__(self, size: int) -> None:
        self._left = min(max(size * self.RATIO, self.LEAST), self.MOST)

    def spend(self, count: int) -> None:
        """Count bytes.

        Raises:
            NotAList: that was too much.
        """
        self._left -= count
        if self._left < 0:
            raise NotAList("unpacks to far more than a web archive of its size does")


@dataclass(frozen=True, slots=True)
class WarcRecord:
    """A record: its named fields by their names in lower case, and its content where that was wanted.

    ``content`` is None where it has more bytes than were allowed.
    """

    fields: Mapping[str, str]
    content: bytes | None


@dataclass(frozen=True, slots=True)
class WebAnswer:
    """What a host sent, as an archive keeps it: names of headers in lower case, the body unpacked."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class WarcCut(Exception):
    """An archive that ends within a record, or goes on with something else; all before was read."""


def warc_records(file: IO[bytes], budget: Budget, wanted: IsWanted, *, most: int) -> Iterator[WarcRecord]:
    """The wanted records of a WARC file, plain or gzip, with their content of at most ``most`` bytes.

    Raises:
        NotAList: there is far too much in it.
        WarcCut: it is broken from some place on.
    """
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    # Counted packed as well: in a ZIP file even a gzip header may be a bomb.
    stream = _Stream(unpacked(_Metered(file, budget)) if packed else file, budget)
    for count in range(MAX_RECORDS + 1):
        fields = _fields(stream)
        if fields is None:
            return
        if count == MAX_RECORDS:
            raise NotAList(f"more than {MAX_RECORDS:,} records; import it in parts")
        length = fields.get("content-length", "")
        if not re.fullmatch(r"\d{1,15}", length):
            raise WarcCut("a record does not tell its length")
        if wanted(fields):
            yield WarcRecord(fields, stream.content(int(length), most))
        else:
            stream.skip(int(length))


class _Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


class _Metered:
    """A file of which every byte read is counted."""

    def __init__(self, file: _Readable, budget: Budget) -> None:
        self._file, self._budget = file, budget

    def read(self, size: int, /) -> bytes:
        piece = self._file.read(size)
        self._budget.spend(len(piece))
        return piece


def unpacked(file: _Readable) -> BufferedReader:
    """What a gzip file of one or more members holds.

    Unlike the standard library's, it reads a header as fast as all else, however long the name in it is.
    Reading raises EOFError where a member has no end, zlib.error where something is no member.
    """
    return BufferedReader(_Members(file), _UNPACKED_AT_ONCE)


class _Members(RawIOBase):
    def __init__(self, file: _Readable) -> None:
        self._file = file
        self._member = zlib.decompressobj(wbits=31)
        self._rest = b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        space = memoryview(buffer)
        piece = self._next(len(space))
        space[: len(piece)] = piece
        return len(piece)

    def _next(self, most: int) -> bytes:
        while True:
            if self._member.eof:
                # Between members some programs write zeros.
                self._rest = self._member.unused_data.lstrip(b"\0") or self._file.read(
                    _UNPACKED_AT_ONCE
                ).lstrip(b"\0")
                if not self._rest:
                    return b""
                self._member = zlib.decompressobj(wbits=31)
            data = self._rest or self._file.read(_UNPACKED_AT_ONCE)
            if not data:
                raise EOFError
            piece = self._member.decompress(data, most)
            self._rest = self._member.unconsumed_tail
            if piece:
                return piece


class _Stream:
    """A file read in pieces that are counted; what breaks off is told as such."""

    def __init__(self, file: IO[bytes], budget: Budget) -> None:
        self._file = file
        self._budget = budget

    def line(self) -> bytes:
        return self._counted(lambda: self._file.readline(_MAX_HEADER + 1))

    def content(self, length: int, most: int) -> bytes | None:
        if length > most:
            self.skip(length)
            return None
        content = self._counted(lambda: self._file.read(length))
        if len(content) < length:
            raise WarcCut("it is cut off")
        return content

    def skip(self, length: int) -> None:
        while length:
            size = min(length, _SKIPPED)
            self.content(size, size)
            length -= size

    def _counted(self, read: Callable[[], bytes]) -> bytes:
        try:
            piece = read()
        except (EOFError, zlib.error, BadZipFile) as error:
            raise WarcCut("it is cut off, or no gzip from some place on") from error
        self._budget.spend(len(piece))
        return piece


def _fields(stream: _Stream) -> dict[str, str] | None:
    """The header of the next record; None at the end."""
    line = stream.line()
    while line in (b"\r\n", b"\n"):
        line = stream.line()
    if not line:
        return None
    if not line.startswith(WARC_BEGINS):
        raise WarcCut("it goes on with something else than a record")
    fields: dict[str, str] = {}
    size, name = 0, ""
    while (line := stream.line()) not in (b"\r\n", b"\n"):
        size += len(line)
        if not line or size > _MAX_HEADER:
            raise WarcCut("a record's header has no end")
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        if text[:1] in " \t" and name:
            fields[name] += f" {text.strip()}"
            continue
        name, _, value = text.partition(":")
        name = name.strip().lower()
        fields[name] = value.strip()
    return fields


def answer_in(content: bytes, *, most: int) -> WebAnswer | None:
    """The answer of a host, as the content of a ``response`` holds it; None for what is none.

    A body that is not packed as its headers say is taken as it is: many archives keep bodies unpacked,
    below the headers as they came. None also where it unpacks to more than ``most`` bytes.
    """
    stream = BytesIO(content)
    status = _STATUS_LINE.match(stream.readline(_MAX_HEADER))
    if not status:
        return None
    try:
        told = parse_headers(stream)
    except (HTTPException, ValueError):
        return None
    headers = {name.lower(): " ".join(str(value).split()) for name, value in told.items()}
    body = stream.read()
    if "chunked" in headers.pop("transfer-encoding", "").lower():
        body = _without_chunks(body)
    unpacked = _unpacked_body(body, headers.pop("content-encoding", ""), most)
    return None if unpacked is None else WebAnswer(int(status[1]), headers, unpacked)


def _without_chunks(body: bytes) -> bytes:
    """A body that came in chunks (RFC 9112, section 7.1); as it is where it has none."""
    parts: list[bytes] = []
    at = 0
    for _ in range(_MAX_CHUNKS):
        size = _CHUNK_SIZE.match(body, at)
        if not size:
            break
        length = int(size[1], 16)
        if not length:
            return b"".join(parts)
        parts.append(body[size.end() : size.end() + length])
        at = size.end() + length
        at += 2 if body.startswith(b"\r\n", at) else body.startswith(b"\n", at)
    return body if at < len(body) else b"".join(parts)


def _unpacked_body(body: bytes, coding: str, most: int) -> bytes | None:
    if not coding:
        return body
    pieces: list[bytes] = []
    size = 0
    try:
        for piece in Decompressor(coding).feed(body):
            size += len(piece)
            if size > most:
                return None
            pieces.append(piece)
    except NoPage:
        return body
    return b"".join(pieces)
