"""Web archives as others write them: which pages are taken, and what hostile ones cost."""

from __future__ import annotations

import gzip
import io
import json
import struct
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import brotli
import pytest
from hypothesis import given
from hypothesis import strategies as st
from warcio.statusandheaders import StatusAndHeaders
from warcio.warcwriter import WARCWriter

from indexer.catalogue import WebArchive, web_archive
from indexer.catalogue.importers import warc as warc_module
from indexer.catalogue.importers import web_archives
from indexer.catalogue.importers.warc import answer_in
from indexer.errors import UsageError
from indexer.records import Page
from tests.command import Run

MOST = 1 << 20
HTML = b"<!doctype html><title>A page</title><p>text"
Capture = tuple[str, int, dict[str, str], bytes]


def record(
    url: str, body: bytes = HTML, status: int = 200, kind: str = "text/html", **headers: str
) -> Capture:
    return url, status, {"content-type": kind, **{k.replace("_", "-"): v for k, v in headers.items()}}, body


def warc(*captures: Capture, packed: bool = True) -> bytes:
    """A WARC file as warcio writes it."""
    file = io.BytesIO()
    writer = WARCWriter(file, gzip=packed)
    writer.write_record(writer.create_warcinfo_record("a.warc", {"software": "x"}))
    for url, status, headers, body in captures:
        http = StatusAndHeaders(f"{status} OK", list(headers.items()), protocol="HTTP/1.1")
        made = writer.create_warc_record(
            url, "response", io.BytesIO(body), http_headers=http,
            warc_headers_dict={"WARC-Date": "2020-01-02T03:04:05.6Z"},
        )  # fmt: skip
        request = StatusAndHeaders("GET / HTTP/1.1", [("Host", "a")], is_http_request=True)
        writer.write_request_response_pair(
            writer.create_warc_record(url, "request", http_headers=request), made
        )
    return file.getvalue()


