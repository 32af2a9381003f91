"""Publishing: the newest versions of all articles become what a search sees, at once.

1. Compare what should be held (the newest version of each page of the catalogue's links) with what is.
2. Cut the articles that changed; passages whose text is the same keep their ids.
3. Embed the texts that have no vector yet; each batch is committed, so an interruption costs one batch.
4. Write the FAISS file of the next generation; fsync; rename.
5. In one transaction: links, holdings, passages (with their FTS rows) and the generation's number.

Before step 5 is committed a reader sees the old state, after it the new one. Killed at any point, the
library answers from the last published state, and the next run goes on from the embeddings it finds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from indexer.records import Article, Encoder, Link, Passage
from indexer.store import vectors
from indexer.store.codec import article_of, now, passage_row, stamp, to_json
from indexer.store.database import Database

if TYPE_CHECKING:
    from indexer.records import Vectors

Cut = Callable[[Article], Sequence[Passage]]
Progress = Callable[[int, int], None]
"""Called with how many texts are embedded, of how many."""

EMBED_AT_ONCE = 256
"""Texts in one committed batch: about 4 s of work on two cores, which is what an interruption costs."""

GENERATIONS_KEPT = 2
"""The published one and the one before, for a reader that is just opening it."""

Key = tuple[str, str]
"""A page: the link it belongs to, and its own address."""


@dataclass(frozen=True, slots=True)
class Published:
    """What publishing did. ``fresh`` says whether there is a new generation."""

    generation: int
    fresh: bool
    passages: int
    embedded: int
    embed_seconds: float


@dataclass(slots=True)
class _Change:
    """What the transaction will write."""

    drop: list[int] = field(default_factory=list)
    rewrite: list[dict[str, Any]] = field(default_factory=list)
    insert: list[dict[str, Any]] = field(default_factory=list)
    texts: dict[str, str] = field(default_factory=dict)
    """What may have to be embedded, by digest."""


def publish(
    database: Database,
    links: Sequence[Link],
    *,
    encoder: Encoder,
    model: str,
    cut: Cut,
    fingerprint: str,
    progress: Progress = lambda done, total: None,
) -> Published:
    """Publish the newest article versions of ``links``.

    ``model`` is the encoder's folder or hub name, kept so that a search finds it again.
    ``fingerprint`` names everything that shapes passages and vectors; where it differs from the
    published generation's, every article is cut again.
    """
    last = _last_generation(database)
    wanted = _wanted(database, links)
    change = _compare(database, links, wanted, cut=cut, recut=last.get("fingerprint") != fingerprint)
    begun = time.monotonic()
    embedded = _embed(database, change.texts, encoder, progress)
    embed_seconds = time.monotonic() - begun
    final = _final_state(database, change)
    # Rewritten rows keep id and vector, so only these two can make the file differ.
    fresh = bool(change.drop or change.insert) or last.get("fingerprint") != fingerprint
    number = last.get("number", 0) + int(fresh)
    size = 0
    if fresh:
        ids, found = _stored(database, final, encoder.fingerprint, encoder.dimension)
        size = vectors.write(vectors.path_of(database.folder, number), ids, found)
    with database.durable() as tables:
        _write_links(database, links)
        tables.table("holdings").delete_where()
        tables.table("holdings").insert_all(
            {"link_url": link, "page_url": page, "article": article}
            for (link, page), article in wanted.items()
        )
        for dropped in change.drop:
            tables.table("passages").delete(dropped)
        for row in change.rewrite:
            tables.table("passages").update(row["id"], row)
        tables.table("passages").insert_all(change.insert)
        if fresh:
            tables.table("generations").insert(
                {
                    "number": number,
                    "fingerprint": fingerprint,
                    "encoder": encoder.fingerprint,
                    "model": model,
                    "passages": len(final),
                    "dimension": encoder.dimension,
                    "size": size,
                    "created_at": stamp(now()),
                }
            )
    _prune(database, number)
    return Published(number, fresh, len(final), embedded, embed_seconds)


def rebuild(database: Database) -> int:
    """Write the published generation's FAISS file again from the library; its number.

    For a file that was lost or damaged: needs neither network nor model.
    """
    last = _last_generation(database)
    if last:
        state = {row["id"]: row["embedding"] for row in database.rows("SELECT id, embedding FROM passages")}
        ids, found = _stored(database, state, last["encoder"], last["dimension"])
        size = vectors.write(vectors.path_of(database.folder, last["number"]), ids, found)
        with database.atomic() as tables:
            tables.table("generations").update(last["number"], {"size": size})
    return int(last.get("number", 0))


# --------------------------------------------------------------- 1 and 2: what changed


def _last_generation(database: Database) -> dict[str, Any]:
    rows = database.rows("SELECT * FROM generations ORDER BY number DESC LIMIT 1")
    return rows[0] if rows else {}


def _wanted(database: Database, links: Sequence[Link]) -> dict[Key, int]:
    """The newest version of every page that belongs to the catalogue, in its order."""
    newest: dict[str, list[tuple[str, int]]] = {}
    for row in database.rows(
        "SELECT link_url, page_url, max(id) AS id FROM articles GROUP BY link_url, page_url ORDER BY min(id)"
    ):
        newest.setdefault(row["link_url"], []).append((row["page_url"], row["id"]))
    return {
        (link.url, page): article
        for link in links
        for page, article in newest.get(link.url, ())
        if page == link.url or link.follow.mode != "page"
    }


def _compare(
    database: Database, links: Sequence[Link], wanted: dict[Key, int], *, cut: Cut, recut: bool
) -> _Change:
    change = _Change()
    about = {link.url: about_text(link) for link in links}
    held: dict[Key, int] = {
        (row["link_url"], row["page_url"]): row["article"] for row in database.rows("SELECT * FROM holdings")
    }
    for key, article in held.items():
        if key not in wanted:
            change.drop += [row["id"] for row in _passages_of(database, article)]
    next_id = _next_id(database)
    for key, article in wanted.items():
        before = _passages_of(database, held[key]) if key in held else []
        if held.get(key) == article and not recut:
            if before and before[0]["about"] != about[key[0]]:
                change.rewrite += [{"id": row["id"], "about": about[key[0]]} for row in before]
            continue
        next_id = _recut(
            database, article, change, cut=cut, about=about[key[0]], before=before, next_id=next_id
        )
    return change


def _recut(
    database: Database,
    article: int,
    change: _Change,
    *,
    cut: Cut,
    about: str,
    before: Iterable[dict[str, Any]],
    next_id: int,
) -> int:
    """Add the passages of one article version to the change; the next free passage id."""
    reusable: dict[str, list[int]] = {}
    for old in before:
        reusable.setdefault(old["embedding"], []).append(old["id"])
    stored = article_of(database.rows("SELECT * FROM articles WHERE id = ?", (article,))[0])
    for ordinal, passage in enumerate(cut(stored)):
        row = {**passage_row(passage), "article": article, "ordinal": ordinal, "about": about}
        change.texts[row["embedding"]] = passage.embedded_text
        if same := reusable.get(row["embedding"]):
            change.rewrite.append({"id": same.pop(0), **row})
        else:
            change.insert.append({"id": next_id, **row})
            next_id += 1
    change.drop += [number for numbers in reusable.values() for number in numbers]
    return next_id


def about_text(link: Link) -> str:
    """The user's own words about a link, as they are searched: note, tags, title, category."""
    return "\n".join(part for part in (link.note, " ".join(link.tags), link.title, link.category) if part)


