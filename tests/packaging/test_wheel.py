"""The wheel as a user installs it: away from the sources, from any folder, with all that the demo needs."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from indexer import __version__

ROOT = Path(__file__).parents[2]
SERVE = ROOT / "indexer" / "serve"

pytestmark = pytest.mark.slow

Installed = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built without the network."""
    folder = tmp_path_factory.mktemp("dist")
    ended = subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Runs Python where the wheel is installed; of the other packages it sees those of the tests."""
    site, empty = tmp_path_factory.mktemp("site"), tmp_path_factory.mktemp("empty")
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--target", str(site)]
    subprocess.run([*command, str(wheel)], check=True, capture_output=True)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INDEXER_", "PYTHON"))}
    cache = os.environ["INDEXER_CACHE"]  # that of all tests
    environment = {**kept, "INDEXER_CACHE": cache, "PYTHONPATH": str(site), "COLUMNS": "100"}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=empty,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )

    place = run("-c", "import indexer; print(indexer.__file__)").stdout
    assert place.startswith(str(site)), "the sources were found instead of the wheel"
    return run


def test_the_demo_runs_in_an_empty_folder(installed: Installed) -> None:
    """As the README shows it: it crawls, embeds, and finds the right article first; then one can ask on."""
    ended = installed("-m", "indexer", "demo")
    assert ended.returncode == 0, ended.stderr
    assert "28 links" in ended.stdout + ended.stderr
    answer = ended.stdout.split("$ indexer ask")[1]
    assert "How to design an event store" in answer.split("  2  ")[0]
    asked = installed("-m", "indexer", "ask", "who approves an RFC", "-k", "1", "--data", "data/demo")
    assert asked.returncode == 0, asked.stderr
    assert "RFC" in asked.stdout
    status = installed("-m", "indexer", "status", "--data", "data/demo")
    assert "28 of 28 links answer" in status.stdout, status.stderr


def test_it_says_its_version_and_its_name(installed: Installed, wheel: Path) -> None:
    assert installed("-m", "indexer", "--version").stdout == f"indexer {__version__}\n"
    assert wheel.name == f"indexer-{__version__}-py3-none-any.whl"


def test_it_has_the_command_the_types_the_samples_and_nothing_of_the_tests(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = archive.read(f"indexer-{__version__}.dist-info/entry_points.txt").decode()
    assert "indexer = indexer.cli:main" in entry
    assert {name.split("/")[0] for name in names} == {"indexer", f"indexer-{__version__}.dist-info"}
    wanted = {"indexer/py.typed", "indexer/__main__.py", "indexer/demo/sample/catalogue.yaml"}
    served = ("templates", "static")
    wanted |= {f"indexer/serve/{kind}/{path.name}" for kind in served for path in (SERVE / kind).iterdir()}
    assert wanted <= set(names)
    packed = {name.removeprefix("indexer/demo/sample/") for name in names if "/demo/sample/articles/" in name}
    assert packed == {f"articles/{path.name}" for path in (ROOT / "data/sample/articles").iterdir()}
