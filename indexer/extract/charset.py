"""Bytes to text, whatever the page says about its own charset."""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
_META = re.compile(
    rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w.:-]+)|<\?xml[^>]{0,100}?encoding=[\"']([\w.:-]+)",
    re.IGNORECASE,
)
_PRESCAN = 4096
"""Bytes searched for a declaration; HTML's prescan asks for 1024, real heads are longer."""
_SAMPLE = 20_000
"""Bytes shown to the detector, around the first that is not ASCII."""
_ENOUGH = 0.1
"""The share of bytes above 127 from which on a text is hardly in a Latin script, and frequencies tell."""
# The WHATWG Encoding Standard reads these labels as windows-1252, as all browsers do.
_LATIN = {"ascii", "us-ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1"}


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a body: BOM first, then UTF-8 where the bytes are valid UTF-8, then what is declared.

    Valid UTF-8 with a byte above 127 is hardly ever anything else (RFC 3629, section 1), so it goes before
    a declaration of a one-byte charset, but not before a multi-byte one. Bytes that no declaration fits
    are left to charset-normalizer, and read as windows-1252 (as browsers do) where that is not sure.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    declared = [name for name in (_parameter(content_type), _meta(body)) if name]
    for name in declared:
        if name.startswith(("utf-16", "utf-32", "iso-2022", "hz")) and (text := _strictly(body, name)):
            return text
    for name in ("utf-8", *declared):
        if (text := _strictly(body, name)) is not None:
            return text
    if "utf-8" in declared and not _looks_western(body):
        return body.decode("utf-8", "replace")
    return body.decode(_detected(body), "replace")


def _parameter(content_type: str) -> str:
    match = re.search(r"charset\s*=\s*[\"']?\s*([\w.:-]+)", content_type, re.IGNORECASE)
    return _known(match[1]) if match else ""


def _meta(body: bytes) -> str:
    match = _META.search(body, 0, _PRESCAN)
    return _known((match[1] or match[2]).decode("ascii", "replace")) if match else ""


def _known(label: str) -> str:
    """The codec of a label, ``""`` for one that does not exist or does not make text."""
    if label.lower() in _LATIN:
        return "cp1252"
    try:
        codec = codecs.lookup(label)
        b"".decode(label)
    except (LookupError, ValueError):
        return ""
    return codec.name


def _strictly(body: bytes, name: str) -> str | None:
    """The body in this charset, None where it does not fit."""
    try:
        return body.decode(name)
    except ValueError:
        return None


def _looks_western(body: bytes) -> bool:
    """Whether bytes above 127 mostly touch ASCII letters and make no UTF-8, as accents in windows-1252."""
    high = sum(byte > 127 for byte in body)
    touching = len(re.findall(rb"[A-Za-z][\x80-\xff]|[\x80-\xff][A-Za-z]", body))
    sequences = sum(char > "\x7f" for char in body.decode("utf-8", "ignore"))
    return touching * 2 > high and sequences * 10 < high


def _detected(body: bytes) -> str:
    """The charset by its frequencies, where there are enough bytes above 127 to tell."""
    from charset_normalizer import from_bytes

    first = next((at for at, byte in enumerate(body) if byte > 127), 0)
    sample = body[max(0, first - _SAMPLE // 2) : first + _SAMPLE // 2]
    if sum(byte > 127 for byte in sample) < len(sample) * _ENOUGH:
        return "cp1252"
    best = from_bytes(sample).best()
    return "cp1252" if best is None else best.encoding
