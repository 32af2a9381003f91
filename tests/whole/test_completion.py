"""The shells complete what library and catalogue have, and what they insert is what the program gets."""

from __future__ import annotations

import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer import Library
from indexer.cli.completion import bash_quoted, read_line
from indexer.records import Link
from tests.command import Run
from tests.store.shelving import Shelf, article, outcome
from tests.whole.shells import SHELLS, Shell

CATEGORIES = (
    "Event strategies",
    'It\'s "said" & done: $HOME `x`',
    "größe über alles",
    "C# (a|b) [x]; *?",
    "wow! so",
    "back\\slash ~ {a,b}",
)
LINKS = (
    *(Link(f"https://example.org/{at}", name) for at, name in enumerate(CATEGORIES)),
    Link("https://docs.example.org/a?b=c&d=(e)#f;~g", "Patterns", tags=("redis", "to read")),
    Link("https://example.net/%20x'y", "Processes", tags=("Redlock", "größe")),
)
BREAKS = " \t\n\"'><=;|&(:@"
"""What COMP_WORDBREAKS is unless somebody changed it."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library, and a catalogue that has one more link."""
    folder = tmp_path_factory.mktemp("library")
    shelf = Shelf(folder / "data")
    for link in LINKS:
        shelf.log().record(outcome(link, article(f"The text of {link.url}.")))
    shelf.publish(*LINKS)
    shelf.database.close()
    (folder / "catalogue.yaml").write_text(
        "categories:\n  To read: [{url: 'https://new.example.com/a', tags: [brand new]}]\n"
    )
    return folder


@pytest.fixture(scope="module", params=SHELLS)
def shell(
    request: pytest.FixtureRequest, folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Shell]:
    if not shutil.which(request.param):
        pytest.skip(f"{request.param} is not installed")
    home = tmp_path_factory.mktemp(request.param)
    (home / "my file.txt").touch()
    places = {"INDEXER_DATA": str(folder / "data"), "INDEXER_CATALOGUE": str(folder / "catalogue.yaml")}
    started = Shell(request.param, home, **places)
    yield started
    started.close()


@pytest.mark.slow
class TestInTheShells:
    @pytest.mark.parametrize("quote", ["", '"', "'"])
    @pytest.mark.parametrize("category", CATEGORIES)
    def test_a_category_whatever_signs_it_has(self, shell: Shell, category: str, quote: str) -> None:
        assert shell.words(f"ask x -c {quote}{category[:2]}\t") == ["ask", "x", "-c", category]

    @pytest.mark.parametrize(
        ("typed", "words"),
        [
            ("ask -c 'Event st\t", ["ask", "-c", "Event strategies"]),
            (r"ask -c Event\ st" + "\t", ["ask", "-c", "Event strategies"]),
            ("ask --category=Ev\t", ["ask", "--category=Event strategies"]),
            ('ask --category="Ev\t', ["ask", "--category=Event strategies"]),
            ("ask -c Ev\t--tag t\t-k 3", ["ask", "-c", "Event strategies", "--tag", "to read", "-k", "3"]),
            ("ask 'a b' \"c\" d\\ e --tag re\t", ["ask", "a b", "c", "d e", "--tag", "redis"]),
            ("ask x --site docs\t", ["ask", "x", "--site", "docs.example.org"]),
            ("ask --form\tcs\t", ["ask", "--format", "csv"]),
        ],
    )
    def test_a_line_as_it_is_typed(self, shell: Shell, typed: str, words: list[str]) -> None:
        assert shell.words(typed) == words

    @pytest.mark.parametrize("command", ["show", "history", "similar"])
    @pytest.mark.parametrize("typed", ["https://d", "'https://d", "htt\tdocs.example.org/a?b=c&"])
    def test_an_address_has_colons(self, shell: Shell, command: str, typed: str) -> None:
        if "&" in typed:
            typed = typed.replace("&", "\\&").replace("?", "\\?")
        assert shell.words(f"{command} {typed}\t") == [command, LINKS[-2].url]

    def test_an_address_with_a_quote(self, shell: Shell) -> None:
        assert shell.words("show https://example.n\t") == ["show", LINKS[-1].url]

    @pytest.mark.parametrize("command", ["crawl --only", "catalogue remove", "import"])
    def test_what_is_not_crawled_yet(self, shell: Shell, command: str) -> None:
        assert shell.words(f"{command} ht\t") == [*command.split(), "https://new.example.com/a"]

    @pytest.mark.parametrize(
        "command", ["crawl --only", "catalogue list -c", "catalogue add x -c", "catalogue import x --into"]
    )
    def test_the_categories_of_the_catalogue(self, shell: Shell, command: str) -> None:
        assert shell.words(f"{command} T\t") == [*command.split(), "To read"]

    def test_the_script_can_be_shown(self, shell: Shell) -> None:
        told = shell.run("--show-completion")
        assert f"INDEXER_COMPLETING={shell.name} " in told
        assert "%" not in told.replace("%s", "").replace("%$", "")

    def test_files_where_a_file_is_meant_and_nowhere_else(self, shell: Shell) -> None:
        assert shell.words("catalogue import my\t") == ["catalogue", "import", "my file.txt"]
        assert shell.words("import x my\t") == ["import", "x", "my file.txt"]
        assert shell.words("ask -c my\t") == ["ask", "-c", "my"]

    def test_where_there_is_no_library_nothing_is_said(self, shell: Shell) -> None:
        for command in ("ask --data /nowhere --site ex", "catalogue list --catalogue /no.yaml -c T"):
            assert shell.words(f"{command}\t") == command.split()
            assert "no library" not in shell.seen()
            assert "cannot be read" not in shell.seen()


