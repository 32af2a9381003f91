"""From the bytes of a file to its text, within bounds; what holds no text is refused by what it is."""

from __future__ import annotations

import gzip
import re
import zlib
from io import BytesIO
from typing import Final

from indexer.catalogue.importers.harvest import NotAList
from indexer.charset import decode
from indexer.filetypes import binary_kind

MAX_BYTES: Final = 16 << 20
"""Bytes of a list, unpacked. Ten thousand bookmarks with their icons are ten million."""
_GZIP = b"\x1f\x8b"
_BEFORE_TEXT = {b"%PDF": "a PDF document", b"{\\rtf": "an RTF document", b"%!PS": "a PostScript document"}
"""How documents begin that are no list, although other commands read some."""
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f\ufffd]")
_LOOKED_THROUGH: Final = 65_536
"""Characters searched for control characters."""


def open_text(content: bytes) -> str:
    """The text of a list, unpacked where it is gzip.

    Raises:
        NotAList: it is larger than ``MAX_BYTES``, broken gzip, or no text at all.
    """
    if content.startswith(_GZIP):
        content = _unpacked(content)
    if len(content) > MAX_BYTES:
        raise NotAList(f"larger than {MAX_BYTES >> 20} MiB; import it in parts")
    start = content[:512]
    documents = (kind for mark, kind in _BEFORE_TEXT.items() if start.lstrip().startswith(mark))
    if kind := binary_kind(start) or next(documents, ""):
        raise NotAList(f"it is {kind}, not a list of links")
    text = decode(content).lstrip("\ufeff")
    if len(_NO_TEXT.findall(text[:_LOOKED_THROUGH])) * 50 > len(text[:_LOOKED_THROUGH]):
        raise NotAList("it is binary data, not a list of links")
    return text


def _unpacked(content: bytes) -> bytes:
    """What a gzip file holds, never more of it than may be read."""
    try:
        with gzip.open(BytesIO(content)) as file:
            unpacked = file.read(MAX_BYTES + 1)
    except EOFError:
        raise NotAList("broken gzip: its end is missing") from None
    except (gzip.BadGzipFile, zlib.error) as error:
        raise NotAList(f"broken gzip: {error}") from None
    if len(unpacked) > MAX_BYTES:
        raise NotAList(f"unpacks to more than {MAX_BYTES >> 20} MiB; import it in parts")
    return unpacked
