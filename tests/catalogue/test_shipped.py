"""The catalogue that ships: the user's own list, word for word, with what is known of each link."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from indexer.catalogue import Catalogue, check, import_links, load
from indexer.records import Link

ROOT = Path(__file__).parents[2]
LIST = Path(__file__).with_name("links.md")


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return load(ROOT / "catalogue.yaml")


def test_the_list_imports_as_28_links_in_7_categories() -> None:
    """Every URL is verbatim a word of the list; the last line, without newline, counts too."""
    imported = import_links(LIST.read_bytes(), name="links.md")
    assert len(imported.links) == 28
    assert imported.remarks == ()
    in_list = [word for word in LIST.read_text().split() if word.startswith("http")]
    assert [link.url for link in imported.links] == in_list
    assert {link.url: link.note for link in imported.links if link.note} == {
        "https://www.thoughtworks.com/radar/byor": "technology radar",
        "http://opensource.zalando.com/restful-api-guidelines/": "api guideline approach",
        "https://aruva.medium.com/using-chatgpt-to-build-system-diagrams-part-i-69efc7603926": (
            "chatgpt and system diagrams"
        ),
        "https://www.codehiddenlanguage.com/": "hardware",
    }


def test_the_catalogue_is_what_importing_the_list_gives(shipped: Catalogue) -> None:
    """URLs, order, categories and notes are the list's own; nothing was lost or altered on the way."""
    imported = import_links(LIST.read_bytes(), name="links.md")

    def identity(links: Sequence[Link]) -> list[tuple[str, str, str]]:
        return [(link.category, link.url, link.note) for link in links]

    assert identity(shipped.links) == identity(imported.links)
    assert shipped.categories == (
        "Patterns", "Documentation", "Stack compositions", "Google cloud", "Azure",
        "Event strategies", "end to end",
    )  # fmt: skip


def test_what_is_known_of_each_link_is_there(shipped: Catalogue) -> None:
    """Every link has a title and an expectation of its page; sites and indexes are followed within bounds."""
    assert all(link.title and link.expect.title_any and link.expect.min_words for link in shipped.links)
    followed = {link.url: link.follow.mode for link in shipped.links if link.follow.mode != "page"}
    assert followed == {
        "https://c4model.com/": "site",
        "http://highscalability.com/blog/category/example": "index",
        "https://www.codehiddenlanguage.com/": "site",
    }
    assert all(link.follow.allow for link in shipped.links if link.follow.mode != "page")
    twitter = next(link for link in shipped.links if "blog.twitter.com" in link.url)
    assert {fallback.kind for fallback in twitter.fallbacks} == {"related"}


def test_nothing_in_it_looks_unintended() -> None:
    """The project's own catalogue has no warnings."""
    assert check(ROOT / "catalogue.yaml") == ()
