"""Hostile lists: deep, huge, unclosed, binary. Each ends within bounds, in links or in a line of refusal."""

from __future__ import annotations

import gzip
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

resource = pytest.importorskip("resource", reason="this system cannot bound a process")

SECONDS = 8
"""Of processor time. The slowest takes three on a quiet machine; half as fast are those that run other tests
beside it."""
MEMORY = 500 << 20
NETSCAPE = "<!DOCTYPE NETSCAPE-Bookmark-file-1><DL>"
LINK = "https://example.org/x"
BIG = 10_000_000
"""Bytes or so of the larger ones; what is beyond the bound on files is refused before it is read."""


def drawn(kind: str, count: int) -> str:
    """A text drawn from the marks of a format, the same each time."""
    return "".join(random.Random(1).choices(MARKS[kind], k=count))


MARKS = {
    "Markdown": list('#-*|>[]()<>`:/ \n\tahtps."{},='),
    "HTML": [
        "<ul>",
        "<li>",
        "</li>",
        "<p>",
        f"<a href={LINK}>",
        "</a>",
        "x ",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
    ],
}
ENTITIES = "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(12))

HOSTILE: dict[str, Callable[[], str | bytes]] = {
    "brackets": lambda: "x" + "[" * 500_000,
    "pictures": lambda: ("![[](" * 160 + "\n") * 90,
    "paragraph of brackets": lambda: ("![[](" * 50 + "\n") * 490,
    "emphasis": lambda: ("*a_b**c__" * 100 + "\n") * 80,
    "paragraph of emphasis": lambda: "*a_b**c__\n" * 8_000,
    "table of brackets": lambda: "a|b\n-|-\n" + ("![[](" * 160 + "\n") * 90,
    "quotations": lambda: ("> " * 2_000 + "\n") * 250,
    "nested bullets": lambda: ("- " * 2_000 + "x\n") * 250,
    "line feeds": lambda: "\n" * BIG,
    "short lines": lambda: "- x\n" * 350_000,
    "wide table": lambda: "|" + "a|" * 5_000 + "\n|" + "-|" * 5_000 + "\n" + "a\n" * 49_000,
    "references": lambda: "".join(f"[r{n}]: {LINK}{n}\n" for n in range(25_000)),
    "one long line of addresses": lambda: LINK * 45_000,
    "dashes in entries": lambda: ("- " + "-" * 4_900 + f"y [a]({LINK})\n") * 210,
    "closing brackets": lambda: (f"x {LINK}" + ")" * 4_900 + "\n") * 210,
    "marks": lambda: drawn("Markdown", 1_000_000),
    "deep HTML": lambda: "<html><body>" + "<div>" * 400_000,
    "deep lists": lambda: "<html><body>" + "<ul><li>" * 240_000,
    "attributes": lambda: "<html><body><a " + "a=b " * 1_000_000 + ">",
    "one long text": lambda: "<html><body>" + "x " * 5_000_000,
    "unclosed script": lambda: "<html><body><script>" + "<" * BIG,
    "tags": lambda: "<html>" + drawn("HTML", 480_000),
    "deep folders": lambda: NETSCAPE + "<DL><DT><H3>x</H3>" * 160_000,
    "deep named folders": lambda: NETSCAPE + "".join(f"<DL><DT><H3>{n}</H3>" for n in range(9_000)),
    "same bookmark": lambda: NETSCAPE + f'<DT><A HREF="{LINK}">t</A>\n' * 120_000,
    "endless title": lambda: NETSCAPE + f'<DT><A HREF="{LINK}">' + "t " * 5_000_000,
    "endless tags": lambda: NETSCAPE + f'<DT><A HREF="{LINK}" TAGS="' + "a,b" * 3_000_000,
    "unclosed scripts": lambda: NETSCAPE + "<script>" * 400_000,
    "deep JSON": lambda: "[" * 1_400_000,
    "deep objects": lambda: '{"a":' * 700_000,
    "wide JSON": lambda: "[" + "[]," * 700_000 + "[]]",
    "long number": lambda: "[" + "9" * BIG + "]",
    "unclosed JSON": lambda: f'[{{"url":"{LINK}","title":"' + "a" * BIG,
    "unclosed quote": lambda: 'title,url\n"' + "a,b\n" * 1_400_000,
    "cells": lambda: "title,url\n" + "," * 1_400_000,
    "rows": lambda: "title,url\n" + f"a,{LINK}\n" * 400_000,
    "entities": lambda: (
        f'<!DOCTYPE opml [<!ENTITY a "{"x" * 100}">{ENTITIES}]><opml><body><outline text="&m;" url="{LINK}"/>'
    ),
    "deep outline": lambda: "<opml><body>" + "<outline text='x'>" * 200_000,
    "comments": lambda: "<?xml version='1.0'?>" + "<!-- -->" * 400_000 + "<opml/>",
    "gzip bomb": lambda: gzip.compress(bytes(300_000_000), 1),
    "gzip in gzip": lambda: gzip.compress(gzip.compress(bytes(100_000_000), 1)),
    "gzip members": lambda: gzip.compress(f"{LINK}\n".encode()) * 100_000,
    "noise": lambda: random.Random(1).randbytes(BIG),
    "zeros": lambda: bytes(BIG),
    "half characters": lambda: b"\xe4\xb8" * (BIG // 2),
    "beyond the bound": lambda: f"{LINK}\n" * 1_000_000,
    "as many links as may be": lambda: "".join(f"{LINK}/{n}\n" for n in range(10_000)),
}


def bounded() -> None:
    """In the process that imports: it is ended where it takes more."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))


@pytest.mark.slow
@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_list_ends_soon_and_within_500_mb(tmp_path: Path, kind: str) -> None:
    """Whatever is imported, the command ends by itself, in one line."""
    content = HOSTILE[kind]()
    (tmp_path / "list").write_bytes(content.encode() if isinstance(content, str) else content)
    command = [sys.executable, "-m", "indexer", "catalogue", "import", str(tmp_path / "list")]
    ended = subprocess.run(
        [*command, "--catalogue", tmp_path / "catalogue.yaml"],
        capture_output=True,
        text=True,
        preexec_fn=bounded,
        check=False,
    )
    assert ended.returncode in (0, 2), ended.stderr[-500:]
    assert (tmp_path / "catalogue.yaml").exists() == (ended.returncode == 0)
    if ended.returncode:
        assert len(ended.stderr.splitlines()) == 1, ended.stderr[-500:]
        assert len(ended.stderr) < 500
