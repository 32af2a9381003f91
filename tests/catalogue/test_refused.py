"""Files that are no list of links: refused in one line that names what they are, the catalogue untouched."""

from __future__ import annotations

import gzip
import io
import json
import struct
import tarfile
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tests.command import Run

LINK = "https://example.org/x"
CATALOGUE = f"# mine\ncategories:\n  A:\n    - {LINK}\n"


def tar() -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        content = f"- {LINK}\n".encode()
        member = tarfile.TarInfo("list.md")
        member.size = len(content)
        archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def zipped() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("list.md", f"- {LINK}\n")
    return buffer.getvalue()


BINARY = {
    "PNG": (b"\x89PNG\r\n\x1a\n" + bytes(100), "a PNG picture"),
    "JPEG": (b"\xff\xd8\xff\xe0" + bytes(100), "a JPEG picture"),
    "BMP": (b"BM" + struct.pack("<IHHI", 100, 0, 0, 54) + bytes(90), "a BMP picture"),
    "ELF": (b"\x7fELF\x02" + bytes(200) + LINK.encode(), "a program"),
    "Mach-O": (b"\xcf\xfa\xed\xfe" + bytes(90), "a program"),
    "class file": (b"\xca\xfe\xba\xbe\0\0\0\x34" + LINK.encode(), "a program"),
    "PDF": (f"%PDF-1.4\n- {LINK}".encode(), "a PDF document"),
    "RTF": (f"{{\\rtf1 {LINK}}}".encode(), "an RTF document"),
    "ZIP": (zipped(), "a ZIP archive"),
    "tar": (tar(), "a tar archive"),
    "tar.gz": (gzip.compress(tar()), "a tar archive"),
    "bzip2": (b"BZh91AY&SY" + bytes(range(256)), "a bzip2 archive"),
    "video": (b"\0\0\0\x1cftypisom" + bytes(50), "a video"),
    "database": (b"SQLite format 3\0" + bytes(100) + LINK.encode(), "a database"),
    "Firefox backup": (b"mozLz40\0" + f"\0\1[{LINK}]".encode(), "a compressed backup of Firefox"),
    "byte code": (b"\xa7\r\r\n" + bytes(12) + f"\n- {LINK}\n".encode() + bytes(9), "binary data"),
    "gzip cut off": (gzip.compress(f"- {LINK}\n".encode())[:-9], "broken gzip"),
    "empty": (b"", "no links"),
}
JSON: dict[str, Any] = {
    "package": {
        "name": "x",
        "homepage": LINK,
        "repository": {"type": "git", "url": LINK},
        "bugs": {"url": LINK},
        "contributors": [{"name": "K", "url": LINK}],
    },
    "OpenAPI": {
        "openapi": "3.0.0",
        "info": {
            "title": "T",
            "contact": {"name": "A", "url": LINK},
            "license": {"name": "MIT", "url": LINK},
        },
        "servers": [{"url": LINK, "description": "production"}],
        "tags": [{"name": "x", "externalDocs": {"url": LINK}}],
    },
    "notebook": {"cells": [{"cell_type": "markdown", "source": [f"- [x]({LINK})"]}], "nbformat": 4},
    "configuration": {"$schema": LINK, "compilerOptions": {"strict": True}},
    "lock file": {
        "packages": [{"name": "a", "source": {"url": LINK}, "dist": {"url": LINK}, "homepage": LINK}]
    },
    "map": {"features": [{"geometry": {"coordinates": [1, 2]}, "properties": {"name": "x", "url": LINK}}]},
    "network log": {"log": {"entries": [{"time": 5, "request": {"method": "GET", "url": LINK}}]}},
    "dashboard": {
        "panels": [{"id": n, "kind": "graph"} for n in range(9)],
        "links": [{"title": "x", "url": LINK}],
    },
    "bookmarklets": [{"title": "x", "url": "javascript:alert(1)"}],
    "number": [1, 2, 3],
}
TEXT = {
    "Python": (
        f'import os\n\nURLS = [\n    "{LINK}",\n    "{LINK}2",\n]\n\n\ndef f(x):\n    """See {LINK}."""\n',
        "a program",
    ),
    "shell": (f"#!/bin/sh\ncurl {LINK}\n", "a program"),
    "C": (
        f"/* see\n * {LINK}\n */\n#include <stdio.h>\n// {LINK}\nint main(void) {{\n  return 0;\n}}\n",
        "a program",
    ),
    "JavaScript in one line": (f'!function(e){{var n="{LINK}";e.exports=n}}(this);', "a program"),
    "Haskell": (
        f'module Main where\n-- | see\n-- {LINK}\nmain :: IO ()\nmain = putStrLn "{LINK}"\n',
        "a program",
    ),
    "batch file": (f"@echo off\ncurl {LINK}\npause\n", "a program"),
    "TeX": (
        f"\\documentclass{{article}}\n\\begin{{document}}\nSee \\url{{{LINK}}}.\n\\end{{document}}\n",
        "a program",
    ),
    "XML without declaration": (f"<project><url>{LINK}</url></project>", "<project>"),
    "stylesheet": (
        f"/* {LINK} */\nbody {{\n  color: red;\n  background: url({LINK}.png);\n}}\n",
        "a program",
    ),
    "container": (f"FROM python:3.11\nRUN curl {LINK}\nCOPY . /app\n", "a program"),
    "settings": (f'[project]\nname = "x"\nurl = "{LINK}"\n', "settings"),
    "requirements": (f"--index-url {LINK}\nfoo==1\nbar @ {LINK}\n", "settings"),
    "remarks": (
        "#\n# What this is:\n# " + f"\n# see {LINK}\n# ".join("abcdef") + "\nkey = value\n",
        "settings",
    ),
    "query": (
        f"CREATE TABLE x (a TEXT);\nINSERT INTO x VALUES ('{LINK}');\n",
        "a program",
    ),
    "YAML": (
        f"site_name: X\nsite_url: {LINK}\nextra:\n  social:\n    - icon: a\n      link: {LINK}\n",
        "YAML",
    ),
    "log": ("".join(f'127.0.0.{n} - - [10/Oct] "GET /" 200 "{LINK}/{n}"\n' for n in range(5)), "a log"),
    "mail": (f"From: a@example.org\nSubject: x\n\n- {LINK}\n", "a mail"),
    "calendar": (f"BEGIN:VCALENDAR\nURL:{LINK}\n", "a calendar"),
    "changes": (f"diff --git a/x b/x\n+- {LINK}\n", "diff"),
    "prose": (f"Dear all,\n\nplease read {LINK} before the meeting, it tells what to do.\n", "running text"),
    "licence": ("Terms and conditions of this and that.\n" * 40 + f"\n   {LINK}\n", "running text"),
    "article": (
        "# T\n\n" + "Some words about it. " * 200 + f"\n\n- [Further reading]({LINK})\n",
        "running text",
    ),
    "page": (
        (
            f"<!DOCTYPE html><nav><ul><li><a href='{LINK}/menu'>Menu</a></ul></nav>"
            f"<h1>T</h1>{'<p>Words that say something of it.</p>' * 30}<ul><li><a href='{LINK}'>D</a></ul>"
        ),
        "an ordinary page",
    ),
    "short page": (
        f"<html><h1>Hi</h1><p>A page with a <a href='{LINK}'>link</a> in it.</p></html>",
        "running text",
    ),
    "SVG": (
        f'<svg xmlns="http://www.w3.org/2000/svg"><a href="{LINK}"><text>x</text></a></svg>',
        "a picture (SVG)",
    ),
    "property list": (
        f'<?xml version="1.0"?><plist><dict><string>{LINK}</string></dict></plist>',
        "a property list",
    ),
    "XML": (f'<?xml version="1.0"?><project><url>{LINK}</url></project>', "<project>"),
    "broken XML": (f'<opml><body><outline url="{LINK}"/>', ":1: broken XML"),
    "broken JSON": (f'[\n{{"url": "{LINK}", "title": "x"}},', ":2: broken JSON"),
    "table": ("id,name,price\n1,Lamp,3.5\n2,Desk,70\n", "without a column of addresses"),
    "people": (
        f"name,email,said\nJo,j@example.org,see {LINK}\nAl,a@example.org,\n",
        "without a column of addresses",
    ),
    "pictures": (f"id,image_url\n1,{LINK}.png\n2,{LINK}.png\n", "without a column of addresses"),
    "broken table": (f'title,url\n"A,{LINK}\n', ":2: broken CSV"),
}
KINDS = (
    {name: (content, says) for name, (content, says) in BINARY.items()}
    | {
        f"JSON {name}": (json.dumps(tree).encode(), "JSON that is no list of links")
        for name, tree in JSON.items()
    }
    | {name: (content.encode(), says) for name, (content, says) in TEXT.items()}
)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_no_list_is_refused_by_what_it_looks_like(run: Run, tmp_path: Path, kind: str) -> None:
    """One line, exit 2, and the catalogue is what it was; whatever addresses stand in the file."""
    content, says = KINDS[kind]
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    (tmp_path / "given").write_bytes(content)
    ended = run("catalogue", "import", tmp_path / "given", "--catalogue", tmp_path / "catalogue.yaml")
    assert ended.code == 2, ended
    assert ended.out == ""
    assert len(ended.err.splitlines()) == 1, ended.err
    assert ended.err.startswith("indexer: ")
    assert says in ended.err
    assert "given" in ended.err
    assert (tmp_path / "catalogue.yaml").read_text() == CATALOGUE


def test_blanks_before_a_feed_cost_what_their_number_says(run: Run, tmp_path: Path) -> None:
    """They took hours to be looked through for a declaration."""
    (tmp_path / "feed").write_text("<rss>" + "\f" * 1_000_000)
    ended = run("catalogue", "import", tmp_path / "feed", "--catalogue", tmp_path / "catalogue.yaml")
    assert (ended.code, "broken XML" in ended.err) == (2, True)


def test_a_refused_file_makes_no_catalogue(run: Run, tmp_path: Path) -> None:
    """Where there was none, there is none."""
    (tmp_path / "picture").write_bytes(BINARY["PNG"][0])
    assert (
        run("catalogue", "import", tmp_path / "picture", "--catalogue", tmp_path / "catalogue.yaml").code == 2
    )
    assert not (tmp_path / "catalogue.yaml").exists()