def wacz(*pages: str, **files: bytes) -> bytes:
    """A WACZ file with a list of these pages; in names of ``files``, ``__`` is a slash, ``_dot_`` a dot."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("datapackage.json", "{}")
        lines = [{"format": "json-pages-1.0", "id": "pages"}, *({"url": url, "title": "x"} for url in pages)]
        archive.writestr("pages/pages.jsonl", "\n".join(map(json.dumps, lines)))
        for name, data in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), data)
    return content.getvalue()


def opened(tmp_path: Path, content: bytes) -> WebArchive:
    path = tmp_path / "a.warc"
    path.write_bytes(content)
    archive = web_archive(path, most=MOST)
    assert archive
    return archive


def read(tmp_path: Path, content: bytes) -> list[Page]:
    return list(opened(tmp_path, content).pages())


@pytest.mark.parametrize("packed", [True, False])
def test_documents_of_a_warc_file_are_its_pages(tmp_path: Path, packed: bool) -> None:
    archive = opened(
        tmp_path,
        warc(
            record("https://a.example.org/"),
            record("https://a.example.org/a.png", b"\x89PNG", kind="image/png"),
            record("https://a.example.org/a.css", b"p {}", kind="text/css"),
            record("https://a.example.org/paper", b"%PDF-1.4", kind="application/pdf"),
            record("https://a.example.org/gone", status=404),
            record("https://a.example.org/from", b"", 301, location="/to"),
            record("https://me:secret@a.example.org/mine"),
            record("ftp://a.example.org/x"),
            record("https://a.example.org/robots.txt", b"User-agent: *", kind="text/plain"),
            packed=packed,
        ),
    )
    pages = list(archive.pages())
    assert [page.url for page in pages] == [
        "https://a.example.org/", "https://a.example.org/paper", "https://a.example.org/mine",
    ]  # fmt: skip
    assert pages[0].body == HTML
    assert pages[0].fetched_at.isoformat() == "2020-01-02T03:04:05+00:00"
    assert dict(archive.left_out) == {"without a good answer": 1}
    assert not archive.remarks


def test_a_wacz_file_lists_its_pages(tmp_path: Path) -> None:
    """Only those are taken, under the addresses of the list, and where they lead to."""
    content = wacz(
        "http://www.a.example.org/start", "https://b.example.org/moved", "https://c.example.org/notes.txt",
        archive__one_dot_warc_dot_gz=warc(
            record("https://www.a.example.org/start?utm_source=x"),
            record("https://ads.example.org/frame"),
            record("https://b.example.org/moved", b"", 302, location="/there"),
        ),
        archive__two_dot_warc=warc(
            record("https://b.example.org/there"),
            record("https://c.example.org/notes.txt", b"notes", kind="text/plain"),
            packed=False,
        ),
    )  # fmt: skip
    assert [(page.url, page.final_url) for page in read(tmp_path, content)] == [
        ("http://www.a.example.org/start", "https://www.a.example.org/start?utm_source=x"),
        ("https://b.example.org/moved", "https://b.example.org/there"),
        ("https://c.example.org/notes.txt", "https://c.example.org/notes.txt"),
    ]


def test_a_list_without_pages_is_none(tmp_path: Path) -> None:
    content = wacz(archive__a_dot_warc=warc(record("https://a.example.org/"), packed=False))
    assert [page.url for page in read(tmp_path, content)] == ["https://a.example.org/"]


def chunked(body: bytes, size: int = 7) -> bytes:
    parts = [body[at : at + size] for at in range(0, len(body), size)]
    return b"".join(b"%x;ext=1\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ({}, HTML),
        ({"content-encoding": "gzip"}, gzip.compress(HTML, mtime=0)),
        ({"content-encoding": "br"}, brotli.compress(HTML)),
        ({"content-encoding": "gzip"}, HTML),  # kept unpacked, the headers as they came
        ({"transfer-encoding": "chunked"}, chunked(HTML)),
        ({"transfer-encoding": "chunked"}, HTML),
        ({"transfer-encoding": "chunked", "content-encoding": "deflate"}, chunked(zlib.compress(HTML))),
        ({"content-length": "3"}, HTML),
    ],
)
@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/1.0", "HTTP/2", "HTTP/2.0"])
def test_a_body_is_unpacked_as_it_came(headers: dict[str, str], body: bytes, protocol: str) -> None:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    answer = answer_in(f"{protocol} 200 OK\r\n{head}\r\n".encode() + body, most=MOST)
    assert answer
    assert answer.body == HTML
    assert not {"content-encoding", "transfer-encoding"} & set(answer.headers)


@given(st.binary(max_size=300))
def test_any_content_is_an_answer_or_none(content: bytes) -> None:
    for head in (b"", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"):
        answer = answer_in(head + content, most=100)
        assert answer is None or len(answer.body) <= len(content) + 100


def test_members_may_be_many_and_empty(tmp_path: Path) -> None:
    """As of programs that pack in pieces, with zeros between them."""
    whole = warc(record("https://a.example.org/"), record("https://b.example.org/"), packed=False)
    pieces = [whole[at : at + 9] for at in range(0, len(whole), 9)]
    packed = b"".join(gzip.compress(piece) + gzip.compress(b"") + b"\0\0" for piece in pieces)
    archive = opened(tmp_path, packed)
    assert [page.url for page in archive.pages()] == ["https://a.example.org/", "https://b.example.org/"]
    assert archive.remarks == []


def test_a_file_that_is_cut_gives_what_was_before(tmp_path: Path) -> None:
    whole = warc(record("https://a.example.org/"), record("https://b.example.org/"), packed=False)
    archive = opened(tmp_path, whole[: whole.rindex(b"<p>text")])
    assert [page.url for page in archive.pages()] == ["https://a.example.org/"]
    assert archive.remarks == ["it is cut off; what came before was taken"]


@pytest.mark.parametrize(
    ("rest", "why"),
    [
        (b"GET / HTTP/1.1", "something else"),
        (b"WARC/1.0\r\nA: b\r\n\r\n", "does not tell its length"),
        (b"WARC/1.0\r\nContent-Length: -5\r\n\r\n", "does not tell its length"),
        (b"WARC/1.0\r\n" + b"A: b\r\n" * 20_000, "no end"),
        (b"WARC/1.0\r\n" + b"A" * (1 << 20), "no end"),
        (b"WARC/1.0\r\nWARC-Type: response\r\nContent-Length: 999999999999\r\n\r\nabc", "cut off"),
    ],
)
def test_a_broken_record_ends_it(tmp_path: Path, rest: bytes, why: str) -> None:
    for pack in (bytes, gzip.compress):
        archive = opened(tmp_path, pack(warc(record("https://a.example.org/"), packed=False) + rest))
        assert [page.url for page in archive.pages()] == ["https://a.example.org/"]
        assert why in archive.remarks[0]


def bomb(size: int) -> bytes:
    """A gzip file of so many zeros, as the content of one record."""
    packer = zlib.compressobj(9, wbits=31)
    head = b"WARC/1.0\r\nWARC-Type: response\r\nWARC-Target-URI: https://a.example.org/\r\n"
    parts = [packer.compress(head + b"Content-Length: %d\r\n\r\n" % size)]
    parts += [packer.compress(bytes(1 << 20)) for _ in range(size >> 20)]
    return b"".join(parts) + packer.flush()


@pytest.fixture
def small_budget(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if a bomb were small: what counts is the ratio."""
    monkeypatch.setattr(warc_module.Budget, "LEAST", 4 << 20)


