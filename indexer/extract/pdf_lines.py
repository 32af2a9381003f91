"""The lines of a PDF's page, as pdfium finds them, each with its place, type and wide gaps."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from indexer.extract.clean import printable

BOLD = 600
"""Font weight from which on type counts as bold (OpenType: semi-bold)."""
WIDE = 0.7
"""Widths of a gap, in heights of the type, from which on it may part two columns. A word space is 0.25, and
0.6 in badly justified lines; the narrowest gutters in print have one."""
MAX_OBJECTS = 5_000
"""Objects of a page that are looked at for rules; a page of a table has some hundred."""
THIN = 2.5
"""Points of height up to which something drawn is a rule."""
_LEFTWARD = re.compile(r"[^\u0590-\u08ff\ufb1d-\ufefc]*[\u0590-\u08ff\ufb1d-\ufefc]")
_LINE_FEED, _RETURN = 10, 13
_HYPHENS = (2, 0xFFFE)  # pdfium's signs for a hyphen that ends a line; it gives no line break after it
_ENDS_LINE = {_LINE_FEED, _RETURN, *_HYPHENS}
_OTHER_HYPHENS = ("\u2010", "\u00ad")


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a line without a wide gap; places in points from the page's lower left corner.

    ``size`` is the height of its type, scaling included, rounded to half points; ``base`` that of the line
    on which its letters stand, which is the same for all fonts.
    """

    text: str
    left: float
    right: float
    base: float
    size: float
    bold: bool


@dataclass(frozen=True, slots=True)
class TypeLine:
    """A line of type on a 1-based page; ``note`` where it belongs to a note at the foot of the page."""

    page: int
    pieces: tuple[Piece, ...]
    note: bool = False

    @property
    def text(self) -> str:
        """All its words."""
        return " ".join(piece.text for piece in self.pieces)

    @property
    def left(self) -> float:
        """Where it begins."""
        return self.pieces[0].left

    @property
    def right(self) -> float:
        """Where it ends."""
        return max(piece.right for piece in self.pieces)

    @property
    def top(self) -> float:
        """The upper edge of most of its type: letters reach three quarters of their height above the base."""
        return self._main.base + 0.75 * self._main.size

    @property
    def bottom(self) -> float:
        """The lower edge of most of its type."""
        return self._main.base - 0.25 * self._main.size

    @property
    def size(self) -> float:
        """The height of most of its type."""
        return self._main.size

    @property
    def bold(self) -> bool:
        """Whether most of its type is bold."""
        return self._main.bold

    @property
    def style(self) -> tuple[float, bool]:
        """Size and weight together, which tell headings from the text."""
        return self._main.size, self._main.bold

    @property
    def _main(self) -> Piece:
        return max(self.pieces, key=lambda piece: len(piece.text)) if len(self.pieces) > 1 else self.pieces[0]


@dataclass(frozen=True, slots=True)
class _Word:
    """A word, the number of its first character, and its place and height."""

    text: str
    first: int
    left: float
    right: float
    size: float


def page_lines(document: Any, number: int) -> list[TypeLine]:
    """The lines of a page (counted from 0) that are not blank, in the order pdfium gives."""
    with _PageText(document, number) as text:
        return list(text.lines())


def drawn_rules(document: Any, number: int) -> list[tuple[float, float, float]]:
    """The level lines drawn on a page (counted from 0): left end, right end and height, in points."""
    from ctypes import byref, c_float

    from pypdfium2 import raw

    sheet = document[number]
    left, bottom, right, top = c_float(), c_float(), c_float(), c_float()
    found = []
    for at in range(min(raw.FPDFPage_CountObjects(sheet), MAX_OBJECTS)):
        drawn = raw.FPDFPage_GetObject(sheet, at)
        if raw.FPDFPageObj_GetType(drawn) != raw.FPDF_PAGEOBJ_PATH:
            continue
        raw.FPDFPageObj_GetBounds(drawn, byref(left), byref(bottom), byref(right), byref(top))
        if top.value - bottom.value <= THIN:
            found.append((left.value, right.value, bottom.value))
    sheet.close()
    return found


