"""Importing lists of links: the formats people have, and what a person would expect to find after."""

import contextlib
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from indexer.catalogue import dump, import_links
from indexer.errors import UsageError
from tests.shared_data import shared_data

Row = tuple[str, str, str, str]


def rows(source: str | bytes, *, into: str | None = None) -> list[Row]:
    """What an import gives, short: category, URL, title, note."""
    imported = import_links(source, name="list.md", into=into)
    return [(link.category, link.url, link.title, link.note) for link in imported.links]


# -------------------------------------------------------------------- Markdown


@pytest.mark.parametrize(
    ("item", "title", "note"),
    [
        ("https://a.org/x", "", ""),
        ("<https://a.org/x>", "", ""),
        ("https://a.org/x - why it is good", "", "why it is good"),
        ("https://a.org/x \u2013 why - really", "", "why - really"),
        ("https://a.org/x: why", "", ""),
        ("https://a.org/x why", "", "why"),
        ("[T](https://a.org/x)", "T", ""),
        ("[T](https://a.org/x) - why", "T", "why"),
        ("[T](https://a.org/x) — why", "T", "why"),
        ("[T](https://a.org/x): why", "T", "why"),
        ("[T](https://a.org/x) why it\n  runs on", "T", "why it runs on"),
        ('[T](https://a.org/x "hover") - why', "T", "why"),
        ("**[T](https://a.org/x)** - *why* `not`", "T", "why not"),
        ("[**T** `c`](https://a.org/x)", "T c", ""),
        ("[https://a.org/x](https://a.org/x)", "", ""),
        ("[a.org/x](https://a.org/x)", "", ""),
        ("[T][ref] - why\n\n[ref]: https://a.org/x", "T", "why"),
        ("[x] [T](https://a.org/x)", "T", ""),
        ("📔 [T](https://a.org/x)", "T", ""),
        ("[T](https://a.org/x) :star: - why", "T", "why"),
        ("[T](https://a.org/x) :small_orange_diamond:<sup>PDF</sup> - why", "T", "why"),
        ("[T](https://a.org/x) ![badge](https://img.org/b.svg) - why", "T", "why"),
        ("T - https://a.org/x", "T", ""),
        ("T: [link](https://a.org/x)", "T", ""),
        ("The book [T](https://a.org/x)", "T", "The book"),
        ('<a href="https://a.org/x">T</a> - why', "T", "why"),
        ("[T](https://a.org/x) - a fork of [other](https://b.org/)", "T", "a fork of other"),
        ("[T](https://a.org/x)\n  - said below", "T", "said below"),
        ("[T](https://a.org/x)\n\n  A paragraph.", "T", "A paragraph."),
    ],
)
def test_a_list_item_gives_url_title_and_note(item: str, title: str, note: str) -> None:
    """However people write a link and what they say of it, both are found."""
    found = rows(f"## C\n\n- {item}\n")
    if item == "https://a.org/x: why":  # a bare URL is verbatim up to the blank, so the colon is its own
        assert found == [("C", "https://a.org/x:", "", "why")]
    else:
        assert found == [("C", "https://a.org/x", title, note)]


@pytest.mark.parametrize(
    "url",
    [
        "https://a.org/en_us/x_y_/*z*",
        "https://a.org/a+b%20c,d.",
        "https://a.org/#:~:text=A%20b,and%20c.",
        "https://a.org/wiki/A_(b)",
        "https://a.org/?q=a&copy=1&amp=2",
        "https://a.org/日本/ü",
        "http://a.org",
        "https://a.org/x!?;",
        "https://a.org:8080/~x/$(y)",
    ],
)
def test_a_bare_url_is_taken_verbatim(url: str) -> None:
    """Nothing of the address is escaped, trimmed or decoded: it is the link's identity."""
    assert [row[1] for row in rows(f"# C\n- {url}\n- {url}/2 - note\n{url}/3")] == [
        url,
        f"{url}/2",
        f"{url}/3",
    ]
    assert [row[1] for row in rows(f"{url}\n")] == [url]


