"""Packed bodies come out as they went in, and a bomb never bursts."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from functools import partial

import brotli
import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from indexer.crawl.decompress import Decompressor
from indexer.crawl.failure import NoPage
from indexer.records import Verdict


def raw_deflate(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    return packer.compress(data) + packer.flush()


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    "identity": bytes,
    "gzip": gzip.compress,
    "x-gzip": gzip.compress,
    "deflate": zlib.compress,
    "Deflate": raw_deflate,
    "br": partial(brotli.compress, quality=5),
    "zstd": zstandard.compress,
    "gzip, br": lambda data: brotli.compress(gzip.compress(data)),
}


@pytest.mark.parametrize("coding", PACKERS)
@given(data=st.binary(min_size=1, max_size=5000), size=st.integers(1, 700))
def test_a_body_comes_out_as_it_went_in(coding: str, data: bytes, size: int) -> None:
    """However it was packed, and however the network cuts it."""
    packed = PACKERS[coding](data)
    decompressor = Decompressor(coding)
    pieces = [
        piece for at in range(0, len(packed), size) for piece in decompressor.feed(packed[at : at + size])
    ]
    assert b"".join(pieces) == data
    assert decompressor.finished


@pytest.mark.parametrize("coding", [coding for coding in PACKERS if coding not in ("", "identity")])
@given(data=st.binary(min_size=200, max_size=2000), cut=st.floats(0.1, 0.9))
def test_a_body_cut_short_is_noticed(coding: str, data: bytes, cut: float) -> None:
    packed = PACKERS[coding](data)
    decompressor = Decompressor(coding)
    b"".join(decompressor.feed(packed[: int(len(packed) * cut)]))
    assert not decompressor.finished


def test_gzip_of_several_members_is_one_body() -> None:
    packed = gzip.compress(b"one ") + gzip.compress(b"two")
    decompressor = Decompressor("gzip")
    assert b"".join(decompressor.feed(packed)) == b"one two"


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "gzip, br", "br, zstd"])
def test_a_bomb_can_be_stopped_before_it_bursts(coding: str) -> None:
    """64 MiB of zeros: whoever counts the pieces stops after a few, with little memory taken."""
    names = [name.strip() for name in coding.split(",")]
    packed = bytes(64 << 20)
    for name in names:
        packed = PACKERS[name](packed)
    tracemalloc.start()
    size = 0
    for piece in Decompressor(coding).feed(packed):
        size += len(piece)
        if size > 10 << 20:
            break
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert 10 << 20 < size < 20 << 20
    assert peak < 24 << 20


def unpacked(coding: str, packed: bytes, size: int = 7) -> tuple[bytes, bool]:
    decompressor = Decompressor(coding)
    pieces = [
        piece for at in range(0, len(packed), size) for piece in decompressor.feed(packed[at : at + size])
    ]
    return b"".join(pieces), decompressor.finished


@given(st.binary(max_size=300), st.integers(1, 50))
def test_a_plain_body_labelled_gzip_is_taken_as_it_is(rest: bytes, size: int) -> None:
    """As browsers do: some servers label whatever they send."""
    for body in (b"<!doctype html>" + rest, b"\x1f<" + rest, b"a"):
        assert unpacked("gzip", body, size) == (body, True)
    assert unpacked("gzip, gzip", gzip.compress(b"<p>once" + rest), size) == (b"<p>once" + rest, True)


@given(st.binary(min_size=50, max_size=300), st.integers(0, 100), st.integers(1, 50))
def test_whatever_follows_the_first_member_leaves_it_whole(data: bytes, cut: int, size: int) -> None:
    second = gzip.compress(data)
    for tail in (
        second[: min(cut, len(second))],
        bytes(cut),
        data,
        second[:20] + data,
        b"\x1f\x8b\x08" + data,
    ):
        body, finished = unpacked("gzip", gzip.compress(b"the page") + tail, size)
        assert body.startswith(b"the page")
        assert finished


@pytest.mark.parametrize("trailer", [b"", b"\0\0", b"\0" * 8, b"\xff" * 8])
def test_a_missing_or_wrong_checksum_costs_nothing(trailer: bytes) -> None:
    assert unpacked("gzip", gzip.compress(b"the page")[:-8] + trailer) == (b"the page", True)


def test_every_field_of_a_header_is_passed_over() -> None:
    bare = gzip.compress(b"the page", mtime=0)
    for flags, fields in (
        (4, b"\3\0abc"),
        (8, b"name\0"),
        (16, b"comment\0"),
        (2, b"\0\0"),
        (30, b"\1\0ana\0me\0cc"),
    ):
        packed = bare[:3] + bytes([flags]) + bare[4:10] + fields + bare[10:]
        assert unpacked("gzip", packed) == (b"the page", True)


def test_a_header_without_end_is_given_up() -> None:
    with pytest.raises(NoPage):
        unpacked("gzip", b"\x1f\x8b\x08\x08" + b"x" * 1_000_000, size=10_000)


@pytest.mark.parametrize("coding", ["br", "zstd", "deflate"])
def test_what_is_not_packed_as_it_says_is_unreadable(coding: str) -> None:
    with pytest.raises(NoPage) as failure:
        b"".join(Decompressor(coding).feed(b"<html>plain and simple" * 50))
    assert failure.value.judgement.verdict is Verdict.UNREADABLE


@pytest.mark.parametrize("coding", ["lzma", "gzip, gzip, gzip, gzip", "compress"])
def test_an_unknown_or_absurd_coding_is_unreadable(coding: str) -> None:
    with pytest.raises(NoPage) as failure:
        Decompressor(coding)
    assert failure.value.judgement.verdict is Verdict.UNREADABLE
