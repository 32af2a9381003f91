"""Articles as points of a plane: near ones speak of the same, and each can be pointed at."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from indexer.arrays import Vectors
from indexer.errors import UnknownName, UsageError
from indexer.library import Library
from indexer.records import Link
from indexer.search.plane import LEAST_DISTANCE
from tests.store.shelving import CountingEncoder, Shelf, article, outcome

TOPICS = ("locks", "events", "maps")


class ByTopic(CountingEncoder):
    """A text's vector is its topic's, hardly turned by what else it says."""

    def encode_passages(self, texts: Sequence[str]) -> Vectors:
        vectors = 0.1 * super().encode_passages(texts)
        for row, text in zip(vectors, texts, strict=True):
            row[next((at for at, topic in enumerate(TOPICS) if topic in text), 3)] += 1
        unit: Vectors = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
        return unit


def filled(shelf: Shelf, texts: Sequence[str]) -> Library:
    """A library of one article for each text."""
    shelf.encoder = ByTopic()
    links = [Link(f"https://{number}.example/", f"C{number % 3}") for number in range(len(texts))]
    for link, text in zip(links, texts, strict=True):
        shelf.log().record(outcome(link, article(text, title=text)))
    shelf.publish(*links)
    return Library.open(shelf.folder)


def test_what_speaks_of_the_same_lies_close(shelf: Shelf) -> None:
    with filled(shelf, [f"{topic} {number}" for number in range(5) for topic in TOPICS]) as library:
        placed = library.plane()
        assert [one.page_url for one in placed] == [f"https://{number}.example/" for number in range(15)]
        assert placed == library.plane()
    places = np.array([(one.x, one.y) for one in placed])
    assert places.min() == 0
    assert places.max() == 1
    topics = np.arange(15) % 3
    for at in range(15):
        distances = np.linalg.norm(places - places[at], axis=1)
        assert distances[topics == topics[at]].max() < distances[topics != topics[at]].min()


@pytest.mark.parametrize("count", [1, 2, 3, 60])
def test_marks_of_equal_articles_can_be_told_apart(shelf: Shelf, count: int) -> None:
    with filled(shelf, ["locks"] * count) as library:
        placed = library.plane()
    assert len(placed) == count
    assert all(0 <= one.x <= 1 and 0 <= one.y <= 1 for one in placed)
    places = np.array([(one.x, one.y) for one in placed])
    distances = np.linalg.norm(places[:, None] - places[None, :], axis=2)
    np.fill_diagonal(distances, 1)
    assert distances.min() > LEAST_DISTANCE / 2


def test_of_many_articles_every_so_many_th_is_placed(shelf: Shelf) -> None:
    with filled(shelf, [f"locks {number}" for number in range(20)]) as library:
        assert [one.title for one in library.plane(3)] == ["locks 0", "locks 9", "locks 19"]
        with pytest.raises(UsageError, match="most"):
            library.plane(0)


def test_a_library_tells_its_hosts_and_its_passages(shelf: Shelf) -> None:
    with filled(shelf, ["locks", "maps"]) as library:
        assert library.sites == ["0.example", "1.example"]
        hit = library.similar("https://0.example/")[0]
        assert library.passage(hit.passage_id) == hit.row
        with pytest.raises(UnknownName, match="no passage '999'"):
            library.passage(999)