@pytest.mark.parametrize(
    "url",
    ["https://a.org/a+b%20c,d.", "https://a.org/日本/ü", "https://a.org/wiki/A_(b)", "https://a.org/*x*_y_"],
)
def test_a_titled_url_is_taken_verbatim(url: str) -> None:
    """An address in parentheses is not percent-encoded either."""
    assert rows(f"- [T]({url}) - n")[0][1:] == (url, "T", "n")


def test_urls_in_running_text_end_with_the_sentence_and_are_left_out_of_lists() -> None:
    """A list's prose is no entry, and it is said how much was left out."""
    text = "Read [the guide](https://g.org/) first, or (https://h.org/x).\n\n- https://a.org/\n"
    imported = import_links(text, name="list.md")
    assert [link.url for link in imported.links] == ["https://a.org/"]
    assert imported.remarks == ("left out: 2 links that running text only mentions",)


def test_a_document_of_prose_gives_the_links_it_mentions() -> None:
    """Where there is no list, the links in the text are what there is to import."""
    assert [
        row[1] for row in rows("See https://a.org/x. Or (https://b.org/y), and **https://c.org/z**!")
    ] == [
        "https://a.org/x",
        "https://b.org/y",
        "https://c.org/z",
    ]


def test_images_badges_anchors_and_relative_links_are_no_entries() -> None:
    """What is not a page of the web is not imported."""
    text = """# T [![B](https://img.org/b.svg)](https://ci.org/)
- ![shot](https://img.org/s.png)
- [Contents](#contents)
- [Guide](docs/guide.md)
- [Mail](mailto:a@b.org)
- [![B](https://img.org/b.svg)](https://ci.org/)
- `https://code.org/` [T](https://a.org/)
```
- https://fenced.org/
```
<!-- - https://comment.org/ -->
"""
    assert [row[1] for row in rows(text)] == ["https://a.org/"]


def test_headings_are_categories_told_apart_only_where_they_must() -> None:
    """The nearest heading names the category; two of one name get the heading above them."""
    text = """# My list
- https://a.org/0
## Tools
### Security
- https://a.org/1
### Go
- https://a.org/2
## Standards
- https://a.org/3
### Security
- https://a.org/4
## Tools
- https://a.org/5
"""
    assert [(row[0], row[1][-1]) for row in rows(text)] == [
        ("My list", "0"),
        ("Tools: Security", "1"),
        ("Go", "2"),
        ("Standards", "3"),
        ("Standards: Security", "4"),
        ("Tools", "5"),
    ]


def test_details_groups_are_categories_and_headings_in_them_tags() -> None:
    """An organisation's group holds its links; "Blog posts" and "Videos" inside it are key words."""
    text = """## Organizations
<details>
  <summary><b>Airbnb</b></summary>

### Blog Posts
* [One](https://a.org/1)
### Videos
* [Two](https://a.org/2)
</details>
<details><summary>Click to expand</summary>

* [Three](https://a.org/3)

</details>

## Videos
* [Four](https://a.org/4)
"""
    imported = import_links(text, name="list.md")
    assert [(link.category, link.tags, link.title) for link in imported.links] == [
        ("Airbnb", ("Blog Posts",), "One"),
        ("Airbnb", ("Videos",), "Two"),
        ("Organizations", (), "Three"),
        ("Videos", (), "Four"),
    ]


def test_nested_bullets_without_headings_are_categories() -> None:
    """Bullets that only group others serve as headings where there are none, and as tags where there are."""
    bullets = (
        "- Go\n  - [A](https://a.org/)\n    - [A2](https://a.org/2)\n- Python\n  - [B](https://b.org/)\n"
    )
    assert [row[0] for row in rows(f"# Links\n{bullets}")] == ["Go", "Go", "Python"]
    imported = import_links(f"# Links\n## Languages\n{bullets}", name="list.md")
    assert [(link.category, link.tags) for link in imported.links] == [
        ("Languages", ("Go",)),
        ("Languages", ("Go",)),
        ("Languages", ("Python",)),
    ]


