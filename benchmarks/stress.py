"""Questions for which one of the retrievers is bad, made of a collection's documents and questions.

identifiers          one word of a document that no other has: meaning does not know it
identifier and word  the same beside a word of every hundredth document
terse                the two rarest words of a question
vague                a question without its two rarest words: words cannot tell
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from indexer.evaluate.collections import Collection
from indexer.search.query import analyse
from indexer.store.snapshot import Snapshot

Judgements = dict[str, dict[str, int]]
"""By question: the documents that answer it, and how well."""
STRESSED = 150
"""Questions about identifiers."""
LONG = 4
"""Words of a question that stays one without two of them."""


def stressed(collection: Collection, snapshot: Snapshot) -> Iterator[tuple[str, Collection]]:
    """The kinds, each a collection of the same documents with such questions."""
    chance = random.Random(5)
    rows = snapshot.query("SELECT article, text FROM passages ORDER BY id")
    urls = {row["id"]: row["link_url"] for row in snapshot.query("SELECT id, link_url FROM articles")}
    names: Judgements = {}
    mixed: Judgements = {}
    for row in chance.sample(rows, min(len(rows), 4 * STRESSED)):
        terms = [term for term in analyse(row["text"] or "-").terms if term.isalpha() and len(term) > 2]
        counts = np.array(snapshot.occurrences(terms))
        rare = [term for term, count in zip(terms, counts, strict=True) if count == 1]
        common = [term for term, count in zip(terms, counts, strict=True) if count > len(rows) / 100]
        if rare and common and len(names) < STRESSED:
            document = urls[row["article"]].partition(":")[2]
            names[rare[0]] = {document: 1}
            mixed[f"{chance.choice(common)} {rare[0]}"] = {document: 1}
    for kind, judged in {"identifiers": names, "identifier and word": mixed}.items():
        yield kind, replace(collection, queries={text: text for text in judged}, judgements=judged)
    terse: dict[str, str] = {}
    vague: dict[str, str] = {}
    for name, text in collection.queries.items():
        held = analyse(text).terms
        rarest = set(np.argsort(np.array(snapshot.occurrences(held)), kind="stable")[:2].tolist())
        terse[name] = " ".join(held[place] for place in sorted(rarest))
        if len(held) >= LONG:
            vague[name] = " ".join(term for place, term in enumerate(held) if place not in rarest)
    for kind, queries in {"terse": terse, "vague": vague}.items():
        judgements = {name: collection.judgements[name] for name in queries}
        yield kind, replace(collection, queries=queries, judgements=judgements)
