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


class _Decompressor(Protocol):
    @property
    def finished(self) -> bool: ...

    def feed(self, data: bytes) -> Iterator[bytes]: ...


class _Zlib:
    """gzip, also of several members (RFC 1952, section 2.2)."""

    def __init__(self, bits: int = zlib.MAX_WBITS | 16) -> None:
        self._bits = bits
        self._packer = zlib.decompressobj(bits)
        self.finished = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        while data and not self.finished:
            piece = self._packer.decompress(data, _PIECE)
            yield piece
            data = self._packer.unconsumed_tail
            while not data and len(piece) == _PIECE and not self._packer.eof:
                piece = self._packer.decompress(b"", _PIECE)
                yield piece
            if self._packer.eof:
                data = self._packer.unused_data
                self.finished = not data.startswith(b"\x1f\x8b")
                if not self.finished:
                    self._packer = zlib.decompressobj(self._bits)


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
            self._inner = _Zlib(zlib.MAX_WBITS if with_header else -zlib.MAX_WBITS)
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
            return _Zlib()
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
