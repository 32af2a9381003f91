"""What a file is that holds no text for us, by its first bytes.

After the WHATWG MIME Sniffing Standard, section 6, and the signatures of common programs.
"""

from __future__ import annotations

import re
from typing import Final

_SIGNATURES: Final = {
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"GIF8": "a GIF picture",
    b"RIFF": "a sound, picture or video",
    b"PK\x03\x04": "a ZIP archive or office document",
    b"\x1f\x8b": "a gzip archive",
    b"7z\xbc\xaf": "a 7z archive",
    b"Rar!": "a RAR archive",
    b"\x7fELF": "a program",
    b"MZ\x90": "a program",
    b"\xcf\xfa\xed\xfe": "a program",
    b"\xca\xfe\xba\xbe": "a program",
    b"\x00asm": "a program",
    b"\xfd7zXZ\x00": "an xz archive",
    b"\x28\xb5\x2f\xfd": "a Zstandard archive",
    b"mozLz40\x00": "a compressed backup of Firefox",
    b"II*\x00": "a TIFF picture",
    b"MM\x00*": "a TIFF picture",
    b"\x00\x00\x01\x00": "an icon",
    b"fLaC": "a sound",
    b"OggS": "a sound or video",
    b"ID3": "a sound",
    b"\x1aE\xdf\xa3": "a video",
    b"wOF": "a font",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"SQLite format": "a database",
}
_PATTERNS: Final = {
    re.compile(rb"BZh[1-9]1AY&SY"): "a bzip2 archive",
    re.compile(rb"BM.{4}\0{4}", re.DOTALL): "a BMP picture",
    re.compile(rb"\0\0\0.ftyp", re.DOTALL): "a video or picture",
    re.compile(rb".{257}ustar", re.DOTALL): "a tar archive",
}


def binary_kind(start: bytes) -> str:
    """What the first bytes (300 are enough) say a file is; ``""`` where it may hold a text."""
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            return kind
    return next((kind for pattern, kind in _PATTERNS.items() if pattern.match(start)), "")
