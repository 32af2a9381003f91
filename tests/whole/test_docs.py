"""README and docs are true: their commands run, show what is shown, and lead where they say.

A page's commands run one after the other in one shell, in a folder like a user's: the shipped catalogue, the
demo's library as ``data``, and the replayed web as the network.
"""

from __future__ import annotations

import doctest
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from markdown_it import MarkdownIt
from ruamel.yaml import YAML

from indexer.catalogue import load
from indexer.evaluate.questions import load_questions
from indexer.records import Verdict
from tests.replaying import Replay

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
ELSEWHERE = re.compile(
    r"(\.venv/bin/)?((pip|jupyter|pipx|uv) |indexer (demo|open \d|ask -i|--install-completion)\b)"
)
"""What needs the network, a person or a browser. Of these the demo has tests/whole/test_demo.py, `open`, the
prompt and completion have tests of their own; the extras that pip is asked for are looked up below."""
PARAGRAPH = "<p>It shows a system as four diagrams that zoom in.</p>"
FILES = {
    "bookmarks.html": '<!DOCTYPE NETSCAPE-Bookmark-file-1><DL><DT><A HREF="https://example.org/a">A</A></DL>',
    "links.csv": "title,url\nB,https://example.org/b\n",
    "reading-list.md": "# Later\n\n- [C](https://example.org/c)\n",
    "c4.html": f"<title>C4</title><h1>The C4 model</h1>{PARAGRAPH * 40}",
}
"""What the pages speak of as the reader's own."""


@dataclass(frozen=True)
class Step:
    """A command, and what is shown below it."""

    command: str
    shown: str


def blocks(page: Path, language: str) -> list[str]:
    """The texts of a page's blocks in a language."""
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return [token.content for token in tokens if token.type == "fence" and token.info == language]


def steps(page: Path) -> Iterator[Step]:
    """A page's commands in order."""
    for block in blocks(page, "console"):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, shown = part.partition("\n")
            yield Step(command.partition("  #")[0].strip(), shown.strip())


def run_all(commands: list[str], folder: Path, environment: dict[str, str]) -> list[tuple[int, str]]:
    """How each command ended and what it wrote, in one shell, so that ``$?`` is the one before's."""
    line = "{command}\ncode=$?; printf '\\0%s\\0' $code; (exit $code)\n"
    script = "".join(line.format(command=command) for command in commands)
    ended = subprocess.run(
        ["/bin/bash", "-c", script], cwd=folder, env=environment, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
    )  # fmt: skip
    parts = ended.stdout.split("\0")[:-1]
    return [(int(code), said) for said, code in zip(parts[::2], parts[1::2], strict=True)]


@pytest.fixture
def folder(tmp_path: Path, demo_library: Path) -> Path:
    """A user's folder."""
    shutil.copy(ROOT / "catalogue.yaml", tmp_path)
    shutil.copy(ROOT / "data" / "sample" / "questions.yaml", tmp_path)
    shutil.copytree(demo_library, tmp_path / "data")
    shutil.copytree(demo_library, tmp_path / "data" / "demo")
    for name, content in FILES.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    # A cache of its own, as it holds the last answer; with the models' exports of all tests.
    models = Path(os.environ["INDEXER_CACHE"]) / "models"
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "models").symlink_to(models)
    program = tmp_path / ".venv" / "bin" / "indexer"
    program.parent.mkdir(parents=True)
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m indexer "$@"\n')
    program.chmod(0o755)
    return tmp_path


def surroundings(folder: Path, replay: Replay) -> dict[str, str]:
    """The environment of a user who has the program on the path."""
    own = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("INDEXER_") or "CACHE" in name
    }
    path = f"{folder / '.venv' / 'bin'}{os.pathsep}{own['PATH']}"
    python = os.pathsep.join(filter(None, [str(ROOT), own.get("PYTHONPATH")]))
    cache = str(folder / "cache")
    return {**own, **replay.environment, "PATH": path, "PYTHONPATH": python, "INDEXER_CACHE": cache}


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_and_show_what_it_shows(
    page: Path, folder: Path, replay: Callable[[int], Replay]
) -> None:
    told = [step for step in steps(page) if not ELSEWHERE.match(step.command)]
    commands = [
        f"make -C '{ROOT}' -n {step.command[5:]} > make.txt"
        if step.command.startswith("make ")
        else step.command
        for step in told
    ]
    ended = run_all(commands, folder, surroundings(folder, replay(1)))
    assert len(ended) == len(told)
    same = doctest.OutputChecker().check_output
    for number, (step, (code, said)) in enumerate(zip(told, ended, strict=True)):
        explained = told[number + 1 :][:1] == [Step("echo $?", str(code))]
        assert code == 0 or explained, f"{step.command}: {said}"
        if step.shown:
            loosely = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
            assert same(step.shown, said, loosely), f"{step.command} shows:\n{said}"


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_python_of_a_page_runs(page: Path, folder: Path) -> None:
    lines = "\n".join(blocks(page, "python"))
    if not lines:
        pytest.skip("it has none")
    subprocess.run([sys.executable, "-c", lines], cwd=folder, check=True, capture_output=True)


def test_every_catalogue_and_question_file_is_one(tmp_path: Path) -> None:
    read = 0
    for page in PAGES:
        for block in blocks(page, "yaml"):
            if block.startswith("services:"):
                continue  # Compose's
            (file := tmp_path / f"{page.stem}-{read}.yaml").write_text(block, encoding="utf-8")
            if isinstance(YAML(typ="safe").load(block), list):
                assert load_questions(file)
            else:
                assert load(file).links
            read += 1
    assert read


def test_the_extras_that_are_installed_exist() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for page in PAGES:
        for name in re.findall(r"'(?:indexer|\.)\[(\w+)\]'", page.read_text(encoding="utf-8")):
            assert f"\n{name} = [" in project


def test_every_bad_verdict_is_explained() -> None:
    text = (ROOT / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    rows = "".join(line for line in text.splitlines() if line.startswith("| `"))
    assert set(re.findall(r"`(\w+)`", rows)) >= {v.value for v in Verdict if not v.good}


def test_the_site_builds_and_no_link_in_it_is_broken(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(tmp_path)]
    quiet = {**os.environ, "NO_MKDOCS_2_WARNING": "1"}
    ended = subprocess.run(command, cwd=ROOT, env=quiet, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    for page in tmp_path.rglob("*.html"):
        loaded = re.findall(r'(?:src|<link[^>]* href)="(https?:[^"]*)"', page.read_text(encoding="utf-8"))
        assert not loaded, f"{page.name} loads from elsewhere"
