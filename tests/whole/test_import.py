"""`indexer import`: a file saved by hand is read within the bounds of a crawl, or refused in one line."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest

from indexer import extract
from indexer.config import Config, ExtractConfig
from indexer.errors import Unreadable
from indexer.pipeline import importing, publishing
from indexer.records import Link
from indexer.store import inspection
from indexer.store.codec import inflated
from indexer.store.database import Database
from tests.command import Run
from tests.extract.paging import FILLER
from tests.fakes import HashEncoder

URL = "https://notes.example.org/page"
LINK = Link(URL, "Notes")
REPORTS = Path(__file__).parents[1] / "extract" / "reports"


@pytest.fixture
def take(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Imports a file within bounds, and gives the text that a reader of the library sees then."""
    monkeypatch.setattr(publishing, "open_encoder", lambda config: HashEncoder())

    def call(file: Path, **bounds: float) -> str:
        config = Config(data=tmp_path / "data", extract=ExtractConfig(**bounds))  # type: ignore[arg-type]
        importing.import_page(LINK, [LINK], file, config)
        return inspection.article(config.data, URL)[0].text

    return call


def pdf_bomb(pages: int, operators: int) -> bytes:
    """A small PDF whose pages share one content stream, which unpacks to lines of text without end."""
    stream = zlib.compress(b"BT /F1 9 Tf 50 700 Td (a line of a text) Tj ET\n" * operators, 9)
    kids = " ".join(f"{5 + at} 0 R" for at in range(pages))
    shape = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>/Contents 4 0 R>>"
    )
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        f"<</Type/Pages/Count {pages}/Kids[{kids}]>>".encode(),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
        b"<</Length %d/Filter/FlateDecode>>stream\n%s\nendstream" % (len(stream), stream),
        *[shape] * pages,
    ]
    return b"%PDF-1.4\n" + b"".join(
        b"%d 0 obj\n%s\nendobj\n" % (number, content) for number, content in enumerate(objects, start=1)
    ) + b"trailer<</Root 1 0 R/Size %d>>\n" % (len(objects) + 1)  # fmt: skip


@pytest.mark.parametrize(("pages", "operators"), [(1, 2_000_000), (5_000, 20_000)])
def test_a_bomb_ends_with_one_line(
    take: Callable[..., str], tmp_path: Path, pages: int, operators: int
) -> None:
    """It costs what a page may cost of time or memory, leaves no process, and nothing of it is kept."""
    file = tmp_path / "bomb.pdf"
    file.write_bytes(pdf_bomb(pages, operators))
    with pytest.raises(Unreadable, match=r"bomb\.pdf: (reading took longer than 2 s|the reader crashed)"):
        take(file, seconds=2)
    assert not [child for child in psutil.Process().children() if "indexer.workers" in child.cmdline()]
    assert not (tmp_path / "data").exists()


def test_a_reader_that_crashes_costs_the_file_alone(
    take: Callable[..., str],
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The PDF's library ends the process where it finds no memory; that is told once, by the error."""
    file = tmp_path / "bomb.pdf"
    file.write_bytes(pdf_bomb(1, 1_000_000))
    with pytest.raises(
        Unreadable, match=r"bomb\.pdf: (the reader crashed on this page|reading took more than)"
    ):
        take(file, memory=384 << 20)
    assert not caplog.records
    assert not capfd.readouterr().err


def test_a_page_with_pictures_inside_is_taken_whole(take: Callable[..., str], tmp_path: Path) -> None:
    """Larger than any page of a crawl may be, within a bound of its own."""
    file = tmp_path / "single.html"
    picture = "data:image/png;base64," + "iVBORw0KGgo" * 1_500_000
    file.write_text(
        f"<html><head><title>Notes</title></head><body><article><h1>Notes</h1><p>{FILLER}</p>"
        f"<img src='{picture}'><p>It stands after the picture. {FILLER}</p></article></body></html>"
    )
    assert "It stands after the picture." in take(file)
    with pytest.raises(Unreadable, match=r"single\.html: has more than 10 MiB"):
        take(file, file_bytes=10 << 20)


def test_a_web_archive_is_taken_as_its_page(take: Callable[..., str]) -> None:
    assert "“the old one” — stays." in take(REPORTS / "saved-by-chrome.mhtml")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html><body><script>start()</script></body></html>", "no text of an article"),
        (b"PK\x03\x04 and so on", "ZIP"),
        (b"", "empty"),
        (None, "cannot be read"),
    ],
)
def test_a_file_without_text_is_refused_and_nothing_changes(
    run: Run, tmp_path: Path, content: bytes | None, reason: str
) -> None:
    """One line with the file's name and the reason, exit code 1, and no library where there was none."""
    file, catalogue = tmp_path / "saved", tmp_path / "catalogue.yaml"
    catalogue.write_text(f"categories:\n  Notes:\n    - {URL}\n")
    if content is not None:
        file.write_bytes(content)
    ended = run("import", URL, file, "--catalogue", catalogue, "--data", tmp_path / "data")
    assert ended.code == 1
    assert ended.err.count("\n") == 1
    assert str(file) in ended.err.replace("\n", "")
    assert reason in ended.err
    assert not (tmp_path / "data").exists()


def test_a_saved_page_is_read_again_where_reading_has_improved(
    take: Callable[..., str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No host sent it, so that it has no headers."""
    file = tmp_path / "page.html"
    file.write_text(f"<title>Saved</title><p>{FILLER}")
    text = take(file)
    monkeypatch.setattr(extract, "VERSION", "another")
    config = Config(data=tmp_path / "data")
    publishing.reindex([LINK], config)
    with Database(config.data) as database:
        rows = database.rows("SELECT extractor, text FROM articles ORDER BY id")
    assert [row["extractor"] for row in rows][1:] == ["another"]
    assert {inflated(row["text"]) for row in rows} == {text}
