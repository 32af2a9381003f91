"""Lists as programs export them: the content tells what each is, and its links come as they were meant."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from indexer.catalogue import dump, import_links, load
from indexer.catalogue.importers.harvest import LEFT_OUT
from tests.command import Run

REPORTS = Path(__file__).with_name("reports")
ROOT = "https://example.org"
Row = tuple[str, str, str, tuple[str, ...]]


def rows(source: str | bytes, name: str = "list") -> list[Row]:
    """What an import gives, short: category, the end of the URL, title, tags."""
    links = import_links(source, name=name).links
    assert all(link.url.startswith(ROOT) for link in links)
    return [(link.category, link.url.removeprefix(ROOT), link.title, link.tags) for link in links]


def notes(source: str | bytes) -> list[str]:
    return [link.note for link in import_links(source, name="list").links]


# --------------------------------------------------------- situations people reported


@pytest.mark.parametrize(
    ("name", "right"),
    [
        (
            "pocket.csv",
            [
                ("pocket", "/retries", "Retries, timeouts and backoff", ("ops", "reliability")),
                ("pocket", "/plain", "Plain title", ()),
                ("pocket", "/a,b,c", "Commas in the address", ()),
                ("pocket", "/two-lines", "The first line and the second", ("essays",)),
                ("pocket", "/untitled", "", ()),
            ],
        ),
        ("firefox.json", [("Databases", "/mvcc", "How MVCC works", ("db", "mvcc"))]),
        ("chrome.json", [("Consensus", "/raft", "Raft explained", ())]),
        (
            "bookmarks-no-doctype.html",
            [
                ("Folder12", "/12", "", ("x", "y")),
                ("Folder121", "/121", "", ()),
                ("bookmarks-no-doctype", "/after", "After", ()),
            ],
        ),
        (
            "bookmarks-script-in-title.html",
            [
                ("bookmarks-script-in-title", "/s1", "First", ("a", "b")),
                ("bookmarks-script-in-title", "/s2", "About the <script> element", ()),
                ("bookmarks-script-in-title", "/s3", "Third", ()),
                ("bookmarks-script-in-title", "/s4", "Fourth", ()),
                ("bookmarks-script-in-title", "/s5", "Blanks around the address", ()),
                ("bookmarks-script-in-title", "/s6", "Sixth", ()),
            ],
        ),
        ("bookmarks-cp1251.html", [("Программы", "/ru", "Статья", ())]),
        (
            "pockethtml.html",
            [
                ("Unread", "/p1", "First saved", ("search", "something else")),
                ("Unread", "/p0", "", ()),
                ("Read Archive", "/p2", "Second saved", ("db",)),
            ],
        ),
        (
            "feeds-twice.opml",
            [("databases", "/raft/", "Raft blog", ()), ("databases", "/tj", "Tom & Jerry", ())],
        ),
        ("sitemap.xml.gz", [("sitemap", "/x", "", ())]),
    ],
)
def test_reported_lists_give_their_right_values(
    run: Run, tmp_path: Path, name: str, right: list[Row]
) -> None:
    """Each was wrong in a tool like this one; here the command's own catalogue holds what is right."""
    path = tmp_path / "catalogue.yaml"
    assert run("catalogue", "import", REPORTS / name, "--catalogue", path).code == 0
    links = load(path).links
    assert [(link.category, link.url.removeprefix(ROOT), link.title, link.tags) for link in links] == right


def test_descriptions_of_bookmarks_are_their_notes() -> None:
    """What a person wrote below a bookmark stays with it; a link in there is no bookmark."""
    assert notes((REPORTS / "bookmarks-no-doctype.html").read_bytes()) == ["what it is", "", ""]
    assert notes((REPORTS / "bookmarks-script-in-title.html").read_bytes()) == (
        ["", "How it loads", "", "", "", "See this too"]
    )


