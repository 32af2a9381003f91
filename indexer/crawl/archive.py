"""The web archive: is there a capture of an address, and where is its raw form."""

from __future__ import annotations

import json
from urllib.parse import quote

from indexer.crawl.failure import NoPage
from indexer.crawl.fetch import Fetcher
from indexer.records import Verdict

_API = "https://archive.org/wayback/available?url="
"""https://archive.org/help/wayback_api.php: the capture closest to now, if any."""
_MOST = 100_000
"""Bytes of an answer of the API; a good one has 300."""


async def newest_capture(fetcher: Fetcher, url: str) -> str:
    """The address of the newest good capture, in the form without the archive's toolbar (``id_``).

    Raises:
        NoPage: gone, where the archive has none; otherwise what kept the archive from answering.
    """
    answer = await fetcher.ask(_API + quote(url, safe=""), most=_MOST)
    if answer.status != 200:
        raise NoPage(
            Verdict.SERVER_ERROR, f"it answers {answer.status}", url=answer.url, status=answer.status
        )
    try:
        snapshots = json.loads(answer.body)["archived_snapshots"]
        closest = snapshots.get("closest", {})
        stamp, status = str(closest.get("timestamp", "")), str(closest.get("status", ""))
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise NoPage(Verdict.UNREADABLE, "its answer makes no sense", url=answer.url) from error
    if not (closest.get("available") and status.startswith("2") and stamp.isdecimal()):
        raise NoPage(Verdict.GONE, "it has no good capture", url=answer.url)
    return f"https://web.archive.org/web/{stamp}id_/{url}"
