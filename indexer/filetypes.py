"""What a file is that holds no text for us, by its first bytes.

After the WHATWG MIME Sniffing Standard, section 6, and the signatures of common programs.
"""

from __future__ import annotations

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
    b"OggS": "a sound or video",
    b"ID3": "a sound",
    b"\x1aE\xdf\xa3": "a video",
    b"\x00\x00\x00\x18ftyp": "a video",
    b"\x00\x00\x00\x20ftyp": "a video",
    b"wOF": "a font",
    b"\xd0\xcf\x11\xe0": "an old office document",
    b"SQLite format": "a database",
}


def binary_kind(start: bytes) -> str:
    """What the first bytes (some dozen are enough) say a file is; ``""`` where it may hold a text."""
    for signature, kind in _SIGNATURES.items():
        if start.startswith(signature):
            return kind
    return ""