@pytest.mark.usefixtures("small_budget")
def test_bombs_are_refused(tmp_path: Path) -> None:
    deflated = io.BytesIO()
    with zipfile.ZipFile(deflated, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("pages/pages.jsonl", b'{"url": "https://a.example.org/"}\n' + b" " * (32 << 20))
        archive.writestr("archive/a.warc", b"WARC/1.0\r\n")
    name = io.BytesIO()
    with zipfile.ZipFile(name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("archive/a.warc.gz", b"\x1f\x8b\x08\x08\0\0\0\0\0\0" + b"n" * (32 << 20))
    for content in (
        bomb(32 << 20),
        wacz(archive__a_dot_warc_dot_gz=bomb(32 << 20)),
        deflated.getvalue(),
        name.getvalue(),
    ):
        assert len(content) < 100_000
        with pytest.raises(
            UsageError, match=r"a\.warc: (unpacks to far more|its list of pages is far too long)"
        ):
            read(tmp_path, content)


def test_a_page_that_is_a_bomb_is_left_out(tmp_path: Path) -> None:
    """Both as the content of a record, and packed within it; the others are taken."""
    packed = gzip.compress(bytes(MOST + 1))
    archive = opened(
        tmp_path,
        warc(
            record("https://a.example.org/large", bytes(MOST + 1)),
            record("https://a.example.org/bomb", packed, content_encoding="gzip"),
            record("https://a.example.org/"),
        ),
    )
    assert [page.url for page in archive.pages()] == ["https://a.example.org/"]
    assert archive.left_out.total() == 2


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "C:\\x", "..\\x"])
def test_paths_that_lead_out_are_refused(tmp_path: Path, name: str) -> None:
    content = io.BytesIO(wacz(archive__a_dot_warc=warc(record("https://a.example.org/"), packed=False)))
    with zipfile.ZipFile(content, "a") as archive:
        archive.writestr(name, "x")
    with pytest.raises(UsageError, match="it names a file outside of itself"):
        read(tmp_path, content.getvalue())


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_ways_of_packing_are_refused(tmp_path: Path, method: int) -> None:
    content = io.BytesIO(wacz())
    with zipfile.ZipFile(content, "a", method) as archive:
        archive.writestr("archive/a.warc", b"WARC/1.0")
    with pytest.raises(UsageError, match="packed otherwise than by deflate"):
        read(tmp_path, content.getvalue())


