"""`indexer doctor`: is the machine, the model and the library as they should be, and what fixes them."""

from __future__ import annotations

import os
import platform
import sqlite3
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from indexer import __version__
from indexer.cli.options import (
    DataOption,
    IndexOption,
    JsonOption,
    ModelOption,
    QuietOption,
    VerboseOption,
    configure,
)
from indexer.cli.output import print_json, safe

if TYPE_CHECKING:
    from indexer.config import Config
    from indexer.store.health import Finding

REPORTED_PACKAGES = ("numpy", "faiss-cpu", "onnxruntime", "tokenizers", "torch", "sentence-transformers")
"""Distributions whose versions a report of a fault needs."""


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("doctor")(doctor_command)


def doctor_command(
    *,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the index again from the library where it is wrong.")
    ] = False,
    data: DataOption = None,
    index: IndexOption = None,
    model: ModelOption = None,
    as_json: JsonOption = False,
    quiet: QuietOption = False,
    verbose: VerboseOption = 0,
) -> None:
    """Look at the machine, the model and the library, and say what fixes what is wrong.

    Exit code 1 means that something is. Changes nothing without --repair, which makes the index again
    and looks once more; the library itself it never touches.

    Example: indexer doctor --data ./data
    """
    config = configure(data=data, model=model, index=index)
    findings = _findings(config)
    repaired = ""
    if repair and (repaired := _repaired(config, findings)):
        findings = _findings(config)
    if as_json:
        good = all(finding.good for finding in findings)
        told = [finding.to_json() for finding in findings]
        print_json({"good": good, "repaired": repaired, "findings": told})
    else:
        if repair:
            typer.echo(safe(repaired or "nothing was made again"))
        for finding in findings:
            typer.echo(safe(f"{'ok   ' if finding.good else 'WRONG'} {finding.subject}: {finding.text}"))
            if finding.fix:
                typer.echo(safe(f"      {finding.fix}"))
    if not all(finding.good for finding in findings):
        raise typer.Exit(1)


def _machine() -> Iterator[Finding]:
    from indexer.confinement import refused
    from indexer.store.health import Finding
    from indexer.workers import MEMORY_LIMITED

    yield Finding(
        "program",
        good=True,
        text=f"indexer {__version__}, Python {platform.python_version()}, SQLite {sqlite3.sqlite_version}, "
        + ", ".join(f"{name} {_installed_version(name)}" for name in REPORTED_PACKAGES),
    )
    memory = ""
    if hasattr(os, "sysconf"):  # Unix alone tells
        memory = f", {os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.1f} GB memory"
    bounds = "time and memory" if MEMORY_LIMITED else "time alone: the system cannot limit their memory"
    yield Finding(
        "machine",
        good=True,
        text=f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors{memory}; "
        f"pages are read within bounds of {bounds}, by processes that are refused {refused() or 'nothing'}",
    )


def _places(config: Config) -> Finding:
    """Where catalogue, library and cache were looked for, and why there."""
    from indexer.store.health import Finding

    return Finding(
        "places",
        good=True,
        text=f"catalogue {config.catalogue.absolute()} ({config.catalogue_why}), "
        f"library {config.data.absolute()} ({config.data_why}), cache {config.cache.absolute()}",
    )


def _browser(config: Config) -> Finding:
    """What shows pages that only scripts fill; none is needed unless the environment asks for one."""
    from indexer.render import find_browser, is_sandboxed, missing_piece
    from indexer.store.health import Finding

    if missing := missing_piece():
        wanted = config.crawl.render == "auto"
        return Finding("browser", not wanted, "none: pages that only scripts fill are not read", missing)
    shut_in = "" if is_sandboxed() else "; run as root, it has no sandbox, so use another account"
    when = "every page that needs it" if config.crawl.render == "auto" else "links with `render: auto`"
    return Finding("browser", good=True, text=f"{find_browser()}, for {when}{shut_in}")


def _way_out() -> Finding:
    """What stands between the crawl and the web, and what therefore goes unchecked; no credentials."""
    from urllib.request import getproxies_environment

    from indexer.crawl.transport import proxies
    from indexer.errors import UsageError
    from indexer.store.health import Finding

    try:
        through = proxies()
    except UsageError as error:
        return Finding("proxy", False, "none that could be used", str(error))
    if not through:
        return Finding("proxy", True, "none: names are resolved here, and where they lead to is checked")
    set_here = getproxies_environment()
    told = []
    for scheme, proxy in through.items():
        name = next((f"{key.upper()}_PROXY" for key in (scheme, "all") if key in set_here), "the system")
        told.append(f"{name} has {proxy.url.host}:{proxy.url.port or 'default port'} for {scheme}")
    return Finding("proxy", True, f"{', '.join(told)}; it resolves names, so where they lead is not checked")


def _findings(config: Config) -> list[Finding]:
    return [*_machine(), _places(config), _browser(config), _way_out(), *_model_and_library(config)]


def _repaired(config: Config, findings: list[Finding]) -> str:
    """Make again what is derived and wrong by these findings; what was done, empty where nothing was.

    Raises:
        Busy: a run holds the lock. LibraryError: the library itself is not well.
    """
    wrong = [finding for finding in findings if not finding.good]
    if not any(finding.derived for finding in wrong) or any(f.subject in ("library", "rows") for f in wrong):
        return ""
    from indexer.store.database import Database
    from indexer.store.publish import rebuild

    with Database(config.data) as database:
        generation = rebuild(database)
    return f"made the index of generation {generation} again from the library"


def _installed_version(distribution: str) -> str:
    from importlib.metadata import version

    return version(distribution)


def _model_and_library(config: Config) -> Iterator[Finding]:
    from indexer.config import DEFAULT_MODEL
    from indexer.embed import how_it_runs
    from indexer.embed.models import find_model
    from indexer.encoding import chosen_model, exports_folder
    from indexer.errors import IndexerError, ModelError
    from indexer.milvus import index_elsewhere, index_told
    from indexer.pipeline.publishing import index_fingerprint
    from indexer.store.health import Finding, examine

    try:
        name = chosen_model(config)
    except IndexerError:  # the library's own findings say it better
        name = DEFAULT_MODEL
    fingerprint = ""
    try:
        text = how_it_runs(name, exports=exports_folder(config))
        fingerprint = index_fingerprint(find_model(name, memory=None).fingerprint, config.passages)
        slow = "damaged" in text
        yield Finding(
            f"model {name}", not slow, text, "run `indexer crawl` or `indexer ask` once" if slow else ""
        )
    except ModelError as error:
        yield Finding(f"model {name}", False, str(error), "name a model that can be had with --model")
    yield from examine(
        config.data, fingerprint=fingerprint, open_index=index_elsewhere(config), elsewhere=index_told(config)
    )
