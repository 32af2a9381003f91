"""How many words a text has: one count for thin pages, shrunken texts, reports and expectations.

Also which scripts are written without blanks, for all who take texts apart into words.
"""

from __future__ import annotations

import re
from typing import Final

UNSPACED: Final = (
    "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u1000-\u103f\u1050-\u109f\u1780-\u17d3"
    "\u3005-\u3007\u3041-\u309f\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U0003ffff"
)
"""The characters of scripts without blanks between words, as ranges of a character class: Thai, Lao, Burmese,
Khmer, kana and ideographs. Their digits and punctuation are not among them."""

CHARACTERS_A_WORD: Final = 2
"""Of a script without blanks: a rule of thumb, as the count tells texts from stubs and no more."""

_UNSPACED: Final = re.compile(f"[{UNSPACED}]")


def count_words(text: str) -> int:
    """Words as a reader would count them: by white space, and two characters each where there is none."""
    if text.isascii():
        return len(text.split())
    spaced, characters = _UNSPACED.subn(" ", text)
    if not characters:
        return len(text.split())
    # What is left between the characters may be their punctuation.
    others = sum(any(map(str.isalnum, chunk)) for chunk in spaced.split())
    return others + -(-characters // CHARACTERS_A_WORD)