def test_a_list_of_files_is_bounded_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = io.BytesIO(wacz())
    with zipfile.ZipFile(content, "a") as archive:
        for number in range(10_001):
            archive.writestr(f"archive/{number}.warc", b"")
    with pytest.raises(UsageError, match="which is too many"):
        read(tmp_path, content.getvalue())
    lying = bytearray(content.getvalue())
    at = lying.rindex(b"PK\x05\x06")
    struct.pack_into("<HH", lying, at + 8, 1, 1)  # the count is made small; its size is what it is
    monkeypatch.setattr(web_archives, "_MAX_DIRECTORY", 500_000)
    with pytest.raises(UsageError, match="which is too many"):
        read(tmp_path, bytes(lying))


def with_zip64(content: bytes, count: int, *, marked: bool) -> bytes:
    """A ZIP file with the records of ZIP64 put in, which tell so many files; ``marked`` where they count."""
    at = content.rindex(b"PK\x05\x06")
    end = bytearray(content[at:])
    length, offset = struct.unpack_from("<LL", end, 12)
    if marked:
        struct.pack_into("<HHLL", end, 8, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    record = struct.pack("<4sQHHLLQQQQ", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, offset)
    locator = struct.pack("<4sLQL", b"PK\x06\x07", 0, at, 1)
    return content[:at] + record + locator + bytes(end)


def test_zip64_is_read_and_bounded(tmp_path: Path) -> None:
    """Programs that write as they go mark everything so, however small it is."""
    content = wacz("https://a.example.org/", archive__a_dot_warc=warc(record("https://a.example.org/")))
    pages = read(tmp_path, with_zip64(content, 3, marked=True))
    assert [page.url for page in pages] == ["https://a.example.org/"]
    for marked in (True, False):
        with pytest.raises(UsageError, match="which is too many"):
            read(tmp_path, with_zip64(content, 1 << 40, marked=marked))


def test_more_pages_than_a_list_has_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web_archives, "MAX_LIST", 2)
    captures = [record(f"https://a.example.org/{number}") for number in range(3)]
    with pytest.raises(UsageError, match="more than 2 pages; import it in parts"):
        read(tmp_path, warc(*captures))
    monkeypatch.setattr(warc_module, "MAX_RECORDS", 3)
    with pytest.raises(UsageError, match="more than 3 records; import it in parts"):
        read(tmp_path, warc(*captures))


@given(data=st.data())
def test_damage_anywhere_is_told_or_passed_over(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    whole = data.draw(st.sampled_from(SOUND))
    damaged = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged"
    path.write_bytes(damaged[: data.draw(st.integers(1, len(whole)))])
    with suppress(UsageError):
        archive = web_archive(path, most=MOST)
        assert len(list(archive.pages()) if archive else []) <= 2


SOUND = [
    warc(record("https://a.example.org/"), record("https://b.example.org/")),
    warc(record("https://a.example.org/"), packed=False),
    wacz("https://a.example.org/", archive__a_dot_warc_dot_gz=warc(record("https://a.example.org/"))),
]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (warc(record("https://a.example.org/a.png", b"x", kind="image/png")), "found no pages to import"),
        (
            warc(record("https://a.example.org/", b"<title>x</title>")),
            "found no pages to import in this WARC",
        ),
        (b"PK\x03\x04 no archive", "a broken ZIP archive"),
    ],
)
def test_what_has_no_pages_is_told_in_one_line(run: Run, tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "a.warc").write_bytes(content)
    catalogue = tmp_path / "c.yaml"
    ended = run(
        "catalogue", "import", tmp_path / "a.warc", "--catalogue", catalogue, "--data", tmp_path / "data"
    )
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err.splitlines()[-1]
    assert not catalogue.exists()


def test_a_zip_file_of_something_else_is_called_what_it_is(run: Run, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.docx", "w") as archive:
        archive.writestr("word/document.xml", "x")
    ended = run("catalogue", "import", tmp_path / "a.docx", "--catalogue", tmp_path / "c.yaml")
    assert "a ZIP archive or office document, not a list of links" in ended.err