class _PageText:
    """The text of one page of a document, open while its lines are read."""

    def __init__(self, document: Any, number: int) -> None:
        from ctypes import byref, c_double

        from pypdfium2 import raw

        self._raw = raw
        self._number = number
        self._sheet = document[number]
        self._open_text = self._sheet.get_textpage()
        self._text = self._open_text.raw
        self._box, self._across, self._up = raw.FS_RECTF(), c_double(), c_double()
        self._to_box, self._to_origin = byref(self._box), (byref(self._across), byref(self._up))

    def __enter__(self) -> _PageText:
        return self

    def __exit__(self, *_: object) -> None:
        self._open_text.close()
        self._sheet.close()

    def lines(self) -> Iterator[TypeLine]:
        words: list[_Word] = []
        characters: list[str] = []
        first = 0
        count = self._open_text.count_chars()
        unicode = self._raw.FPDFText_GetUnicode
        for at in range(count + 1):
            code = unicode(self._text, at) if at < count else _LINE_FEED
            ends_line = code in _ENDS_LINE
            if code in _HYPHENS:
                characters.append("-")
                first = first if len(characters) > 1 else at
            elif not ends_line and not chr(code).isspace():
                first = first if characters else at
                characters.append(chr(code))
                continue
            if characters:
                last = at if code in _HYPHENS else at - 1
                words += self._word("".join(characters), first, last)
                characters = []
            if len(words) > 1 and _jumps_back(words[-2], words[-1]):
                yield self._line(words[:-1])
                words = words[-1:]
            if ends_line and words:
                yield self._line(words)
                words = []

    def _word(self, text: str, first: int, last: int) -> Iterator[_Word]:
        """The word, unless nothing of it is printable."""
        hyphenated = text.endswith(_OTHER_HYPHENS)
        if not (text.isascii() and text.isprintable()):
            text = printable(text.rstrip("".join(_OTHER_HYPHENS))) + ("-" if hyphenated else "")
        if text:
            place = self._place(first)
            left, right, high = place.left, place.right, place.top - place.bottom
            if not text[0].isalnum():  # brackets are higher than letters
                letter = first + next((at for at, char in enumerate(text) if char.isalnum()), 0)
                place = self._place(min(letter, last))
                high = place.top - place.bottom
            if first != last:
                right = self._place(last).right
            yield _Word(text, first, left, right, round(high * 2) / 2)

    def _place(self, at: int) -> Any:
        """The box of a character, which the next call overwrites."""
        self._raw.FPDFText_GetLooseCharBox(self._text, at, self._to_box)
        return self._box

    def _base(self, at: int) -> float:
        self._raw.FPDFText_GetCharOrigin(self._text, at, *self._to_origin)
        return float(self._up.value)

    def _line(self, words: list[_Word]) -> TypeLine:
        wide = WIDE * _usual_size(words)
        runs: list[list[_Word]] = []
        for word in words:
            if not runs or word.left - runs[-1][-1].right > wide:
                runs.append([])
            runs[-1].append(word)
        return TypeLine(self._number + 1, tuple(self._piece(run) for run in runs))

    def _piece(self, words: list[_Word]) -> Piece:
        size = _usual_size(words)
        main = [word for word in words if word.size == size]
        samples = {main[0].first, main[len(main) // 2].first, main[-1].first}
        return Piece(
            " ".join(word.text for word in words),
            words[0].left,
            max(word.right for word in words),
            self._base(main[0].first),
            size,
            bold=sum(self._bold(at) for at in samples) * 2 > len(samples),
        )

    def _bold(self, at: int) -> bool:
        from ctypes import byref, c_int, create_string_buffer

        name, flags = create_string_buffer(128), c_int()
        self._raw.FPDFText_GetFontInfo(self._text, at, name, 128, byref(flags))
        return b"bold" in name.value.lower() or self._raw.FPDFText_GetFontWeight(self._text, at) >= BOLD


def _jumps_back(last: _Word, word: _Word) -> bool:
    """Whether a word begins another line, far left of the last one, in a script that goes to the right."""
    return word.left < last.left - 2 * word.size and not _LEFTWARD.match(word.text)


def _usual_size(words: list[_Word]) -> float:
    """The height of most letters."""
    sizes: Counter[float] = Counter()
    for word in words:
        sizes[word.size] += len(word.text)
    return sizes.most_common(1)[0][0]
