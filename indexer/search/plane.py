"""Articles as points of a plane: what speaks of the same lies close together. By their vectors alone.

The plane is the one in which the articles differ most (their first two principal components). Where many lie
close together it is stretched, and points that would lie on each other are moved apart, so that each can be
seen and pointed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from indexer.arrays import Doubles, Vectors
    from indexer.store.snapshot import Snapshot

ARTICLES = """
SELECT c.article, c.page_url, a.title, l.category, count(p.id) AS passages
FROM current_articles c JOIN articles a ON a.id = c.article JOIN links l ON l.url = c.link_url
JOIN passages p ON p.article = c.article GROUP BY c.article ORDER BY l.position, c.article
"""
PASSAGES_OF = "SELECT id FROM passages WHERE article = ? ORDER BY id"

SAMPLED = 32
"""Passages of one article, evenly through it, whose mean its place is: a book costs no more than an essay."""
LEAST_DISTANCE = 0.055
"""The least distance of two points among 100 and fewer, as a share of the plane's side; among more of them it
shrinks, so that they cover the same share of the plane."""
STEPS = 60
"""Times that points too close are moved apart; after thirty hardly anything moves."""


@dataclass(frozen=True, slots=True)
class Placed:
    """An article and its place, ``x`` and ``y`` from 0 to 1."""

    page_url: str
    title: str
    category: str
    passages: int
    x: float
    y: float


def plane(snapshot: Snapshot, most: int) -> list[Placed]:
    """The articles with their places, in the catalogue's order; of more than ``most`` every so many-th."""
    rows = snapshot.query(ARTICLES)
    rows = [rows[at] for at in np.linspace(0, len(rows) - 1, min(len(rows), most)).astype(int)]
    if not rows:
        return []
    means = np.stack([_mean(snapshot, row["article"]) for row in rows])
    places = _apart(_flat(means))
    return [
        Placed(row["page_url"], row["title"], row["category"], row["passages"], float(x), float(y))
        for row, (x, y) in zip(rows, places, strict=True)
    ]


def _mean(snapshot: Snapshot, article: int) -> Vectors:
    ids = [row[0] for row in snapshot.query(PASSAGES_OF, (article,))]
    some = [ids[at] for at in np.linspace(0, len(ids) - 1, min(len(ids), SAMPLED)).astype(int)]
    mean: Vectors = snapshot.vectors(some).mean(axis=0)
    return mean / np.float32(max(float(np.linalg.norm(mean)), 1e-6))


def _flat(vectors: Vectors) -> Doubles:
    """Two numbers for each vector, 0 to 1: half by its first two principal components, half by its rank."""
    centred = vectors - vectors.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    places = np.zeros((len(vectors), 2))
    for column, axis in enumerate(axes[:2]):
        # A component has no sign of its own; its largest number is made positive, so that maps stay alike.
        places[:, column] = centred @ (axis * np.sign(axis[np.abs(axis).argmax()]))
    ranks = places.argsort(axis=0).argsort(axis=0)
    return _filling(_filling(places) + ranks / max(1, len(ranks) - 1))


def _filling(places: Doubles) -> Doubles:
    """The places stretched to fill the plane; what does not differ lies in its middle."""
    least, extent = places.min(axis=0), np.ptp(places, axis=0)
    filling: Doubles = np.where(extent > 1e-6, (places - least) / np.maximum(extent, 1e-6), 0.5)
    return filling


def _apart(places: Doubles) -> Doubles:
    """The places, those too close to each other moved apart."""
    apart = LEAST_DISTANCE * min(1.0, (100 / len(places)) ** 0.5)
    # Equal places have no direction in which to part; each gets one of its own.
    turns = np.arange(len(places)) * 2.4
    places = places + 1e-4 * np.stack([np.cos(turns), np.sin(turns)], axis=1)
    for _ in range(STEPS):
        between = places[:, None] - places[None, :]
        distance = np.linalg.norm(between, axis=2)
        np.fill_diagonal(distance, np.inf)
        lacking = np.clip(apart - distance, 0, None) / 2
        places = places + (between * (lacking / np.maximum(distance, 1e-9))[:, :, None]).sum(axis=1)
    return _filling(places)