@pytest.mark.parametrize(
    "markup", ["<script>", "<style>", "<textarea>", "<title>", "<!-- x", "<plaintext>", "<svg>"]
)
def test_markup_in_a_title_takes_no_bookmark_along(markup: str) -> None:
    """Whatever a title speaks of, what stands behind it is still there."""
    text = (
        "<!DOCTYPE NETSCAPE-Bookmark-file-1>\n<DL><p>"
        f'<DT><A HREF="{ROOT}/1">About {markup} and more</A>\n'
        f'<DT><H3>Later</H3><DL><p><DT><A HREF="{ROOT}/2">Two</A></DL><p></DL>'
    )
    assert [row[:2] for row in rows(text)] == [("list", "/1"), ("Later", "/2")]


# ------------------------------------------------------------------------ JSON


def listed(*links: dict[str, Any]) -> list[dict[str, Any]]:
    return list(links)


JSON_LISTS: dict[str, tuple[Any, list[Row]]] = {
    "Pinboard": (
        listed(
            {
                "href": f"{ROOT}/1",
                "description": "One",
                "extended": "said",
                "tags": "db mvcc",
                "toread": "no",
            },
            {"href": f"{ROOT}/2", "description": f"{ROOT}/2", "extended": "", "tags": "", "shared": "yes"},
        ),
        [("list", "/1", "One", ("db", "mvcc")), ("list", "/2", "", ())],
    ),
    "Karakeep": (
        {
            "bookmarks": [
                {
                    "title": None,
                    "tags": ["a"],
                    "content": {"type": "link", "url": f"{ROOT}/1"},
                    "lists": ["L"],
                },
                {"title": "A note", "tags": [], "content": {"type": "text", "text": f"see {ROOT}/no"}},
                {
                    "title": "Own",
                    "tags": [{"id": 1, "name": "db", "attachedBy": "ai"}],
                    "content": {
                        "type": "link",
                        "url": f"{ROOT}/3",
                        "title": "Theirs",
                        "favicon": f"{ROOT}/f.ico",
                    },
                },
            ],
            "lists": [{"id": "L", "name": "Databases", "parentId": None}],
        },
        [("Databases", "/1", "", ("a",)), ("list", "/3", "Own", ("db",))],
    ),
    "Linkwarden": (
        {
            "name": "Jo",
            "email": "jo@example.org",
            "image": f"{ROOT}/me.png",
            "collections": [
                {
                    "name": "Consensus",
                    "links": [
                        {"name": "Raft", "type": "url", "url": f"{ROOT}/raft", "preview": f"{ROOT}/p.png"}
                        | {"tags": [{"id": 3, "name": "db"}]}
                    ],
                }
            ],
            "rssSubscriptions": [{"name": "feed", "url": f"{ROOT}/feed.xml"}],
        },
        [("Consensus", "/raft", "Raft", ("db",))],
    ),
    "Raindrop": (
        {
            "items": [
                {"link": f"{ROOT}/r", "title": "R", "cover": f"{ROOT}/c.png", "tags": ["t"]}
                | {"media": [{"link": f"{ROOT}/m.png", "title": "picture"}], "collection": {"$id": 5}}
            ]
        },
        [("list", "/r", "R", ("t",))],
    ),
    "Pocket": (
        {
            "list": {
                "9": {"given_url": f"{ROOT}/g", "resolved_url": f"{ROOT}/res", "resolved_title": "T"}
                | {"tags": {"ops": {"tag": "ops"}}, "authors": {"1": {"name": "A", "url": f"{ROOT}/author"}}}
            }
        },
        [("list", "/g", "T", ("ops",))],
    ),
    "tabs": (
        {"version": 3, "lists": [{"title": "Reading", "cards": [{"title": "A", "url": f"{ROOT}/a"}]}]},
        [("Reading", "/a", "A", ())],
    ),
    "categories as keys": (
        {"Databases": [{"title": "A", "url": f"{ROOT}/a"}], "Ops": [{"name": "B", "url": f"{ROOT}/b"}]},
        [("Databases", "/a", "A", ()), ("Ops", "/b", "B", ())],
    ),
    "repositories": (
        listed(
            {"name": "r", "html_url": f"{ROOT}/o/r", "url": "https://api.example.org/r", "topics": ["x"]}
            | {"owner": {"login": "o", "html_url": f"{ROOT}/o"}}
        ),
        [("list", "/o/r", "r", ("x",))],
    ),
    "objects of addresses": (
        [{"url": f"{ROOT}/1"}, {"url": f"{ROOT}/2"}],
        [("list", "/1", "", ()), ("list", "/2", "", ())],
    ),
    "pages under pages": (
        [{"title": "A", "url": f"{ROOT}/a", "children": [{"title": "B", "url": f"{ROOT}/b"}]}],
        [("list", "/a", "A", ()), ("list", "/b", "B", ())],
    ),
    "bare addresses": ([f"{ROOT}/1", f"{ROOT}/2"], [("list", "/1", "", ()), ("list", "/2", "", ())]),
}


