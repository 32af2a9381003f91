"""What the benchmarks share: the machine, a section of BENCHMARKS.md, other interpreters, warm files."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

REPORT = Path(__file__).parent.parent / "BENCHMARKS.md"


def machine(*packages: str) -> str:
    """A line that tells processor, load and the versions of what was measured."""
    named = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{platform.machine()}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f} at the end; "
        f"Python {platform.python_version()}, {named}."
    )


def report(section: str, text: str, *, write: bool) -> None:
    """Print what was measured; ``write`` puts it between the section's marks in BENCHMARKS.md too."""
    print(text)
    if write:
        begin, end = f"<!-- {section}:begin -->", f"<!-- {section}:end -->"
        head, _, rest = REPORT.read_text("utf-8").partition(begin)
        if not rest:
            raise SystemExit(f"{REPORT} has no {begin}")
        REPORT.write_text(f"{head}{begin}\n{text}\n{end}{rest.partition(end)[2]}", encoding="utf-8")


def interpreter(folder: Path, *packages: str) -> Path | None:
    """A virtualenv's interpreter with ``packages``, made in ``folder``; None where it cannot be."""
    python = folder / "bin" / "python"
    try:
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
        for package in packages:  # one by one: the build of torch without CUDA comes before who wants any
            subprocess.run([python, "-m", "pip", "install", "-q", package], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"left out, cannot be installed: {error}", file=sys.stderr)
        return None
    return python


def versions(python: Path | None, *packages: str) -> str:
    """A sentence with those that an interpreter has; nothing where it has none."""
    code = (
        "import sys; from importlib.metadata import version as v; "
        "print(*(f'{p} {v(p)}' for p in sys.argv[1:]), sep=', ')"
    )
    told = subprocess.run([str(python), "-c", code, *packages], capture_output=True, text=True, check=False)
    return f"Theirs: {told.stdout.strip()}." if told.stdout else ""


def read_through(folder: Path) -> None:
    """Read every file once, so that the system has them in memory."""
    for path in filter(Path.is_file, folder.rglob("*")):
        with path.open("rb") as file:
            while file.read(1 << 24):
                pass
