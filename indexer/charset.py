"""Bytes to text as browsers read them, whatever a page or a list says about its own charset.

Labels mean what the WHATWG Encoding Standard says, which is often a superset: ``gb2312`` is read as gb18030,
``iso-8859-1`` as windows-1252. A byte that fits nothing costs its own character and nothing else.
"""

from __future__ import annotations

import codecs
import re

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF32_LE, "utf-32-le"), (codecs.BOM_UTF32_BE, "utf-32-be"),
         (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))  # fmt: skip
_COMMENT = re.compile(rb"<!--.*?(?:-->|$)", re.DOTALL)
_META = re.compile(rb"<meta[\s/]([^>]*)", re.IGNORECASE)
_XML_ENCODING = re.compile(rb"\s*<\?xml[^>]*?\sencoding\s*=\s*[\"']?([\w.:+-]+)", re.IGNORECASE)
_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w.:+-]+)", re.IGNORECASE)
_PRESCAN = 4096
"""Bytes searched for a declaration; HTML's prescan asks for 1024, real heads are longer."""
_SAMPLE = 20_000
"""Bytes shown to the detector, around the first that is not ASCII."""
_ENOUGH = 0.1
"""The share of bytes above 127 from which on a text is hardly in a Latin script, and frequencies tell."""
_NEARLY = 4
"""Whole UTF-8 sequences for each broken one, from which on a text is UTF-8. Chinese and Korean text in its
own charset has six broken ones for each that is whole by chance, other text hardly a whole one."""
_MOSTLY = 4
"""Bytes above 127 for each that does not fit, from which on a declared charset is believed."""
_BEYOND = {
    "gbk": "gb18030",  # the standard gives both one decoder
    "iso-2022-jp": "iso2022_jp_ext",  # with half-width katakana
    "x-user-defined": "cp1252",  # HTML, "prescan a byte stream", for a meta element
}
"""Python codecs that read more of what the standard's decoder of this name reads than its namesake."""
_JAPANESE = frozenset({"euc_jp", "iso2022_jp_ext"})
_STATEFUL = frozenset({"iso2022_jp_ext", "iso2022_kr", "hz"})
"""Charsets whose bytes are all ASCII, which would pass for UTF-8. Browsers refuse some as a danger to their
scripts (the standard's "replacement"); here is nothing but text."""


def decode(body: bytes, content_type: str = "") -> str:
    """The text of a body: BOM first, then UTF-8 where it nearly is, then what is declared, then a guess.

    UTF-8 goes before a declaration, as bytes that make valid UTF-8 hardly ever mean anything else
    (RFC 3629, section 1). Bytes that no declaration fits are left to charset-normalizer, and read as
    windows-1252 (as browsers do) where that is not sure.
    """
    for bom, name in _BOMS:
        if body.startswith(bom):
            return body[len(bom) :].decode(name, "replace")
    declared = [name for name in (_parameter(content_type), _meta(body)) if name]
    if name := _beside_ascii(body, declared):
        return _decoded(body, name)
    text = body.decode("utf-8", "replace")
    if _is_utf8(body, text):
        return text
    tried = (_fitting(body, name) for name in declared)
    fitting = next((other for other in tried if other is not None), None)
    return body.decode(_detected(body), "replace") if fitting is None else fitting


def _parameter(content_type: str) -> str:
    match = _CHARSET.search(content_type.encode("ascii", "replace"))
    return _codec(match[1]) if match else ""


def _meta(body: bytes) -> str:
    """What the page declares in its first bytes; there, UTF-16 can't be meant (HTML, "prescan")."""
    head = body[:_PRESCAN]
    if match := _XML_ENCODING.match(head):
        labels = [match[1]]
    else:
        metas = (meta[1] for meta in _META.finditer(_COMMENT.sub(b"", head)))
        labels = [match[1] for meta in metas if (match := _CHARSET.search(meta))]
    name = next(filter(None, map(_codec, labels)), "")
    return "utf-8" if name.startswith("utf-16") else name


def _codec(label: bytes) -> str:
    """Python's codec for a label, ``""`` for one that neither browsers nor Python know as a charset."""
    from webencodings import lookup

    name = label.decode("ascii", "replace").lower()
    encoding = lookup(name)
    if encoding is not None and encoding.name != "replacement":
        return _BEYOND.get(encoding.name, encoding.codec_info.name)
    try:
        b"".decode(name)
        return codecs.lookup(name).name
    except (LookupError, ValueError):
        return ""


def _beside_ascii(body: bytes, declared: list[str]) -> str:
    """The charset of a body whose ASCII bytes are no ASCII text, ``""`` for any other.

    UTF-16 is known by its bytes and not by its label, which pages in UTF-8 bear as well.
    """
    head = body[: _PRESCAN & ~1]
    zeros = head[0::2].count(0), head[1::2].count(0)
    if sum(zeros) * 10 > len(head) and min(zeros) * 10 < max(zeros):
        return "utf-16-be" if zeros[0] > zeros[1] else "utf-16-le"
    if body.isascii():
        return next((name for name in declared if name in _STATEFUL), "")
    wide = next((name for name in declared if name.startswith("utf-16")), "")
    return wide if wide and _strictly(body, wide) is not None else ""


def _is_utf8(body: bytes, text: str) -> bool:
    """Whether a text decoded from UTF-8 is whole but for a few broken sequences."""
    marks = text.count("\ufffd")
    broken = marks - body.count(b"\xef\xbf\xbd")
    whole = len(text) - marks - (len(body) - _high(body))
    return broken * _NEARLY <= whole


def _fitting(body: bytes, name: str) -> str | None:
    """The body in a declared charset, None where too much of it does not fit."""
    text = _decoded(body, name)
    if name == "utf-8":
        return None if _looks_western(body) else text
    return text if text.count("\ufffd") * _MOSTLY <= _high(body) else None


def _decoded(body: bytes, name: str) -> str:
    return body.decode(name, "indexer.jis" if name in _JAPANESE else "replace")


def _high(body: bytes) -> int:
    """How many bytes are no ASCII."""
    return len(body.translate(None, bytes(range(128))))


def _rows_of_vendors(error: UnicodeError) -> tuple[str, int]:
    """The characters that NEC and IBM added to JIS X 0208, which Python has in cp932 only."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    pair = error.object[error.start : error.start + 2]
    row, cell = (byte & 0x7F for byte in pair) if len(pair) == 2 and pair[0] >> 7 == pair[1] >> 7 else (0, 0)
    if 0x21 <= row <= 0x7E and 0x21 <= cell <= 0x7E:  # the way from JIS to Shift_JIS
        lead = (row + 1) // 2 + (0x70 if row <= 0x5E else 0xB0)
        trail = cell + (0x7E if row % 2 == 0 else 0x1F if cell < 0x60 else 0x20)
        if text := _strictly(bytes((lead, trail)), "cp932"):
            return text, error.start + 2
    return "\ufffd", error.end


codecs.register_error("indexer.jis", _rows_of_vendors)


def _strictly(body: bytes, name: str) -> str | None:
    """The body in this charset, None where it does not fit."""
    try:
        return body.decode(name)
    except ValueError:
        return None


def _looks_western(body: bytes) -> bool:
    """Whether bytes above 127 mostly touch ASCII letters and make no UTF-8, as accents in windows-1252."""
    high = _high(body)
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