@pytest.mark.parametrize("service", JSON_LISTS)
def test_json_of_services_is_read_by_its_structure(service: str) -> None:
    """One reader for all: links with titles, tags and folders, and no icon, cover, author or feed."""
    tree, right = JSON_LISTS[service]
    assert rows(json.dumps(tree)) == right


def test_what_json_holds_that_is_no_web_page_is_counted() -> None:
    """Nothing disappears without being told."""
    imported = import_links((REPORTS / "firefox.json").read_bytes(), name="firefox.json")
    assert (imported.found, len(imported.links), imported.left_out) == (3, 1, {"no_web_address": 2})
    assert "left out: 2 links to what is no web page" in imported.remarks[0]


# ------------------------------------------------------------------------- CSV


@pytest.mark.parametrize(
    ("text", "right"),
    [
        (
            (
                "id,title,note,excerpt,url,folder,tags,created,cover\n"
                '1,"T, one",mine,ex,https://example.org/1,Up / Down,"a, b",2020,https://example.org/c.png\n'
                "2,Two,,ex,https://example.org/2,Unsorted,,2020,\n"
            ),
            [("Down", "/1", "T, one", ("a", "b")), ("Unsorted", "/2", "Two", ())],
        ),
        (
            (
                "URL,Title,Selection,Folder,Timestamp,Tags\nhttps://example.org/1,One,sel,Unread,13,[]\n"
                'https://example.org/2,Two,,Archive,13,"[""db"",""x y""]"\n'
            ),
            [("Unread", "/1", "One", ()), ("Archive", "/2", "Two", ("db", "x y"))],
        ),
        (
            "Titel;Wo;Wann\r\nEins;https://example.org/1;2020\r\nZwei;https://example.org/2;2021\r\n",
            [("list", "/1", "Eins", ()), ("list", "/2", "Zwei", ())],
        ),
        ("sep=;\ntitle;url\nA;https://example.org/a,b\n", [("list", "/a,b", "A", ())]),
        (
            "https://example.org/1\tOne\nhttps://example.org/2\tTwo\n",
            [("list", "/1", "One", ()), ("list", "/2", "Two", ())],
        ),
        (
            '"One, first",https://example.org/1\nTwo,https://example.org/2\n',
            [("list", "/1", "One, first", ()), ("list", "/2", "Two", ())],
        ),
        ("url\nhttps://example.org/a,b\n", [("list", "/a,b", "", ())]),
        (
            "https://example.org/a,b\nhttps://example.org/c,d\n",
            [("list", "/a,b", "", ()), ("list", "/c,d", "", ())],
        ),
    ],
    ids=[
        "Raindrop",
        "Instapaper",
        "semicolons",
        "for Excel",
        "tabs",
        "no header",
        "one column",
        "addresses with commas",
    ],
)
def test_csv_is_a_table_with_a_column_of_addresses(text: str, right: list[Row]) -> None:
    """Cells are cells: no title becomes part of an address, and no cover a link."""
    assert rows(text) == right


def test_rows_without_an_address_are_counted() -> None:
    """A row that has none is told, one with something else, and one whose address may have been cut."""
    text = f"title,url\nA,{ROOT}/a\nB,\nC,javascript:x\nD,{ROOT}/d,e\n"
    imported = import_links(text, name="list.csv")
    assert imported.left_out == {"no_address": 1, "no_web_address": 1, "misfit": 1}
    assert imported.found == 4


