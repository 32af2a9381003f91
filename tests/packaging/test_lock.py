"""The lock holds what pyproject.toml asks for, each by its hash; the list of parts holds the lock."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = {"requirements.txt": ["serve"], "requirements-dev.txt": ["serve", "dev", "notebook"]}


def locked(name: str) -> list[Requirement]:
    """What a lock pins, without the hashes."""
    entries = (ROOT / name).read_text("utf-8").replace("\\\n", " ").splitlines()
    return [Requirement(one.partition(" --hash")[0]) for one in entries if one and not one.startswith("#")]


@pytest.mark.parametrize("name", LOCKS)
def test_each_version_is_named_with_its_hashes(name: str) -> None:
    entries = (ROOT / name).read_text("utf-8").replace("\\\n", " ").splitlines()
    pinned = [one for one in entries if one and not one.startswith("#")]
    assert pinned
    assert [one for one in pinned if "==" not in one or "--hash=sha256:" not in one] == []


@pytest.mark.parametrize(("name", "extras"), LOCKS.items())
def test_it_holds_what_the_project_asks_for(name: str, extras: list[str]) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    asked = [*project["dependencies"]]
    asked += [one for extra in extras for one in project["optional-dependencies"][extra]]
    versions: dict[str, list[str]] = {}
    for one in [*locked(name), *locked("requirements-torch.txt")]:
        versions.setdefault(canonicalize_name(one.name), []).append(str(one.specifier).removeprefix("=="))
    for one in map(Requirement, asked):
        found = versions.get(canonicalize_name(one.name), [])
        assert found, f"{one.name} is not locked; run `make lock`"
        assert all(map(one.specifier.contains, found)), f"{one} but {found} locked; run `make lock`"


def test_the_list_of_parts_names_each(tmp_path: Path) -> None:
    """As `make dist` writes it."""
    for name in ("pyproject.toml", "requirements.txt", "requirements-torch.txt"):
        shutil.copy(ROOT / name, tmp_path)
    command = ["make", "-n", "dist", f"BIN={Path(sys.executable).parent}"]
    recipe = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    [writes] = [one for one in recipe.replace("\\\n", " ").splitlines() if "cyclonedx" in one]
    (tmp_path / "dist").mkdir()
    subprocess.run(writes, shell=True, cwd=tmp_path, check=True, capture_output=True)
    parts = json.loads((tmp_path / "dist" / "sbom.cdx.json").read_text("utf-8"))["components"]
    named = {(canonicalize_name(part["name"]), part["version"]) for part in parts}
    all_of_it = [*locked("requirements.txt"), *locked("requirements-torch.txt")]
    assert named == {
        (canonicalize_name(one.name), str(one.specifier).removeprefix("==")) for one in all_of_it
    }
