"""Reading catalogue.yaml: what is valid, and one clear line with file and line number for what is not."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer.catalogue import add, check, load, schema
from indexer.errors import CatalogueError, UnknownName
from indexer.records import Expect, Fallback, Follow, Link

Write = Callable[[str | bytes], Path]

FULL = """\
categories:
  Patterns:
    - url: https://redis.io/docs/reference/patterns/distributed-locks/
      title: Distributed locks with Redis
      note: redlock
      follow: page
      expect: {title_any: [lock], min_words: 300}
      fallbacks: [{kind: full_copy, url: https://example.org/copy}, https://example.org/plain]
      archive: false
      tags: [locks, redis]
    - url: https://c4model.com/
      follow: {mode: site, depth: 2, allow: [/abstractions, /diagrams*], deny: [/bingo], max_pages: 30}
  Reading:
    - https://example.org/a+b%20c,d.#:~:text=A%20b,c.
"""


@pytest.fixture
def written(tmp_path: Path) -> Write:
    """Writes a catalogue and returns its path."""

    def write(content: str | bytes) -> Path:
        path = tmp_path / "catalogue.yaml"
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


def error(path: Path) -> str:
    with pytest.raises(CatalogueError) as caught:
        load(path)
    message = str(caught.value)
    assert "\n" not in message, "an error is one line"
    return message


def test_every_key_of_the_interface_is_understood(written: Write) -> None:
    """The documented example reads as documented, URLs verbatim."""
    catalogue = load(written(FULL))
    assert catalogue.categories == ("Patterns", "Reading")
    assert catalogue.links == (
        Link(
            url="https://redis.io/docs/reference/patterns/distributed-locks/",
            category="Patterns",
            title="Distributed locks with Redis",
            note="redlock",
            tags=("locks", "redis"),
            expect=Expect(("lock",), 300),
            fallbacks=(
                Fallback("https://example.org/copy", "full_copy"),
                Fallback("https://example.org/plain", "full_copy"),
            ),
            archive=False,
        ),
        Link(
            url="https://c4model.com/",
            category="Patterns",
            follow=Follow("site", 2, ("/abstractions", "/diagrams*"), ("/bingo",), 30),
        ),
        Link(url="https://example.org/a+b%20c,d.#:~:text=A%20b,c.", category="Reading"),
    )


def test_plain_lists_of_urls_are_a_catalogue(written: Write) -> None:
    """A category may be just its URLs; an empty category and an empty key count as nothing."""
    catalogue = load(
        written("categories:\n  A:\n    - http://a.org\n  B:\n  C: [{url: http://b.org, note: }]\n")
    )
    assert [link.url for link in catalogue.links] == ["http://a.org", "http://b.org"]
    assert catalogue.categories == ("A", "B", "C")


def test_links_and_categories_are_found_by_name_or_the_nearest_is_offered(written: Write) -> None:
    """A misspelt category or URL is answered with the nearest ones."""
    catalogue = load(written(FULL))
    assert catalogue.link("https://c4model.com/").category == "Patterns"
    assert [link.url for link in catalogue.in_category("Reading")] == [catalogue.links[2].url]
    with pytest.raises(UnknownName, match="did you mean 'Patterns'"):
        catalogue.in_category("patern")
    with pytest.raises(UnknownName, match=r"did you mean 'https://c4model\.com/'"):
        catalogue.link("https://c4model.com")


def test_no_catalogue_says_how_to_make_one(tmp_path: Path) -> None:
    """Without a file the message names it and the command that makes one."""
    message = error(tmp_path / "none.yaml")
    assert "none.yaml" in message
    assert "indexer catalogue import" in message


def test_a_folder_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    """A folder is not a catalogue, said in one line."""
    assert "cannot read the catalogue" in error(tmp_path)


ONE = "categories:\n  A:\n    - url: https://a.org/\n"


@pytest.mark.parametrize(
    ("content", "line", "says"),
    [
        ("categories:\n  A:\n   - b: [1\n", 4, "broken YAML"),
        ("categories:\n\tA: 1\n", 2, "broken YAML"),
        (
            "categories:\n  A:\n    - https://a.org/\0\n",
            3,
            r"broken YAML: the character '\x00' is not allowed",
        ),
        ("categories: *x\n", 1, "broken YAML: found undefined alias 'x'"),
        ("categories: {}\n---\ncategories: {}\n", 2, "broken YAML"),
        (b"categories:\n  A:\n    - http://a.org/\xff\n", 3, "not UTF-8 text (byte 0xff)"),
        ("categories: " + "[" * 1500, 1, "nested too deeply"),
        ("categories: &a {A: *a}\n", 1, "nested too deeply"),
        ("categories: !!python/object:os.system {}\n", 1, "YAML tag"),
        ("categories:\n  ? [a, b]\n  : []\n", 1, "a key that is not plain text"),
        ("", 1, "no links yet"),
        ("# nothing\n", 1, "no links yet"),
        ("categories:\n", 1, "no links yet"),
        ("categories:\n  A: []\n", 1, "no links yet"),
        ("- https://a.org\n", 1, "must be a mapping that starts with 'categories:'"),
        ("just words\n", 1, "must be a mapping that starts with 'categories:'"),
        ("categories:\n  - https://a.org\n", 1, "'categories' must be a mapping of category names"),
        ("catgories:\n  A: []\n", 1, "unknown key 'catgories' in the file; did you mean 'categories'?"),
        ("categories:\n  A: https://a.org\n", 2, "category 'A' must be a list, not the text"),
        ("categories:\n  A:\n  - https://a.org\n  A:\n  - https://b.org\n", 4, "'A' is already at line 2"),
        ("categories:\n  A:\n    - 42\n", 3, "link 1 of 'A' must be a URL or a mapping with 'url:'"),
        (
            "categories:\n  A:\n    -\n",
            3,
            "link 1 of 'A' must be a URL or a mapping with 'url:', not nothing",
        ),
        ("categories:\n  A:\n    - title: x\n", 3, "link 1 of 'A' has no 'url'"),
        (ONE + "      titel: x\n", 4, "unknown key 'titel' in link 1 of 'A'; did you mean 'title'?"),
        (ONE + "      url: x\n", 4, "the key 'url' is already at line 3"),
        (ONE + "      qqq: x\n", 4, "unknown key 'qqq' in link 1 of 'A'; valid are url, title, note"),
        (ONE + "      title: 1984\n", 4, "'title' must be text, not the number 1984; put it in quotes"),
        (ONE + "      title: [a]\n", 4, "'title' must be text, not a list"),
        (ONE + '      title: "\\e[31m"\n', 4, r"control character '\x1b'"),
        (ONE + "      tags: one\n", 4, "'tags' must be a list, not the text 'one'"),
        (ONE + "      tags:\n        - one\n        - 2\n", 6, "item 2 of 'tags' must be text"),
        (ONE + "      archive: maybe\n", 4, "'archive' must be true or false, not the text 'maybe'"),
        (ONE + "      follow: pages\n", 4, "'follow' cannot be 'pages'; did you mean 'page'?"),
        (ONE + "      follow: [a]\n", 4, "'follow' must be a mapping, not a list"),
        (ONE + "      follow:\n        mode: sites\n", 5, "'mode' cannot be 'sites'; did you mean 'site'?"),
        (
            ONE + "      follow:\n        dept: 2\n",
            5,
            "unknown key 'dept' in 'follow'; did you mean 'depth'?",
        ),
        (ONE + "      follow: {max_pages: 0}\n", 4, "'max_pages' must be at least 1, not 0"),
        (ONE + "      follow: {depth: deep}\n", 4, "'depth' must be a whole number, not the text 'deep'"),
        (ONE + "      follow: {depth: 1.5}\n", 4, "'depth' must be a whole number"),
        (ONE + "      follow: {allow: [posts here]}\n", 4, "'posts here' is no path prefix"),
        (ONE + "      follow: {deny: [/a*/b]}\n", 4, "'/a*/b' is no path prefix"),
        (ONE + "      expect: {title_al: [a]}\n", 4, "did you mean 'title_any'?"),
        (ONE + "      fallbacks:\n        - not a url\n", 5, "malformed URL 'not a url'"),
        (ONE + "      fallbacks: [{url: http://b.org, kind: relatd}]\n", 4, "did you mean 'related'?"),
        (ONE + "      fallbacks: [{kind: related}]\n", 4, "item 1 of 'fallbacks' has no 'url'"),
        (
            ONE + "    - https://b.org\n    - https://a.org/\n",
            5,
            "duplicate URL https://a.org/ is already at line 3",
        ),
        (ONE + "  B:\n    - https://a.org/\n", 5, "duplicate URL https://a.org/ is already at line 3"),
        (ONE + "      titel: x\n      nte: y\n", 4, "(and 1 more)"),
    ],
)
def test_a_mistake_is_one_line_with_file_line_and_remedy(
    written: Write, content: str | bytes, line: int, says: str
) -> None:
    """Whatever is wrong, the message names file, line and what would be right."""
    path = written(content)
    message = error(path)
    assert message.startswith(f"{path}:{line}: ")
    assert says in message


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("www.example.org/a", "must start with http:// or https://"),
        ("ftp://example.org/", "must start with http:// or https://"),
        ("javascript:alert(1)", "must start with http:// or https://"),
        ("https://", "names no host"),
        ("https:///path", "names no host"),
        ("https://a..b/", "names no host"),
        ("https://exa mple.org/", "a blank at position 12"),
        ('"https://example.org/ "', "a blank at position 21"),
        ('"https://example.org/\\n"', "a blank at position 21"),
        ("https://example.org:99999/", "Port out of range"),
        ("https://[::1/", "Invalid IPv6"),
        ("<https://example.org/>", "must start with http"),
    ],
)
def test_a_malformed_url_is_refused_with_its_line(written: Write, url: str, says: str) -> None:
    """A URL that cannot be fetched is found when the catalogue is read."""
    message = error(written(f"categories:\n  A:\n    - https://ok.org/\n    - url: {url}\n"))
    assert ":4: malformed URL" in message
    assert says in message


def test_an_alias_bomb_ends_quickly_in_one_line(written: Write) -> None:
    """Aliases that would unfold to billions of values are refused."""
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 10)]
    assert "aliases that repeat too much" in error(written("\n".join(rows)))


def test_anchors_and_aliases_may_share_settings(written: Write) -> None:
    """An alias stands for what its anchor holds."""
    catalogue = load(
        written(
            "categories:\n  A:\n    - {url: http://a.org, expect: &e {min_words: 9}}\n"
            "    - {url: http://b.org, expect: *e}\n"
        )
    )
    assert [link.expect.min_words for link in catalogue.links] == [9, 9]


@pytest.mark.parametrize(
    ("written_as", "means"), [("no", False), ("off", False), ("true", True), ("Yes", True)]
)
def test_archive_takes_every_spelling_of_yes_and_no(written: Write, written_as: str, means: bool) -> None:
    """`archive: no` means what it says, whichever version of YAML its author has in mind."""
    assert load(written(ONE + f"      archive: {written_as}\n")).links[0].archive is means


def test_byte_order_mark_and_windows_line_ends_are_read(written: Write) -> None:
    """A file saved by a Windows editor is the same catalogue."""
    plain = load(written(FULL)).links
    assert load(written(b"\xef\xbb\xbf" + FULL.replace("\n", "\r\n").encode())).links == plain


def test_check_warns_of_what_is_valid_but_looks_unintended(written: Write) -> None:
    """Two spellings of a page, http beside https, credentials, rules without effect: each with its line."""
    path = written(
        "categories:\n"
        "  A:\n"
        "    - https://www.a.org/x/\n"
        "    - http://a.org/x#part\n"
        "    - https://b.org/\n"
        "    - http://b.org/y\n"
        "    - https://me:secret@c.org/\n"
        "    - url: https://d.org/\n"
        "      follow: {allow: [/x]}\n"
        "      fallbacks: [https://d.org/]\n"
    )
    warnings = check(path)
    assert [warning.removeprefix(f"{path}:").partition(":")[0] for warning in warnings] == [
        "4",
        "6",
        "7",
        "8",
        "8",
    ]
    assert "line 3 under another spelling" in warnings[0]
    assert "plain http" in warnings[1]
    assert "secret" not in warnings[2], "a password is not printed"
    assert check(written(FULL)) == ()


@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("watch: [event store, 'who leads?', event store]\n\n", ""),
        ("", "\n# what I care for\nwatch:\n  - event store\n  - who leads?\n"),
    ],
)
def test_saved_questions_stand_beside_the_categories(written: Write, above: str, below: str) -> None:
    assert load(written(FULL)).watch == ()
    path = written(above + FULL + below)
    assert load(path).watch == ("event store", "who leads?"), "each once"
    add(path, Link("https://example.org/new", "Fresh"))
    assert load(path).watch == ("event store", "who leads?")
    assert load(path).categories == ("Patterns", "Reading", "Fresh")


@pytest.mark.parametrize(
    ("watch", "told"),
    [("event store", "must be a list"), ("['?!']", "has no words"), ("[2024]", "put it in quotes")],
)
def test_what_is_no_question_is_told_with_its_line(written: Write, watch: str, told: str) -> None:
    message = error(written(f"{FULL}watch: {watch}\n"))
    assert f":{len(FULL.splitlines()) + 1}:" in message
    assert told in message


def test_the_schema_that_ships_is_the_one_the_code_holds() -> None:
    """Editors read the shipped file: it must say what the models say, titled and described."""
    shipped = Path(__file__).parents[2] / "indexer" / "catalogue" / "schema.json"
    assert json.loads(shipped.read_text()) == schema()
    assert schema()["title"] == "catalogue.yaml"
    entry = schema()["$defs"]["Entry"]
    assert set(entry["properties"]) == {
        "url", "title", "note", "tags", "follow", "expect", "fallbacks", "archive", "render",
    }  # fmt: skip
    assert all("description" in spec for spec in entry["properties"].values())
    assert entry["additionalProperties"] is False


def test_records_do_not_load_pydantic() -> None:
    """Packages that only need the nouns do not pay for the catalogue's validation."""
    import subprocess
    import sys

    code = "import sys, indexer.records; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
