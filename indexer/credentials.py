"""User names and passwords in addresses: nobody is given them, so they are neither kept nor shown."""

from __future__ import annotations

import re

_CREDENTIALS = re.compile(r"((?:https?|ftps?|wss?|milvus(?:\+https)?):[/\\]{2,9})[^/?#\s\\]*@", re.IGNORECASE)
"""Where browsers see them, which take a backslash for a slash (URL standard, "authority state")."""


def without_credentials(text: str, instead: str = "") -> str:
    """An address, or a text with addresses, without what stands before a host and its ``@``."""
    return _CREDENTIALS.sub(lambda found: found[1] + instead, text)
