"""Content codings, unpacked in small pieces, so that a bomb never bursts in memory.

httpx unpacks whatever one read brought at once: 64 KiB can become 64 MiB by gzip and gigabytes by
brotli. Here each step yields at most about a megabyte, and whoever counts can stop.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Protocol

import brotli
import zstandard

from indexer.crawl.failure import NoPage
from indexer.records import Verdict

ACCEPT_ENCODING = "gzip, deflate, br, zstd"
_PIECE = 1 << 18
"""Bytes that one step of unpacking may yield."""
_ZSTD_SLICE = 64
"""Bytes of zstandard fed at once. A block of 4 bytes can stand for 128 KiB (RFC 8878, section 3.1.1.2)."""
_ZSTD_WINDOW = 8 << 20
"""Bytes of window that a zstandard decoder must offer, and may (RFC 9659)."""
_MOST_CODINGS = 3
_GZIP_MAGIC = b"\x1f\x8b\x08"
_GZIP_TRAILER = 8
"""Bytes of checksum and size behind a member."""
_GZIP_HEADER_LIMIT = 1 << 17
"""Bytes. A header may hold 64 KiB of extra fields, and names."""


class _Decompressor(Protocol):
    @property
    def finished(self) -> bool: ...

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Zlib:
    """One stream of deflate, by default without any header or checksum around it."""

    def __init__(self, bits: int = -zlib.MAX_WBITS) -> None:
        self._packer = zlib.decompressobj(bits)

    @property
    def finished(self) -> bool:
        return self._packer.eof

    @property
    def rest(self) -> bytes:
        """What follows the stream's end."""
        return self._packer.unused_data

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self._packer.eof:
            piece = self._packer.decompress(data, _PIECE)
            yield piece
            data = self._packer.unconsumed_tail
            while not data and len(piece) == _PIECE and not self._packer.eof:
                piece = self._packer.decompress(b"", _PIECE)
                yield piece


class _Gzip:
    """gzip of one or more members (RFC 1952), as browsers take it.

    What is no gzip is taken as it is: servers label plain bodies so. Checksums are not compared, and what
    follows the first member may be anything: a further member, one that is cut off, or padding.
    """

    def __init__(self) -> None:
        self._head = b""
        self._member: _Zlib | None = None
        self._plain = False
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data:
            if self._plain:
                yield data
                return
            if self._member is None:
                self._head += data
                data = self._opened()
                continue
            try:
                yield from self._member.feed(data)
            except zlib.error:
                if not self.finished:
                    raise
                data = b""
            else:
                data = self._closed()

    def _opened(self) -> bytes:
        """What follows the header, once it is all there; all of a body that is no gzip."""
        length = _gzip_header(self._head[_GZIP_TRAILER if self.finished else 0 :])
        if length is None:
            if len(self._head) > _GZIP_HEADER_LIMIT:
                raise zlib.error("a header without end")
            return b""
        head, self._head = self._head, b""
        if length:
            self._member = _Zlib()
            return head[length + (_GZIP_TRAILER if self.finished else 0) :]
        self._plain = not self.finished
        self.finished = True
        return head if self._plain else b""

    def _closed(self) -> bytes:
        """What follows the member, if it ended."""
        if self._member is None or not self._member.finished:
            return b""
        rest, self._member = self._member.rest, None
        self.finished = True
        return rest


def _gzip_header(start: bytes) -> int | None:
    """The bytes of a member's header (RFC 1952, section 2.3), None while it is not all there, 0 for none."""
    if not start.startswith(_GZIP_MAGIC[: len(start)]):
        return 0
    if len(start) < 12:
        return None
    flags, end = start[3], 10
    if flags & 4:
        end += 2 + int.from_bytes(start[10:12], "little")
    for flag in (8, 16):  # name and comment
        if flags & flag:
            zero = start.find(b"\0", end)
            if zero < 0:
                return None
            end = zero + 1
    end += flags & 2
    return end if len(start) >= end else None


class _Deflate:
    """deflate, which should have a zlib header (RFC 9110, section 8.4.1.2); some send it bare."""

    def __init__(self) -> None:
        self._head = b""
        self._inner: _Zlib | None = None

    @property
    def finished(self) -> bool:
        return self._inner is not None and self._inner.finished

    def feed(self, data: bytes) -> Iterator[bytes]:
        if self._inner is None:
            self._head += data
            if len(self._head) < 2:
                return
            data, first = self._head, int.from_bytes(self._head[:2], "big")
            with_header = first % 31 == 0 and first >> 8 & 15 == zlib.DEFLATED  # RFC 1950, section 2.2
            self._inner = _Zlib(zlib.MAX_WBITS) if with_header else _Zlib()
        yield from self._inner.feed(data)


class _Brotli:
    def __init__(self) -> None:
        self._packer = brotli.Decompressor()

    @property
    def finished(self) -> bool:
        return bool(self._packer.is_finished())

    def feed(self, data: bytes) -> Iterator[bytes]:
        yield self._packer.process(data, output_buffer_limit=_PIECE)
        while not self._packer.can_accept_more_data():
            yield self._packer.process(b"", output_buffer_limit=_PIECE)


class _Zstandard:
    def __init__(self) -> None:
        self._packer = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW).decompressobj()

    @property
    def finished(self) -> bool:
        return self._packer.eof

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), _ZSTD_SLICE):
            if self._packer.eof:
                return
            yield self._packer.decompress(data[start : start + _ZSTD_SLICE])


def _decompressor_of(coding: str) -> _Decompressor:
    match coding:
        case "gzip" | "x-gzip":
            return _Gzip()
        case "deflate":
            return _Deflate()
        case "br":
            return _Brotli()
        case "zstd":
            return _Zstandard()
    raise NoPage(Verdict.UNREADABLE, f"packed in an unknown way: {coding[:40]}")


class Decompressor:
    """Unpacks one body by its ``Content-Encoding``."""

    def __init__(self, content_encoding: str) -> None:
        """Prepares for the codings named by the header, outermost last.

        Raises:
            NoPage: unreadable, for an unknown coding or too many of them.
        """
        named = [part.strip() for part in content_encoding.lower().split(",")]
        codings = [name for name in named if name not in ("", "identity")]
        if len(codings) > _MOST_CODINGS:
            raise NoPage(Verdict.UNREADABLE, f"packed {len(codings)} times over")
        self._steps = [_decompressor_of(coding) for coding in reversed(codings)]

    def feed(self, data: bytes) -> Iterator[bytes]:
        """What the data unpacks to, in small pieces.

        Raises:
            NoPage: unreadable, where the data is not what the header says.
        """
        pieces: Iterable[bytes] = (data,)
        for step in self._steps:
            pieces = chain.from_iterable(map(step.feed, pieces))
        try:
            yield from pieces
        except (zlib.error, brotli.error, zstandard.ZstdError) as error:
            raise NoPage(Verdict.UNREADABLE, "the body is not packed as its header says") from error

    @property
    def finished(self) -> bool:
        """Whether every coding saw its proper end."""
        return all(step.finished for step in self._steps)