def test_the_own_note_goes_before_the_excerpt() -> None:
    """What the user wrote is the note; what the service cut from the page only where there is none."""
    text = f"title,note,excerpt,url\nA,mine,theirs,{ROOT}/a\nB,,theirs,{ROOT}/b\n"
    assert notes(text) == ["mine", "theirs"]


# ----------------------------------------------------------------- feeds and gzip

RSS = f"""<?xml version="1.0"?><rss version="2.0" xmlns:atom="http://www.w3.org/2005/Atom"><channel>
<title>Blog</title><link>{ROOT}/</link><atom:link href="{ROOT}/feed" rel="self"/>
<image><url>{ROOT}/i.png</url><link>{ROOT}/</link></image>
<item><title>One &amp;amp; two</title><link>{ROOT}/1</link><category>db</category>
<description>&lt;p&gt;Said &lt;b&gt;so&lt;/b&gt;&lt;/p&gt;</description><enclosure url="{ROOT}/a.mp3"/></item>
<item><title>By guid</title><guid>{ROOT}/2</guid></item><item><title>Nowhere</title></item></channel></rss>"""
ATOM = f"""<feed xmlns="http://www.w3.org/2005/Atom"><title>B</title><link href="{ROOT}/"/>
<entry><title>One</title><link rel="enclosure" href="{ROOT}/e"/><link href="{ROOT}/1"/>
<author><uri>{ROOT}/me</uri></author><category term="db"/></entry></feed>"""


def test_feeds_give_their_entries() -> None:
    """The pages that a feed is about: not itself, its home, its pictures or its sound."""
    assert rows(RSS) == [("list", "/1", "One & two", ("db",)), ("list", "/2", "By guid", ())]
    assert notes(RSS) == ["Said so", ""]
    assert import_links(RSS, name="x").left_out == {"no_address": 1}
    assert rows(ATOM) == [("list", "/1", "One", ("db",))]


@pytest.mark.parametrize("name", sorted(path.name for path in REPORTS.iterdir() if path.suffix != ".gz"))
def test_gzip_of_a_list_is_that_list(name: str) -> None:
    """However often it was packed in members."""
    content = (REPORTS / name).read_bytes()
    packed = gzip.compress(content[:50]) + gzip.compress(content[50:])
    assert import_links(packed, name=f"{name}.gz").links == import_links(content, name=name).links


# ------------------------------------------------------------- what holds for all

urls = st.sampled_from(
    [f"{ROOT}/{n}" for n in range(4)]
    + ["javascript:x", "place:y", "", "https://", "https://u:secret@example.org/x"]
)
entries = st.lists(st.tuples(urls, st.text(max_size=8)), max_size=8)


@given(entries=entries)
def test_counts_add_up_and_no_secret_comes_along(entries: list[tuple[str, str]]) -> None:
    """What the file had is what came and what was left out; the password of an address goes nowhere."""
    whole = [*entries, (f"{ROOT}/always", "x")]
    imported = import_links(json.dumps([{"url": url, "title": title} for url, title in whole]), name="x.json")
    assert imported.found == len(whole)
    assert imported.found == len(imported.links) + sum(imported.left_out.values())
    assert imported.left_out.keys() <= LEFT_OUT.keys()
    assert "secret" not in repr(imported)
    dump(imported.links)


def test_the_account_of_an_import_is_told_in_text_and_json(run: Run, tmp_path: Path) -> None:
    """What the file had, what came, what was known, what was left out and why."""
    path = tmp_path / "catalogue.yaml"
    ended = run("catalogue", "import", REPORTS / "firefox.json", "--catalogue", path)
    assert "1 link added" in ended.out
    assert "JSON list of 3 links" in ended.out
    assert "left out: 2 links" in ended.err
    ended = run("catalogue", "import", REPORTS / "firefox.json", "--catalogue", path, "--json")
    told = json.loads(ended.out)
    assert {key: told[key] for key in ("format", "found", "added", "known", "left_out")} == {
        "format": "JSON list",
        "found": 3,
        "added": 0,
        "known": 1,
        "left_out": {"no_web_address": 2},
    }