def test_tables_give_the_link_column_and_the_describing_column() -> None:
    """The API's page is the entry, its description the note; other columns are neither."""
    text = """### Animals
API | Description | Auth | Docs
|:---|:---|:---|:---|
| [Cat](https://cat.org/) | Facts \\| daily | `apiKey`, a long long remark here | [docs](https://docs.org/) |
| [Dog](https://dog.org/) | Dogs | No | |

| Name | Text of the thing | Where |
|---|---|---|
| Owl | sees at night | [link](https://owl.org/) |
"""
    assert rows(text) == [
        ("Animals", "https://cat.org/", "Cat", "Facts | daily"),
        ("Animals", "https://dog.org/", "Dog", "Dogs"),
        ("Animals", "https://owl.org/", "Owl", "sees at night"),
    ]


def test_links_joined_by_punctuation_are_entries_of_their_own() -> None:
    """Paper and slides of one item are both worth reading."""
    assert rows("- [Paper](https://a.org/p) | [Slides](https://a.org/s) - on locks") == [
        ("list", "https://a.org/p", "Paper", "on locks"),
        ("list", "https://a.org/s", "Slides", "on locks"),
    ]


def test_lines_of_text_are_entries_too() -> None:
    """A list without bullets, one link a line, its note beside it or below."""
    text = "https://a.org/ - first\n[B](https://b.org/)\nwhat B says\n\nhttps://c.org/\n"
    assert [row[1:] for row in rows(text)] == [
        ("https://a.org/", "", "first"),
        ("https://b.org/", "B", "what B says"),
        ("https://c.org/", "", ""),
    ]


def test_front_matter_is_not_a_heading() -> None:
    """A note-taking program's header names no category."""
    assert rows("---\ntitle: x\n---\n- https://a.org/\n")[0][0] == "list"


# --------------------------------------------------------------- other formats

BOOKMARKS = """<!DOCTYPE NETSCAPE-Bookmark-file-1>
<META HTTP-EQUIV="Content-Type" CONTENT="text/html; charset=UTF-8">
<TITLE>Bookmarks</TITLE>
<H1>Bookmarks Menu</H1>
<DL><p>
    <DT><A HREF="https://top.org/?a=1&amp;b=2" ADD_DATE="1">Top &amp; first</A>
    <DT><H3 ADD_DATE="1" PERSONAL_TOOLBAR_FOLDER="true">Toolbar</H3>
    <DD>What the folder is
    <DL><p>
        <DT><A HREF="https://a.org/" TAGS="one,two">A</A>
        <DD>Said of A
        <DT><A HREF="javascript:alert(1)">Bookmarklet</A>
        <DD>Said of the bookmarklet
        <DT><H3>Inner</H3>
        <DL><p>
            <DT><A HREF="https://b.org/">B</A>
        </DL><p>
        <DT><A HREF="https://c.org/">https://c.org/</A>
    </DL><p>
    <DT><H3>Other</H3>
    <DL><p>
        <DT><H3>Inner</H3>
        <DL><p>
            <DT><A HREF="https://d.org/">D</A>
            <DT><A HREF="https://a.org/">A again</A>
        </DL><p>
    </DL><p>
</DL>
"""


def test_browser_bookmarks_keep_folders_tags_and_descriptions() -> None:
    """Folders become categories, also after a folder within ends; bookmarklets are left out and told."""
    imported = import_links(BOOKMARKS, name="bookmarks.html")
    assert [(link.category, link.url, link.title, link.note, link.tags) for link in imported.links] == [
        ("bookmarks", "https://top.org/?a=1&b=2", "Top & first", "", ()),
        ("Toolbar", "https://a.org/", "A", "Said of A", ("one", "two")),
        ("Toolbar", "https://c.org/", "", "", ()),
        ("Toolbar: Inner", "https://b.org/", "B", "", ()),
        ("Other: Inner", "https://d.org/", "D", "", ()),
    ]
    assert imported.found == 7
    assert imported.left_out == {"no_web_address": 1, "repeated": 1}
    assert imported.remarks == (
        "left out: 1 link to what is no web page (javascript:, place:, mailto: and the like)",
        "left out: 1 link that stood there before",
    )


