"""Where a system lacks what only Unix has, the product does without."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

SCRIPT = """
import asyncio, json
from datetime import UTC, datetime
from indexer import workers
from indexer.config import ExtractConfig
from indexer.errors import Unreadable
from indexer.records import Page

def page(name, sentences):
    text = " ".join(f"Sentence {n} of the page named {name} says something." for n in range(sentences))
    body = f"<html><head><title>{name}</title></head><body><h1>{name}</h1><p>{text}</p></body></html>"
    url = f"https://example.org/{name}"
    return Page(url, url, 200, {"content-type": "text/html"}, body.encode(), datetime.now(UTC))

async def titles():
    async with workers.reading_workers(ExtractConfig(memory=1 << 20)) as read:
        reading = await read(page("plain", 30))
    async with workers.reading_workers(ExtractConfig(seconds=0.001)) as read:
        try:
            await read(page("slow", 30))
        except Unreadable as error:
            return [workers.MEMORY_LIMITED, reading.article.title, str(error)]

print(json.dumps(asyncio.run(titles())))
"""


def test_without_the_module_resource_pages_are_read_under_the_time_limit_alone(tmp_path: Path) -> None:
    """Workers inherit the search path, so they lack the module as their parent does."""
    (tmp_path / "resource.py").write_text("raise ImportError('this system has no resource')\n")
    path = os.pathsep.join([str(tmp_path), *(folder for folder in sys.path if folder)])
    ended = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout) == [False, "plain", "reading took longer than 0.001 s"]
