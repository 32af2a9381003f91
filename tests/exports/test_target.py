"""Where an export is written: whole or not at all, and never over what somebody else wrote."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from indexer.errors import UsageError
from indexer.exports import ExportForm, export_library, form_of, lines, vault
from tests.command import Run
from tests.exports.conftest import SECOND
from tests.store.shelving import Shelf

FORMS = list(ExportForm)


@pytest.mark.parametrize("form", FORMS)
def test_an_export_is_replaced_by_the_next(library: Shelf, tmp_path: Path, form: ExportForm) -> None:
    place = tmp_path / "exports"
    place.mkdir()
    export_library(library.folder, place / "out", form)
    library.publish(SECOND)
    made = export_library(library.folder, place / "out", form)
    assert (made.generation, made.set_aside) == (2, "")
    assert [path.name for path in place.iterdir()] == ["out"]


@pytest.mark.parametrize("form", FORMS)
def test_what_is_no_export_is_refused_and_put_aside_when_told(
    library: Shelf, tmp_path: Path, form: ExportForm
) -> None:
    path = tmp_path / "out"
    folder = form in (ExportForm.markdown, ExportForm.parquet)
    mine = path / "mine" if folder else path
    mine.parent.mkdir(exist_ok=True)
    mine.write_text("mine")
    with pytest.raises(UsageError, match="no export of this format wrote it; name another place, or --force"):
        export_library(library.folder, path, form)
    assert mine.read_text() == "mine"
    made = export_library(library.folder, path, form, force=True)
    aside = Path(made.set_aside)
    assert (aside / "mine" if folder else aside).read_text() == "mine"
    assert not (path / "mine").exists()


def test_a_note_written_into_a_vault_is_not_lost(library: Shelf, tmp_path: Path) -> None:
    vault_folder = tmp_path / "vault"
    export_library(library.folder, vault_folder, ExportForm.markdown)
    note = next(vault_folder.rglob("*.md"))
    before = note.read_text(encoding="utf-8")
    for path, text in ((note, f"{before}\nmine"), (vault_folder / "new.md", "x")):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(UsageError, match=r"changed since \((new|.*-[0-9a-f]{8})\.md\)"):
            export_library(library.folder, vault_folder, ExportForm.markdown)
        note.write_text(before, encoding="utf-8")
    (vault_folder / "new.md").unlink()
    (vault_folder / "linked.md").symlink_to(note)
    with pytest.raises(UsageError, match=r"linked\.md"):
        export_library(library.folder, vault_folder, ExportForm.markdown)


@pytest.mark.parametrize("form", [ExportForm.jsonl, ExportForm.markdown])
def test_one_that_fails_leaves_the_last_one(
    library: Shelf, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, form: ExportForm
) -> None:
    place = tmp_path / "exports"
    place.mkdir()
    export_library(library.folder, place / "out", form)
    before = {path: path.read_bytes() for path in place.rglob("*") if path.is_file()}

    def fails(held: object) -> str:
        raise RuntimeError("broken off")

    monkeypatch.setattr(lines, "_as_object", fails)
    monkeypatch.setattr(vault, "markdown_of", fails)
    with pytest.raises(RuntimeError):
        export_library(library.folder, place / "out", form)
    assert {path: path.read_bytes() for path in place.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("name", "form"),
    [
        ("a.jsonl", "jsonl"), ("a.JSONL", "jsonl"), ("a.parquet", "parquet"), ("a.warc.gz", "warc"),
        ("a.opml", "opml"), ("bookmarks.html", "bookmarks"), ("datasette.yaml", "datasette"),
    ],
)  # fmt: skip
def test_the_name_tells_the_form(name: str, form: str) -> None:
    assert form_of(Path("x") / name) == form


def test_the_command_tells_what_it_wrote(run: Run, library: Shelf, tmp_path: Path) -> None:
    ended = run("export", tmp_path / "a.jsonl", "--data", library.folder, "-c", "Patterns")
    assert (ended.code, ended.out) == (0, f"{tmp_path / 'a.jsonl'}: 2 articles, 8 passages as jsonl\n")
    told = json.loads(run("export", "markdown", tmp_path / "v", "--data", library.folder, "--json").out)
    assert (told["format"], told["counts"], told["generation"]) == ("markdown", {"articles": 3}, 1)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["export", "nothing"], 2, "the name tells no format"),
        (["export", "xml", "a"], 2, "no format 'xml'; there are jsonl, parquet"),
        (["export", "jsonl", "no/such/a"], 2, "no/such: no such folder"),
        (["export", "jsonl", "a", "-c", "Patern"], 2, "no category 'Patern'; did you mean 'Patterns'?"),
        (["export", "jsonl", "a", "--site", "x.org"], 2, "no site 'x.org'"),
        (["export", "jsonl", "."], 2, "is no file, and this format is one"),
        (["export", "jsonl", "x" * 300], 1, "cannot be written (File name too long)"),
    ],
)
def test_mistakes_are_one_line(
    run: Run,
    library: Shelf,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    code: int,
    said: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    ended = run(*arguments, "--data", library.folder)
    assert (ended.code, ended.out, ended.err.count("\n")) == (code, "", 1)
    assert said in ended.err
