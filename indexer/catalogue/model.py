"""What catalogue.yaml may hold, as pydantic models; the JSON Schema is made from them.

The models know the shape of the file and the rules for single values. Where in the file a value
stands, and how a mistake is told, is the business of ``reading``.
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)

from indexer.credentials import without_credentials
from indexer.records import Expect, Fallback, Follow, FollowMode, Link, RenderMode

FallbackKind = Literal["full_copy", "other_format", "older_path", "third_party_copy", "archive", "related"]
"""What stands at a fallback's address; ``related`` is about the article and never taken for it."""

_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_BLANK_OR_CONTROL = re.compile(r"[\s\x00-\x1f\x7f-\x9f]")


def check_url(given: str) -> str:
    """Return an address without user name and password, or raise ValueError saying what is wrong with it."""
    url = without_credentials(given)
    # What is malformed is shown without all that may be a password.
    shown = url if "@" not in url else re.sub(r"(?s)//.*@", "//", url)
    if blank := _BLANK_OR_CONTROL.search(url):
        what = "a blank" if blank.group().isspace() else "a control character"
        raise ValueError(f"malformed URL {shown!r}: {what} at position {blank.start() + 1}")
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname, parts.port
    except ValueError as error:
        raise ValueError(f"malformed URL {shown!r}: {error}") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError(f"malformed URL {shown!r}: it must start with http:// or https://")
    if not host or "" in host.removesuffix(".").split("."):
        raise ValueError(f"malformed URL {shown!r}: it names no host")
    return url


def _check_text(text: str) -> str:
    if control := _CONTROL.search(text):
        raise ValueError(f"control character {control.group()!r} in {text[:60]!r}")
    return text


def _check_name(name: str) -> str:
    if not name.strip() or name != name.strip() or "\n" in name:
        raise ValueError(f"category name {name!r} must be one line of text without blanks around it")
    return _check_text(name)


def _check_question(question: str) -> str:
    if not any(map(str.isalnum, question)):
        raise ValueError(f"question {question!r} has no words")
    return _check_text(question)


def _check_prefix(prefix: str) -> str:
    if not prefix.startswith("/") or _BLANK_OR_CONTROL.search(prefix) or "*" in prefix[:-1]:
        raise ValueError(
            f"{prefix!r} is no path prefix: it starts with '/', has no blanks, and '*' only at its end"
        )
    return prefix


Text = Annotated[str, AfterValidator(_check_text)]
UrlText = Annotated[
    str, AfterValidator(check_url), Field(json_schema_extra={"format": "uri", "pattern": "^https?://"})
]
Prefix = Annotated[str, AfterValidator(_check_prefix), Field(json_schema_extra={"pattern": r"^/[^\s*]*\*?$"})]
Name = Annotated[str, AfterValidator(_check_name)]
Watch = Annotated[str, AfterValidator(_check_question)]


class _Mapping(BaseModel):
    """A mapping of the file: its keys are known, and a key without a value counts as absent."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    @model_validator(mode="before")
    @classmethod
    def _drop_absent(cls, value: Any) -> Any:
        if isinstance(value, dict):
            return {key: item for key, item in value.items() if item is not None}
        return value


class FollowRules(_Mapping):
    """How far a link reaches beyond its own page."""

    mode: FollowMode = Field(
        default="page", description="page: itself; site: pages below it; index: posts it lists"
    )
    depth: int = Field(default=1, ge=0, description="clicks from the link's own page")
    allow: list[Prefix] = Field(default=[], description="path prefixes to follow; a final * is permitted")
    deny: list[Prefix] = Field(default=[], description="path prefixes not to follow; stronger than allow")
    max_pages: int = Field(default=50, ge=1, description="most pages of this link, its own included")

    def record(self) -> Follow:
        """The rules as the crawler takes them."""
        return Follow(self.mode, self.depth, tuple(self.allow), tuple(self.deny), self.max_pages)


class ExpectRules(_Mapping):
    """What the right page looks like, so that a wrong one is not taken for it."""

    title_any: list[Text] = Field(default=[], description="the title holds one of these, in any case")
    min_words: int = Field(default=0, ge=0, description="the least words of text")


class FallbackEntry(_Mapping):
    """Another address for the same text."""

    url: UrlText = Field(description="where the copy stands")
    kind: FallbackKind = Field(
        default="full_copy", description="what stands there; a related page is never taken for the article"
    )


def _text_or_mapping(value: Any) -> str:
    return "text" if isinstance(value, str) else "mapping"


FollowItem = Annotated[
    Annotated[FollowRules, Tag("mapping")] | Annotated[FollowMode, Tag("text")],
    Discriminator(_text_or_mapping),
]
FallbackItem = Annotated[
    Annotated[FallbackEntry, Tag("mapping")] | Annotated[UrlText, Tag("text")],
    Discriminator(_text_or_mapping),
]


class Entry(_Mapping):
    """One link of the catalogue."""

    url: UrlText = Field(description="the address, taken verbatim: it is the link's identity")
    title: Text = Field(default="", description="what the page is called")
    note: Text = Field(default="", description="your own words about it; searchable")
    tags: list[Text] = Field(default=[], description="your own key words; searchable")
    follow: FollowItem = Field(
        default="page", description="page (default), or rules for a site or an index of posts"
    )
    expect: ExpectRules = Field(default=ExpectRules(), description="what the right page looks like")
    fallbacks: list[FallbackItem] = Field(default=[], description="tried in order, before the web archive")
    archive: bool = Field(default=True, strict=False, description="may the web archive stand in")
    render: RenderMode | None = Field(
        default=None,
        description="auto: shown in an installed Chromium where only scripts fill it; never (default)",
    )

    def record(self, category: str) -> Link:
        """The entry as the rest of the project knows it."""
        follow = Follow(mode=self.follow) if isinstance(self.follow, str) else self.follow.record()
        return Link(
            url=self.url,
            category=category,
            title=self.title,
            note=self.note,
            tags=tuple(self.tags),
            follow=follow,
            expect=Expect(tuple(self.expect.title_any), self.expect.min_words),
            fallbacks=tuple(
                Fallback(item) if isinstance(item, str) else Fallback(item.url, item.kind)
                for item in self.fallbacks
            ),
            archive=self.archive,
            render=self.render,
        )


Item = Annotated[
    Annotated[Entry, Tag("mapping")] | Annotated[UrlText, Tag("text")], Discriminator(_text_or_mapping)
]
Category = Annotated[list[Item], BeforeValidator(lambda value: [] if value is None else value)]


class CatalogueFile(_Mapping):
    """A curated list of links, sorted into categories."""

    model_config = ConfigDict(title="catalogue.yaml", json_schema_extra={"required": ["categories"]})

    categories: dict[Name, Category] = Field(
        default={}, description="category name: its links, in your order"
    )
    watch: list[Watch] = Field(
        default=[], description="questions; `indexer report` shows the new passages that answer them"
    )

    def links(self) -> dict[str, tuple[Link, ...]]:
        """The links of each category, in the file's order."""
        return {
            name: tuple(Link(item, name) if isinstance(item, str) else item.record(name) for item in items)
            for name, items in self.categories.items()
        }


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of catalogue.yaml, for editors and other programs."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **CatalogueFile.model_json_schema()}
