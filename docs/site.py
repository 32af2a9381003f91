"""A hook of MkDocs: the site has the files of the top level as its pages, and links lead there.

In the repository README.md and its neighbours lie above `docs/`, where everybody looks for them.
"""

from __future__ import annotations

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[1]
PAGES = {
    "README.md": "index.md",
    "ARCHITECTURE.md": "architecture.md",
    "BENCHMARKS.md": "benchmarks.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "RELIABILITY.md": "reliability.md",
    "SECURITY.md": "security.md",
}
"""Files of the top level, and what they are in the site."""

LINK = re.compile(r"(?<=\]\()(?:\.\./|docs/)?([\w./-]+)(?=[)#])")
"""Where a Markdown link leads, without the way through the repository's folders."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages of the top level, and the notebooks as they are."""
    for name, page in PAGES.items():
        files.append(File.generated(config, page, abs_src_path=str(ROOT / name)))
    for notebook in sorted((ROOT / "notebooks").glob("*.ipynb")):
        files.append(File.generated(config, f"notebooks/{notebook.name}", abs_src_path=str(notebook)))
    return files


def on_page_markdown(markdown: str, *, page: Page, config: MkDocsConfig, files: Files) -> str:  # noqa: ARG001
    """Let links lead to the site's pages."""
    return LINK.sub(lambda link: PAGES.get(link[1], link[1]), markdown)
