"""The raw pages as a web archive (WARC 1.1, ISO 28500:2017), each record a gzip member of its own.

A page that a host sent is a ``response``; one that a browser made or a person saved is a ``resource``, as no
host sent these bytes. What a page's address was in the catalogue stands in a header of our own, so that
`indexer catalogue import` gives the page back to the same link.
"""

from __future__ import annotations

from http import HTTPStatus
from io import BytesIO
from typing import TYPE_CHECKING, BinaryIO, Final
from urllib.parse import quote

from indexer import __version__
from indexer.catalogue.importers.warc import PAGE_HEADER
from indexer.errors import MissingExtra
from indexer.escaping import safe
from indexer.exports.selection import Counts, HeldArticle, RawPage, Selection

if TYPE_CHECKING:
    from warcio.recordloader import ArcWarcRecord
    from warcio.warcwriter import WARCWriter

WARC_BEGIN: Final = b"software: indexer "
_NOT_OF_THE_BODY = frozenset({"content-encoding", "transfer-encoding", "content-length", "connection"})
"""Headers that speak of how a body came; it is kept unpacked."""


def write_warc(selection: Selection, file: BinaryIO) -> Counts:
    """Write the pages of the articles; those whose page is not kept any more are counted.

    Raises:
        MissingExtra: warcio is not installed.
    """
    try:
        from warcio.warcwriter import WARCWriter
    except ModuleNotFoundError as error:
        raise MissingExtra("WARC needs warcio", "export") from error
    writer = WARCWriter(file, gzip=True, warc_version="WARC/1.1")
    about = {"software": f"indexer {__version__}", "format": "WARC File Format 1.1"}
    writer.write_record(writer.create_warcinfo_record("indexer-export.warc.gz", about))
    counts = {"pages": 0, "without_page": 0}
    for held in selection.articles():
        page = selection.raw_page(held)
        if page is None:
            counts["without_page"] += 1
        else:
            writer.write_record(_page_record(writer, held, page))
            counts["pages"] += 1
    return counts


def _page_record(writer: WARCWriter, held: HeldArticle, page: RawPage) -> ArcWarcRecord:
    from warcio.statusandheaders import StatusAndHeaders

    headers = {
        "WARC-Date": held.fetched_at.replace("+00:00", "Z"),
        PAGE_HEADER: safe(held.page_url),
    }
    kind = page.headers.get("content-type", "")
    if page.rendered or not page.status:
        return writer.create_warc_record(
            _ascii(held.final_url),
            "resource",
            payload=BytesIO(page.body),
            warc_content_type=_header_value(kind) or "application/octet-stream",
            warc_headers_dict=headers,
        )
    fields = [
        (name, _header_value(value))
        for name, value in page.headers.items()
        if name.lower() not in _NOT_OF_THE_BODY
    ]
    fields.append(("content-length", str(len(page.body))))
    return writer.create_warc_record(
        _ascii(held.final_url),
        "response",
        payload=BytesIO(page.body),
        http_headers=StatusAndHeaders(f"{page.status} {_phrase(page.status)}", fields, protocol="HTTP/1.1"),
        warc_headers_dict=headers,
    )


def _phrase(status: int) -> str:
    return next((known.phrase for known in HTTPStatus if known == status), "")


def _header_value(text: str) -> str:
    """A header's value on one line of Latin-1, as HTTP has it."""
    return " ".join(safe(text).split()).encode("latin-1", "replace").decode("latin-1")


def _ascii(url: str) -> str:
    """An address in ASCII: what is not stands as it is escaped in UTF-8 (RFC 3987, section 3.1)."""
    return "".join(sign if "!" <= sign <= "~" else quote(sign, safe="") for sign in url)
