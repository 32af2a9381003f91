"""A name means one thing in the whole project: no top-level name stands in two modules."""

from __future__ import annotations

import ast
from collections import defaultdict
from pathlib import Path

import indexer

MEANT_TO_REPEAT = {
    "register": "every module of commands adds its own to the app by this door",
    "app": "the Typer app of the program, and that of its group `catalogue`",
    "logger": "each module has its own, named after it, as logging's documentation asks",
}
"""Names in several modules, each with the reason."""


def defined(module: ast.Module) -> set[str]:
    """The names that a module gives to its own functions, classes and constants."""
    names: set[str] = set()
    for node in module.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            names.add(node.name)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            names |= {
                part.id for target in targets for part in ast.walk(target) if isinstance(part, ast.Name)
            }
    return {name for name in names if not name.startswith("__")}


def test_no_name_stands_in_two_modules_without_a_reason() -> None:
    root = Path(indexer.__file__).parent
    places: defaultdict[str, list[str]] = defaultdict(list)
    for path in sorted(root.rglob("*.py")):
        for name in defined(ast.parse(path.read_text(encoding="utf-8"))):
            places[name].append(path.relative_to(root).as_posix())
    repeated = {name: found for name, found in places.items() if len(found) > 1}
    assert {name: found for name, found in repeated.items() if name not in MEANT_TO_REPEAT} == {}
    assert repeated.keys() == MEANT_TO_REPEAT.keys(), "a reason for a name that no longer repeats"