def test_opml_takes_pages_before_feeds_and_folders_as_categories() -> None:
    """The page of a feed is read rather than the feed; where only the feed is known that is said."""
    text = """<?xml version="1.0" encoding="ISO-8859-1"?>
<opml version="2.0"><head><title>x</title></head><body>
<outline text="Tech"><outline type="rss" text="A" title="A blog" xmlUrl="https://a.org/feed" htmlUrl="https://a.org/"
  description="on &amp; on" category="/x,y"/><outline text="Deep"><outline type="link" text="L" url="https://l.org/?a&amp;b"/></outline></outline>
<outline type="rss" text="F" xmlUrl="https://f.org/rss"/></body></opml>"""
    imported = import_links(text.encode(), name="feeds.opml")
    assert [(link.category, link.url, link.title, link.note, link.tags) for link in imported.links] == [
        ("feeds", "https://f.org/rss", "F", "", ()),
        ("Tech", "https://a.org/", "A blog", "on & on", ("x", "y")),
        ("Deep", "https://l.org/?a&b", "L", "", ()),
    ]
    assert "only a feed" in imported.remarks[0]


SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"


def test_a_sitemap_gives_its_pages_and_not_its_pictures() -> None:
    """Only the pages' own addresses count, in their order."""
    text = f"""<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="{SITEMAP}" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1">
<url><loc> https://a.org/?a=1&amp;b=2 </loc><image:image><image:loc>https://a.org/i.png</image:loc></image:image></url>
<url><loc>https://a.org/b</loc><lastmod>2024-01-01</lastmod></url></urlset>"""
    imported = import_links(text, name="sitemap.xml")
    assert [link.url for link in imported.links] == ["https://a.org/?a=1&b=2", "https://a.org/b"]
    assert imported.format == "sitemap"


def test_an_index_of_sitemaps_says_what_it_is() -> None:
    """It lists no pages: the message names the sitemaps to fetch instead."""
    maps = "".join(f"<sitemap><loc>https://a.org/{n}.xml</loc></sitemap>" for n in range(5))
    with pytest.raises(UsageError, match=r"index of 5 sitemaps.*https://a\.org/0\.xml, .*\.\.\."):
        import_links(f'<sitemapindex xmlns="{SITEMAP}">{maps}</sitemapindex>', name="sitemap.xml")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found no links to import"),
        ("# Heading\nno links here\n", "found no links to import in this Markdown list"),
        ("- [x](https://)\n", "names no host"),
        ("<?xml version='1.0'?><opml><body>", "x:1: broken XML"),
        ("<?xml version='1.0'?><svg/>", "it is a picture (SVG)"),
        ("<rss version='2.0'></rss>", "XML of the kind <rss>, which is no feed"),
        (b"\x00\x01\x02\xff\xfe\x00", "it is binary data"),
    ],
)
def test_what_cannot_be_imported_is_one_clear_line(text: str | bytes, says: str) -> None:
    """Empty, broken and foreign files are told apart."""
    with pytest.raises(UsageError) as caught:
        import_links(text, name="x")
    assert says in str(caught.value)
    assert "\n" not in str(caught.value)


def test_entities_of_xml_reach_no_file_and_no_bomb() -> None:
    """A hostile OPML neither reads files nor grows."""
    bomb = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 9))
    text = (
        f'<?xml version="1.0"?><!DOCTYPE opml [<!ENTITY e0 "x"><!ENTITY f SYSTEM "file:///etc/passwd">{bomb}]>'
        '<opml><body><outline text="&f;&e8;" url="https://a.org/"/></body></opml>'
    )
    try:
        links = import_links(text, name="x.opml").links
    except UsageError:
        return
    assert "root:" not in repr(links)
    assert len(repr(links)) < 10_000


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_files_of_old_programs_are_decoded(encoding: str) -> None:
    """Byte order marks and Windows code pages are no obstacle."""
    text = "# Café\r\n- https://a.org/ \u2013 “née”\r\n"
    assert rows(text.encode(encoding)) == [("Café", "https://a.org/", "", "“née”")]