def _passages_of(database: Database, article: int) -> list[dict[str, Any]]:
    return database.rows(
        "SELECT id, embedding, about FROM passages WHERE article = ? ORDER BY ordinal", (article,)
    )


def _next_id(database: Database) -> int:
    rows = database.rows("SELECT seq FROM sqlite_sequence WHERE name = 'passages'")
    return int(rows[0]["seq"]) + 1 if rows else 1


def _final_state(database: Database, change: _Change) -> dict[int, str]:
    """The digest of every passage that will be published, by id."""
    state = {row["id"]: row["embedding"] for row in database.rows("SELECT id, embedding FROM passages")}
    for number in change.drop:
        del state[number]
    return state | {row["id"]: row["embedding"] for row in change.insert}


# ------------------------------------------------------------------ 3 and 4: vectors


def _embed(database: Database, texts: dict[str, str], encoder: Encoder, progress: Progress) -> int:
    known = "SELECT 1 FROM embeddings WHERE fingerprint = ? AND hash = ?"
    missing = [name for name in texts if not database.rows(known, (encoder.fingerprint, name))]
    for done in range(0, len(missing), EMBED_AT_ONCE):
        progress(done, len(missing))
        names = missing[done : done + EMBED_AT_ONCE]
        found = encoder.encode_passages([texts[name] for name in names])
        with database.atomic() as tables:
            tables.table("embeddings").insert_all(
                {"fingerprint": encoder.fingerprint, "hash": name, "vector": vector.tobytes()}
                for name, vector in zip(names, found, strict=True)
            )
    progress(len(missing), len(missing))
    return len(missing)


def _stored(
    database: Database, state: dict[int, str], fingerprint: str, dimension: int
) -> tuple[vectors.Ids, Vectors]:
    """Ids in rising order (n,) and their vectors (n, dimension) from the embeddings table."""
    ids = np.array(sorted(state), dtype=np.int64)
    found = np.empty((len(ids), dimension), dtype=np.float32)
    for place, blob in enumerate(_blobs(database, [state[int(number)] for number in ids], fingerprint)):
        found[place] = np.frombuffer(blob, dtype=np.float32)
    return ids, found


def _blobs(database: Database, names: Iterable[str], fingerprint: str) -> Iterator[bytes]:
    sql = "SELECT vector FROM embeddings WHERE fingerprint = ? AND hash = ?"
    for name in names:
        yield database.tables.conn.execute(sql, (fingerprint, name)).fetchone()[0]


# ------------------------------------------------------------------------ 5: rows


def _write_links(database: Database, links: Sequence[Link]) -> None:
    table = database.tables.table("links")
    table.delete_where()
    table.insert_all(
        {
            "url": link.url,
            "position": position,
            "category": link.category,
            "title": link.title,
            "note": link.note,
            "tags": to_json(link.tags),
        }
        for position, link in enumerate(links)
    )


def _prune(database: Database, number: int) -> None:
    """Remove the files of generations that no reader can be opening any more."""
    keep = {vectors.path_of(database.folder, number - back).name for back in range(GENERATIONS_KEPT)}
    for path in vectors.path_of(database.folder, 0).parent.glob("*"):
        if path.name not in keep:
            path.unlink(missing_ok=True)