@given(st.text(st.characters(exclude_categories=["C", "Z"]) | st.just(" ")), st.data())
def test_what_bash_is_given_reads_as_the_name(name: str, data: st.DataObject) -> None:
    """Wherever it was begun and in whatever quotes, as another reader of shell words has it."""
    quote = data.draw(st.sampled_from(["", "'", '"']))
    cut = data.draw(st.integers(0, len(name)))
    if quote == "'":
        cut = min(cut, (name + "'").index("'"))  # behind a quote in quotes no other quotes are open
    if quote == '"':
        name = re.sub("[$`]", "x", name)  # shlex leaves the backslash before them, as bash does not
    typed = read_line(f"indexer ask -c {quote}{bash_quoted(name[:cut], quote)}", BREAKS)
    assert (typed.words, typed.word, typed.quote) == (("ask", "-c"), name[:cut], quote)
    left, inserted = bash_quoted(name[: typed.kept], quote), bash_quoted(name[typed.kept :], quote)
    assert shlex.split(f"{quote}{left}{inserted}{quote or chr(39) * 2}") == [name]


def test_a_line_with_the_word_breaks_of_bash() -> None:
    assert read_line("indexer show https://a.b/?c=d", BREAKS).kept == len("https://a.b/?c=")
    assert read_line(r"indexer show https://a.b/?c\=d", BREAKS).kept == len("https:")
    assert read_line("indexer show https://a.b/?c=d", " ").kept == 0
    assert read_line("indexer ask ", BREAKS).words == ("ask",)


def offered(run: Run, monkeypatch: pytest.MonkeyPatch, *words: object) -> list[str]:
    """What a shell is offered for the last of these words, without what is told of it."""
    monkeypatch.setenv("INDEXER_COMPLETING", "fish")
    ended = run(*words)
    assert (ended.code, ended.err) == (0, "")
    return [line.partition("\t")[0] for line in ended.out.splitlines()]


def test_the_library_that_is_named_is_looked_at(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(folder))
    for data in (folder / "data", "~/data", "$HOME/data"):
        assert offered(run, monkeypatch, "ask", "--data", data, "--tag", "r") == ["redis"]
    assert offered(run, monkeypatch, "ask", "--data", "~/data", "--tag", "") == [
        "größe", "redis", "Redlock", "to read",
    ]  # fmt: skip


def test_where_there_is_no_library_the_catalogue_is_looked_at(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = ("--data", folder / "nowhere")
    monkeypatch.setenv("INDEXER_CATALOGUE", str(folder / "catalogue.yaml"))
    assert offered(run, monkeypatch, "ask", *places, "-c", "") == ["To read"]
    assert offered(run, monkeypatch, "ask", *places, "--tag", "b") == ["brand new"]
    assert offered(run, monkeypatch, "show", *places, "") == ["https://new.example.com/a"]
    monkeypatch.setenv("INDEXER_CATALOGUE", str(folder / "no.yaml"))
    assert offered(run, monkeypatch, "ask", *places, "-c", "") == []


def test_a_name_that_would_drive_the_terminal_is_not_offered(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shelf = Shelf(tmp_path / "data")
    links = (Link("https://a.example/", "Evil\x1b[2J"), Link("https://b.example/", "Even\nmore"))
    for link in (*links, Link("https://c.example/", "Everything")):
        shelf.log().record(outcome(link, article(link.url)))
    shelf.publish(*links, Link("https://c.example/", "Everything"))
    shelf.database.close()
    assert offered(run, monkeypatch, "ask", "--data", tmp_path / "data", "-c", "E") == ["Everything"]


def test_nothing_is_done_while_it_is_completed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert offered(run, monkeypatch, "--version", "ask", "--form") == ["--format"]


def test_a_notebook_has_the_tags_of_every_article(folder: Path) -> None:
    with Library.open(folder / "data") as opened:
        assert opened.tags == ["größe", "redis", "Redlock", "to read"]
        assert opened.articles()["tags"].tolist() == [list(link.tags) for link in LINKS]