def test_into_puts_everything_in_one_category() -> None:
    """The user's choice wins over headings."""
    assert {row[0] for row in rows("# A\n- https://a.org/\n# B\n- https://b.org/\n", into="Mine")} == {"Mine"}


def test_deep_nesting_is_survived() -> None:
    """Ten thousand levels of markup neither crash nor hang; the links beside them are found."""
    for text in ("> " * 10_000, "[" * 10_000, "*" * 10_000, "<b>" * 10_000):
        assert rows(f"# C\n- https://a.org/\n\n{text} x\n")[0][1] == "https://a.org/"
    for text in ("- " * 10_000, "<div>" * 10_000, "<details>" * 10_000):
        assert rows(f"# C\n- https://a.org/\n\n{text} x\n")[0][1] == "https://a.org/"


@settings(max_examples=60, deadline=None)
@given(
    text=st.text(st.sampled_from("#-*|>[]()<>`:/ \n\tahtps.") | st.characters(), max_size=200)
    | st.binary(max_size=60)
)
def test_whatever_is_imported_a_catalogue_takes(text: str | bytes) -> None:
    """Hostile text never ends in an error that is not ours, nor in links that cannot be kept."""
    tail = "\n\n- https://a.org/ x"
    whole = text + tail if isinstance(text, str) else text + tail.encode()
    with contextlib.suppress(UsageError):  # markup may have swallowed the link
        dump(import_links(whole, name="x").links)


# ------------------------------------------------------------------ real lists


@pytest.mark.parametrize(
    ("name", "count", "categories", "samples"),
    [
        (
            "howtheysre",
            759,
            {"Airbnb", "Zalando", "Newsletters", "SRECon Mix Playlist: Videos"},
            [("Algolia", "https://www.algolia.com/blog/may-30-ssl-incident/", "May 30 SSL incident", "")],
        ),
        (
            "awesome-microservices",
            381,
            {"Platforms", "Go", "Capabilities: Security", "Standards / Recommendations: Security"},
            [
                (
                    "Articles & Papers",
                    "http://db.cs.berkeley.edu/papers/cidr11-bloom.pdf",
                    "CALM",
                    "Consistency as logical monotonicity.",
                )
            ],
        ),
        (
            "public-apis",
            1712,
            {"Animals", "Weather", "APILayer APIs"},
            [
                ("Animals", "https://http.cat/", "HTTP Cat", "Cat for every HTTP Status"),
                (
                    "APILayer APIs",
                    "https://www.filestack.com/signup-start/",
                    "Filestack",
                    "Powerful API to upload, transform & deliver any file into your app",
                ),
            ],
        ),
    ],
)
def test_real_lists_come_out_as_a_reader_sees_them(
    name: str, count: int, categories: set[str], samples: list[Row]
) -> None:
    """Large public lists: nearly every link that a plain search of the text finds, sorted and described."""
    path = shared_data(f"linklists/{name}") / "README.md"
    imported = import_links(path.read_bytes(), name="README.md")
    grepped = set(re.findall(r"\]\((https?://[^\s)]*(?:\([^\s)]*\)[^\s)]*)*)", path.read_text()))
    urls = {link.url for link in imported.links}
    assert urls <= grepped, "an address that is not in the text"
    assert len(urls) == count
    assert len(urls) >= 0.96 * len(grepped)
    assert categories <= {link.category for link in imported.links}
    found = {(link.category, link.url, link.title, link.note) for link in imported.links}
    assert set(samples) <= found
    dump(imported.links)
